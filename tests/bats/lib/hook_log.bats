#!/usr/bin/env bats
# What the hooks of a start did: the records, and pei-status, which shows them.
#
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # texts for another shell; bats runs each test in a subshell, and sets stderr
load ../support/common

setup() {
  export LOGS="${BATS_TEST_TMPDIR}/log"
  INSTALLATION="${BATS_TEST_TMPDIR}/installation"
  mkdir -p "${LOGS}" "${INSTALLATION}/stage-2/generated" "${INSTALLATION}/stage-2/custom"
}

# hook NAME: the script on stdin.
hook() { cat >"${INSTALLATION}/stage-2/custom/$1"; }

# run_hooks START KIND SCRIPT…: runs the hooks as the wrapper of KIND does at a start. An argument, a secret, goes to each.
run_hooks() {
  local start="$1" wrapper="${INSTALLATION}/stage-2/generated/_custom-$2.sh" script
  printf 'set -uo pipefail\nsource "%s/hook.sh"\n' "${LIB}" >"${wrapper}"
  for script in "${@:3}"; do
    printf 'pei_run_start_hook "%s" %q "secret-argument" || :\n' "${INSTALLATION}" "stage-2/custom/${script}" >>"${wrapper}"
  done
  PEI_START_LOG="${LOGS}/${start}" bash "${wrapper}"
}

pei_status() { PEI_HOOK_LOGS="${LOGS}" bash "${STAGE1}/internals/status.sh" "$@"; }

@test "each hook leaves its name, stage, kind, seconds and status, and no argument" {
  hook good.sh <<<'sleep 0.1; [[ -z "${PEI_START_LOG+set}" ]]'
  hook bad.sh <<<'exit 3'
  run_hooks 000000 on-every-run good.sh bad.sh 2>/dev/null
  [[ "$(tr '\t' ' ' <"${LOGS}/000000/000.hook")" =~ ^'stage-2 on-every-run '[0-9]{10,}' '0\.[1-9][0-9]{2}' 0 stage-2/custom/good.sh'$ ]]
  [[ "$(<"${LOGS}/000000/001.hook")" == stage-2$'\t'on-every-run$'\t'*$'\t'3$'\t'stage-2/custom/bad.sh ]]
  [ "$(<"${LOGS}/failed")" = 'stage-2/custom/bad.sh (status 3)' ]
  run ! grep -r secret-argument "${LOGS}"
}

@test "the end of stderr is kept for the owner alone, and reaches the log, before the message about the failure" {
  hook loud.sh <<<'echo to-stdout; for i in {1..2000}; do echo "line $i" >&2; done; exit 5'
  run --separate-stderr run_hooks 000000 on-every-run loud.sh
  [ "${output}" = to-stdout ]
  [ "$(head -n 2000 <<<"${stderr}" | cksum)" = "$(printf 'line %s\n' {1..2000} | cksum)" ]
  [[ "$(tail -n 1 <<<"${stderr}")" == 'pei: the hook stage-2/custom/loud.sh ended with status 5'* ]]
  [ "$(stat -c '%a %s' "${LOGS}/000000/000.output")" = '600 4096' ]
  [ "$(tail -n 1 "${LOGS}/000000/000.output")" = 'line 2000' ]
}

@test "a program that a hook leaves running keeps its stderr, and nobody waits for it" {
  hook daemon.sh <<<'(sleep 2; echo later >&2) & exit 1'
  SECONDS=0
  run_hooks 000000 on-every-run daemon.sh 2>"${BATS_TEST_TMPDIR}/said"
  ((SECONDS < 2))
  sleep 2.5
  grep -qx later "${BATS_TEST_TMPDIR}/said"
  grep -qx later "${LOGS}/000000/000.output"
}

@test "where no record can be written, hooks run all the same" {
  hook good.sh <<<'echo ran; echo said >&2'
  : >"${LOGS}/000000"
  run run_hooks 000000 on-every-run good.sh
  [ "${status}" -eq 0 ]
  [ "${output}" = $'ran\nsaid' ]
}

@test "a failed first-run hook says that it runs again, in the log and in pei-status" {
  hook bad.sh <<<'exit 3'
  mkdir "${BATS_TEST_TMPDIR}/state"
  PEI_FIRST_RUN_STATE="${BATS_TEST_TMPDIR}/state" run run_hooks 000000 on-first-run bad.sh
  [[ "${output}" == *'ended with status 3; the start goes on, and the hook runs again at the next start' ]]
  run -1 pei_status
  [[ "${output}" == *'it runs again at the next start'* ]]
}

@test "pei-status shows the last start, or with --all each one, without the control bytes of a hook" {
  hook good.sh <<<':'
  hook bad.sh <<<"printf 'red \\033[31m text\\n' >&2; exit 3"
  run_hooks 000008 on-every-run bad.sh 2>/dev/null
  run -1 pei_status
  [[ "${output}" == *'stage-2  on-every-run  stage-2/custom/bad.sh: failed with status 3 after 0.'*$'\n    red [31m text' ]]
  # C1, a sequence in the middle of another one, and what turns text around; accents stay.
  hook bad.sh <<<"printf 'a\\302\\2331m \\302\\302\\233\\233 \\342\\200\\256b\\342\\201\\246 \\303\\251\\342\\202\\254\\n' >&2; exit 3"
  run_hooks 000008 on-every-run bad.sh 2>/dev/null
  run -1 pei_status
  [[ "${output}" == *$'\n    a?1m \302?\233 ?b? é€' ]]
  run_hooks 000009 on-every-run good.sh
  run -0 pei_status
  [[ "${output}" == *'good.sh: ok after 0.'* && "${output}" != *bad.sh* ]]
  run -0 pei_status --all
  [[ "${output}" == *bad.sh*good.sh* ]]
  run -2 pei_status --no-such-option
}

@test "pei-status tells a hook that runs from one whose start was ended" {
  mkdir "${LOGS}"/00000{1,2}
  printf 'stage-1\ton-first-run\t1700000000\t-\trunning\tstage-1/custom/x.sh\n' | tee "${LOGS}/000001/000.hook" >"${LOGS}/000002/000.hook"
  : >"${LOGS}/000002/001.hook"
  run -1 pei_status --all
  [[ "${output}" == *'x.sh: did not end'*'x.sh: running'$'\nthe record 001.hook is incomplete' ]]
}

@test "pei-status says that there is no record, or where no record can be written, and shows one that is empty or missing as incomplete" {
  rmdir "${LOGS}"
  run -0 pei_status
  [ "${output}" = 'no hook has run at a start of this container' ]
  : >"${BATS_TEST_TMPDIR}/file"
  for log in /sys/pei "${BATS_TEST_TMPDIR}/file/log"; do
    ((EUID == 0)) || [[ "${log}" == /sys/* ]] || continue
    LOGS="${log}" run -1 pei_status
    [[ "${output}" == 'no records can be written here ('* ]]
  done
  hook good.sh <<<':'
  run_hooks 000001 on-every-run good.sh good.sh
  : >"${LOGS}/000001/000.hook"
  run -1 pei_status
  [[ "${output}" == 'start of 2'*$'\nthe record 000.hook is incomplete\n'*'good.sh: ok after 0.'* ]]
  mkdir "${LOGS}/000002"
  run -1 pei_status
  [[ "${output}" == $'start of an unknown time\nthe record '*' is incomplete' ]]
}
