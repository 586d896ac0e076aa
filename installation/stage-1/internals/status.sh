#!/bin/bash
# Shows what the hooks of a container's starts did; in an image it is pei-status. It ends with status 1 if a hook of the
# last start failed, or if that is not known. Root also sees the end of what a failed hook wrote to stderr.
#
# Usage: pei-status [--all]     (--all: each start that is kept, the last one at the end)
# Reads: PEI_HOOK_LOGS, the directory of the records (default: /pei-init/log).
set -uo pipefail
# Root calls it too, and the container's PATH may contain directories that a user can write to.
PATH=/usr/sbin:/usr/bin:/sbin:/bin

readonly LOG="${PEI_HOOK_LOGS:-/pei-init/log}" LINES_SHOWN=20

# harmless: stdin without what controls a terminal or changes the order of text: C0, C1 and characters of Unicode.
harmless() {
  # Replaced, since the bytes around a deleted character could form another one.
  tr -d '\000-\010\013-\037\177' | LC_ALL=C sed -E 's/\xc2[\x80-\x9f]|\xd8\x9c|\xe2\x80[\x8b-\x8f\xa8-\xae]|\xe2\x81[\xa0-\xa9]/?/g'
}

# show_hook FILE CURRENT: CURRENT is 1 for the last start. Fails if the hook failed.
show_hook() {
  local stage kind began seconds status script said failed=0 word output="${1%.hook}.output"
  # A disk that is full leaves an empty file, or none.
  if [[ ! -e "$1" ]] || ! IFS=$'\t' read -r stage kind began seconds status script <"$1"; then
    printf 'the record %s is incomplete\n' "${1##*/}"
    return 1
  fi
  case "${status}" in
    0) word=ok ;;
    running) (($2 == 1)) && word=running || word='did not end' ;;
    *)
      word="failed with status ${status}"
      failed=1
      ;;
  esac
  [[ "${seconds}" == - ]] || word+=" after ${seconds} s"
  printf '%(%H:%M:%S)T  %s  %s  %s: %s\n' "${began}" "${stage}" "${kind}" "${script}" "${word}"
  ((failed == 1)) || return 0
  [[ "${kind}" != on-first-run || "$2" != 1 ]] || printf '    it runs again at the next start\n'
  if [[ -r "${output}" && -s "${output}" ]]; then
    said="$(tail -n "${LINES_SHOWN}" -- "${output}" | harmless)"
    printf '    %s\n' "${said//$'\n'/$'\n'    }"
  fi
  return 1
}

# can_write: fails where hooks could leave no record: the file system is read-only or full. Only root can try the latter.
can_write() {
  local place options longest='' found=''
  while read -r _ place _ options _; do
    if [[ "${LOG}/" == "${place%/}/"* ]] && ((${#place} >= ${#longest})); then
      longest="${place}"
      found="${options}"
    fi
  done </proc/self/mounts
  [[ ",${found}," != *,ro,* ]] || return 1
  ((EUID == 0)) || return 0
  { mkdir -p -- "${LOG}" && printf '\n' >"${LOG}/.try"; } 2>/dev/null || return 1
  rm -f -- "${LOG}/.try"
}

main() {
  local starts start records record status=0 began current
  case "$*" in
    '' | --all) ;;
    *)
      printf 'Usage: pei-status [--all]\n' >&2
      return 2
      ;;
  esac
  starts=("${LOG}"/[0-9]*)
  if [[ ! -d "${starts[0]}" ]]; then
    if ! can_write; then
      printf 'no records can be written here (%s): what the hooks did is not known\n' "${LOG}"
      return 1
    fi
    printf 'no hook has run at a start of this container\n'
    return 0
  fi
  for start in "${starts[@]}"; do
    [[ "${start}" == "${starts[-1]}" || "${1:-}" == --all ]] || continue
    records=("${start}"/*.hook)
    began=''
    for record in "${records[@]}"; do
      [[ ! -e "${record}" ]] || ! IFS=$'\t' read -r _ _ began _ <"${record}" || break
    done
    if [[ -n "${began}" ]]; then
      printf 'start of %(%Y-%m-%d %H:%M:%S %Z)T\n' "${began}"
    else
      printf 'start of an unknown time\n'
    fi
    status=0
    [[ "${start}" == "${starts[-1]}" ]] && current=1 || current=0
    for record in "${records[@]}"; do
      show_hook "${record}" "${current}" || status=1
    done
  done
  return "${status}"
}

main "$@"
