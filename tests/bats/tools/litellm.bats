#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2154 # texts for other shells; stderr is set by bats
load ../support/common

UV='#!/bin/bash
echo "uv $*|$UV_DEFAULT_INDEX" >>"$HOME/log"
case "$1 $2" in
  "tool install")
    [ ! -e "$HOME/fail" ] || exit 1
    mkdir -p "$HOME/.local/bin"; printf "#!/bin/sh\n" >"$HOME/.local/bin/litellm"; chmod +x "$HOME/.local/bin/litellm"
    version="${4##*=}"; echo "litellm v$version" >"$HOME/list" ;;
  "tool list") cat "$HOME/list" ;;
esac'

setup() {
  fake_home "$(id -un)"
  unset PEI_DOWNLOAD_MIRROR
  mkdir -p "$FAKE_HOME/tools"
  printf '%s\n' "$UV" >"$FAKE_HOME/tools/uv"
  chmod +x "$FAKE_HOME/tools/uv"
  # A directory that only the login shell knows.
  echo "PATH='$FAKE_HOME/tools:$PATH'" >"$FAKE_HOME/.profile"
}

litellm() { bash "$SYSTEM/litellm/install-litellm.sh" "$@"; }

@test "installed at the pinned version, and a second run that installs nothing" {
  litellm
  grep -qxF "uv tool install --force litellm[proxy]==$(lib_run 'pei_version litellm')|" "$FAKE_HOME/log"
  : >"$FAKE_HOME/log"
  run litellm
  [[ "$output" == *'installed already'* ]]
  refute grep -q 'tool install' "$FAKE_HOME/log"
  litellm --version latest --force
  grep -qxF 'uv tool install --force litellm[proxy]|' "$FAKE_HOME/log"
  litellm --version 1.2.3
  grep -qF 'litellm[proxy]==1.2.3' "$FAKE_HOME/log"
}

@test "no uv, or an index that fails: status 1, nothing left" {
  touch "$FAKE_HOME/fail"
  run litellm
  [ "$status" -eq 1 ]
  [ ! -e "$FAKE_HOME/.local" ] && [ ! -e "$FAKE_HOME/.bashrc" ]
  rm -r "$FAKE_HOME/tools"
  refute command -v uv >/dev/null || skip 'this machine has uv'
  run litellm
  [ "$status" -eq 1 ]
  [[ "$output" == *'has no uv'* ]]
}

@test "the mirror's index first" {
  PEI_DOWNLOAD_MIRROR=http://box:1 litellm
  grep 'tool install' "$FAKE_HOME/log" | head -1 | grep -q '|http://box:1/pypi.org/simple$'
}

@test "proxy.py" {
  python3 "$REPO/tests/bats/support/proxy_test.py" "$SYSTEM/litellm/proxy.py"
}
