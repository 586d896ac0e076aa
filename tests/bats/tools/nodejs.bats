#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2154 # texts for other shells; stderr is set by bats
load ../support/common

# What nvm does, as far as these scripts ask for it: versions are directories, downloads are read from NVM_NODEJS_ORG_MIRROR.
NVM='
nvm() {
  local what="$1" dir="${NVM_DIR}/versions/node" word
  shift
  case "${what}" in
    install)
      word="$1"; case "${word}" in --lts | node) word=24.1.0 ;; esac
      word="v${word#v}"; [ "${word}" != v22 ] || word=v22.9.0
      curl -fsS "${NVM_NODEJS_ORG_MIRROR:-https://nodejs.org/dist}/${word}/node" -o /dev/null || return 3
      mkdir -p "${dir}/${word}/bin"
      for word in "${dir}/${word}/bin/"{node,npm,npx}; do printf "#!/bin/sh\necho fake\n" >"${word}"; chmod +x "${word}"; done ;;
    version)
      case "$1" in default) word="$(cat "${NVM_DIR}/alias/default" 2>/dev/null)" ;; lts/\* | node) word=v24.1.0 ;; 22) word=v22.9.0 ;; *) word="v${1#v}" ;; esac
      if [ -n "${word}" ] && [ -d "${dir}/${word}" ]; then echo "${word}"; else echo N/A; return 3; fi ;;
    alias) mkdir -p "${NVM_DIR}/alias"; echo "$2" >"${NVM_DIR}/alias/default" ;;
  esac
}
[ "$1" = --no-use ] || { [ ! -f "${NVM_DIR}/alias/default" ] || PATH="${NVM_DIR}/versions/node/$(cat "${NVM_DIR}/alias/default")/bin:${PATH}"; }
'

setup() {
  quick_downloads
  start_server
  export PEI_DOWNLOAD_MIRROR="$SERVER" PEI_LINK_DIR="$BATS_TEST_TMPDIR/links"
  mkdir "$PEI_LINK_DIR"
  unset PEI_STAGE_DIR_1 NVM_DIR NVM_NODEJS_ORG_MIRROR
  fake_home "$(id -un)"
  echo 'alias mine=1' >"$FAKE_HOME/.bashrc"
  tag="v$(lib_run 'pei_version nvm')"
  default="v$(lib_run 'pei_version nodejs')"
}

teardown() { stop_server; }

nvm() { bash "$SYSTEM/nodejs/install-nvm.sh" "$@"; }
node() { bash "$SYSTEM/nodejs/install-nodejs.sh" "$@"; }
both() { bash "$SYSTEM/nodejs/install-nvm-nodejs.sh" "$@"; }

serve_repository() {
  local src="$BATS_TEST_TMPDIR/src"
  git -c init.defaultBranch=master init -q "$src"
  printf '%s' "$NVM" >"$src/nvm.sh"
  echo 'true' >"$src/bash_completion"
  git -C "$src" add .
  git -C "$src" -c user.name=n -c user.email=e commit -qm one
  git -C "$src" tag "$tag"
  git -C "$src" tag v0.1.2
  mkdir -p "$(dirname "$SERVED/$1")"
  git clone -q --bare "$src" "$SERVED/$1"
  git -C "$SERVED/$1" update-server-info
}

serve_files() {
  serve "$1/nvm.sh" "$NVM"
  serve "$1/nvm-exec" '#!/bin/sh'
  serve "$1/bash_completion" true
}

serve_node() { serve "$1/node" x; }

nothing_happened() {
  [ "$(ls -A "$FAKE_HOME")" = .bashrc ]
  [ "$(cat "$FAKE_HOME/.bashrc")" = 'alias mine=1' ]
}

