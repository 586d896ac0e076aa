#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2154 # texts for other shells; stderr is set by bats
# Claude Code and Codex, with a bun that only pretends.
load ../support/common

# A fake bun: records its arguments, links a command on `add`, and answers for `-e` with the real node or python3.
BUN='#!/bin/bash
home="$HOME/.bun"
echo "bun $*|$BUN_CONFIG_REGISTRY" >>"$HOME/log"
case "$1" in
  pm) echo "$home/bin" ;;
  add)
    [ ! -e "$HOME/fail" ] || exit 1
    name="${3##*/}"; version="${name##*@}"; name="${name%@*}"
    [ "$name" = codex ] || name=claude
    mkdir -p "$home/install/global"
    [ ! -e "$home/bin/$name" ] || [ -L "$home/bin/$name" ] || exit 1
    printf "%s\n" "$(cat "$HOME/interpreter")" "echo $name $version" >"$home/install/global/$name.js"; chmod +x "$home/install/global/$name.js"
    ln -sfn "../install/global/$name.js" "$home/bin/$name" ;;
  -e) exec node -e "$2" ;;
  *.js) exec sh "$@" ;;
esac'

setup() {
  fake_home "$(id -un)"
  unset PEI_DOWNLOAD_MIRROR BUN_INSTALL CLAUDE_CODE_API_KEY CLAUDE_CODE_BASE_URL CODEX_API_KEY CODEX_BASE_URL
  echo 'alias mine=1' >"$FAKE_HOME/.bashrc"
  echo '#!/bin/sh' >"$FAKE_HOME/interpreter"
}

give_bun() {
  mkdir -p "$FAKE_HOME/.bun/bin"
  printf '%s\n' "$BUN" >"$FAKE_HOME/.bun/bin/bun"
  chmod +x "$FAKE_HOME/.bun/bin/bun"
}

claude() { bash "$SYSTEM/claude-code/install-claude-code.sh" "$@"; }
codex() { bash "$SYSTEM/codex-cli/install-codex-cli.sh" "$@"; }

@test "without bun: status 1, nothing changed" {
  # The machine may have one.
  stub bun 'exit 127'
  rm "$BATS_TEST_TMPDIR/stubs/bun"
  refute command -v bun >/dev/null || skip 'this machine has bun'
  before="$(snapshot "$FAKE_HOME")"
  run claude
  [ "$status" -eq 1 ]
  [[ "$output" == *'has no bun'* ]]
  [ "${#lines[@]}" -eq 1 ]
  run codex
  [ "$status" -eq 1 ]
  [ "$(snapshot "$FAKE_HOME")" = "$before" ]
}

@test "codex: installed at the pinned version, on PATH, and a second run that installs nothing" {
  give_bun
  codex
  grep -qx "bun add --global @openai/codex@$(lib_run 'pei_version codex-cli')|" "$FAKE_HOME/log"
  run env -i HOME="$FAKE_HOME" PATH=/usr/bin:/bin bash -lc 'codex'
  [ "$output" = "codex $(lib_run 'pei_version codex-cli')" ]
  : >"$FAKE_HOME/log"
  before="$(snapshot "$FAKE_HOME" | grep -v ./log)"
  run codex
  [[ "$output" == *'installed already'* ]]
  refute grep -q 'bun add' "$FAKE_HOME/log"
  [ "$(snapshot "$FAKE_HOME" | grep -v ./log)" = "$before" ]
  codex --version 1.2.3
  grep -q 'codex@1.2.3' "$FAKE_HOME/log"
}

@test "codex: without node a script lets bun run it; it can be installed again" {
  give_bun
  echo '#!/usr/bin/env node' >"$FAKE_HOME/interpreter"
  mkdir "$BATS_TEST_TMPDIR/plain"
  local tool
  for tool in bash sh env id cut getent dirname readlink mktemp cat chmod chown mv rm ln head grep awk cmp mkdir printf tail sed cp; do
    ln -sf "$(PATH=/usr/bin:/bin type -P "$tool")" "$BATS_TEST_TMPDIR/plain/$tool"
  done
  echo "PATH='$BATS_TEST_TMPDIR/stubs:$BATS_TEST_TMPDIR/plain'" >"$FAKE_HOME/.profile"
  codex --version 1.2.3
  grep -q 'exec "${bun}"' "$FAKE_HOME/.bun/bin/codex"
  codex --version 1.2.4
  [ "$(PATH="$BATS_TEST_TMPDIR/plain" HOME="$FAKE_HOME" "$FAKE_HOME/.bun/bin/codex")" = 'codex 1.2.4' ]
  touch "$FAKE_HOME/fail"
  run codex --version 1.2.5
  [ "$status" -eq 1 ]
  [ "$(PATH="$BATS_TEST_TMPDIR/plain" HOME="$FAKE_HOME" "$FAKE_HOME/.bun/bin/codex")" = 'codex 1.2.4' ]
}

