#!/usr/bin/env bats
# set-locale.sh and ros2/setup-locale.sh
# shellcheck disable=SC2016 # texts for another shell
load ../support/common
load contract

setup() {
  SCRIPT="$SYSTEM/set-locale.sh"
  ROS="$SYSTEM/ros2/setup-locale.sh"
  export PEI_ETC="$BATS_TEST_TMPDIR/etc"
  mkdir -p "$PEI_ETC/default"
  [ -r /usr/share/i18n/SUPPORTED ] || skip 'this machine has no package locales'
  stub_apt
  printf '%s\n' locales tzdata >"$BATS_TEST_TMPDIR/installed-packages"
  # A locale-gen that makes what the file lists, and a `locale -a` that knows what was made.
  stub locale "cat '$BATS_TEST_TMPDIR/made' 2>/dev/null || true"
  stub locale-gen "awk '!/^#/ && NF { sub(/\\.UTF-8/, \".utf8\", \$1); print \$1 }' '$PEI_ETC/locale.gen' >'$BATS_TEST_TMPDIR/made'"
  stub update-locale 'shift; file=$1; shift; printf "%s\n" "$@" >"$file"'
}

@test "usage" {
  check_usage "$SCRIPT" --locale --also
  check_usage "$ROS"
  run bash "$SCRIPT" --locale 'en; rm -rf /'
  [ "$status" -eq 2 ]
}

@test "dry run, no root" {
  check_dry_run "$SCRIPT"
  check_dry_run "$ROS"
  check_needs_root "$SCRIPT"
  check_needs_root "$ROS"
}

@test "generates, sets the default, does it once" {
  ((EUID == 0)) || skip 'needs root'
  run bash "$SCRIPT"
  [ "$status" -eq 0 ] || fail_with first
  grep -qx 'en_US.UTF-8 UTF-8' "$PEI_ETC/locale.gen"
  [ "$(cat "$PEI_ETC/default/locale")" = LANG=en_US.UTF-8 ]
  run env -i sh -c '. "$1"; echo "$LANG,$LC_ALL,$TZ"' x "$PEI_ETC/profile.d/pei-locale.sh"
  [ "$output" = en_US.UTF-8,, ]
  run env -i LANG=C sh -c '. "$1"; echo "$LANG"' x "$PEI_ETC/profile.d/pei-locale.sh"
  [ "$output" = C ]

  local before
  before="$(snapshot "$PEI_ETC")"
  : >"$CALLS"
  run bash "$SCRIPT"
  [ "$status" -eq 0 ]
  [[ "$output" == *'already there'* ]]
  [ "$before" = "$(snapshot "$PEI_ETC")" ]
  run ! grep -q '^locale-gen' "$CALLS"
}

@test "ROS 2: both locales and LC_ALL, no time zone" {
  ((EUID == 0)) || skip 'needs root'
  run bash "$ROS"
  [ "$status" -eq 0 ] || fail_with first
  grep -qx 'en_US.UTF-8 UTF-8' "$PEI_ETC/locale.gen"
  grep -qx 'en_US ISO-8859-1' "$PEI_ETC/locale.gen"
  [ "$(cat "$PEI_ETC/default/locale")" = "$(printf 'LANG=en_US.UTF-8\nLC_ALL=en_US.UTF-8')" ]
  run grep -r TZ "$PEI_ETC"
  [ "$status" -eq 1 ]
  run bash "$ROS"
  [[ "$output" == *'already there'* ]]
}

@test "a locale that does not exist" {
  ((EUID == 0)) || skip 'needs root'
  run bash "$SCRIPT" --locale xx_YY.UTF-8
  [ "$status" -eq 1 ]
  [[ "$output" == *'there is no locale `xx_YY.UTF-8`'* ]]
  [ ! -e "$PEI_ETC/default/locale" ]
  [ ! -e "$PEI_ETC/locale.gen" ]
}

@test "locale-gen fails: the list is as it was" {
  ((EUID == 0)) || skip 'needs root'
  stub locale-gen 'exit 1'
  printf '# mine\n' >"$PEI_ETC/locale.gen"
  run bash "$SCRIPT"
  [ "$status" -eq 1 ]
  [ "$(cat "$PEI_ETC/locale.gen")" = '# mine' ]
  [ ! -e "$PEI_ETC/default/locale" ]
}
