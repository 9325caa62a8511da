#!/bin/sh
# Runs one command of a task, ends one, guards a run or clears it away; how it is called is in Shim.swift beside it.
# For every POSIX shell: bash, dash, busybox. Needs cat, kill, rm, sleep and, where logins lead no process group, setsid.
# shellcheck disable=SC2086 # The fields of a stat line are to be split.
here=${0%/*}
run='' directory='' script=''
say() { echo "shim: $*" >&2; exit 125; }

# When the process of that number began; a number alone may be another process's by now.
birth() {
    line=
    { read -r line < "/proc/$1/stat"; } 2>/dev/null || return 0
    set -- ${line##*) }
    echo "${20}"
}
# The ssh server's process above this one, which ends with its connection.
keeper() {
    up=$PPID
    while [ "${up:-0}" -gt 1 ]; do
        { read -r line < "/proc/$up/stat"; } 2>/dev/null || return 0
        case $line in *"(sshd"* | *"(dropbear"*) echo "$up $(birth "$up")"; return 0 ;; esac
        set -- ${line##*) }
        up=$2
    done
}
finish() {
    target=$1
    [ "$2" = "$1" ] && target=-$1
    # Without the -- that dash and busybox take for a number.
    kill -TERM "$target" 2>/dev/null || return 0
    tries=0
    while kill -0 "$target" 2>/dev/null; do
        tries=$((tries + 1))
        [ $tries -gt 25 ] && { kill -KILL "$target" 2>/dev/null; return 0; }
        sleep 0.2 2>/dev/null || sleep 1
    done
}
# Whether nothing is mounted in a directory. What a task mounted there is taken off: what is on it is not the run's.
bare() {
    place=$(cd -P -- "$1" 2>/dev/null && pwd -P) || return 0
    for pass in 1 2; do
        found=
        while read -r _ _ _ _ point _; do
            point=$(printf '%b' "$point")
            case $point in
            "$place" | "$place"/*)
                found=$point
                [ $pass = 1 ] && umount -l "$point" 2>/dev/null
                ;;
            esac
        done < /proc/self/mountinfo
        [ -z "$found" ] && return 0
    done
    echo "$found is mounted" >&2
    return 1
}
# Everything of the run: its commands, what they started and left, its directories.
clear() {
    for note in "$here"/*.pid; do
        { read -r pid group began _ < "$note"; } 2>/dev/null || continue
        [ -n "$began" ] && [ "$(birth "$pid")" = "$began" ] && finish "$pid" "$group"
    done
    # No name below /proc has white space.
    # shellcheck disable=SC2013
    for entry in $(grep -lszxF "ATOLL_TASK=$here" /proc/[0-9]*/environ 2>/dev/null); do
        pid=${entry#/proc/}
        kill -KILL "${pid%/environ}" 2>/dev/null
    done
    left=0
    for place in "$@" "$here"; do
        if bare "$place"; then rm -rf -- "$place" || left=1; else left=1; fi
    done
    return $left
}

if [ "$1" = --end ]; then
    note=$here/$2.pid
    [ -r "$note" ] || exit 0
    read -r pid group _ < "$note"
    finish "$pid" "$group"
    exit 0
fi
if [ "$1" = --clear ]; then
    here=$2
    shift 2
    clear "$@"
    exit $?
fi
if [ "$1" = --guard ]; then
    trap '' HUP PIPE
    grace=$2
    echo $$ > "$here/guard" || exit 1
    echo ready
    set --
    while IFS= read -r word; do
        case $word in
        done) exit 0 ;;
        "also /"*) set -- "$@" "${word#also }" ;;
        esac
    done
    sleep "$grace"
    # Perhaps this connection alone broke: as long as the one of the commands stands, so does the run.
    while :; do
        owner='' stands=''
        { read -r owner < "$here/guard"; } 2>/dev/null
        [ "$owner" = $$ ] || exit 0
        for note in "$here"/*.pid; do
            { read -r _ _ _ up began < "$note"; } 2>/dev/null || continue
            [ -n "$began" ] && [ "$(birth "$up")" = "$began" ] && stands=1 && break
        done
        [ -z "$stands" ] && break
        sleep $((grace / 6 + 1))
    done
    clear "$@"
    exit 0
fi

# A group of its own, so that it can be ended whole.
group=
{ read -r _ _ _ _ group _ < /proc/$$/stat; } 2>/dev/null
if [ "$group" != "$$" ] && [ -z "$ATOLL_SHIM" ] && command -v setsid > /dev/null 2>&1; then
    ATOLL_SHIM=1 exec setsid sh "$0" "$@"
fi
unset ATOLL_SHIM
ATOLL_TASK=$here
export ATOLL_TASK

while [ $# -gt 0 ]; do
    case $1 in
    --) shift; break ;;
    --run) run=$2; shift ;;
    --directory) directory=$2; shift ;;
    --env) export "${2?}" || say "bad variable $2"; shift ;;
    --script) script=1 ;;
    --uuid) TASKOTRON_UUID=$2; export TASKOTRON_UUID; shift ;;
    --item | -i) TASKOTRON_ITEM=$2; export TASKOTRON_ITEM; shift ;;
    --type | -t) TASKOTRON_TYPE=$2; export TASKOTRON_TYPE; shift ;;
    --arch | -a) TASKOTRON_ARCH=$2; export TASKOTRON_ARCH; shift ;;
    --jobid | -j) TASKOTRON_JOBID=$2; export TASKOTRON_JOBID; shift ;;
    --override) shift ;;
    --debug | -d) TASKOTRON_DEBUG=1; export TASKOTRON_DEBUG ;;
    *) say "unknown option $1" ;;
    esac
    shift
done
if [ -n "$directory" ]; then
    cd -- "$directory" || say "cannot enter $directory"
fi
if [ -n "$run" ]; then
    group=
    { read -r _ _ _ _ group _ < /proc/$$/stat; } 2>/dev/null
    echo "$$ $group $(birth $$) $(keeper)" > "$here/$run.pid" || say "cannot write $here/$run.pid; is its disk full?"
fi
if [ -n "$script" ]; then
    (umask 077 && cat > "$here/$run.sh") || say "cannot write $here/$run.sh; is its disk full?"
    exec < /dev/null
    if command -v bash > /dev/null 2>&1; then exec bash -e -o pipefail "$here/$run.sh"; fi
    exec sh -e "$here/$run.sh"
fi
[ $# -gt 0 ] || say "no command"
exec "$@"
