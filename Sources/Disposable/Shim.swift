import AtollGuestAccess

/// The small POSIX shell program through which every command of a task runs, here and in guests: it enters the directory, sets the
/// variables, notes its process group so that the command can be ended with everything it started, and becomes the command.
///
/// It needs a shell, `cat`, `kill`, `rm`, `sleep` and, where login sessions do not lead a process group of their own, setsid.
public struct Shim: Sendable, Equatable {
    /// Where the shim lies in the instance; its notes lie beside it.
    public let path: String

    public init(path: String) { self.path = path }

    /// The words that run `command`, for a shell or an exec: nothing in them is looked at twice.
    /// - Parameter number: tells apart the commands of one run.
    public func words(_ command: InstanceCommand, number: Int) -> [String] {
        var words = ["sh", path, "--run", String(number)]
        if let directory = command.directory { words += ["--directory", directory] }
        for (name, value) in command.environment.sorted(by: { $0.key < $1.key }) { words += ["--env", "\(name)=\(value)"] }
        words += command.forwarded
        switch command.program {
        case .arguments(let arguments): return words + ["--"] + arguments
        case .script: return words + ["--script", "--"]
        }
    }

    /// The words that end the command of that number and everything it started: TERM, then KILL after five seconds.
    public func endWords(number: Int) -> [String] { ["sh", path, "--end", String(number)] }

    /// The words of the run's guard on a machine that stays: it reads `also PATH` for what else is the run's, and `done`. When its input
    /// ends without that, whoever ran the task may be gone: after `grace`, once no other guard has taken over and the connection of the
    /// commands is gone too, it ends the run's commands and removes everything of the run. It says `ready` first.
    func guardWords(grace: Int) -> [String] { ["sh", path, "--guard", String(grace)] }

    /// The words for a shell that reads `text`: they end what goes on of the run in `directory` and remove that and `others`. Not done, with
    /// a sentence, where something that is mounted there cannot be taken off.
    static func clearWords(_ directory: String, others: [String]) -> [String] { ["sh", "-s", "--", "--clear", directory] + others }

    /// One line for a login shell.
    public static func line(_ words: [String]) -> String { words.map(ShellWord.quoted).joined(separator: " ") }

    /// Its own exit code is 125: it could not enter the directory or was called wrongly. Shells use 126 and 127 for the command itself.
    public static let text = #"""
        #!/bin/sh
        # Runs one command of a task; see the product's documentation of task runs.
        here=${0%/*}
        run= directory= script=
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
                owner= stands=
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
            --env) export "$2" || say "bad variable $2"; shift ;;
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
            echo "$$ $group $(birth $$) $(keeper)" > "$here/$run.pid" || say "cannot write $here/$run.pid"
        fi
        if [ -n "$script" ]; then
            (umask 077 && cat > "$here/$run.sh") || say "cannot write $here/$run.sh"
            exec < /dev/null
            if command -v bash > /dev/null 2>&1; then exec bash -e -o pipefail "$here/$run.sh"; fi
            exec sh -e "$here/$run.sh"
        fi
        [ $# -gt 0 ] || say "no command"
        exec "$@"

        """#
}
