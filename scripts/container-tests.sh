#!/usr/bin/env bash
# Build and run real projects in real containers: the files of tests/container, one after another.
#
# Usage:   container-tests.sh [--installers] [-j JOBS] [-n NAME_REGEX] [FILTER...]   (container-tests.sh --help tells more)
# Reads:   PEI_BIN, PEI_TEST_BASE
# Root:    only where engine.sh needs it
# Network: what engine.sh needs; the tests install Debian packages in containers
set -Eeuo pipefail
shopt -s inherit_errexit

repo=$(cd "${BASH_SOURCE[0]%/*}/.." && pwd)
readonly repo
readonly EXIT_USAGE=2 EXIT_MISSING=3
readonly NEEDED=(bats ssh ssh-keygen ssh-keyscan sftp sshpass script curl awk tar)

usage() {
    cat <<'HELP'
Usage: container-tests.sh [--installers] [-j JOBS] [-n NAME_REGEX] [FILTER...]

Run the container tests. A FILTER is a part of a file's name under tests/container, such as `hooks`.
Without a filter, all files except those in tests/container/slow run.

Options:
  --installers   Run the slow files of tests/installers instead: every tool, installed by hooks
  -j JOBS        Run this many files at the same time [1]; the output of a file is printed when it has ended
  -n NAME_REGEX  Of these files, run only the tests whose name matches
  -l, --list     List the files that would run, and run nothing
  -h, --help     Show this text

Environment:
  PEI_BIN        The pei to test [target/release/pei, built if it is missing]
  PEI_TEST_BASE  The base image [pei-base:bookworm]; pei-base:trixie is Debian 13. scripts/engine.sh makes
                 both if they are missing

Exit status: 0 every test passed, 1 some failed, 2 wrong usage, 3 the machine lacks something that is needed
HELP
}

say() { printf '%s\n' "$*" >&2; }

die() {
    local status=$1
    shift
    say "container-tests.sh: $*"
    exit "$status"
}

# find_files FILTER...: fills the array files from the directory.
find_files() {
    local file filter found
    files=()
    for filter in "${@:-}"; do
        found=
        for file in "$folder"/*.bats "$folder"/slow/*.bats; do
            [[ -f $file && ${file##*/} == *"$filter"* && (-n $filter || $file != */slow/*) ]] || continue
            found=1
            [[ " ${files[*]} " == *" $file "* ]] || files+=("$file")
        done
        [[ -n $found ]] || die "$EXIT_USAGE" "no file in ${folder#"$repo/"} has \`$filter\` in its name"
    done
}

require_tools() {
    local tool missing=()
    for tool in "${NEEDED[@]}"; do
        command -v "$tool" >/dev/null || missing+=("$tool")
    done
    ((${#missing[@]} == 0)) ||
        die "$EXIT_MISSING" "missing: ${missing[*]}" \
            "(Debian: apt-get install bats openssh-client sshpass bsdutils curl gawk tar)"
}

prepare() {
    require_tools
    "$repo/scripts/engine.sh" up || die "$EXIT_MISSING" 'no engine to test with'
    # Any other image must exist already.
    if [[ ${PEI_TEST_BASE:-pei-base:} == pei-base:* ]]; then
        "$repo/scripts/engine.sh" base ${PEI_TEST_BASE:+"$PEI_TEST_BASE"} || die "$EXIT_MISSING" 'no base image'
    fi
    export PEI_BIN=${PEI_BIN:-$repo/target/release/pei}
    if [[ ! -x $PEI_BIN ]]; then
        say "building $PEI_BIN"
        cargo build --release --manifest-path "$repo/Cargo.toml" || die "$EXIT_MISSING" 'pei cannot be built'
    fi
}

# The number of matching lines in all logs.
count() {
    cat -- "$logs"/* | grep -cE -e "$1" || true
}

run_file() {
    local file=$1 began=$SECONDS status=0
    printf '\n== %s\n' "${file#"$repo/"}"
    BATS_TEST_TIMEOUT=${BATS_TEST_TIMEOUT:-240} bats --formatter tap --timing "${names[@]}" "$file" || status=$?
    printf '== %s took %d s\n' "${file#"$repo/"}" "$((SECONDS - began))"
    return "$status"
}

# Runs the files that stdin names, JOBS at a time. They do not collide: each file names its images, volumes and containers
# after itself.
run_side_by_side() {
    local file running=0 status=0
    while IFS= read -r -d '' file; do
        if ((running == jobs)); then
            wait -n || status=1
            running=$((running - 1))
        fi
        {
            local file_status=0
            run_file "$file" >"$logs/${file##*/}" 2>&1 </dev/null || file_status=$?
            cat -- "$logs/${file##*/}"
            exit "$file_status"
        } &
        running=$((running + 1))
    done
    while ((running > 0)); do
        wait -n || status=1
        running=$((running - 1))
    done
    return "$status"
}

main() {
    local filters=() list='' folder=$repo/tests/container
    names=() jobs=1
    while (($#)); do
        case $1 in
            -h | --help) usage && return ;;
            -l | --list) list=1 ;;
            --installers) folder=$repo/tests/installers ;;
            -j)
                [[ ${2:-} =~ ^[1-9][0-9]?$ ]] || die "$EXIT_USAGE" '-j needs a number from 1 to 99'
                jobs=$2
                shift
                ;;
            -n)
                (($# > 1)) || die "$EXIT_USAGE" '-n needs a value'
                names=(--filter "$2")
                shift
                ;;
            -*) die "$EXIT_USAGE" "unknown option \`$1\`; see --help" ;;
            *) filters+=("$1") ;;
        esac
        shift
    done
    local files
    find_files "${filters[@]}"
    if [[ -n $list ]]; then
        printf '%s\n' "${files[@]#"$repo/"}"
        return
    fi
    prepare

    logs=$(mktemp -d)
    # shellcheck disable=SC2064 # the name is known now
    trap "rm -rf -- '$logs'" EXIT
    say "testing $("$PEI_BIN" --version) on docker $(docker version --format '{{.Server.Version}}')," \
        "Compose $(docker compose version --short), base ${PEI_TEST_BASE:-pei-base:bookworm}"
    local file status=0
    if ((jobs == 1)); then
        for file in "${files[@]}"; do
            run_file "$file" 2>&1 | tee "$logs/${file##*/}" || status=1
        done
    else
        printf '%s\0' "${files[@]}" | run_side_by_side || status=1
    fi
    local passed failed skipped
    skipped=$(count '^ok [0-9]+ .*# skip')
    passed=$(($(count '^ok ') - skipped))
    failed=$(count '^not ok ')
    printf '\n%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
    return "$status"
}

if [[ ${BASH_SOURCE[0]} == "$0" ]]; then
    main "$@"
fi
