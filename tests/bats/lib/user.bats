#!/usr/bin/env bats
# shellcheck disable=SC2016 # texts for another shell
load ../support/common

@test "home from the account database, not from HOME" {
  HOME=/elsewhere run lib_run 'pei_user_home nobody'
  [ "$output" = "$(/usr/bin/getent passwd nobody | cut -d: -f6)" ]
  run lib_run 'pei_user_home no-such-user'
  [ "$status" -eq 1 ]
}

@test "the target is the caller unless named" {
  run lib_run 'pei_resolve_target_user ""'
  [ "$output" = "$(id -un)" ]
  run lib_run 'pei_resolve_target_user no-such-user'
  [ "$status" -eq 1 ]
  [ "$output" = 'error [test] user `no-such-user` does not exist' ]
}

@test "acting for another user needs root" {
  ((EUID == 0)) || skip 'needs root to become somebody else'
  run lib_run 'pei_run_as nobody bash -c "source \"\$1\"; pei_resolve_target_user root" _ "$1"' "$LIB/pei.sh"
  [ "$status" -eq 1 ]
  [[ "$output" == *'needs root to act for `root`'* ]]
}

@test "arguments arrive untouched, for the caller and for another" {
  local user
  for user in "$(id -un)" nobody; do
    [[ "$user" == "$(id -un)" ]] || ((EUID == 0)) || continue
    run lib_run 'pei_run_as "$1" X="a  b" bash -c '\''printf "<%s>" "$X" "$@"'\'' _ "c d" "*" "" "--x" "\$HOME"' "$user"
    [ "$output" = '<a  b><c d><*><><--x><$HOME>' ]
  done
}

@test "another user gets an own environment, with proxies" {
  ((EUID == 0)) || skip 'needs root'
  https_proxy=http://p:1 PEI_DOWNLOAD_MIRROR=http://m XDG_CONFIG_HOME=/root/x SECRET=s run lib_run 'pei_run_as nobody env'
  [[ "$output" == *'https_proxy=http://p:1'* ]]
  [[ "$output" == *'PEI_DOWNLOAD_MIRROR=http://m'* ]]
  [[ "$output" == *'USER=nobody'* ]]
  [[ "$output" != *XDG_CONFIG_HOME* ]]
  [[ "$output" != *SECRET* ]]
}

@test "the same through su, where runuser is missing" {
  ((EUID == 0)) || skip 'needs root'
  mkdir "$BATS_TEST_TMPDIR/bin"
  local tool
  for tool in bash env su id cut getent dirname; do ln -s "$(type -P "$tool")" "$BATS_TEST_TMPDIR/bin/$tool"; done
  PATH="$BATS_TEST_TMPDIR/bin" run lib_run 'pei_run_as nobody bash -c '\''printf "<%s>" "$(id -un)" "$@"'\'' _ "c d" --x'
  [ "$output" = '<nobody><c d><--x>' ]
}

@test "the status of the command comes back" {
  run lib_run 's=0; pei_run_as nobody sh -c "exit 9" || s=$?; echo $s'
  [ "$output" = 9 ]
}

@test "login users are root and people with a shell and a home" {
  mkdir "$BATS_TEST_TMPDIR/h"
  stub getent "printf '%s\n' root:x:0:0::$BATS_TEST_TMPDIR/h:/bin/bash daemon:x:1:1::$BATS_TEST_TMPDIR/h:/bin/sh \
    'ann:x:1000:1000::$BATS_TEST_TMPDIR/h:/bin/zsh' bot:x:1001:1001::$BATS_TEST_TMPDIR/h:/usr/sbin/nologin \
    gone:x:1002:1002::/no/such:/bin/bash nobody:x:65534:65534::$BATS_TEST_TMPDIR/h:/bin/bash"
  run lib_run 'pei_each_login_user'
  [ "$output" = $'root\nann' ]
}

@test "directories that were missing belong to the user, older ones are left" {
  ((EUID == 0)) || skip 'needs root'
  mkdir "$BATS_TEST_TMPDIR/old"
  lib_run 'pei_make_dir nobody "$1"' "$BATS_TEST_TMPDIR/old/a/b"
  [ "$(stat -c %U "$BATS_TEST_TMPDIR/old")" = root ]
  [ "$(stat -c %U "$BATS_TEST_TMPDIR/old/a")" = nobody ]
  [ "$(stat -c %U "$BATS_TEST_TMPDIR/old/a/b")" = nobody ]
}
