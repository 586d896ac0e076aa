#!/usr/bin/env bash
# Try random configs for as long as you like, guided by what the program does with them.
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
# Every config of the repository, and what failed once.
readonly STARTS=(fuzz/seeds examples templates/config tests/golden tests/config/bad_configs)

usage() {
    cat <<'HELP'
Usage: fuzz.sh [SECONDS]

Reads random bytes as a config for so many seconds (60): no panic, no hang, findings that can be shown, and files
that are the same in the next run.

It begins with the configs of the repository and what earlier runs left in fuzz/corpus/. An input that fails is kept
in fuzz/artifacts/; once it is fixed, move it to fuzz/seeds/ under a name that says why: `cargo test` runs it there.
An input may take 10 seconds.

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
    # pei has no unsafe code, so that an address sanitizer would only make it slow.
    cargo "+${FUZZ_TOOLCHAIN:-nightly}" fuzz run --sanitizer none config fuzz/corpus/config "${STARTS[@]}" -- \
        -max_total_time="${1:-60}" -timeout=10 -max_len=8192 -print_final_stats=1
}

main "$@"
