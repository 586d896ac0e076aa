#!/usr/bin/env bats
# shellcheck disable=SC2016 # texts for another shell
load ../support/common

@test "every row has four columns, a plain version and a sum or a dash" {
  run lib_run '__pei_versions_table | grep -Evx "[a-z0-9-]+ +[A-Za-z0-9._-]+ +[A-Za-z0-9._-]+ +([0-9a-f]{64}|-)" || true'
  [ "$output" = '' ]
}

@test "lookup" {
  run lib_run '__pei_versions_table() { printf "%s\n" "a 1 amd64 -" "a 1 arm64 abc" "a 0 amd64 old"; }
    echo "$(pei_version a) [$(pei_pinned_sha256 a 1 amd64)] [$(pei_pinned_sha256 a 1 arm64)] [$(pei_pinned_sha256 a 0 amd64)] [$(pei_pinned_sha256 a 9 amd64)]"'
  [ "$output" = '1 [] [abc] [old] []' ]
  run lib_run 'pei_version no-such-tool'
  [ "$status" -eq 1 ]
}
