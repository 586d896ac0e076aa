#!/usr/bin/env bash
# Put one fault at a time into the files that pei writes, and check that the fast tests fail.
#
# Usage:   mutations.sh [REGEX]      (mutations.sh --help tells more)
# Root:    no
# Network: crates.io, when a crate is missing
set -Eeuo pipefail
shopt -s inherit_errexit

repo=$(cd "${BASH_SOURCE[0]%/*}/.." && pwd)
readonly repo
readonly EXIT_USAGE=2
readonly COPY=$repo/target/mutations/copy LOG=$repo/target/mutations/log

usage() {
    cat <<'HELP'
Usage: mutations.sh [REGEX]

Copies the project, puts the faults that this script lists (those whose name REGEX matches) into the copy, one at a
time, and runs the tests that pin what pei writes. Each fault must make at least one of them fail.

A fault is a Perl substitution that matches in exactly one place of src/ and templates/. If the source has changed and it
matches nowhere, that is an error, too: write it again.

Exit status: 0 all faults were caught, 1 one was not or does not apply, 2 wrong usage
HELP
}

all_faults() {
    fault 'no finish-image step' 's{^ *steps\.push\(step::finish_image\([^;]*;\n}{}m'
    fault 'no STOPSIGNAL' 's{"STOPSIGNAL SIGTERM"}{"# none"}'
    fault 'stage-2 does not switch a proxy off' 's{^ *steps\.push\(step::no_global_proxy\(\)\);\n}{}m'
    fault 'credentials of a stage that is not there' 's{if lineage(.iter\(\).any\(\|stage\| stage.has_users)}{if project.stages$1}'
    fault 'a package is gone' 's{^ *"net-tools",\n}{}m'
    fault 'another apt cache' 's{format!\("pei-apt-}{format!("pei-apt2-}'
    fault 'a changed password is not seen' 's{\.with_args\(\["SSH_CREDENTIALS_SUM"\]\)}{}'
    fault 'root logs in by password' 's{"prohibit-password"}{"yes"}'
    fault 'no volume of host keys' 's{\.chain\(host_keys\)}{.chain(host_keys.filter(|_| false))}'
    fault 'a build hook without its library' 's{^ *paths\.insert\(paths::LIBRARY\.to_owned\(\)\);\n}{}m'
    fault 'no GPU in the merged build' 's{service\.device\.name\(\)}{"cpu"}'
}

# fault NAME SUBSTITUTION: adds a line with the result to the report.
fault() {
    local name=$1 substitution=$2
    [[ $name =~ $wanted ]] || return 0
    tried+=1
    local file
    if ! file=$(cd -- "$COPY" && inject "$substitution"); then
        report 'DOES NOT APPLY' "$name"
        return
    elif ! run_cargo build; then
        report 'DOES NOT BUILD' "$name"
    elif run_tests; then
        report 'NOT CAUGHT' "$name"
    else
        report "caught by $(grep -c '^    golden::' "$LOG") tests" "$name"
    fi
    # Touched, so that cargo builds it again.
    cp -- "$repo/$file" "$COPY/$file"
}

report() {
    printf '%-18s  %s\n' "$@"
    [[ $1 == caught* ]] || is_bad=1
}

copy_sources() {
    local file files=()
    while IFS= read -r -d '' file; do
        [[ ! -e $repo/$file ]] || files+=("$file")
    done < <(git -C "$repo" ls-files -z -- ':!tests/container' ':!tests/installers' ':!tests/bats' ':!fuzz')
    rm -rf -- "$COPY"
    mkdir -p -- "$COPY"
    printf '%s\0' "${files[@]}" | tar -c -C "$repo" --null -T - | tar -x -m -C "$COPY"
}

# inject SUBSTITUTION: applies it below the working directory, in the only place where it matches, and prints the file.
inject() {
    find src templates -type f -print0 | xargs -0 perl -0777 -e '
        my ($code, @places) = shift;
        for my $file (@ARGV) {
            open my $in, "<", $file or die $!;
            local $_ = <$in>;
            my $times = 0;
            while (eval $code) { last if ++$times > 1 }
            die $@ if $@;
            push @places, [$file, $_, $times] if $times;
        }
        die "it matches in " . (join(", ", map { $$_[0] } @places) || "no file") . ", not exactly once\n"
            unless @places == 1 && $places[0][2] == 1;
        open my $out, ">", $places[0][0] or die $!;
        print $out $places[0][1];
        close $out or die $!;
        print $places[0][0];
    ' "$1"
}

# The tests are built once, without a fault: they start the program, and only that is built again.
run_tests() {
    (cd -- "$COPY" && "$tests" golden::) >"$LOG" 2>&1
}

run_cargo() {
    (cd -- "$COPY" && CARGO_TARGET_DIR=$repo/target/mutations/target cargo "$1" --locked "${@:2}") >"$LOG" 2>&1
}

main() {
    case ${1:-} in
        -h | --help)
            usage
            return
            ;;
        -*)
            usage >&2
            return "$EXIT_USAGE"
            ;;
    esac
    declare -i tried=0
    local wanted=${1:-.} is_bad=0 tests=
    copy_sources
    run_cargo test --test integration --no-run &&
        tests=$(sed -n 's/^ *Executable .* (\(.*\))$/\1/p' "$LOG")
    if [[ -z $tests ]] || ! run_tests; then
        printf 'mutations.sh: the tests fail without a fault; see %s\n' "$LOG" >&2
        return 1
    fi
    all_faults
    ((tried > 0)) || { printf 'mutations.sh: no fault is named %s\n' "$wanted" >&2 && return "$EXIT_USAGE"; }
    return "$is_bad"
}

main "$@"
