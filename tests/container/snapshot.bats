#!/usr/bin/env bats
# apt.snapshot: an archive of this test has one package in three states: at two times, and as it is now.
#
# shellcheck disable=SC2016,SC2030,SC2031 # texts for other shells; bats runs each test in a subshell

load support/load

OLD=20240101T000000Z
NEWER=20240601T000000Z

setup_file() {
    begin_file
    start_stand_in
    SUITE=$(base_suite)
    export SUITE
    # The lists of a snapshot have expired.
    drun --volume "$SERVED:/served" --entrypoint bash "$BASE" -c '
        set -e
        suite=$1 arch=$(dpkg --print-architecture)
        shift
        while (($# > 0)); do
            root=/served/$1 version=$2
            dir=$root/dists/$suite/main/binary-$arch
            mkdir -p "$dir" "$root/pool" /tmp/probe/DEBIAN
            printf "Package: pei-probe\nVersion: %s\nArchitecture: all\nMaintainer: pei <pei@example.org>\nDescription: probe\n" \
                "$version" >/tmp/probe/DEBIAN/control
            dpkg-deb --build /tmp/probe "$root/pool/probe.deb" >/dev/null
            {
                cat /tmp/probe/DEBIAN/control
                printf "Filename: pool/probe.deb\nSize: %s\nSHA256: %s\n" "$(stat -c %s "$root/pool/probe.deb")" \
                    "$(sha256sum <"$root/pool/probe.deb" | cut -d" " -f1)"
            } >"$dir/Packages"
            printf "Origin: Debian\nSuite: %s\nCodename: %s\nDate: %s\nValid-Until: %s\nArchitectures: %s\nComponents: main\nSHA256:\n %s %s %s\n" \
                "$suite" "$suite" "Mon, 01 Jan 2024 00:00:00 UTC" "$3 00:00:00 UTC" "$arch" \
                "$(sha256sum <"$dir/Packages" | cut -d" " -f1)" "$(stat -c %s "$dir/Packages")" "main/binary-$arch/Packages" \
                >"$root/dists/$suite/Release"
            shift 3
        done
        chmod -R a+rX /served
    ' bash "$SUITE" "archive/debian/$OLD" 1.0 'Mon, 08 Jan 2024' "archive/debian/$NEWER" 1.5 'Mon, 08 Jan 2024' \
        now/debian 2.0 'Mon, 08 Jan 2074'
    derive_full full
    local part="RUN grep -lr Check-Valid-Until /etc/apt/apt.conf.d | xargs -r rm; rm -rf /etc/apt/sources.list /etc/apt/sources.list.d/*; printf '%s\\n'"
    derive list "$ID-full" <<<"$part '# ours' 'deb [trusted=yes] http://$STAND_IN/now/debian $SUITE main' 'deb [trusted=yes] http://$STAND_IN/now/other x other' >/etc/apt/sources.list"
    derive deb822 "$ID-full" <<<"$part 'Types: deb' 'URIs: http://$STAND_IN/now/debian' 'Suites: $SUITE' 'Components: main' 'Trusted: yes' >/etc/apt/sources.list.d/debian.sources"
    derive foreign "$ID-full" <<<"$part 'deb [trusted=yes] http://$STAND_IN/now/other x other' >/etc/apt/sources.list"
}

teardown_file() {
    end_file
}

# snapshot_project NAME BASE APT: a hook of stage-2 installs the package.
snapshot_project() {
    project "$1"
    hook stage-2/custom/install.sh <<<'apt-get -q update -o APT::Update::Error-Mode=any && apt-get -q install -y pei-probe'
    config <<YAML
stage_1:
  $(image_1 "$ID-$2")
  apt: {$3}
stage_2:
  $(image_2)
  custom: {on_build: [stage-2/custom/install.sh]}
YAML
}

probe_version() {
    drun --entrypoint dpkg-query "$(image 2)" -W -f '${Version}' pei-probe
}

@test "without a snapshot the archive has its newest version" {
    must drun --entrypoint sh "$ID-deb822" -c 'apt-get -q update && apt-cache policy pei-probe'
    has "$output" 'Candidate: 2.0'
}

@test "a hook gets the version of the time, whose lists have expired, and so does apt in the container" {
    snapshot_project dated deb822 "snapshot: $OLD, snapshot_url: 'http://$STAND_IN/archive/'"
    build
    equal 1.0 "$(probe_version)"
    must drun --entrypoint sh "$(image 2)" -c 'apt-get -q update -o APT::Update::Error-Mode=any && apt-cache policy pei-probe'
    has "$output" 'Candidate: 1.0'
    # Another time has lists of its own in the build cache.
    snapshot_project dated deb822 "snapshot: $NEWER, snapshot_url: 'http://$STAND_IN/archive'"
    build
    equal 1.5 "$(probe_version)"
}

@test "one-line entries of the distribution are dated, and without keep the base's own are back" {
    snapshot_project list list "snapshot: $OLD, snapshot_url: 'http://$STAND_IN/archive', keep_repo_after_build: false"
    hook stage-2/custom/install.sh <<<'cp /etc/apt/sources.list /during'
    build
    must file_in_image "$(image 2)" /during
    has_line "$output" "deb [check-valid-until=no trusted=yes] http://$STAND_IN/archive/debian/$OLD $SUITE main"
    has_line "$output" "deb [trusted=yes] http://$STAND_IN/now/other x other"
    equal "$(sources "$ID-list")" "$(sources "$(image 2)")"
}

@test "sources without an archive of the distribution stop the build" {
    snapshot_project foreign foreign "snapshot: $OLD, snapshot_url: 'http://$STAND_IN/archive'"
    build_fails stage-1
    has "$(<"$PROJECT.log")" "apt.snapshot: none of apt's sources is the archive of Debian"
}
