#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2154 # texts for other shells; stderr is set by bats
# What holds for every installer, whatever it installs.
load ../support/common

SCRIPTS=(
  apt/enable-external-cache.sh apt/disable-external-cache.sh apt/enable-shadow-cache.sh apt/disable-shadow-cache.sh
  bun/install-bun.sh
  clang/install-clang.sh clang/setup-latest-clang-as-default.sh
  claude-code/install-claude-code.sh codex-cli/install-codex-cli.sh
  firefox/setup-firefox-repo.sh
  litellm/install-litellm.sh
  nodejs/install-nvm.sh nodejs/install-nodejs.sh nodejs/install-nvm-nodejs.sh nodejs/install-angular.sh
  pixi/install-pixi.bash pixi/create-env-common.bash pixi/create-env-ml.bash
  uv/install-uv.sh uv/install-uv-for-everyone.bash
)

setup() {
  forbid_network
  fake_home "$(id -un)"
  export PEI_APT_CONF_DIR="$BATS_TEST_TMPDIR/apt.conf.d" PEI_ETC="$BATS_TEST_TMPDIR/etc" PEI_BIN_DIR="$BATS_TEST_TMPDIR/bin"
  mkdir "$PEI_APT_CONF_DIR" "$PEI_ETC" "$PEI_BIN_DIR"
  unset PEI_DOWNLOAD_MIRROR PEI_STAGE_DIR_1
}

@test "--help: status 0, every common option, nothing on stderr" {
  local script word
  for script in "${SCRIPTS[@]}"; do
    run --separate-stderr bash "$SYSTEM/$script" --help
    [ "$status" -eq 0 ]
    [[ "$output" == "Usage: ${script##*/} [OPTIONS]"* ]]
    # shellcheck disable=SC2154 # set by bats
    [ "$stderr" = '' ]
    for word in --dry-run --force '-h, --help'; do [[ "$output" == *"$word"* ]]; done
    [ "$(bash "$SYSTEM/$script" -h)" = "$output" ]
  done
}

@test "an unknown option: status 2 and a message" {
  local script
  for script in "${SCRIPTS[@]}"; do
    run bash "$SYSTEM/$script" --no-such-option
    [ "$status" -eq 2 ]
    [[ "$output" == *'unknown option `--no-such-option`'* ]]
    run bash "$SYSTEM/$script" --dry-run=yes
    [ "$status" -eq 2 ]
  done
  refute network_was_tried
}

@test "an option without its value: status 2 and a message, both at the end and before another option" {
  local script option
  for script in "${SCRIPTS[@]}"; do
    for option in $(bash "$SYSTEM/$script" --help | sed -nE 's/^  (--[a-z-]+) [^ ].*/\1/p'); do
      run timeout 10 bash "$SYSTEM/$script" "$option"
      [ "$status" -eq 2 ]
      [[ "$output" == *"option \`$option\` needs a value"* ]]
      run timeout 10 bash "$SYSTEM/$script" "$option" --dry-run
      [ "$status" -eq 2 ]
      run timeout 10 bash "$SYSTEM/$script" "$option="
      [ "$status" -eq 2 ]
    done
  done
  refute network_was_tried
}

@test "a dry run: no change, no network" {
  local script before
  # So that the scripts which make Clang the default, or act by pixi, have something to speak of.
  fake_program "$PEI_BIN_DIR/clang-77" 77.0
  fake_program "$PEI_BIN_DIR/clang++-77" 77.0
  fake_program "$FAKE_HOME/.pixi/bin/pixi" 1.0
  rm -f "$BATS_TEST_TMPDIR/stubs/pixi"
  for script in "${SCRIPTS[@]}"; do
    before="$(snapshot "$FAKE_HOME"; snapshot "$BATS_TEST_TMPDIR/etc"; snapshot "$PEI_APT_CONF_DIR")"
    run bash "$SYSTEM/$script" --dry-run
    [ "$status" -eq 0 ]
    [ "$output" != '' ]
    [ "$(snapshot "$FAKE_HOME"; snapshot "$BATS_TEST_TMPDIR/etc"; snapshot "$PEI_APT_CONF_DIR")" = "$before" ]
  done
  refute network_was_tried
}

@test "a dry run names the mirror's places first" {
  local script
  for script in bun/install-bun.sh uv/install-uv.sh pixi/install-pixi.bash nodejs/install-nvm.sh nodejs/install-nvm-nodejs.sh \
    clang/install-clang.sh firefox/setup-firefox-repo.sh claude-code/install-claude-code.sh litellm/install-litellm.sh; do
    rm -rf "${FAKE_HOME:?}"/.[a-z]*
    PEI_DOWNLOAD_MIRROR=http://box:1/all run bash "$SYSTEM/$script" --dry-run --force
    [ "$status" -eq 0 ]
    [[ "$output" == *http://box:1/all/* ]]
  done
}

@test "an unknown user: status 1 and nothing done" {
  local script
  for script in "${SCRIPTS[@]}"; do
    bash "$SYSTEM/$script" --help | grep -q -e '--user' || continue
    run bash "$SYSTEM/$script" --user no-such-user
    [ "$status" -eq 1 ]
    [[ "$output" == *'user `no-such-user` does not exist'* ]]
    [ "${#lines[@]}" -eq 1 ]
  done
  refute network_was_tried
}

@test "without root, where root is needed: status 1 and a message" {
  ((EUID == 0)) || skip 'needs root to become somebody else'
  local script
  for script in apt/enable-external-cache.sh apt/enable-shadow-cache.sh clang/install-clang.sh firefox/setup-firefox-repo.sh uv/install-uv-for-everyone.bash; do
    run as_nobody "$SYSTEM/$script"
    [ "$status" -eq 1 ]
    [[ "$output" == *'needs root'* ]]
  done
  for script in "${SCRIPTS[@]}"; do
    bash "$SYSTEM/$script" --help | grep -q -e '--user' || continue
    run as_nobody "$SYSTEM/$script" --user root
    [ "$status" -eq 1 ]
    [[ "$output" == *'needs root to act for `root`'* ]]
  done
}

@test "a malformed version is a usage error" {
  local script
  for script in bun/install-bun.sh uv/install-uv.sh uv/install-uv-for-everyone.bash pixi/install-pixi.bash litellm/install-litellm.sh \
    claude-code/install-claude-code.sh codex-cli/install-codex-cli.sh nodejs/install-nvm.sh nodejs/install-nodejs.sh clang/install-clang.sh; do
    run bash "$SYSTEM/$script" --version "1'; touch /tmp/never"
    [ "$status" -eq 2 ]
  done
  refute network_was_tried
}

@test "every script loads without running" {
  local script
  for script in "${SCRIPTS[@]}"; do
    run bash -c 'source "$1"' _ "$SYSTEM/$script"
    [ "$status" -eq 0 ]
    [ "$output" = '' ]
  done
}
