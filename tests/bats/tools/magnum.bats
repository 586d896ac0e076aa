#!/usr/bin/env bats
# shellcheck disable=SC2016 # texts for another shell
load ../support/common
load contract

setup() {
  quick_downloads
  unset PEI_STAGE_DIR_1
  SCRIPT="$SYSTEM/magnum/install-magnum-gl.sh"
  CACHE="$BATS_TEST_TMPDIR/cache with blank"
  export PEI_PREFIX_ROOT="$BATS_TEST_TMPDIR/root"
  export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1
}

teardown() { stop_server; }

# A machine on which everything but the downloads is a stand-in. A package's "installation" makes the header.
build_machine() {
  ((EUID == 0)) || skip 'needs root'
  stub_apt
  stub dpkg-buildpackage '
name="${PWD##*/}"
[ ! -e "'"$BATS_TEST_TMPDIR"'/break-$name" ] || exit 1
[ -e debian/control ] || exit 2
touch "../${name}_1_all.deb" "../${name}-dbgsym_1_all.deb"'
  stub dpkg-deb 'name="${2##*/}"; [ "$1" = --field ] && echo "${name%%_*}"'
  stub dpkg '
root="'"$PEI_PREFIX_ROOT"'/usr/include"
case "$1" in
  -i)
    case "$*" in *corrade_*) mkdir -p "$root/Corrade"; touch "$root/Corrade/Corrade.h" ;; esac
    case "$*" in *magnum_*) mkdir -p "$root/Magnum"; touch "$root/Magnum/Magnum.h" ;; esac
    ;;
  --purge) rm -r "$root" ;;
esac'
  start_server
  export PEI_DOWNLOAD_MIRROR="$SERVER"
  serve_repository corrade
  serve_repository magnum
}

serve_repository() {
  local work="$BATS_TEST_TMPDIR/source/$1" bare="$SERVED/github.com/mosra/$1"
  git init -q -b master "$work"
  mkdir -p "$work/package/debian"
  touch "$work/package/debian/control"
  git -C "$work" add .
  git -C "$work" -c user.name=t -c user.email=t@example.org commit -q -m t
  git clone -q --bare "$work" "$bare"
  git -C "$bare" update-server-info
}

@test "usage, dry run, no root" {
  check_usage "$SCRIPT" --cache-dir --version
  run timeout 20 bash "$SCRIPT" --cache-dir
  [ "$status" -eq 2 ]
  check_dry_run "$SCRIPT"
  [[ "$output" == *https://github.com/mosra/magnum* ]]
  check_needs_root "$SCRIPT" --cache-dir /tmp
}

@test "clones, builds in order, installs, cleans up; a second run does nothing" {
  build_machine
  run bash "$SCRIPT" --cache-dir "$CACHE"
  [ "$status" -eq 0 ] || fail_with build
  [ -e "$PEI_PREFIX_ROOT/usr/include/Magnum/Magnum.h" ]
  [ -z "$(ls -A "$CACHE")" ]
  [ "$(grep -c '^dpkg -i' "$CALLS")" -eq 2 ]
  run ! grep -q 'dpkg -i.*dbgsym' "$CALLS"
  : >"$CALLS"
  run bash "$SCRIPT" --cache-dir "$CACHE"
  [ "$status" -eq 0 ]
  [[ "$output" == *'already installed'* ]]
  run ! grep -qE '^(dpkg-buildpackage|apt-get)' "$CALLS"
  run bash "$SCRIPT" --cache-dir "$CACHE" --force
  [ "$status" -eq 0 ]
}

@test "left-overs of an earlier run are in nobody's way" {
  build_machine
  mkdir -p "$CACHE/magnum-build/corrade"
  run bash "$SCRIPT" --cache-dir "$CACHE"
  [ "$status" -eq 0 ] || fail_with left-overs
}

@test "Magnum's build fails: Corrade is removed again, no build tree is left" {
  build_machine
  touch "$BATS_TEST_TMPDIR/break-magnum"
  run bash "$SCRIPT" --cache-dir "$CACHE"
  [ "$status" -eq 1 ]
  grep -q '^dpkg --purge corrade' "$CALLS"
  [ ! -e "$PEI_PREFIX_ROOT/usr/include" ]
  [ ! -e "$CACHE/magnum-build" ]
}

@test "a repository is missing: nothing is built" {
  build_machine
  rm -r "$SERVED/github.com/mosra/magnum"
  http_proxy=http://127.0.0.1:9 https_proxy=http://127.0.0.1:9 run bash "$SCRIPT" --cache-dir "$CACHE"
  [ "$status" -eq 1 ]
  run ! grep -q '^dpkg-buildpackage' "$CALLS"
  [ ! -e "$CACHE/magnum-build" ]
}
