#!/usr/bin/env bats
# The samples that users edit, and the data files beside the scripts.
# shellcheck disable=SC2016 # texts for another shell
load support/common

setup() {
  ONE="$STAGE1/custom"
  TWO="$REPO/installation/stage-2/custom"
  export HOME="$BATS_TEST_TMPDIR"
}

@test "every sample is there" {
  local kind
  for kind in build on-first-run on-every-run on-user-login; do
    [ -f "$ONE/my-$kind-1.sh" ] && [ -f "$ONE/my-$kind-2.sh" ]
    [ -f "$TWO/my-$kind-1.sh" ] && [ -f "$TWO/my-$kind-2.sh" ]
  done
  [ -f "$ONE/install-dev-tools.sh" ]
  [ -f "$TWO/install-gui-tools.sh" ]
  [ -f "$TWO/install-my-conda.sh" ]
  [ -f "$TWO/test-params-echo.bash" ]
}

@test "the -1 samples print their own path" {
  local dir kind
  for dir in "$ONE" "$TWO"; do
    for kind in build on-first-run on-every-run; do
      run bash "$dir/my-$kind-1.sh"
      [ "$status" -eq 0 ]
      [[ "$output" == *"$dir/my-$kind-1.sh" ]]
    done
    run bash -ic "source '$dir/my-on-user-login-1.sh'" 2>/dev/null
    [[ "$output" == *"$dir/my-on-user-login-1.sh"* ]]
  done
}

@test "the -2 samples print unknown parameters and go on" {
  local script
  for script in "$ONE"/my-{build,on-first-run,on-every-run}-2.sh "$TWO"/my-{build,on-first-run,on-every-run}-2.sh; do
    run bash "$script" --no-such 'two words'
    [ "$status" -eq 0 ]
    [[ "$output" == *'unknown parameter: --no-such'*'unknown parameter: two words'* ]]
    run bash "$script" --help
    [ "$status" -eq 0 ]
  done
}

@test "the -2 samples do what their options say" {
  run bash "$ONE/my-build-2.sh" --verbose --config=/etc/x.conf
  [[ "$output" == *'config=/etc/x.conf'*MemTotal* ]]
  run bash "$ONE/my-on-every-run-2.sh" --check-health
  [[ "$output" == *processors:*load:*disk* ]]
  run bash "$TWO/my-build-2.sh" --enable-desktop --theme dark
  [[ "$output" == *theme=dark*desktop* ]]
  run bash "$TWO/my-build-2.sh" --theme=blue
  [ "$status" -eq 2 ]
}

@test "login samples: silent without a prompt, no exit, no option changed, the parent's parameters ignored" {
  local script
  for script in "$ONE"/my-on-user-login-{1,2}.sh "$TWO"/my-on-user-login-{1,2}.sh; do
    run bash -euc 'before=$(set +o; shopt -p; declare -F); source "$1"; source "$1" --bad --show-motd --welcome-message
      [ "$before" = "$(set +o; shopt -p; declare -F)" ] && echo "same:$#"' x "$script" --bad
    [ "$output" = same:2 ]
    run bash -ic 'source "$1"; echo "alive:$?"' x "$script" --bad
    [[ "$output" == *alive:0* ]]
    [[ "$output" != *'unknown parameter'* ]]
  done
}

@test "login samples: what they show in a session with a prompt" {
  run bash -ic 'source "$1" --show-motd --update-prompt --bad; echo "$PS1"' x "$ONE/my-on-user-login-2.sh"
  [[ "$output" == *Welcome*'unknown parameter: --bad'*'in container'* ]]
  run bash -ic 'source "$1" --welcome-message --check-updates' x "$TWO/my-on-user-login-2.sh"
  [[ "$output" == *Welcome*'check for updates'* ]]
}

