#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2154 # texts for another shell; stderr_lines is set by bats
load ../support/common

@test "messages go to stderr, plans to stdout" {
  run --separate-stderr lib_run 'pei_log_info one; pei_log_warn two; pei_log_error three; pei_plan "do it"'
  [ "$status" -eq 0 ]
  [ "$output" = 'would do it' ]
  [ "${stderr_lines[*]}" = 'info [test] one warning [test] two error [test] three' ]
}

@test "debug only when verbose, quiet keeps warnings" {
  run lib_run 'pei_log_debug hidden'
  [ "$output" = '' ]
  PEI_VERBOSE=1 run lib_run 'pei_log_debug shown'
  [[ "$output" == *shown ]]
  PEI_QUIET=1 run lib_run 'pei_log_info hidden; pei_log_warn kept'
  [ "$output" = 'warning [test] kept' ]
}

@test "no colour where stderr is no terminal" {
  run lib_run 'pei_log_error plain'
  [[ "$output" != *$'\033'* ]]
}

@test "die ends with 1, usage die with 2 and a hint" {
  run lib_run 'pei_die "no good"; echo not reached'
  [ "$status" -eq 1 ]
  [ "$output" = 'error [test] no good' ]
  run lib_run 'pei_usage_die "what"'
  [ "$status" -eq 2 ]
  [[ "$output" == *"--help"* ]]
}

@test "the error trap names place, command and status, once" {
  run lib_run 'pei_install_err_trap; f() { pei_tmp_dir_init; (exit 7); echo not reached; }; f'
  [ "$status" -eq 7 ]
  [ "${#lines[@]}" -eq 1 ]
  [[ "$output" == *'in f: `( exit 7 )` ended with status 7' ]] || [[ "$output" == *'`exit 7` ended with status 7' ]]
}

@test "the library sets no option and prints nothing" {
  run bash -c 'a="$-$(shopt)"; source "$1"; [ "$a" = "$-$(shopt)" ]' _ "$LIB/pei.sh"
  [ "$status" -eq 0 ]
  [ "$output" = '' ]
}

@test "the temporary directory is gone after success, failure and a signal" {
  local how
  for how in 'true' 'false' 'kill -TERM $$; sleep 1'; do
    run lib_run 'pei_tmp_dir_init --parent "$1"; (true); [[ -d "$PEI_TMP_DIR" ]]; eval "$2"' "$BATS_TEST_TMPDIR/scratch" "$how"
    [ -z "$(ls -A "$BATS_TEST_TMPDIR/scratch")" ]
  done
  [ "$status" -eq 143 ]
}

@test "dying inside a command substitution is said once, and keeps its status" {
  local pair
  for pair in 1:pei_die 2:pei_usage_die; do
    run --separate-stderr lib_run 'pei_install_err_trap; deep() { "$1" "the reason"; }; f() { local x; x="$(y="$(deep "$1")"; echo "$y")"; echo "not reached $x"; }; f "$1"' "${pair#*:}"
    [ "$status" -eq "${pair%:*}" ]
    [ "$output" = '' ]
    [ "${stderr_lines[0]}" = 'error [test] the reason' ]
    [ "${#stderr_lines[@]}" -eq "${pair%:*}" ]
  done
}
