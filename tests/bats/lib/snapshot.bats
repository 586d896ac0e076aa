#!/usr/bin/env bats
# apt.snapshot: which entries of apt's sources get its time, and that the others are named.
load ../support/common

setup() {
  export PEI_ROOT="$BATS_TEST_TMPDIR/root" APT_SNAPSHOT=20260101T000000Z
  ETC="$PEI_ROOT/etc/apt"
  mkdir -p "$ETC/sources.list.d"
}

# dated ID: rewrites the sources of a system.
dated() {
  printf 'ID=%s\n' "$1" >"$PEI_ROOT/etc/os-release"
  run bash "$REPO/installation/stage-1/internals/set-up-apt.sh"
  [ "$status" -eq 0 ]
}

@test "suites in lines of their own are read, and keys stay as they are" {
  printf '%s\n' 'Types: deb' 'URIs:' ' http://deb.debian.org/debian' 'Suites: bookworm' ' bookworm-updates' 'Components: main' \
    'Signed-By:' ' -----BEGIN' ' .' ' key' '' 'Types: deb' 'URIs: http://a.example/debian' 'Suites:' ' bookworm' 'Components:' ' contrib' \
    >"$ETC/sources.list.d/debian.sources"
  dated debian
  [ "$output" = '' ]
  run cat "$ETC/sources.list.d/debian.sources"
  local url='URIs: http://snapshot.debian.org/archive/debian/20260101T000000Z
Check-Valid-Until: no'
  [ "$output" = "Types: deb
$url
Suites: bookworm bookworm-updates
Components: main
Signed-By:
 -----BEGIN
 .
 key

Types: deb
$url
Suites: bookworm
Components: contrib" ]
}

@test "an entry in one line needs no main, and its own option for old lists is replaced" {
  printf '%s\n' 'deb http://deb.debian.org/debian bookworm contrib non-free' \
    'deb [check-valid-until=yes arch=amd64] http://deb.debian.org/debian bookworm contrib main' >"$ETC/sources.list"
  dated debian
  [ "$output" = '' ]
  run cat "$ETC/sources.list"
  [ "${lines[0]}" = 'deb [check-valid-until=no] http://snapshot.debian.org/archive/debian/20260101T000000Z bookworm contrib non-free' ]
  [ "${lines[1]}" = 'deb [check-valid-until=no arch=amd64] http://snapshot.debian.org/archive/debian/20260101T000000Z bookworm contrib main' ]
}

@test "the archive for ports is known without a path" {
  echo 'deb http://ports.ubuntu.com/ noble main' >"$ETC/sources.list"
  dated ubuntu
  run cat "$ETC/sources.list"
  [ "$output" = 'deb [check-valid-until=no] http://snapshot.ubuntu.com/ubuntu-ports/20260101T000000Z noble main' ]
}

@test "entries that stay as they are are named, without logins" {
  printf '%s\n' 'deb http://deb.debian.org/debian bookworm main' 'deb https://me:pw@a.example/x stable other' >"$ETC/sources.list"
  printf '%s\n' 'Types: deb' 'URIs: https://b.example' 'Suites: any' 'Components: main' '' 'Enabled: no' 'URIs: https://off.example' 'Suites: any' \
    >"$ETC/sources.list.d/other.sources"
  cp "$ETC/sources.list.d/other.sources" "$BATS_TEST_TMPDIR/before"
  dated debian
  [ "${#lines[@]}" -eq 2 ]
  [[ "${lines[0]}" == *'as it is now, not as it was: deb https://a.example/x stable other' ]]
  [[ "${lines[1]}" == *'as it is now, not as it was: https://b.example any main' ]]
  cmp "$ETC/sources.list.d/other.sources" "$BATS_TEST_TMPDIR/before"
}
