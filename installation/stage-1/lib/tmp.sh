# shellcheck shell=bash
# One scratch directory a script, gone when the script ends, however it ends.

# pei_tmp_dir_init [--user NAME] [--parent DIR]: makes the directory and sets PEI_TMP_DIR. Call it from main,
# not from a command substitution, whose end would take the directory away. With --user the directory
# belongs to that user, so that commands run by pei_run_as can work in it.
pei_tmp_dir_init() {
  local owner='' parent="${TMPDIR:-/tmp}"
  while (($# > 0)); do
    case "$1" in
      --user) owner="$2" ;;
      --parent) parent="$2" ;;
      *) pei_die "pei_tmp_dir_init: unknown option $1" ;;
    esac
    shift 2
  done
  mkdir -p -- "${parent}" || pei_die "cannot create the scratch directory ${parent}"
  PEI_TMP_DIR="$(mktemp -d -- "${parent%/}/pei.XXXXXXXX")" || pei_die "cannot create a scratch directory in ${parent}"
  # Both the numbers: a shell that was forked from this one inherits the trap and must not fire it.
  __PEI_TMP_OWNER_PID="${BASHPID}"
  trap '__pei_tmp_dir_remove' EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM
  if [[ -n "${owner}" ]]; then
    pei_own "${owner}" "${PEI_TMP_DIR}"
  fi
}

__pei_tmp_dir_remove() {
  local status=$?
  if [[ "${BASHPID}" == "${__PEI_TMP_OWNER_PID-}" && -n "${PEI_TMP_DIR-}" ]]; then
    if declare -F pei_on_exit >/dev/null; then
      pei_on_exit "${status}" || true
    fi
    # A script that failed takes back what pei_undo_note has noted.
    ((status == 0)) || pei_undo || true
    rm -rf -- "${PEI_TMP_DIR}" || true
  fi
  # The shell keeps its own status; a failing trap would only set off the ERR trap again.
  return 0
}
