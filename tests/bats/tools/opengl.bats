#!/usr/bin/env bats
# shellcheck disable=SC2016 # texts for another shell
load ../support/common
load contract

setup() {
  SCRIPT="$SYSTEM/opengl/setup-opengl-win32.sh"
  export PEI_ETC="$BATS_TEST_TMPDIR/etc"
  mkdir "$PEI_ETC"
  unset OPENGL_USE_NVIDIA_GPU
  stub_apt libgl1-mesa-glx glmark2 mesa-utils-extra
}

@test "usage, dry run, no root" {
  check_usage "$SCRIPT"
  check_dry_run "$SCRIPT"
  check_needs_root "$SCRIPT"
}

@test "packages that the release lacks are left out, the rest is installed, once" {
  ((EUID == 0)) || skip 'needs root'
  run bash "$SCRIPT"
  [ "$status" -eq 0 ] || fail_with first
  [[ "$output" == *'skipping glmark2'* ]]
  [[ " $(installed_packages)" == *' mesa-utils '* ]]
  [[ " $(installed_packages)" != *' glmark2 '* ]]
  sh -n "$PEI_ETC/profile.d/opengl.sh"
  cmp <(sed '1d;$d' "$PEI_ETC/bash.bashrc") "$PEI_ETC/profile.d/opengl.sh"

  local before
  before="$(snapshot "$PEI_ETC")"
  run bash "$SCRIPT"
  [[ "$output" == *'already set up'* ]]
  run bash "$SCRIPT" --force
  [ "$before" = "$(snapshot "$PEI_ETC")" ]
}

@test "a required package is missing: nothing changes" {
  ((EUID == 0)) || skip 'needs root'
  stub_apt mesa-utils
  run bash "$SCRIPT"
  [ "$status" -eq 1 ]
  [[ "$output" == *'not available on'*mesa-utils* ]]
  [ -z "$(ls -A "$PEI_ETC")" ]
  [ -z "$(installed_packages)" ]
}

@test "NVIDIA by flag and by variable: the vendor file and the adapter" {
  ((EUID == 0)) || skip 'needs root'
  OPENGL_USE_NVIDIA_GPU=true run bash "$SCRIPT"
  [ "$status" -eq 0 ]
  cmp "$SYSTEM/opengl/10_nvidia.json" "$PEI_ETC/glvnd/egl_vendor.d/10_nvidia.json"
  grep -q MESA_D3D12_DEFAULT_ADAPTER_NAME=NVIDIA "$PEI_ETC/profile.d/opengl.sh"
  run bash "$SCRIPT" --nvidia
  [[ "$output" == *'already set up'* ]]
}

@test "the variables are set only under WSL, without an empty entry in the path" {
  ((EUID == 0)) || skip 'needs root'
  run bash "$SCRIPT"
  local text show='; echo "${NVIDIA_VISIBLE_DEVICES-unset} ${LD_LIBRARY_PATH-unset}"'
  text="$(cat "$PEI_ETC/profile.d/opengl.sh")"
  if [ ! -d /usr/lib/wsl/lib ]; then
    run env -i sh -uc "$text $show"
    [ "$output" = 'unset unset' ]
  fi
  mkdir "$BATS_TEST_TMPDIR/wsl"
  text="${text//'-d /usr/lib/wsl/lib'/"-d $BATS_TEST_TMPDIR/wsl"}"
  run env -i sh -uc "$text $show"
  [ "$output" = 'all /usr/lib/wsl/lib' ]
  run env -i LD_LIBRARY_PATH=/mine sh -uc "$text; $text $show"
  [ "$output" = 'all /mine:/usr/lib/wsl/lib' ]
}
