#!/usr/bin/env bats
# shellcheck disable=SC2016 # texts for another shell
load ../support/common
load contract

setup() {
  export ON="$SYSTEM/proxy/enable-pei-proxy.sh" OFF="$SYSTEM/proxy/disable-pei-proxy.sh"
  unset http_proxy https_proxy HTTP_PROXY HTTPS_PROXY no_proxy NO_PROXY
  unset PEI_HTTP_PROXY_1 PEI_HTTPS_PROXY_1 PEI_HTTP_PROXY_2 PEI_HTTPS_PROXY_2
  export SHOW='echo "$http_proxy,$HTTP_PROXY,$https_proxy,$HTTPS_PROXY,$no_proxy"'
}

@test "usage" {
  check_usage "$ON"
  check_usage "$OFF"
  run bash -c 'source "$ON" --bad; echo "alive:$?"; source "$OFF" --bad; echo "alive:$?"'
  [[ "$output" == *alive:2*alive:2 ]]
}

@test "stage 1's proxies, overridden by stage 2's, and off again" {
  export PEI_HTTP_PROXY_1=http://one:1 PEI_HTTPS_PROXY_1=http://one:2
  run bash -lc 'source "$ON"; eval "$SHOW"; PEI_HTTP_PROXY_2=http://two:3; source "$ON"; eval "$SHOW"; source "$OFF"; eval "$SHOW"'
  [ "${lines[0]}" = 'http://one:1,http://one:1,http://one:2,http://one:2,localhost,127.0.0.1,::1' ]
  [ "${lines[1]}" = 'http://two:3,http://two:3,http://one:2,http://one:2,localhost,127.0.0.1,::1' ]
  [ "${lines[2]}" = ',,,,' ]
}

@test "a no_proxy of the user's own is neither set nor unset" {
  export PEI_HTTP_PROXY_1=http://one:1
  run bash -c 'export no_proxy=intra; source "$ON"; eval "$SHOW"; source "$OFF"; eval "$SHOW"'
  [ "${lines[0]}" = 'http://one:1,http://one:1,,,intra' ]
  [ "${lines[1]}" = ',,,,intra' ]
}

@test "no proxy known: nothing happens, silently in a session without a prompt" {
  run bash -c 'source "$ON"; echo "$?"; eval "$SHOW"'
  [ "$output" = "$(printf '0\n,,,,')" ]
}

@test "passwords are never shown" {
  export PEI_HTTP_PROXY_1=http://me:secret@one:1
  run bash "$ON" --dry-run
  [ "$status" -eq 0 ]
  [[ "$output" == *'http://***@one:1'* ]]
  [[ "$output" != *secret* ]]
  run bash -c 'source "$ON"'
  [ -z "$output" ]
}

@test "executed, as old on_build entries do: says that it changes nothing, and ends no build" {
  run bash "$ON"
  [ "$status" -eq 0 ]
  [[ "$output" == *'executed, it changes nothing: source this file'* ]]
  run bash "$OFF"
  [ "$status" -eq 0 ]
  [[ "$output" == *'executed, it changes nothing: source this file'* ]]
}

@test "the shell's options, parameters and functions stay" {
  export PEI_HTTP_PROXY_1=http://one:1
  run bash -euo pipefail -c 'state() { set +o; shopt -p; declare -F; }; before=$(state); source "$ON"; source "$OFF"
    [ "$before" = "$(state)" ] && echo "same:$*"' x --bad
  [ "$output" = same:--bad ]
}
