# Assertions. Each shows what it saw when it fails.
#
# shellcheck shell=bash

# fail LINE...
fail() {
    printf '%s\n' "$@" >&2
    return 1
}

# attempt CMD...: run it, keep its status in $status and what it prints in $output. Unlike bats' run it takes every
# status as it comes. A failure within a function does not end that function here, so it has to return by itself.
attempt() {
    status=0
    output=$("$@" 2>&1) || status=$?
}

# must CMD...: it succeeds; what it prints is kept in $output, and shown when it fails.
must() {
    attempt "$@"
    ((status == 0)) || fail "failed with status $status: $(__shown "$@")" "--- output" "$output" "---"
}

# must_fail CMD...: a command that cannot be run, or that hangs, is no failure that was asked for.
must_fail() {
    attempt "$@"
    ((status != 0)) || fail "succeeded, but should not have: $(__shown "$@")" "--- output" "$output" "---" || return
    ((status != 124 && status != 126 && status != 127 && status != 137)) ||
        fail "hung, or could not be run (status $status): $(__shown "$@")" "--- output" "$output" "---"
}

# must_end_with STATUS CMD...
must_end_with() {
    local wanted=$1
    shift
    attempt "$@"
    ((status == wanted)) ||
        fail "ended with status $status, wanted $wanted: $(__shown "$@")" "--- output" "$output" "---"
}

__shown() {
    local text
    printf -v text '%q ' "$@"
    printf '%s' "$text"
}

# equal WANTED SEEN [WHAT]
equal() {
    [[ $1 == "$2" ]] || fail "${3:-the text} differs" "  wanted: $(__visible "$1")" "  seen:   $(__visible "$2")"
}

# Non-printing characters are shown as bash would write them.
__visible() {
    if [[ $1 == *[![:print:]]* && $1 != *$'\n'* ]]; then printf '%q' "$1"; else printf '%s' "$1"; fi
}

# has TEXT PART, lacks TEXT PART
has() {
    [[ $1 == *"$2"* ]] || fail "not found: $(__visible "$2")" "--- in" "$1" "---"
}

lacks() {
    [[ $1 != *"$2"* ]] || fail "found, but should not be there: $(__visible "$2")" "--- in" "$1" "---"
}

# has_line TEXT LINE, lacks_line TEXT LINE: a whole line.
has_line() {
    grep -Fxq -e "$2" <<<"$1" || fail "no such line: $2" "--- in" "$1" "---"
}

lacks_line() {
    ! grep -Fxq -e "$2" <<<"$1" || fail "found, but should not be there: $2" "--- in" "$1" "---"
}

# count_is WANTED TEXT REGEX: so many lines match.
count_is() {
    local seen
    seen=$(grep -cE -e "$3" <<<"$2" || true)
    ((seen == $1)) || fail "$seen lines match, wanted $1: $3" "--- in" "$2" "---"
}

# in_order TEXT PART...: the parts follow one another.
in_order() {
    local text=$1 part
    shift
    for part in "$@"; do
        [[ $text == *"$part"* ]] || fail "missing, or before what it should follow: $part" "--- in" "$text" "---"
        text=${text#*"$part"}
    done
}

# same_bytes WANTED_FILE SEEN_FILE
same_bytes() {
    cmp -s "$1" "$2" || fail "the bytes differ" "  wanted: $(od -An -c "$1" | head -20)" "  seen:   $(od -An -c "$2" | head -20)"
}

# within SECONDS CMD...: try until it succeeds.
within() {
    local end=$((SECONDS + $1)) out
    shift
    until out=$("$@" 2>&1); do
        # Where the caller looks at the status, fail alone would not end this loop.
        ((SECONDS < end)) || fail "did not come true in time: $(__shown "$@")" "--- last output" "$out" "---" || return
        sleep 0.2
    done
}

# cannot_be_tested WHY: the machine cannot do what the test needs. CI's machine has to.
cannot_be_tested() {
    [[ -z ${CI:-} ]] || fail "$@"
    skip "$*"
}
