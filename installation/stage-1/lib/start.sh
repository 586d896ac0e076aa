# shellcheck shell=bash
# What a stage does when a container starts. STAGE is its directory in the image, such as /pei-from-host/stage-1.

# __pei_start_hooks STAGE KIND: runs the wrapper that configure wrote; a failure is reported by the wrapper.
__pei_start_hooks() {
  local wrapper="$1/generated/_custom-$2.sh"
  [[ ! -s "${wrapper}" ]] || bash "${wrapper}"
}

# pei_first_run STAGE: runs the first-run hooks that have not succeeded yet. The mark is set when all have succeeded, so
# a failed one runs again at the next start. If no mark can be set (a read-only container), the hooks still run: the
# container may need them, and hooks must work a second time in any case.
pei_first_run() {
  local name="${1##*/}" done_mark state
  done_mark="/pei-init/${name}-init-done"
  state="/pei-init/first-run/${name}"
  [[ ! -e "${done_mark}" ]] || return 0
  mkdir -p -- "${state}" 2>/dev/null || state=''
  PEI_FIRST_RUN_STATE="${state}" __pei_start_hooks "$1" on-first-run || return
  { date -u +%Y-%m-%dT%H:%M:%SZ >"${done_mark}"; } 2>/dev/null || [[ -e "${done_mark}" ]] || __pei_no_mark "${name}"
}

__pei_no_mark() {
  printf 'pei: cannot record in /pei-init that the first-run hooks of %s succeeded; they run again at the next start\n' "$1" >&2
}

# pei_every_run STAGE
pei_every_run() { __pei_start_hooks "$1" on-every-run; }
