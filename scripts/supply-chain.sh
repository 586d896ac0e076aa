#!/usr/bin/env bash
# Check the crates that pei depends on: licences, sources, duplicates (deny.toml), and known vulnerabilities.
#
# Usage:   supply-chain.sh      (supply-chain.sh --help tells more)
# Reads:   XDG_CACHE_HOME; CARGO_* as cargo does
# Root:    no
# Network: crates.io; the RustSec advisory database on github.com, where it can be reached
set -Eeuo pipefail
shopt -s inherit_errexit

repo=$(cd -- "${BASH_SOURCE[0]%/*}/.." && pwd)
readonly repo
readonly EXIT_USAGE=2
readonly DENY_VERSION=0.20.2 AUDIT_VERSION=0.22.2
readonly FETCH_SECONDS=120

usage() {
    cat <<HELP
Usage: supply-chain.sh

Check the crates of Cargo.lock:
  cargo-deny $DENY_VERSION   licences, sources and duplicates, by deny.toml
  cargo-deny, and cargo-audit $AUDIT_VERSION
                      known faults, where the RustSec advisory database can be reached; where it cannot,
                      the script says so and goes on
The two are built from crates.io when they are missing, in \${XDG_CACHE_HOME:-~/.cache}/pei-test-tools.

Options:
  -h, --help   Show this text

Exit status: 0 nothing was found, 1 something was, 2 wrong usage
HELP
}

say() { printf 'supply-chain.sh: %s\n' "$*" >&2; }

# have NAME VERSION: puts the tool into PATH.
have() {
    local folder=${XDG_CACHE_HOME:-$HOME/.cache}/pei-test-tools/$1-$2
    if [[ ! -x $folder/bin/$1 ]]; then
        say "building $1 $2"
        # A debug build: it runs only for seconds, and compiles faster.
        env -u CARGO_TARGET_DIR CARGO_PROFILE_RELEASE_OPT_LEVEL=0 CARGO_PROFILE_RELEASE_LTO=off \
            CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 CARGO_PROFILE_RELEASE_DEBUG=0 \
            cargo install --quiet --locked --no-default-features --version "$2" --root "$folder" "$1"
    fi
    PATH=$folder/bin:$PATH
}

# fetch_advisories: prints the reason and fails if the database cannot be fetched.
fetch_advisories() {
    GIT_TERMINAL_PROMPT=0 timeout "$FETCH_SECONDS" cargo deny fetch db 2>&1
}

check_advisories() {
    local why database
    if ! why=$(fetch_advisories); then
        say 'known faults: skipped: database not reachable'
        sed -n '/^fatal:/p' <<<"$why" >&2
        return 0
    fi
    cargo deny check advisories
    have cargo-audit "$AUDIT_VERSION"
    # Use the copy that cargo-deny fetched.
    for database in "${CARGO_HOME:-$HOME/.cargo}"/advisory-dbs/advisory-db-*; do
        cargo audit --db "$database" --no-fetch --deny warnings
    done
}

main() {
    case ${1:-} in
        '') ;;
        -h | --help) usage && return ;;
        *)
            usage >&2
            return "$EXIT_USAGE"
            ;;
    esac
    cd -- "$repo"
    have cargo-deny "$DENY_VERSION"
    cargo deny check bans licenses sources
    check_advisories
}

main "$@"
