#!/usr/bin/env bash
# Make the files of a release.
#
# Usage:   release.sh [--out DIR] [--target TRIPLE]...      (release.sh --help tells more)
# Reads:   CARGO_TARGET_DIR, CARGO_HOME, RUSTUP_HOME as cargo and rustup do
# Root:    no
# Network: crates.io; PyPI and static.rust-lang.org for what is missing of maturin and of Rust's standard library
set -Eeuo pipefail
shopt -s inherit_errexit

repo=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)
readonly repo
readonly EXIT_USAGE=2 EXIT_MISSING=3
readonly TARGETS=(x86_64-unknown-linux-musl aarch64-unknown-linux-musl)
readonly MATURIN=maturin==1.16.0

usage() {
    cat <<HELP
Usage: release.sh [--out DIR] [--target TRIPLE]...

Make the files of a release of the version in Cargo.toml:
  pei-VERSION-TARGET.tar.gz  the program, completions, man pages, the licence and the changelog
  pei-VERSION-*.whl          the program for pip and uv
  RELEASE_NOTES.md           the changelog's section of the version
  SHA256SUMS                 the checksums of the archives and wheels

The programs are linked statically, so they run on every Linux. Rust's own linker links them for each
architecture; no C compiler for the other one is needed.

Options:
  --out DIR        Where the files go, an empty directory or a new one [target/release-files, emptied first]
  --target TRIPLE  Only this target; may be given again [${TARGETS[*]}]
  -h, --help       Show this text

Exit status: 0 done, 1 failed, 2 wrong usage, 3 the machine lacks something that is needed
HELP
}

say() { printf 'release.sh: %s\n' "$*" >&2; }

die() {
    local status=$1
    shift
    say "$@"
    exit "$status"
}

version_of_crate() {
    sed -n '/^\[package\]/,/^\[/s/^version = "\(.*\)"/\1/p' "$repo/Cargo.toml"
}

# notes VERSION: the changelog's section, without its heading.
notes() {
    awk -v heading="## [$1] - " '
        index($0, "## [") == 1 { here = index($0, heading) == 1; next }
        here' "$repo/CHANGELOG.md" | sed -e '/./,$!d'
}

# Rust's standard library for a target. rustup can add it; other installations of Rust may lack it.
require_target() {
    local library
    library=$(rustc --print target-libdir --target "$1" 2>/dev/null) || die "$EXIT_MISSING" "rustc does not know the target $1"
    [[ ! -d $library ]] || return 0
    command -v rustup >/dev/null ||
        die "$EXIT_MISSING" "Rust's standard library for $1 is missing, and there is no rustup to add it"
    rustup target add "$1" >&2 || die "$EXIT_MISSING" "rustup cannot add the target $1"
}

# Prints the maturin to use.
maturin() {
    local venv=$target_dir/maturin
    # `command -v` would find this function.
    if type -P maturin; then
        return
    fi
    if [[ ! -x $venv/bin/maturin ]]; then
        say "installing $MATURIN"
        python3 -m venv --clear "$venv" >&2
        "$venv/bin/python" -m pip --quiet install --disable-pip-version-check --only-binary :all: "$MATURIN" >&2
    fi
    printf '%s\n' "$venv/bin/maturin"
}

# build TARGET: the program and the wheel.
build() {
    local target=$1 variable
    # rust-lld comes with the toolchain and links for every architecture.
    variable=CARGO_TARGET_${target^^}_LINKER
    say "building for $target"
    # A static program runs with both C libraries that wheels know (glibc, musl), so pip also installs it on Alpine.
    env "${variable//-/_}=rust-lld" "$maturin" build --release --locked --quiet --manifest-path "$repo/Cargo.toml" \
        --target "$target" --compatibility manylinux_2_17 musllinux_1_1 --out "$out" >&2
    require_static "$target_dir/$target/release/pei"
}

# A program with an ELF interpreter is linked dynamically, and needs the libraries of one Linux distribution.
require_static() {
    local headers
    headers=$(readelf --program-headers --wide "$1")
    [[ $headers != *INTERP* ]] || die 1 "$1 is not linked statically"
}

# pack TARGET: pei-VERSION-TARGET.tar.gz, the same bytes for the same commit.
pack() {
    local name=pei-$version-$1 date
    date=$(git -C "$repo" log -1 --format=%cI)
    mkdir -p "$work/$name"
    cp -R "$work/shared/." "$work/$name/"
    install -m 755 "$target_dir/$1/release/pei" "$work/$name/pei"
    tar --create --sort=name --owner=0 --group=0 --numeric-owner --mode=u=rwX,go=rX --mtime="$date" --directory "$work" "$name" |
        gzip --no-name --best >"$out/$name.tar.gz"
}

# The files of every archive: the program for this machine writes the completions and the manual pages.
share() {
    local pei=$1 shared=$work/shared shell
    mkdir -p "$shared/completions" "$shared/man"
    for shell in bash zsh fish elvish powershell; do
        "$pei" completions "$shell" >"$shared/completions/pei.$shell"
    done
    "$pei" man --out "$shared/man"
    cp "$repo/README.md" "$repo/LICENSE" "$repo/CHANGELOG.md" "$shared/"
}

main() {
    local out='' targets=() target
    while (($#)); do
        case $1 in
            -h | --help) usage && return ;;
            --out | --target)
                (($# > 1)) || die "$EXIT_USAGE" "$1 needs a value"
                if [[ $1 == --out ]]; then out=$2; else targets+=("$2"); fi
                shift
                ;;
            *) die "$EXIT_USAGE" "unknown argument \`$1\`; see --help" ;;
        esac
        shift
    done
    ((${#targets[@]})) || targets=("${TARGETS[@]}")
    target_dir=${CARGO_TARGET_DIR:-$repo/target}
    if [[ -z $out ]]; then
        out=$target_dir/release-files
        rm -rf -- "$out"
    elif [[ -e $out && -n $(ls -A -- "$out") ]]; then
        die "$EXIT_USAGE" "\`$out\` is not empty"
    fi
    local tool
    for tool in cargo rustc python3 git readelf tar gzip sha256sum; do
        command -v "$tool" >/dev/null || die "$EXIT_MISSING" "\`$tool\` is missing"
    done

    version=$(version_of_crate)
    [[ -n $(notes "$version") ]] || die 1 "CHANGELOG.md has no section for version $version"
    for target in "${targets[@]}"; do
        require_target "$target"
    done
    work=$(mktemp -d)
    # shellcheck disable=SC2064 # the name is known now
    trap "rm -rf -- '$work'" EXIT
    mkdir -p "$out"
    out=$(cd -- "$out" && pwd)
    maturin=$(maturin)

    for target in "${targets[@]}"; do
        build "$target"
    done
    cargo build --quiet --locked --manifest-path "$repo/Cargo.toml"
    share "$target_dir/debug/pei"
    for target in "${targets[@]}"; do
        pack "$target"
    done
    notes "$version" >"$out/RELEASE_NOTES.md"
    (cd -- "$out" && sha256sum -- *.tar.gz *.whl) >"$work/SHA256SUMS"
    mv -- "$work/SHA256SUMS" "$out/"
    say "the files of pei $version are in $out"
}

if [[ ${BASH_SOURCE[0]} == "$0" ]]; then
    main "$@"
fi
