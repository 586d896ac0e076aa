#!/usr/bin/env bats
# shellcheck disable=SC2016 # texts for another shell
load ../support/common
load contract

setup() {
  SCRIPT="$SYSTEM/ngc/fix-shinit.sh"
  export PEI_ETC="$BATS_TEST_TMPDIR/etc"
  mkdir "$PEI_ETC"
  printf '# start of the image\n' >"$PEI_ETC/shinit_v2"
}

@test "usage, dry run, no root" {
  check_usage "$SCRIPT"
  check_dry_run "$SCRIPT"
  check_needs_root "$SCRIPT"
}

@test "no such file: nothing to do, status 0" {
  rm "$PEI_ETC/shinit_v2"
  run bash "$SCRIPT"
  [ "$status" -eq 0 ]
  [ -z "$(ls -A "$PEI_ETC")" ]
}

@test "defaults where unset, values of the image kept, no empty entry, done once" {
  ((EUID == 0)) || skip 'needs root'
  run bash "$SCRIPT"
  [ "$status" -eq 0 ] || fail_with first
  local show='. "$1"; echo "$LD_LIBRARY_PATH $LIBRARY_PATH"'
  run env -i sh -uc "$show" x "$PEI_ETC/shinit_v2"
  [ "$output" = '/usr/local/cuda/compat/lib:/usr/local/nvidia/lib:/usr/local/nvidia/lib64 /usr/local/cuda/lib64/stubs' ]
  run env -i LD_LIBRARY_PATH=/mine LIBRARY_PATH=/own sh -c "$show" x "$PEI_ETC/shinit_v2"
  [ "$output" = '/mine /own' ]

  local before
  before="$(snapshot "$PEI_ETC")"
  run bash "$SCRIPT"
  [[ "$output" == *already* ]]
  run bash "$SCRIPT" --force
  [ "$status" -eq 0 ]
  [ "$before" = "$(snapshot "$PEI_ETC")" ]
}
