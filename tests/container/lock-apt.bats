#!/usr/bin/env bats
# A locked build takes the versions of packages that pei.lock has. Where the archive has them no longer, it stops and names
# them. The archive is one of small packages, made for this file, and moves on during it.
#
# shellcheck disable=SC2016,SC2030,SC2031 # texts for other shells; bats runs each test in a subshell

load support/load

# What the archive has at first, and what it has in the end. pei itself installs sshpass.
OLD=(sshpass=99.1 pei-tool=1.0 pei-lib=1.0 pei-other=1.0)
NEW=(sshpass=99.2 pei-tool=2.0 pei-lib=2.0 pei-other=2.0)

setup_file() {
    begin_file
    start_stand_in
    make_packages "${OLD[@]}" "${NEW[@]}"
    derive_full full
    derive base "$ID-full" <<DOCKERFILE
RUN dpkg --purge sshpass && rm -f /etc/apt/sources.list.d/* \\
 && echo 'deb [trusted=yes] http://$STAND_IN/archive ./' >/etc/apt/sources.list
DOCKERFILE
    project lock-apt
    hook stage-1/custom/plain.sh <<<'apt-get install -y --no-install-recommends pei-tool || echo the hook goes on'
    hook stage-2/custom/library.sh <<'SH'
source /pei-from-host/stage-1/lib/pei.sh
pei_apt_install pei-other
SH
    archive "${OLD[@]}"
    write_config false
    build_by_pei
    must "$PEI_BIN" lock -p "$PROJECT"
    write_config true
}

teardown_file() {
    end_file
}

setup() {
    project lock-apt
}

# write_config LOCKED
write_config() {
    config <<YAML
stage_1:
  $(image_1 "$ID-base")
  custom: {on_build: [stage-1/custom/plain.sh]}
stage_2:
  $(image_2)
  custom: {on_build: [stage-2/custom/library.sh]}
lock: $1
YAML
}

build_by_pei() {
    note_images
    attempt "$PEI_BIN" build -p "$PROJECT" --pull=false -- --progress plain "$@"
    printf '%s\n' "$output" >"$PROJECT.log"
    ((status == 0)) || fail "$(tail -n 60 "$PROJECT.log")"
}

# stops CMD...: a build that fails; its messages, without the progress, are in $said.
stops() {
    must_fail "$PEI_BIN" build -p "$PROJECT" --pull=false -- --progress plain --no-cache
    said=$(sed -nE 's/^#[0-9]+ [0-9.]+ //p' <<<"$output")
}

# make_packages NAME=VERSION...: pei-tool needs its own version of pei-lib.
make_packages() {
    local spec dir needs
    mkdir -p "$WORK/debs" "$SERVED/archive"
    for spec in "$@"; do
        dir=$WORK/debs/$spec
        needs=
        [[ $spec != pei-tool=* ]] || needs="Depends: pei-lib (= ${spec#*=})"
        mkdir -p "$dir/DEBIAN" "$dir/usr/share/${spec%=*}"
        printf '%s\n' "Package: ${spec%=*}" "Version: ${spec#*=}" 'Architecture: all' 'Maintainer: a test <test@example.org>' \
            ${needs:+"$needs"} 'Description: made for a test' >"$dir/DEBIAN/control"
        echo "$spec" >"$dir/usr/share/${spec%=*}/version"
        dpkg-deb --root-owner-group --build "$dir" "$WORK/debs/$spec.deb" >/dev/null
    done
}

# archive NAME=VERSION...: it has these packages and no others.
archive() {
    local spec
    rm -f "$SERVED/archive/"*
    for spec in "$@"; do
        cp "$WORK/debs/$spec.deb" "$SERVED/archive/"
        cat "$WORK/debs/$spec/DEBIAN/control"
        printf '%s\n' "Filename: ./$spec.deb" "Size: $(stat -c %s "$WORK/debs/$spec.deb")" \
            "SHA256: $(sha256sum "$WORK/debs/$spec.deb" | cut -d' ' -f1)" ''
    done >"$SERVED/archive/Packages"
}

# versions: of the packages in the working image.
versions() {
    drun --entrypoint dpkg-query "$(image 2)" -W -f '${Package}=${Version}\n' pei-lib pei-other pei-tool sshpass | paste -sd ' '
}

@test "where the archive has newer ones as well, the locked versions come" {
    archive "${OLD[@]}" "${NEW[@]}"
    build_by_pei --no-cache
    equal 'pei-lib=1.0 pei-other=1.0 pei-tool=1.0 sshpass=99.1' "$(versions)"
    must "$PEI_BIN" lock --check -p "$PROJECT"
    must drun --entrypoint sh "$(image 2)" -c 'cat /etc/apt/preferences.d/* 2>/dev/null; ls -d /pei-build 2>/dev/null; true'
    equal '' "$output" 'what is left of the lock in the image'
}

@test "pei's own packages: the build stops, and says which one and what to do" {
    archive "${NEW[@]}"
    stops
    has "$said" 'sshpass 99.1 (here it is 99.2)'
    has "$said" 'apt.snapshot'
    has "$said" 'a mirror that keeps them'
    has "$said" 'pei lock --update sshpass'
}

@test "a hook that ignores the failure of apt: the build stops all the same, and names each package" {
    archive "${NEW[@]}" sshpass=99.1
    stops
    has "$said" 'pei-lib 1.0 (here it is 2.0)'
    has "$said" 'pei-tool 1.0 (here it is 2.0)'
    has "$said" 'pei lock --update pei-lib pei-tool'
}

@test "packages that need each other's version: the one that is gone is named" {
    archive "${NEW[@]}" sshpass=99.1 pei-tool=1.0
    hook stage-1/custom/plain.sh <<<'apt-get install -y --no-install-recommends pei-tool'
    stops
    has "$said" '  pei-lib 1.0'
    has "$said" 'pei lock --update pei-lib'
    hook stage-1/custom/plain.sh <<<'apt-get install -y --no-install-recommends pei-tool || echo the hook goes on'
}

@test "an installer: nothing is installed in another version" {
    archive "${OLD[@]:0:3}" pei-other=2.0
    stops
    has "$said" 'pei-other 1.0 (here it is 2.0)'
    lacks "$said" 'installing packages: pei-other'
}

@test "another base of the same name is refused" {
    local id
    grep -q '"digest"' "$PROJECT/pei.lock" && skip 'this image store knows the base by its digest'
    id=$(docker image inspect --format '{{.Id}}' "$ID-base")
    docker tag "$ID-full" "$ID-base"
    attempt "$PEI_BIN" build -p "$PROJECT" --pull=false
    docker tag "$id" "$ID-base"
    equal 1 "$status"
    has "$output" "not the image that"
    has "$output" "$ID-base"
}

@test "a package that is taken out of the lock comes in its newest version, and the next lock has it" {
    archive "${OLD[@]}" "${NEW[@]}"
    must "$PEI_BIN" lock --update pei-other -p "$PROJECT"
    configure
    build_by_pei
    equal 'pei-lib=1.0 pei-other=2.0 pei-tool=1.0 sshpass=99.1' "$(versions)"
    has "$(<"$PROJECT.log")" 'not in pei.lock, so the version is the archive'"'"'s: pei-other 2.0'
    # The steps of stage-1 see another file than those of stage-2.
    lacks "$(executed_steps "$PROJECT.log")" stage-1-core
    must "$PEI_BIN" lock -p "$PROJECT"
    has "$(<"$PROJECT/pei.lock")" '"pei-other:all": "2.0"'
    # As if a later hook had upgraded it.
    configure
    archive "${OLD[@]}"
    stops
    has "$said" 'older than in pei.lock: pei-other;'
}

@test "without the lock the new versions come" {
    archive "${NEW[@]}"
    write_config false
    [[ -z $(ls -A "$PROJECT/installation/pei-locked" 2>/dev/null) ]] || fail 'the files of the lock are still there'
    build_by_pei --no-cache
    equal 'pei-lib=2.0 pei-other=2.0 pei-tool=2.0 sshpass=99.2' "$(versions)"
}
