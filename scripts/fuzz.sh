#!/usr/bin/env bash
# Fuzz the config reader for a given time, guided by code coverage.
#
# Usage:   fuzz.sh [SECONDS]      (fuzz.sh --help tells more)
# Reads:   FUZZ_TOOLCHAIN
# Root:    no
# Network: crates.io, when a crate or cargo-fuzz is missing
set -Eeuo pipefail
shopt -s inherit_errexit

repo=$(cd "${BASH_SOURCE[0]%/*}/.." && pwd)
readonly repo
readonly EXIT_USAGE=2
# Every config of the repository, and inputs that failed once.
readonly STARTS=(fuzz/seeds examples templates/config tests/golden tests/config/bad_configs)

usage() {
    cat <<'HELP'
Usage: fuzz.sh [SECONDS]

Reads random bytes as a config for SECONDS (60), and checks that pei does not panic or hang, that it can print its
findings, and that a second run gives the same files.

It starts from the configs of the repository and the inputs of earlier runs in fuzz/corpus/. An input that fails is kept
in fuzz/artifacts/. After the fix, move it to fuzz/seeds/ under a name that says why: `cargo test` runs it there.
An input fails if it takes more than 10 seconds.

Environment:
  FUZZ_TOOLCHAIN   The compiler [nightly]; a stable one is taken for a nightly with RUSTC_BOOTSTRAP=1

Exit status: 0 nothing was found, 2 wrong usage, else something was found
HELP
}

main() {
    case ${1:-60} in
        -h | --help) usage && return ;;
        *[!0-9]*) usage >&2 && return "$EXIT_USAGE" ;;
    esac
    cd -- "$repo"
    command -v cargo-fuzz >/dev/null || cargo install --locked cargo-fuzz
    mkdir -p fuzz/corpus/config
    # pei has no unsafe code, so an address sanitizer would only make it slow.
    cargo "+${FUZZ_TOOLCHAIN:-nightly}" fuzz run --sanitizer none config fuzz/corpus/config "${STARTS[@]}" -- \
        -max_total_time="${1:-60}" -timeout=10 -max_len=8192 -print_final_stats=1
}

main "$@"
