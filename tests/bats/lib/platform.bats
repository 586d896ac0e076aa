#!/usr/bin/env bats
# shellcheck disable=SC2016 # texts for another shell
load ../support/common

release() {
  export PEI_OS_RELEASE="$BATS_TEST_TMPDIR/os-release"
  printf '%s\n' "$@" >"$PEI_OS_RELEASE"
}

@test "architectures" {
  local pair
  for pair in x86_64:amd64 aarch64:arm64 arm64:arm64; do
    stub uname "echo ${pair%:*}"
    run lib_run 'pei_arch'
    [ "$output" = "${pair#*:}" ]
  done
  stub uname 'echo riscv64'
  run lib_run 'pei_arch'
  [ "$status" -eq 1 ]
  [[ "$output" == *riscv64* ]]
}

@test "distribution facts, quoted or not" {
  release 'ID=ubuntu' 'VERSION_ID="24.04"' 'VERSION_CODENAME=noble'
  run lib_run 'echo "$(pei_distro_id) $(pei_distro_version) $(pei_distro_codename)"'
  [ "$output" = 'ubuntu 24.04 noble' ]
}

@test "supported and other releases" {
  release ID=debian VERSION_ID=13
  lib_run 'pei_require_supported_distro'
  release ID=debian VERSION_ID=11
  run lib_run 'pei_require_supported_distro; echo not reached'
  [ "$status" -eq 1 ]
  [[ "$output" == *'not for debian 11'* ]]
  lib_run 'pei_require_supported_distro debian:11'
  release ID=debian
  run lib_run 'pei_require_supported_distro'
  [ "$status" -eq 1 ]
}

@test "missing commands are named together" {
  run lib_run 'pei_require_command ls no-such-a no-such-b'
  [ "$status" -eq 1 ]
  [[ "$output" == *'no-such-a no-such-b' ]]
}

@test "root" {
  ((EUID == 0)) || skip 'needs root'
  lib_run 'pei_require_root'
  run lib_run 'f() { EUID=1; }; pei_run_as nobody bash -c "source \"\$1\"; pei_require_root" _ "$1"' "$LIB/pei.sh"
  [ "$status" -eq 1 ]
}
