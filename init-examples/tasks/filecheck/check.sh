#!/bin/sh
# check.sh DIRECTORY RESULTS LOG: checks every file of a directory and writes ResultYAML with one result for each file and one for
# all of them. Exits with 0 even if a check fails: the results say so.
directory=$1 results=$2 log=$3
item=${TASKOTRON_ITEM:-$directory}
type=${TASKOTRON_TYPE:-files}
tab=$(printf '\t')

tell() {
    found=$((found + 1))
    echo "$file$1"
    echo "$file$1" >> "$log"
}

look() {
    number=0 first=
    while IFS= read -r line || [ -n "$line" ]; do
        number=$((number + 1))
        [ $number = 1 ] && first=$line
        case $line in *"$tab"*) tell ":$number: a tab" ;; esac
        case $line in *" ") tell ":$number: a space at the end of the line" ;; esac
    done < "$file"
    case $first in
    '#!'*) [ -x "$file" ] || tell ": a script that nobody may execute" ;;
    *) [ ! -x "$file" ] || tell ": executable, and its first line names no interpreter" ;;
    esac
}

result() { # CHECKNAME OUTCOME NOTE
    printf '  - item: "%s"\n    type: %s\n    checkname: %s\n    outcome: %s\n' "$item" "$type" "$1" "$2"
    printf '    note: %s\n    artifact: %s\n' "$3" "${log##*/}"
}

: > "$log"
echo "results:" > "$results"
all=0 bad=0
for file in "$directory"/*; do
    [ -f "$file" ] || continue
    found=0 all=$((all + 1)) name=${file##*/}
    look
    outcome=PASSED
    [ $found = 0 ] || outcome=FAILED bad=$((bad + 1))
    result "filecheck.${name%.*}" $outcome "$found problems" >> "$results"
done
outcome=PASSED
[ $bad = 0 ] || outcome=FAILED
result filecheck $outcome "$bad of $all files are careless" >> "$results"
echo "$bad of $all files are careless"
