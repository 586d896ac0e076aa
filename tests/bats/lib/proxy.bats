#!/usr/bin/env bats
# shellcheck disable=SC2016 # texts for another shell
load ../support/common

setup() {
  unset http_proxy https_proxy
}

teardown() {
  stop_server
}

used() { lib_run 'pei_use_stage_proxy "$@"; echo "http=${http_proxy-} https=${https_proxy-}"' "$@"; }

@test "a proxy that answers is used, for both kinds of traffic or for each its own" {
  start_server
  run used "$SERVER"
  [ "$output" = "http=$SERVER https=$SERVER" ]
  run used "$SERVER" http://two:1
  [ "$output" = "http=$SERVER https=http://two:1" ]
  run used '' "$SERVER"
  [ "$output" = "http= https=$SERVER" ]
  run used "http://me:p@ss@${SERVER#*://}/"
  [ "$output" = "http=http://me:p@ss@${SERVER#*://}/ https=http://me:p@ss@${SERVER#*://}/" ]
}

@test "one that does not answer is left, and said, without its password" {
  start_server
  stop_server
  run --separate-stderr used "http://me:secret@${SERVER#*://}"
  [ "$output" = 'http= https=' ]
  # shellcheck disable=SC2154 # bats sets it
  [[ "$stderr" == *"no proxy answers at ${SERVER#*://}; continuing without it"* && "$stderr" != *secret* ]]
  run --separate-stderr used http://no.such.host.invalid:7890
  [ "$output" = 'http= https=' ]
  run --separate-stderr used 'http://[::1]:1'
  [ "$output" = 'http= https=' ]
}

@test "one that never answers costs its time limit only" {
  stub timeout '[ "$1" = 3 ] || exit 1; exit 124'
  run --separate-stderr used http://10.255.255.1:7890
  [ "$output" = 'http= https=' ]
}

@test "what is set already stays, and nothing given is nothing done" {
  start_server
  https_proxy=http://mine:1 run used "$SERVER"
  [ "$output" = 'http= https=http://mine:1' ]
  run used ''
  [ "$output" = 'http= https=' ]
}

@test "host and port, as the URL has them" {
  stub timeout 'printf "%s|" "${@: -2}" >>"$CALLS_OF_TIMEOUT"'
  export CALLS_OF_TIMEOUT="$BATS_TEST_TMPDIR/asked"
  local url
  for url in http://a:1 http://a http://u:p@a:2/ 'http://[::1]:3' 'http://[::1]'; do used "$url" >/dev/null; done
  [ "$(<"$CALLS_OF_TIMEOUT")" = 'a|1|a|1080|a|2|::1|3|::1|1080|' ]
}
