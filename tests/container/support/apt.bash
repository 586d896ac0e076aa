# The apt sources of images, and mirrors that lead to the stand-in.
#
# shellcheck shell=bash

# The codename of the base image's release, whose packages the stand-in can serve.
base_suite() {
    # shellcheck disable=SC2016 # expands in the container
    drun --entrypoint sh "${1:-$BASE}" -c '. /etc/os-release && echo "$VERSION_CODENAME"'
}

# notes_sources: a build hook of the project, stage-1/custom/look.sh, that writes down what apt's sources and settings are,
# and how many archives lie in the build cache.
notes_sources() {
    hook stage-1/custom/look.sh <<'SCRIPT'
mkdir -p /during/sources.list.d
cp -a /etc/apt/sources.list /during/ 2>/dev/null
cp -a /etc/apt/sources.list.d/. /during/sources.list.d/ 2>/dev/null
apt-config dump >/during/config
find /var/cache/pei-apt -name '*.deb' | wc -l >/during/archives
true
SCRIPT
}

# point_at_stand_in HOST...: these names lead to the stand-in, for this project's builds.
point_at_stand_in() {
    local host
    {
        printf 'services:\n  stage-1:\n    build: &build\n      extra_hosts:\n'
        for host in "$@"; do printf '        - "%s:%s"\n' "$host" "$STAND_IN"; done
        # Both services, or the part that they share would be built twice.
        ! grep -q '^  stage-2:' "$PROJECT/docker-compose.yml" || printf '  stage-2:\n    build: *build\n'
    } >"$PROJECT/docker-compose.override.yml"
}

# sources IMAGE [FOLDER]: every source file of an image, each under its name and mode.
sources() {
    drun --entrypoint bash "$1" -c 'cd "$1" && shopt -s nullglob && for f in sources.list sources.list.d/*; do
        [[ ! -f $f ]] || { echo "== $f $(stat -c %a "$f")"; cat "$f"; }; done' bash "${2:-/etc/apt}"
}

# What they were while the image was built.
during() {
    sources "$(image 1)" /during
}

# sources_are_back NAME [STAGE]: the finished image has the sources of the base that `derive NAME` made.
sources_are_back() {
    equal "$(sources "$ID-$1")" "$(sources "$(image "${2:-1}")")" 'the sources of the finished image'
}
