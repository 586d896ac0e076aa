# shellcheck shell=bash
# One temporary directory for each script, removed when the script ends, also on a signal.

# pei_tmp_dir_init [--user NAME] [--parent DIR]: makes the directory and sets PEI_TMP_DIR. Call it from main,
# not from a command substitution, whose end would remove the directory. With --user the directory
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
  mkdir -p -- "${parent}" || pei_die "cannot create the temporary directory ${parent}"
  PEI_TMP_DIR="$(mktemp -d -- "${parent%/}/pei.XXXXXXXX")" || pei_die "cannot create a temporary directory in ${parent}"
  # Compare both process ids: a subshell inherits the trap and must not run it.
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
    # A failed script removes the paths of pei_undo_note.
    ((status == 0)) || pei_undo || true
    rm -rf -- "${PEI_TMP_DIR}" || true
  fi
  # The shell keeps its own status; a failing trap would only set off the ERR trap again.
  return 0
}
