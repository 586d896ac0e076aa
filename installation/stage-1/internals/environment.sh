#!/bin/bash
# Gives ssh sessions the container's variables with their exact values. Run by entrypoint.sh.
#
# An ssh session gets the variables of /etc/environment. pam_env has its own rules for that file: a # starts
# a comment anywhere in a line, quotes and backslashes are removed, and a value cannot hold a line break. Values that
# pam_env would change go to /pei-init/environment.sh, which every bash reads first.
set -uo pipefail
here="$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)"
# shellcheck source=installation/stage-1/lib/log.sh
source "${here}/../lib/log.sh"
# shellcheck source=installation/stage-1/lib/block.sh
source "${here}/../lib/block.sh"

# Older versions of pam_env read lines of at most 1023 bytes.
readonly LINE_LIMIT=1000

# belongs_to_session NAME: whether the login itself sets this variable, so the container's value must not replace it.
belongs_to_session() {
  case "$1" in
    HOME | USER | LOGNAME | SHELL | PWD | OLDPWD | SHLVL | TERM | HOSTNAME | MAIL | _ | DEBIAN_FRONTEND) return 0 ;;
    PEI_ENTRYPOINT_VERBOSE | PEI_LOGIN_SESSION | PEI_HOOK_PATH | BASH_FUNC_* | SSH_*) return 0 ;;
    *) return 1 ;;
  esac
}

# Whether every version of pam_env reads the line back as the same bytes.
fits_pam_env() {
  local name="$1" value="$2" line
  line="${name}=${value}"
  [[ -n "${value}" && "${#line}" -le LINE_LIMIT ]] || return 1
  [[ "${value}" != *[$'\n\r\t"\'\\#']* && "${value}" != ' '* && "${value}" != *' ' ]]
}

main() {
  local entry name value pam='' shell='' told=0 LC_ALL=C
  # Remove temporary files of a start that was killed while it wrote.
  rm -f -- /etc/.pei.???????? /pei-init/.pei.???????? 2>/dev/null
  # Not `IFS== read name value`: it would remove a `=` at the end of a value.
  while IFS= read -r -d '' entry; do
    name="${entry%%=*}"
    value="${entry#*=}"
    # Skip other names: neither pam_env nor bash allows them.
    [[ "${name}" =~ ^[A-Za-z_][A-Za-z0-9_]*$ ]] || continue
    ! belongs_to_session "${name}" || continue
    if fits_pam_env "${name}" "${value}"; then
      pam+="${name}=${value}"$'\n'
    else
      # Only if it is not set: a nested shell must keep a value that the user changed.
      shell+="[ -n \"\${${name}+set}\" ] || export ${name}=${value@Q}"$'\n'
    fi
  done < <(PATH="${PEI_HOOK_PATH:-${PATH}}" /usr/bin/env -0 | sort -z)
  printf '%s' "${pam}" | pei_block_set /etc/environment container-environment || told=1
  printf '%s' "${shell}" | pei_write_file --mode 0644 /pei-init/environment.sh || told=1
  ((told == 0)) || pei_log_warn "ssh sessions may lack variables of the container"
}

main "$@"