@test "nvm: cloned at the pinned tag, loaded by every shell that should, and a second run that does nothing" {
  serve_repository github.com/nvm-sh/nvm.git
  nvm
  [ "$(git -C "$FAKE_HOME/.nvm" describe --tags --exact-match --match "$tag")" = "$tag" ]
  local shell
  for shell in -lc -ic; do
    run --separate-stderr env -i HOME="$FAKE_HOME" PATH=/usr/bin:/bin bash "$shell" 'type -t nvm; echo "$NVM_DIR"'
    [ "$output" = "function
$FAKE_HOME/.nvm" ]
  done
  run env -i HOME="$FAKE_HOME" PATH=/usr/bin:/bin sh -lc 'echo fine'
  [ "$output" = fine ]
  before="$(snapshot "$FAKE_HOME")"
  : >"$SERVER_LOG"
  run nvm
  [ "$status" -eq 0 ]
  [[ "$output" == *'installed already'* ]]
  [ "$(snapshot "$FAKE_HOME")" = "$before" ]
  [ ! -s "$SERVER_LOG" ]
  nvm --force
  [ -s "$FAKE_HOME/.nvm/nvm.sh" ]
}

@test "nvm: no repository, or no such tag: status 1, nothing left" {
  run nvm
  [ "$status" -eq 1 ]
  nothing_happened
  serve_repository github.com/nvm-sh/nvm.git
  run nvm --version 9.9.9
  [ "$status" -eq 1 ]
  nothing_happened
}

@test "nvm: from a cache directory, read-only, without network; not nested on the second run" {
  serve_repository elsewhere.git
  mkdir "$BATS_TEST_TMPDIR/cache"
  git clone -q "$BATS_TEST_TMPDIR/src" "$BATS_TEST_TMPDIR/cache/nvm"
  chmod -R a-w "$BATS_TEST_TMPDIR/cache"
  nvm --cache-dir "$BATS_TEST_TMPDIR/cache" --version v0.1.2
  nvm --cache-dir "$BATS_TEST_TMPDIR/cache" --version v0.1.2 --force
  [ -s "$FAKE_HOME/.nvm/nvm.sh" ]
  [ ! -e "$FAKE_HOME/.nvm/nvm" ]
  [ ! -s "$SERVER_LOG" ]
  rm -rf "$FAKE_HOME/.nvm"
  run nvm --cache-dir="$BATS_TEST_TMPDIR/cache" --version 7.7.7
  [ "$status" -eq 1 ]
  [ ! -e "$FAKE_HOME/.nvm" ]
}

@test "nvm: into an empty folder that is there, and another directory replaces the block" {
  serve_repository github.com/nvm-sh/nvm.git
  mkdir "$FAKE_HOME/empty"
  nvm --install-dir "$FAKE_HOME/empty"
  nvm --install-dir "$FAKE_HOME/other"
  [ "$(grep -c '>>> pei nvm >>>' "$FAKE_HOME/.bashrc")" -eq 1 ]
  grep -q "NVM_DIR='$FAKE_HOME/other'" "$FAKE_HOME/.bashrc"
}

@test "nvm: the mirrors in China, in place of one registry line" {
  serve_repository gitee.com/mirrors/nvm.git
  printf '%s\n' '@mine:registry=https://m/' 'registry = https://old/' '//m/:_authToken=t' >"$FAKE_HOME/.npmrc"
  nvm --with-cn-mirror
  [ "$(cat "$FAKE_HOME/.npmrc")" = "$(printf '%s\n' '@mine:registry=https://m/' '//m/:_authToken=t' 'registry=https://registry.npmmirror.com/')" ]
  grep -q "NVM_NODEJS_ORG_MIRROR='https://npmmirror.com/mirrors/node/'" "$FAKE_HOME/.bashrc"
  refute grep -q github.com "$SERVER_LOG"
}

@test "Node needs an nvm" {
  run node
  [ "$status" -eq 1 ]
  [[ "$output" == *'no nvm in'* ]]
  run node --version "22'; touch /tmp/never"
  [ "$status" -eq 2 ]
}

@test "Node: installed by nvm from the mirror, made the default, not fetched twice" {
  serve_files nvm
  cp -r "$SERVED/nvm" "$FAKE_HOME/.nvm"
  serve_node "nodejs.org/dist/$default"
  serve_node nodejs.org/dist/v24.1.0
  serve_node nodejs.org/dist/v22.9.0
  node
  [ "$(cat "$FAKE_HOME/.nvm/alias/default")" = "$default" ]
  node --version lts
  node --version lts --force
  [ "$(cat "$FAKE_HOME/.nvm/alias/default")" = v24.1.0 ]
  node --version=22
  [ "$(cat "$FAKE_HOME/.nvm/alias/default")" = v22.9.0 ]
  : >"$SERVER_LOG"
  run node --version 22
  [[ "$output" == *'installed already'* ]]
  run node
  [ "$status" -eq 0 ]
  [ ! -s "$SERVER_LOG" ]
  run node --version 23.0.0
  [ "$status" -eq 1 ]
  [ "$(cat "$FAKE_HOME/.nvm/alias/default")" = v22.9.0 ]
}

@test "Node: what a word stood for is recorded, and a locked build takes that" {
  export PEI_RECORD="$BATS_TEST_TMPDIR/record" PEI_LOCKED_DIR="$BATS_TEST_TMPDIR/locked"
  mkdir "$PEI_RECORD" "$PEI_LOCKED_DIR"
  serve_files nvm
  cp -r "$SERVED/nvm" "$FAKE_HOME/.nvm"
  serve_node "nodejs.org/dist/$default"
  serve_node nodejs.org/dist/v24.1.0
  serve_node nodejs.org/dist/v24.0.0
  node
  run ! grep -q requested "$PEI_RECORD/tool.jsonl"
  node --version lts --force
  grep -q '"version":"24.1.0","requested":"lts"' "$PEI_RECORD/tool.jsonl"
  printf 'requested %s lts node 24.0.0\n' "$(dpkg --print-architecture)" >"$PEI_LOCKED_DIR/downloads"
  node --version lts
  [ "$(cat "$FAKE_HOME/.nvm/alias/default")" = v24.0.0 ]
  grep -q '"version":"24.0.0","requested":"lts"' "$PEI_RECORD/tool.jsonl"
}

@test "both: shells find node, links are made, a second run does nothing" {
  serve_files "raw.githubusercontent.com/nvm-sh/nvm/$tag"
  serve_node "nodejs.org/dist/$default"
  both
  run env -i HOME="$FAKE_HOME" PATH=/usr/bin:/bin bash -lc node
  [ "$output" = fake ]
  if ((EUID == 0)); then
    [ "$("$PEI_LINK_DIR/npx")" = fake ]
  fi
  before="$(snapshot "$FAKE_HOME"; snapshot "$PEI_LINK_DIR")"
  : >"$SERVER_LOG"
  run both
  [ "$status" -eq 0 ]
  [ "$(snapshot "$FAKE_HOME"; snapshot "$PEI_LINK_DIR")" = "$before" ]
  [ ! -s "$SERVER_LOG" ]
}

@test "both: nvm, or Node, cannot be had: status 1, nothing left" {
  run both
  [ "$status" -eq 1 ]
  nothing_happened
  serve_files "raw.githubusercontent.com/nvm-sh/nvm/$tag"
  run both
  [ "$status" -eq 1 ]
  nothing_happened
  [ -z "$(ls -A "$PEI_LINK_DIR")" ]
}

@test "both: everything from China when asked" {
  serve_files "gitee.com/mirrors/nvm/raw/$tag"
  serve_node "npmmirror.com/mirrors/node/$default"
  both --with-cn-mirror
  refute grep -qE 'nodejs.org|githubusercontent' "$SERVER_LOG"
  grep -q npmmirror "$FAKE_HOME/.npmrc"
}

@test "a command that is no link is left alone" {
  ((EUID == 0)) || skip 'needs root'
  serve_files "raw.githubusercontent.com/nvm-sh/nvm/$tag"
  serve_node "nodejs.org/dist/$default"
  echo own >"$PEI_LINK_DIR/node"
  both
  [ "$(cat "$PEI_LINK_DIR/node")" = own ]
}

# Programs that record their arguments.
angular_tools() {
  local bin="$FAKE_HOME/tools"
  mkdir -p "$bin"
  printf 'PATH="%s:$PATH"\n' "$bin" >"$FAKE_HOME/.profile"
  printf '#!/bin/sh\necho "npm $*|$npm_config_registry" >>%s/log\ncase "$1" in install) [ ! -e %s/fail ] || exit 1; cp %s/pnpm.new %s/pnpm ;; esac\n' \
    "$FAKE_HOME" "$FAKE_HOME" "$bin" "$bin" >"$bin/npm"
  printf '#!/bin/sh\necho "pnpm $*" >>%s/log\ncase "$1" in add) cp %s/ng.new "$PNPM_HOME/bin/ng" ;; esac\n' "$FAKE_HOME" "$bin" >"$bin/pnpm.new"
  printf '#!/bin/sh\necho "ng $*" >>%s/log\necho "Angular CLI       : 1.2.3"\n' "$FAKE_HOME" >"$bin/ng.new"
  # The machine may have a pnpm of its own, which does not count here.
  printf '#!/bin/sh\nexit 127\n' >"$bin/pnpm"
  chmod +x "$bin"/*
}

@test "angular: brings pnpm, sets the package manager, and a second run does nothing" {
  unset PEI_DOWNLOAD_MIRROR
  angular_tools
  bash "$SYSTEM/nodejs/install-angular.sh" --version 1.2.3
  grep -q '^npm install --global .*pnpm@' "$FAKE_HOME/log"
  grep -qx 'pnpm add --global @angular/cli@1.2.3' "$FAKE_HOME/log"
  grep -qx 'ng config --global cli.packageManager pnpm' "$FAKE_HOME/log"
  run env -i HOME="$FAKE_HOME" PATH=/usr/bin:/bin bash -lc 'command -v ng'
  [ "$output" = "$FAKE_HOME/.local/share/pnpm/bin/ng" ]
  : >"$FAKE_HOME/log"
  run bash "$SYSTEM/nodejs/install-angular.sh" --version 1.2.3
  [[ "$output" == *'installed already'* ]]
  refute grep -qE 'install|add|config' "$FAKE_HOME/log"
  run bash "$SYSTEM/nodejs/install-angular.sh" --version 1.2.4
  grep -q 'add --global @angular/cli@1.2.4' "$FAKE_HOME/log"
}

@test "angular: without npm, or with a registry that fails: status 1, nothing left" {
  angular_tools
  # The machine may have an npm of its own, which must not be used here.
  printf '#!/bin/sh\nexit 127\n' >"$FAKE_HOME/tools/npm"
  run bash "$SYSTEM/nodejs/install-angular.sh"
  [ "$status" -eq 1 ]
  [[ "$output" == *'has no npm'* ]]
  angular_tools
  touch "$FAKE_HOME/fail"
  run bash "$SYSTEM/nodejs/install-angular.sh"
  [ "$status" -eq 1 ]
  grep -q "registry.npmjs.org" "$FAKE_HOME/log"
  [ ! -e "$FAKE_HOME/.local" ]
  [ "$(cat "$FAKE_HOME/.bashrc")" = 'alias mine=1' ]
}
