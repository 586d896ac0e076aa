#!/usr/bin/env bats
# shellcheck disable=SC2016 # texts for another shell
# activate-conda-on-login.sh runs inside somebody's login shell: it must not leave a mark there that was not asked for.
load ../support/common
load contract

setup() {
  SCRIPT="$SYSTEM/conda/activate-conda-on-login.sh"
  DIR="$BATS_TEST_TMPDIR/conda"
  export HOME="$BATS_TEST_TMPDIR/home"
  mkdir -p "$HOME" "$DIR/etc/profile.d"
  cat >"$DIR/etc/profile.d/conda.sh" <<TEXT
conda() { export CONDA_PREFIX="$DIR" CONDA_CALL="\$*"; CONDA_CALLS=\$((\${CONDA_CALLS:-0} + 1)); }
TEXT
  unset CONDA_PREFIX CONDA_CALL CONDA_CALLS
}

# login TEXT [PARAMETER…]: a login shell with those positional parameters; $script and $dir are set.
login() {
  local text="$1"
  shift
  run env script="$SCRIPT" dir="$DIR" bash -lc "$text" login "$@"
}

# Prints options, traps, positional parameters and functions of the shell that evaluates it.
STATE='state() { set +o; shopt -p; trap; printf "<%s>" "$@"; declare -F | grep -v " conda$"; echo "$IFS"; }'

@test "sourced: base is active, nothing else has changed" {
  login "$STATE"'; before=$(state "$@"); source "$script" --conda-dir="$dir"; status=$?
    [ "$before" = "$(state "$@")" ] && echo "$status:$CONDA_CALL:$#"' --mine
  [ "$output" = '0:activate base:1' ]
}

@test "sourced: every option of the shell survives, strict or not" {
  local options
  for options in 'set -euo pipefail' 'set -u' 'set -f; shopt -s nullglob failglob' 'set -E; trap "echo trapped" ERR' 'set +e +u'; do
    login "$STATE; $options"'; before=$(state); source "$script" --conda-dir "$dir"; after=$(state)
      [ "$before" = "$after" ] && echo same'
    [ "$output" = same ] || fail_with "$options"
  done
}

@test "conda's own code may fail in any way; the shell continues" {
  local code
  for code in 'false' 'return 5' 'echo "$never_set"' 'conda() { return 9; }' 'conda() { echo noise; echo noise >&2; false; }' 'no_such_command 2>/dev/null'; do
    echo "$code" >"$DIR/etc/profile.d/conda.sh"
    login 'set -euo pipefail; source "$script" --conda-dir "$dir" 2>/dev/null; echo alive:$?:$-' --mine
    [[ "$output" == alive:0:*e*u* ]] || fail_with "$code"
  done
}

@test "no conda there: silence, status 0, the shell lives" {
  login 'source "$script" --conda-dir /no/such/place; echo "alive:$?"'
  [ "$output" = alive:0 ]
  run bash -ic "source '$SCRIPT' --conda-dir /no/such/place; echo alive:\$?"
  [[ "$output" == *'no conda in /no/such/place'*alive:0* ]]
}

@test "bad options: one message, status 2, the shell lives" {
  login 'source "$script" --bad; echo "alive:$?"'
  [[ "$output" == *'unknown option `--bad`'*alive:2 ]]
  login 'source "$script" --conda-dir; echo "alive:$?"'
  [[ "$output" == *'needs a value'*alive:2 ]]
  login 'source "$script" --conda-dir relative; echo "alive:$?"'
  [[ "$output" == *'absolute path'*alive:2 ]]
  run timeout 20 bash "$SCRIPT" --bad
  [ "$status" -eq 2 ]
}

@test "-h prints the help once and returns" {
  login 'source "$script" -h; echo "alive:$?"'
  [ "$(grep -c '^Usage:' <<<"$output")" -eq 1 ]
  [[ "$output" == *alive:0 ]]
  run timeout 20 bash "$SCRIPT" --help
  [ "$status" -eq 0 ]
  [ "$(grep -c '^Usage:' <<<"$output")" -eq 1 ]
}

@test "the parent's positional parameters are not read" {
  login 'source "$script"; echo "alive:$?:$*"' --bad -h --conda-dir
  [ "$output" = 'alive:0:--bad -h --conda-dir' ]
  # Also from a function, from another sourced file and through the stage-2 entry.
  echo 'source "$script"' >"$BATS_TEST_TMPDIR/rc"
  login 'f() { source "$script"; echo "$?"; }; f --bad; source "'"$BATS_TEST_TMPDIR/rc"'"; echo "$?:$*"' --worse
  [ "$output" = "$(printf '0\n0:--worse')" ]
  export PEI_STAGE_DIR_1="$STAGE1"
  SCRIPT="$REPO/installation/stage-2/system/conda/activate-conda-on-login.sh"
  login 'source "$script"; source "$script" --conda-dir "$dir"; echo "$?:$CONDA_CALL:$*"' --worse
  [ "$output" = '0:activate base:--worse' ]
}

@test "settings beside conda are linked into a home that has none" {
  mkdir -p "$DIR/app-config/.pip"
  echo 'channels: []' >"$DIR/app-config/.condarc"
  login 'source "$script" --conda-dir "$dir" --dry-run'
  [[ "$output" == *'would link'* ]]
  [ -z "$(ls -A "$HOME")" ]
  login 'source "$script" --conda-dir "$dir"; source "$script" --conda-dir "$dir"; echo "$?"'
  [ "$output" = 0 ]
  [ "$(readlink "$HOME/.condarc")" = "$DIR/app-config/.condarc" ]
  [ "$(readlink "$HOME/.pip")" = "$DIR/app-config/.pip" ]

  rm "$HOME/.condarc"
  echo mine >"$HOME/.condarc"
  login 'source "$script" --conda-dir "$dir"'
  [ "$(cat "$HOME/.condarc")" = mine ]
}

@test "nothing to link: no dangling link appears" {
  login 'source "$script" --conda-dir "$dir"'
  [ -z "$(ls -A "$HOME")" ]
}

@test "a second time does nothing, --force does it again" {
  login 'source "$script" --conda-dir "$dir"; source "$script" --conda-dir "$dir"; echo "$CONDA_CALLS"
    source "$script" --conda-dir "$dir" --force; echo "$CONDA_CALLS"'
  [ "$output" = "$(printf '1\n2')" ]
}

@test "standard input of the session is left alone" {
  echo 'cat >/dev/null; conda() { cat >/dev/null; }' >"$DIR/etc/profile.d/conda.sh"
  run bash -c 'printf "line\n" | bash -c "source \"$1\" --conda-dir \"$2\"; cat" x "$1" "$2"' x "$SCRIPT" "$DIR"
  [ "$output" = line ]
}

@test "executed: works in a child" {
  run bash "$SCRIPT" --conda-dir "$DIR"
  [ "$status" -eq 0 ]
  [ -z "$output" ]
  run bash "$SCRIPT" --conda-dir "$DIR" --dry-run
  [[ "$output" == *'would source'* ]]
}

@test "an interactive login by ~/.bashrc survives, with the hook sourced bare" {
  printf 'source "%s"\necho "rc:$?"\n' "$SCRIPT" >"$HOME/.bashrc"
  run bash -ic 'echo "alive:$-"' x --bad
  [[ "$output" == *rc:0*alive:* ]]
  [[ "$output" != *alive:*e* ]]
}
