#!/usr/bin/env bats
# The files that scripts/release.sh made, on machines without Rust. PEI_RELEASE is their directory.
#
# shellcheck disable=SC2016,SC2030,SC2031 # texts for other shells; bats runs each test in a subshell

load ../support/load

RELEASE=${PEI_RELEASE:-${CARGO_TARGET_DIR:-$REPO/target}/release-files}

setup_file() {
    begin_file
    [[ -s $RELEASE/SHA256SUMS ]] || fail "no release in $RELEASE: run scripts/release.sh"
    # pip, and what runs programs of the other architecture; neither Rust nor a compiler.
    derive bare <<'DOCKERFILE'
RUN apt-get -q update && apt-get -q install -y --no-install-recommends python3-pip python3-venv qemu-user \
 && rm -rf /var/lib/apt/lists/*
DOCKERFILE
    VERSION=$("$PEI_BIN" --version)
    export VERSION=${VERSION#pei }
}

teardown_file() {
    end_file
}

# in_bare SCRIPT: as a user without rights, with the release in /release and no network.
in_bare() {
    must docker run --rm --network none --user nobody --env HOME=/tmp/home --volume "$RELEASE:/release:ro" \
        "$ID-bare" bash -ec "mkdir /tmp/home && cd /tmp/home && $1"
}

# What a person does first.
TRY='create -p box -q minimal --no-examples && test -s box/user_config.yml'

@test "a wheel installs with pip where there is no Rust, and pei makes a project" {
    in_bare '! command -v cargo && ! command -v cc && python3 -m venv venv &&
        venv/bin/pip -q install --no-index --find-links /release pei && venv/bin/pei --version &&
        PATH=$PWD/venv/bin:$PATH && pei '"$TRY"' && pei configure -p box && test -s box/docker-compose.yml'
    has "$output" "pei $VERSION"
}

@test "pip builds a clone where there is no Rust: it fetches a toolchain for that" {
    derive compiler "$ID-bare" <<'DOCKERFILE'
RUN apt-get -q update && apt-get -q install -y --no-install-recommends gcc libc6-dev && rm -rf /var/lib/apt/lists/*
DOCKERFILE
    mkdir "$BATS_TEST_TMPDIR/clone"
    git -C "$REPO" ls-files -z | tar -c -C "$REPO" --null -T - | tar -x -C "$BATS_TEST_TMPDIR/clone"
    must docker run --rm --volume "$BATS_TEST_TMPDIR/clone:/clone:ro" "$ID-compiler" bash -ec '! command -v cargo
        cp -R /clone /root/clone && cd /root && python3 -m venv venv && venv/bin/pip install ./clone &&
        PATH=$PWD/venv/bin:$PATH && pei --version && pei '"$TRY"
    has "$output" "pei $VERSION"
}

@test "pip takes a wheel on Alpine and on the other architecture too" {
    local tag
    in_bare 'python3 -m venv venv
        for tag in manylinux_2_17 musllinux_1_1; do
            for machine in x86_64 aarch64; do
                venv/bin/pip -q download --no-index --find-links /release --no-deps --only-binary :all: \
                    --platform "${tag}_$machine" --dest "${tag}_$machine" pei
            done
        done
        ls */'
    for tag in {manylinux_2_17,musllinux_1_1}_{x86_64,aarch64}; do
        has_line "$output" "$tag/:"
    done
    equal 4 "$(grep -c "^pei-$VERSION-py3-none-.*whl$" <<<"$output")"
}

@test "the program of the archive runs on an empty image: it needs no library" {
    mkdir "$BATS_TEST_TMPDIR/context"
    tar -xz -C "$BATS_TEST_TMPDIR/context" --strip-components 1 -f "$RELEASE/pei-$VERSION-$(uname -m)-unknown-linux-musl.tar.gz"
    printf 'FROM scratch\nCOPY pei /pei\n' |
        must docker build --label "pei-test=$ID" --tag "$ID-empty" --file - "$BATS_TEST_TMPDIR/context"
    must docker run --rm --network none "$ID-empty" /pei --version
    equal "pei $VERSION" "$output"
}

@test "the program of the other architecture makes a project" {
    local machine=aarch64
    [[ $(uname -m) != aarch64 ]] || machine=x86_64
    in_bare "tar -xzf /release/pei-$VERSION-$machine-unknown-linux-musl.tar.gz --strip-components 1 &&
        qemu-$machine ./pei --version && qemu-$machine ./pei $TRY"
    has "$output" "pei $VERSION"
}

@test "an archive has completions, man pages, licence and changelog" {
    local archive file list
    for archive in "$RELEASE"/*.tar.gz; do
        list=$(tar -tzf "$archive")
        for file in pei LICENSE CHANGELOG.md README.md completions/pei.{bash,zsh,fish} man/pei.1 man/pei-configure.1; do
            has_line "$list" "$(basename "$archive" .tar.gz)/$file"
        done
    done
}

@test "every archive and wheel has its checksum, and the notes are those of the version" {
    must env -C "$RELEASE" sha256sum --check --strict SHA256SUMS
    equal "$(find "$RELEASE" -type f ! -name SHA256SUMS ! -name RELEASE_NOTES.md -printf '%f\n' | sort)" "$(cut -c 67- "$RELEASE/SHA256SUMS" | sort)"
    must grep -x '### Added' "$RELEASE/RELEASE_NOTES.md"
    must_fail grep '^## ' "$RELEASE/RELEASE_NOTES.md"
}
