#!/usr/bin/env bats
# A tool that hooks install, from the config to the user's shell. uv stands for all of them here, with the program of its
# PyPI package; tests/installers has every other tool.
#
# shellcheck disable=SC2016 # texts for other shells

load support/load
load ../bats/support/releases

setup_file() {
    begin_file
    start_stand_in
    serve_uv "$WORK"
    derive_full full
    derive_for_tools tools "$ID-full"
    export TOOL_BASE=$ID-tools
}

teardown_file() {
    end_file
}

teardown() {
    [[ -z ${PROJECT:-} ]] || compose --profile '*' down --volumes --timeout 0 >/dev/null 2>&1 || true
}

@test "on_build: a tool for all is on the PATH of root and of every user, a user's own is on that user's alone" {
    tool_project uv
    hooked on_build stage-1/system/uv/install-uv.sh
    start_hooked
    finds 'uv --version && uvx --version' root me other

    hooked on_build 'stage-1/system/uv/install-uv.sh --user me'
    start_hooked
    finds 'uv --version' me
    lacks_tool uv root other
    owns_home me
}

@test "on_first_run: the same, a start later; and a download that breaks is reported, leaves nothing, and comes at the next start" {
    local archive
    archive=$(find "$SERVED/github.com/astral-sh" -name '*.tar.gz')
    cp "$archive" "$WORK/whole"
    head -c 100000 "$WORK/whole" >"$archive"
    tool_project uv-later
    hooked on_first_run 'stage-1/system/uv/install-uv.sh --user me'
    start_hooked
    has "$(logs "$(container stage-1)")" sha256
    lacks_tool uv root me other
    must docker exec "$(container stage-1)" sh -c 'grep -rl "pei uv" /home /root || find / -xdev -name "uv" -type f'
    equal '' "$output" 'what is left of uv'

    cp "$WORK/whole" "$archive"
    restart "$(container stage-1)"
    finds 'uv --version' me
    lacks_tool uv root other
    owns_home me
    restart "$(container stage-1)"
    equal 1 "$(logs "$(container stage-1)" | grep -c 'uv .* is in /home/me')" 'how often it was installed'
}

@test "on_build: a download that breaks fails the build" {
    local archive
    archive=$(find "$SERVED/github.com/astral-sh" -name '*.tar.gz')
    cp "$archive" "$WORK/whole"
    head -c 100000 "$WORK/whole" >"$archive"
    tool_project uv-broken
    # In a directory of its own: what another test has built would be taken from the cache.
    must_fail hooked on_build 'stage-1/system/uv/install-uv.sh --install-dir=/opt/uv'
    has "$output" 'sha256 is'
    cp "$WORK/whole" "$archive"
    hooked on_build 'stage-1/system/uv/install-uv.sh --install-dir=/opt/uv'
}

# The shared cache of the builds is in force then, and holds what other projects have fetched.
@test "on_build: apt's caches get the packages of this image, and no others; a container keeps what it installs" {
    tool_project apt-caches
    hook stage-1/custom/ed.sh <<<'apt-get -q update && apt-get -q install -y --no-install-recommends ed'
    hook stage-1/custom/hello.sh <<<'apt-get -q install -y --no-install-recommends hello'
    # It comes into the builds' cache and leaves the image.
    hook stage-1/custom/other.sh <<<'apt-get -q update && apt-get -q install -y --no-install-recommends cowsay && apt-get -q purge -y cowsay'
    hooked on_build stage-1/custom/other.sh stage-1/custom/ed.sh 'stage-1/system/apt/enable-shadow-cache.sh "/my copies"' \
        'stage-1/system/apt/enable-external-cache.sh "/my cache"' stage-1/custom/hello.sh
    local folder
    for folder in '/my copies' '/my cache'; do
        must drun --entrypoint ls "$(image 1)" "$folder"
        has "$output" hello_
        has "$output" ed_
        lacks "$output" cowsay
    done
    start_hooked
    must docker exec "$(container stage-1)" sh -c 'apt-get -q update && apt-get -q install -y --no-install-recommends dc && ls "/my copies" "/my cache"'
    equal 2 "$(grep -c '^dc_' <<<"$output")" 'the folders that have the new package' || fail "$output"
}
