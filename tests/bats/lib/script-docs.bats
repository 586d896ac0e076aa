#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2154 # texts for other shells; stderr is set by bats
load ../support/common

@test "every README table is what --help says" {
  run bash "$REPO/scripts/script-docs.sh" --check
  [ "$status" -eq 0 ]
}

@test "usage" {
  run bash "$REPO/scripts/script-docs.sh" --nope
  [ "$status" -eq 2 ]
}
