#!/bin/sh
# suite.sh REPORT: a small test suite that writes its cases as JUnit XML. Exits with 1 if a case failed.
report=$1 cases='' count=0 failures=0 skipped=0

add() { # NAME [INNER]
    count=$((count + 1))
    cases="$cases  <testcase classname=\"arithmetic\" name=\"$1\">$2</testcase>
"
}

expect() { # NAME FOUND WANTED
    echo "$1: found $2, wanted $3"
    if [ "$2" = "$3" ]; then
        add "$1"
    else
        failures=$((failures + 1))
        add "$1" "<failure message=\"found $2, wanted $3\"/>"
    fi
}

skip() { # NAME WHY
    echo "$1: skipped, $2"
    skipped=$((skipped + 1))
    add "$1" "<skipped message=\"$2\"/>"
}

expect addition $((1 + 2)) 3
expect precedence $((2 + 3 * 4)) 14
expect remainder $((17 % 5)) 2
skip fractions "this shell counts whole numbers"

{
    echo '<?xml version="1.0" encoding="UTF-8"?>'
    echo "<testsuite name=\"arithmetic\" tests=\"$count\" failures=\"$failures\" skipped=\"$skipped\">"
    printf '%s' "$cases"
    echo '</testsuite>'
} > "$report"
[ $failures = 0 ]
