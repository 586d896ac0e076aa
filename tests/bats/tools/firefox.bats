#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2154 # texts for other shells; stderr is set by bats
load ../support/common

setup() {
  ((EUID == 0)) || skip 'needs root'
  [[ ! -e /etc/apt/sources.list.d/mozilla.list ]] || skip 'this machine has that source'
  quick_downloads
  start_server
  export PEI_DOWNLOAD_MIRROR="$SERVER" PEI_OS_RELEASE="$BATS_TEST_TMPDIR/os-release"
  printf '%s\n' ID=ubuntu VERSION_ID=24.04 VERSION_CODENAME=noble >"$PEI_OS_RELEASE"
  stub dpkg-query 'printf installed'
  stub apt-get 'true'
}

teardown() { stop_server; }

@test "another key than Mozilla's, or none: status 1 and no file" {
  run bash "$SYSTEM/firefox/setup-firefox-repo.sh"
  [ "$status" -eq 1 ]
  serve packages.mozilla.org/apt/repo-signing-key.gpg 'not a key'
  run bash "$SYSTEM/firefox/setup-firefox-repo.sh"
  [ "$status" -eq 1 ]
  [[ "$output" == *"is not Mozilla's"* ]] || ! command -v gpg
  [ ! -e /etc/apt/sources.list.d/mozilla.list ]
  [ ! -e /etc/apt/keyrings/packages.mozilla.org.asc ]
  refute grep -q ^apt-get "$CALLS"
}

@test "the pin names the host that the source line names" {
  run bash -c 'source "$1"; pin_text https://packages.mozilla.org/apt; pin_text http://box:80/x' _ "$SYSTEM/firefox/setup-firefox-repo.sh"
  [[ "$output" == *'Pin: origin packages.mozilla.org'*'Pin: origin box'* ]]
}
