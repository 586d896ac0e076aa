#!/usr/bin/env bats
# The files under installation/stage-2/system that only hand over to stage 1.

load support/common
load support/forwarders

setup_file() {
  write_forwarders "$BATS_FILE_TMPDIR"
  # The two with a text of their own.
  cp -r "$REPO/installation/stage-2/system/." "$BATS_FILE_TMPDIR/stage-2/system/"
}

setup() {
  system=$BATS_FILE_TMPDIR/stage-2/system
  export PEI_STAGE_DIR_1=$BATS_TEST_TMPDIR/stage-1
}

# Puts a stub in the target's place. The target is looked up in the forwarder's own text.
stub_target_of() {
  local forwarder=$1 target
  # shellcheck disable=SC2016 # the text of the file is searched, nothing expands
  target=$(grep -o '\$PEI_STAGE_DIR_1/system/[^"]*' "$system/$forwarder" | sort -u)
  # shellcheck disable=SC2016
  [ "$target" = '$PEI_STAGE_DIR_1/system/'"$forwarder" ]
  stub=$PEI_STAGE_DIR_1/${target#*/}
  mkdir -p "$(dirname "$stub")"
  printf '%s\n' 'for arg in "$@"; do printf "arg:%s\n" "$arg"; done' 'exit 7' >"$stub"
}

# Runs a script text in a bash of its own: $1 is the forwarder, the rest are the parent's positional parameters.
in_bash() {
  local text=$1
  shift
  run bash -c 'forwarder=$1; shift; '"$text" parent "$@"
}

@test "each forwarder has its target in stage 1" {
  local forwarder
  while read -r forwarder; do
    [ -f "$REPO/installation/stage-1/system/$forwarder" ] || {
      echo "$forwarder has none"
      return 1
    }
  done < <(plain_forwarders)
}

@test "executed: arguments arrive whole and the status comes back" {
  local forwarder
  while read -r forwarder; do
    stub_target_of "$forwarder"
    run bash "$system/$forwarder" '--message=hello world' '' 'a"b' '$HOME'
    [ "$status" -eq 7 ]
    [ "$output" = "$(printf '%s\n' 'arg:--message=hello world' 'arg:' 'arg:a"b' 'arg:$HOME')" ]
  done < <(plain_forwarders)
}

@test "sourced: arguments arrive whole, the status comes back, the shell survives" {
  local forwarder
  while read -r forwarder; do
    stub_target_of "$forwarder"
    in_bash 'source "$forwarder" "--message=hello world" x; echo "status:$?"; echo "mine:$*"' \
      "$system/$forwarder" --parent-flag
    [ "$status" -eq 0 ]
    [ "$output" = "$(printf '%s\n' 'arg:--message=hello world' arg:x status:7 mine:--parent-flag)" ]
  done < <(plain_forwarders)
}

@test "sourced without arguments: the parent's stay at home" {
  local forwarder
  while read -r forwarder; do
    stub_target_of "$forwarder"
    in_bash 'source "$forwarder"; echo "status:$?"; echo "mine:$*"' "$system/$forwarder" --parent-flag 'two words'
    [ "$output" = "$(printf '%s\n' status:7 'mine:--parent-flag two words')" ]
  done < <(plain_forwarders)
}

@test "sourced without arguments: all the ways a parent can look" {
  stub_target_of set-locale.sh
  local f=$system/set-locale.sh

  # From a function, after a source with arguments, and after someone has looked at the array that bash keeps.
  in_bash 'f() { source "$forwarder"; }; f 1 2; source "$forwarder" given; f 3
        : "${BASH_ARGV[@]}"; source "$forwarder"; source "$forwarder" again; source "$forwarder"' "$f" p q
  [ "$output" = "$(printf '%s\n' arg:given arg:again)" ]

  # The parent's last parameter is the forwarder itself.
  in_bash 'source "$forwarder" given; source "$forwarder"' "$f" p "$f"
  [ "$output" = arg:given ]

  # The parent's only parameter is the forwarder, in every kind of shell.
  local kind
  for kind in -c -lc -ic; do
    run bash "$kind" 'source "$1" given; source "$1"; f() { source "$1"; }; f p' parent "$f" 2>/dev/null
    [ "$(grep ^arg <<<"$output")" = arg:given ]
    run bash "$kind" 'f() { source "$@"; }; f "$0" given; f "$0"' "$f"
    [ "$(grep ^arg <<<"$output")" = arg:given ]
  done

  # Through another sourced file.
  printf 'source "%s"\nsource "%s" inner\n' "$f" "$f" >"$BATS_TEST_TMPDIR/outer.sh"
  in_bash 'source "$forwarder"; source "$forwarder" o' "$BATS_TEST_TMPDIR/outer.sh" p q
  [ "$output" = "$(printf '%s\n' arg:inner arg:inner)" ]

  # In an older language level, under strict mode, in a login shell, and from a script file.
  printf 'source "%s" || true\nsource "%s" given || true\n' "$f" "$f" >"$BATS_TEST_TMPDIR/script.sh"
  run env BASH_COMPAT=4.4 bash "$BATS_TEST_TMPDIR/script.sh" p q
  [ "$output" = arg:given ]
  run bash -euo pipefail "$BATS_TEST_TMPDIR/script.sh" p q
  [ "$output" = arg:given ]
  HOME=$BATS_TEST_TMPDIR run bash -l "$BATS_TEST_TMPDIR/script.sh" p q
  [ "$output" = arg:given ]
}

@test "sourced: options, functions and variables of the shell stay as they are" {
  local forwarder
  while read -r forwarder; do
    stub_target_of "$forwarder"
    in_bash 'before=$(set +o; shopt -p; declare -F; declare -p $(compgen -v | grep -vE "^(BASH|PIPESTATUS|_$|RANDOM|SRANDOM|EPOCH|SECONDS|FUNCNAME|LINENO|before)"))
            source "$forwarder" >/dev/null
            after=$(set +o; shopt -p; declare -F; declare -p $(compgen -v | grep -vE "^(BASH|PIPESTATUS|_$|RANDOM|SRANDOM|EPOCH|SECONDS|FUNCNAME|LINENO|before|after)"))
            diff <(echo "$before") <(echo "$after")' "$system/$forwarder" p
    [ "$status" -eq 0 ] || {
      echo "$forwarder: $output"
      return 1
    }
  done < <(plain_forwarders)
}

@test "PEI_STAGE_DIR_1 unset or empty: one error, not zero, in both modes" {
  local forwarder
  while read -r forwarder; do
    for state in 'unset PEI_STAGE_DIR_1' 'PEI_STAGE_DIR_1='; do
      in_bash "$state"'; bash "$forwarder" x' "$system/$forwarder"
      [ "$status" -eq 2 ]
      [ "${#lines[@]}" -eq 1 ]
      [[ $output == "${forwarder##*/}: error: PEI_STAGE_DIR_1 is not set"* ]]

      in_bash "$state"'; source "$forwarder" x; echo "status:$?"' "$system/$forwarder"
      [ "$status" -eq 0 ]
      [ "${#lines[@]}" -eq 2 ]
      [[ ${lines[0]} == "${forwarder##*/}: error: PEI_STAGE_DIR_1 is not set"* ]]
      [ "${lines[1]}" = status:2 ]
    done
  done < <(
    plain_forwarders
    echo conda/activate-conda-on-login.sh
    echo pixi/pixi-utils.bash
  )
}

@test "activate-conda-on-login: executed in a child, sourced in the shell itself" {
  local f=conda/activate-conda-on-login.sh
  stub_target_of "$f"
  run bash "$system/$f" '--message=hello world'
  [ "$status" -eq 7 ]
  [ "$output" = 'arg:--message=hello world' ]

  printf 'target_ran_here=yes\ngiven=("$@")\nreturn 7\n' >"$stub"
  in_bash 'source "$forwarder" "--message=hello world"; echo "$?:$target_ran_here:${#given[@]}:${given[0]}:$*"' "$system/$f" p
  [ "$output" = '7:yes:1:--message=hello world:p' ]
}

@test "activate-conda-on-login: sourced without arguments, the target can tell" {
  local f=conda/activate-conda-on-login.sh
  stub_target_of "$f"
  cat >"$stub" <<'TEXT'
target() { [[ ${BASH_ARGV[0]-} != "${BASH_SOURCE[0]}" ]] || set --; echo "given:$*"; }
target "$@"
TEXT
  in_bash 'source "$forwarder"; source "$forwarder" a; source "$forwarder"' "$system/$f" --bad
  [ "$output" = "$(printf '%s\n' given: given:a given:)" ]
}

@test "pixi-utils: sources the target into the shell" {
  local f=pixi/pixi-utils.bash
  stub_target_of "$f"
  echo 'answer() { echo 42; }' >"$stub"
  in_bash 'source "$forwarder"; answer' "$system/$f"
  [ "$output" = 42 ]
}
