#!/usr/bin/env bash
# Installs Node.js through an nvm that is there already, and makes it the default.
#
# Reads: NVM_NODEJS_ORG_MIRROR, PEI_DOWNLOAD_MIRROR, proxies. Root: only for another user. Network: nodejs.org, or the mirror.
set -Eeuo pipefail
shopt -s inherit_errexit
here="$(dirname -- "${BASH_SOURCE[0]}")"
# shellcheck source=../../lib/pei.sh
source "${here}/../../lib/pei.sh"
# shellcheck source=nvm-common.bash
source "${here}/nvm-common.bash"

declare_options() {
  pei_args_begin install-nodejs.sh 'Install Node.js through an nvm that is there already, and make it the default.'
  pei_args_value user NAME '' 'whose nvm it is (default: the caller)'
  pei_args_path nvm-dir '' 'where nvm is (default: ~/.nvm)'
  pei_args_value version VERSION "$(pei_version nodejs)" 'which one: 22, v22.11.0, lts or latest'
  pei_args_switch with-cn-mirror 'download Node from a mirror in China, this time'
}

main() {
  declare_options
  pei_args_parse "$@"
  pei_install_err_trap
  local user dir version requested present=default found cn=0
  user="$(pei_resolve_target_user "$(pei_arg user)")"
  dir="$(pei_arg nvm-dir)"
  dir="${dir:-$(pei_user_home "${user}")/.nvm}"
  requested="$(pei_arg version)"
  node_require_version "${requested}"
  version="$(pei_locked_request node "${requested#v}")"
  ! pei_arg_given version || present="${version}"
  ! pei_arg_on with-cn-mirror || cn=1
  if pei_arg_on dry-run; then
    nvm_plan_node "${version}" "${cn}" "${user}"
    return 0
  fi
  [[ -s "${dir}/nvm.sh" ]] || pei_die "no nvm in ${dir}; run install-nvm.sh first, or give --nvm-dir"
  pei_run_as "${user}" test -w "${dir}" || pei_die "${user} cannot write to ${dir}, where nvm keeps Node"

  if ! pei_arg_on force && found="$(node_current "${user}" "${dir}" "${present}")"; then
    nvm_do "${user}" "${dir}" '' nvm alias default "${found}" >/dev/null || pei_die 'the default version cannot be set'
    pei_log_info "Node ${found} is installed already in ${dir}; nothing to download"
    return 0
  fi
  found="$(node_install "${user}" "${dir}" "${version}" "${cn}" "${requested}")" || pei_die 'Node is not installed'
  pei_log_info "Node ${found} is the default of ${user}"
}

if [[ "${BASH_SOURCE[0]}" == "$0" ]]; then
  main "$@"
fi