@test "test-params-echo: script, arguments, count, and the message last" {
  run bash "$TWO/test-params-echo.bash" '--message=hello world' --verbose 'a b' ''
  [ "$status" -eq 0 ]
  [ "${lines[0]}" = "script: $TWO/test-params-echo.bash" ]
  [[ "$output" == *'argument 1: --message=hello world'*'argument 3: a b'*'count: 4'* ]]
  [ "${lines[-1]}" = 'hello world' ]
}

@test "install-dev-tools and install-gui-tools: usage and dry run" {
  local script
  for script in "$ONE/install-dev-tools.sh" "$TWO/install-gui-tools.sh"; do
    run bash "$script" --help
    [ "$status" -eq 0 ]
    run bash "$script" --bad
    [ "$status" -eq 2 ]
    stub dpkg-query 'exit 1'
    stub apt-get 'exit 97'
    run bash "$script" --dry-run
    [ "$status" -eq 0 ]
    [[ "$output" == *'would install'* ]]
    run ! grep -q '^apt-get' "$CALLS"
    stub dpkg-query 'printf installed'
    run bash "$script"
    [ "$status" -eq 0 ]
    [[ "$output" == *'nothing to do'* ]]
  done
}

@test "install-my-conda hands its settings to the installer" {
  mkdir -p "$BATS_TEST_TMPDIR/stage-1/system/conda"
  echo 'printf "%s|" "$@"' >"$BATS_TEST_TMPDIR/stage-1/system/conda/install-miniconda.sh"
  PEI_STAGE_DIR_1="$BATS_TEST_TMPDIR/stage-1" run bash "$TWO/install-my-conda.sh" --version 'a b'
  [[ "$output" == '--install-dir|/hard/'*'/app/miniconda3|--include-root|--version|a b|' ]]
  run env -u PEI_STAGE_DIR_1 bash "$TWO/install-my-conda.sh"
  [ "$status" -ne 0 ]
  [[ "$output" == *'PEI_STAGE_DIR_1: is not set'* ]]
}

@test "no sample and no script changes the time zone" {
  run grep -rnE 'TZ=|Asia/Shanghai|/etc/(timezone|localtime)' "$REPO/installation" --include='*.sh' --include='*.bash'
  [ "$status" -eq 1 ] || {
    echo "$output"
    return 1
  }
}

@test "no private key is shipped, and the example is a public key" {
  run grep -rlE 'BEGIN [A-Z ]*PRIVATE KEY' "$REPO/installation"
  [ "$status" -eq 1 ]
  [ "$(cut -d' ' -f1,3 "$SYSTEM/ssh/keys/example-pubkey.pub")" = 'ssh-ed25519 example@peidocker.demo' ]
  ssh-keygen -l -f "$SYSTEM/ssh/keys/example-pubkey.pub"
  [ -z "$(find "$SYSTEM/ssh/keys" -type f ! -name '*.pub' ! -name README.md)" ]
}

@test "apt lists name the mirror, the release and its suites" {
  local list
  for list in aliyun-x64 tsinghua-x64 tsinghua-arm; do
    for suite in jammy jammy-updates jammy-backports jammy-security; do
      grep -qE "^deb http://[^ ]+ $suite main restricted universe multiverse$" "$SYSTEM/apt/ubuntu-22.04-$list.list"
    done
  done
  grep -q '^deb http://ports.ubuntu.com/ubuntu-ports/ jammy-security' "$SYSTEM/apt/ubuntu-22.04-tsinghua-arm.list"
  run ! grep -hE '^(deb-src|deb .*proposed)' "$SYSTEM"/apt/*.list
}

@test "stage 2 carries no asset of stage 1 but the conda template" {
  [ -z "$(find "$REPO/installation/stage-2/system" -type f ! -name '*.sh' ! -name '*.bash' ! -name README.md ! -name conda-tsinghua.txt)" ]
  python3 -m json.tool "$SYSTEM/opengl/10_nvidia.json" >/dev/null
}