@test "a registry that fails: status 1, nothing left" {
  give_bun
  touch "$FAKE_HOME/fail"
  run codex
  [ "$status" -eq 1 ]
  [ "$(cat "$FAKE_HOME/.bashrc")" = 'alias mine=1' ]
  [ ! -e "$FAKE_HOME/.bun/install" ]
  [ ! -e "$FAKE_HOME/.bun/bin/codex" ]
}

@test "the mirror's registry first" {
  give_bun
  PEI_DOWNLOAD_MIRROR=http://box:1 codex
  grep 'bun add' "$FAKE_HOME/log" | head -1 | grep -q '|http://box:1/registry.npmjs.org/$'
}

@test "aliases: only if both variables are set, or asked for; without the values; once" {
  give_bun
  CODEX_API_KEY=secret-key run codex
  [[ "$output" == *'alias codex-custom-api skipped'* ]]
  refute grep -q alias.codex "$FAKE_HOME/.bashrc"
  CODEX_API_KEY=secret-key CODEX_BASE_URL=http://secret-host codex
  CODEX_API_KEY=secret-key CODEX_BASE_URL=http://secret-host codex
  [ "$(grep -c 'alias codex-custom-api=' "$FAKE_HOME/.bashrc")" -eq 1 ]
  refute grep -r secret- "$FAKE_HOME"
  printf '#!/bin/sh\necho "$OPENAI_API_KEY|$OPENAI_BASE_URL|$*"\n' >"$BATS_TEST_TMPDIR/stubs/codex"
  chmod +x "$BATS_TEST_TMPDIR/stubs/codex"
  sed '/pei codex-cli >>>/,/<<< pei codex-cli/d' "$FAKE_HOME/.bashrc" >"$BATS_TEST_TMPDIR/rc"
  run -127 bash -c 'shopt -s expand_aliases; . "$1"
CODEX_API_KEY=k1 CODEX_BASE_URL=u1; eval "codex-custom-api x"; unset CODEX_API_KEY; eval "codex-custom-api x"' _ "$BATS_TEST_TMPDIR/rc"
  [ "${lines[0]}" = 'k1|u1|--dangerously-bypass-approvals-and-sandbox x' ]
  [[ "${lines[1]}" == *'CODEX_API_KEY: is not set'* ]]
}

@test "claude: onboarding is marked, other keys stay, a broken file stops it before anything changes" {
  command -v node >/dev/null || skip 'needs node in the place of bun'
  give_bun
  echo '{ broken' >"$FAKE_HOME/.claude.json"
  run claude
  [ "$status" -eq 1 ]
  [[ "$output" == *'nothing is changed'* ]]
  [ "$(cat "$FAKE_HOME/.claude.json")" = '{ broken' ]
  refute grep -q 'bun add' "$FAKE_HOME/log"
  echo '{"a": [1, "é"]}' >"$FAKE_HOME/.claude.json"
  chmod 640 "$FAKE_HOME/.claude.json"
  claude --with-alias
  [ "$(node -p 'JSON.stringify(JSON.parse(require("fs").readFileSync(process.argv[1])))' "$FAKE_HOME/.claude.json")" = '{"a":[1,"é"],"hasCompletedOnboarding":true}' ]
  [ "$(stat -c %a "$FAKE_HOME/.claude.json")" = 640 ]
  [ "$(grep -c 'alias claude-custom-api=' "$FAKE_HOME/.bashrc")" -eq 1 ]
  before="$(snapshot "$FAKE_HOME" | grep -v ./log)"
  run claude --with-alias
  [[ "$output" == *'installed already'* ]]
  [ "$(snapshot "$FAKE_HOME" | grep -v ./log)" = "$before" ]
}
