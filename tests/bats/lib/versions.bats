#!/usr/bin/env bats
# shellcheck disable=SC2016 # texts for another shell
load ../support/common

@test "every row has a tool and a plain version" {
  run lib_run '__pei_versions_table | grep -Evx "[a-z0-9-]+ +[A-Za-z0-9._-]+" || true'
  [ "$output" = '' ]
}

@test "lookup" {
  run lib_run '__pei_versions_table() { printf "%s\n" "a 1" "b 2"; }; pei_version b'
  [ "$output" = 2 ]
  run lib_run 'pei_version no-such-tool'
  [ "$status" -eq 1 ]
}
