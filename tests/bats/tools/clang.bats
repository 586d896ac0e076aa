#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2154 # texts for other shells; stderr is set by bats
load ../support/common

setup() {
  ((EUID == 0)) || skip 'needs root'
  quick_downloads
  start_server
  export PEI_DOWNLOAD_MIRROR="$SERVER" PEI_BIN_DIR="$BATS_TEST_TMPDIR/bin" PEI_OS_RELEASE="$BATS_TEST_TMPDIR/os-release"
  printf '%s\n' ID=debian VERSION_ID=12 VERSION_CODENAME=bookworm >"$PEI_OS_RELEASE"
  mkdir "$PEI_BIN_DIR"
  # Tools are here, the compilers are not.
  stub dpkg-query 'case "${*: -1}" in ca-certificates | gpg | curl) printf installed ;; esac'
  stub apt-cache 'case "$*" in *-14) echo "  Candidate: 1" ;; esac; true'
  stub apt-config 'true'
  stub apt-get 'true'
  stub update-alternatives 'true'
}

teardown() { stop_server; }

clang() { bash "$SYSTEM/clang/install-clang.sh" "$@"; }

@test "another key than LLVM's is refused before anything is written" {
  command -v gpg >/dev/null || skip 'needs gpg'
  serve apt.llvm.org/llvm-snapshot.gpg.key 'not a key'
  run clang
  [ "$status" -eq 1 ]
  [[ "$output" == *'is not the one of the LLVM project'* ]]
  refute grep -q ^apt-get "$CALLS"
  [[ "$output" != *'installing packages'* ]]
}

@test "no key, no source" {
  run clang
  [ "$status" -eq 1 ]
  refute grep -q ^apt-get "$CALLS"
}

@test "the distribution's packages: installed, or named when it has none" {
  clang --version 14 --source distro
  grep -q 'install -y --no-install-recommends -- clang-14 lldb-14 lld-14 clangd-14' "$CALLS"
  : >"$CALLS"
  run clang --version=99 --source=distro
  [ "$status" -eq 1 ]
  [[ "$output" == *'not available on debian 12'*'clang-99'* ]]
  refute grep -q 'apt-get.* install' "$CALLS"
}

@test "installed already, other releases, the proxy of the image" {
  stub dpkg-query 'printf installed'
  run clang
  [ "$status" -eq 0 ]
  [[ "$output" == *'nothing to do'* ]]
  stub dpkg-query 'true'
  printf '%s\n' ID=alpine VERSION_ID=3 >"$PEI_OS_RELEASE"
  run clang
  [ "$status" -eq 1 ]
  [[ "$output" == *'not for alpine 3'* ]]
  printf '%s\n' ID=debian VERSION_ID=12 >"$PEI_OS_RELEASE"
  stub apt-get 'printf "proxy=%s\n" "$http_proxy" >>'"$CALLS"
  env -u http_proxy -u https_proxy PEI_HTTP_PROXY_2="$SERVER" PEI_HTTP_PROXY_1=http://one:1 bash "$SYSTEM/clang/install-clang.sh" --version 14 --source distro
  stop_server
  grep -qx "proxy=$SERVER" "$CALLS"
  # Every image names a proxy; if none runs there, the packages come without it.
  : >"$CALLS"
  env -u http_proxy -u https_proxy PEI_HTTP_PROXY_1="$SERVER" bash "$SYSTEM/clang/install-clang.sh" --version 14 --source distro
  grep -qx 'proxy=' "$CALLS"
}

@test "the default compiler is the highest number, not the last in the alphabet, and it is set" {
  local number
  for number in 9 18 100; do
    fake_program "$PEI_BIN_DIR/clang-$number" "$number"
    [[ "$number" == 100 ]] || fake_program "$PEI_BIN_DIR/clang++-$number" "$number"
  done
  fake_program "$PEI_BIN_DIR/clang-format-19" 19
  bash "$SYSTEM/clang/setup-latest-clang-as-default.sh"
  grep -qx "update-alternatives --install /usr/bin/cc cc $PEI_BIN_DIR/clang-18 50" "$CALLS"
  grep -qx "update-alternatives --set c++ $PEI_BIN_DIR/clang++-18" "$CALLS"
  rm "$PEI_BIN_DIR"/*
  run bash "$SYSTEM/clang/setup-latest-clang-as-default.sh"
  [ "$status" -eq 1 ]
}
