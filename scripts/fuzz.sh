#!/usr/bin/env bash
# Try random configs for as long as you like, guided by what the program does with them.
#
# Usage:   fuzz.sh [SECONDS] [TARGET...]      (fuzz.sh --help tells more)
# Reads:   FUZZ_TOOLCHAIN
# Root:    no
# Network: crates.io, when a crate or cargo-fuzz is missing
set -Eeuo pipefail
shopt -s inherit_errexit

repo=$(cd "${BASH_SOURCE[0]%/*}/.." && pwd)
readonly repo
readonly EXIT_USAGE=2
readonly TARGETS=(load_config whole_way)

usage() {
    cat <<'HELP'
Usage: fuzz.sh [SECONDS] [TARGET...]

Runs each target for so many seconds (60), one after the other:
  load_config   bytes as a config: no panic, no hang, findings that can be shown
  whole_way     a nearly legal config to the files of a project, which are read back

It begins with fuzz/seeds/ and what earlier runs left in fuzz/corpus/. An input that fails is kept in
fuzz/artifacts/; once it is mended, move it to fuzz/seeds/, where `cargo test` runs it every time.
An input may take 10 seconds.

Environment:
  FUZZ_TOOLCHAIN   The compiler [nightly]; a stable one is taken for a nightly with RUSTC_BOOTSTRAP=1

Exit status: 0 nothing was found, 2 wrong usage, else something was found
HELP
}

# fuzz TARGET SECONDS
fuzz() {
    local corpus=fuzz/corpus/$1
    mkdir -p -- "$corpus"
    # pei has no unsafe code, so that an address sanitizer would only make it slow.
    cargo "+${FUZZ_TOOLCHAIN:-nightly}" fuzz run --sanitizer none "$1" "$corpus" "fuzz/seeds/$1" -- \
        -max_total_time="$2" -timeout=10 -max_len=8192 -print_final_stats=1
}

main() {
    local seconds=60 target targets=()
    case ${1:-} in
        -h | --help) usage && return ;;
        '' | *[!0-9]*) ;;
        *) seconds=$1 && shift ;;
    esac
    for target in "${@:-${TARGETS[@]}}"; do
        if [[ " ${TARGETS[*]} " != *" $target "* ]]; then
            usage >&2
            return "$EXIT_USAGE"
        fi
        targets+=("$target")
    done
    cd -- "$repo"
    command -v cargo-fuzz >/dev/null || cargo install --locked cargo-fuzz
    for target in "${targets[@]}"; do
        fuzz "$target" "$seconds"
    done
}

main "$@"
