#!/usr/bin/env bash
# Installs nvm and, through it, Node.js for one user.
#
# Reads: NVM_NODEJS_ORG_MIRROR, PEI_DOWNLOAD_MIRROR, proxies. Root: only for another user; as root the commands are also
# linked into /usr/local/bin. Network: raw.githubusercontent.com and nodejs.org (gitee.com and npmmirror.com with
# --with-cn-mirror), or the mirror.
set -Eeuo pipefail
shopt -s inherit_errexit
here="$(dirname -- "${BASH_SOURCE[0]}")"
# shellcheck source=../../lib/pei.sh
source "${here}/../../lib/pei.sh"
# shellcheck source=nvm-common.bash
source "${here}/nvm-common.bash"

declare_options() {
  pei_args_begin install-nvm-nodejs.sh 'Install nvm and, through it, Node.js for one user.'
  pei_args_value user NAME '' 'who gets them (default: the caller)'
  pei_args_path install-dir '' 'where nvm goes (default: ~/.nvm)'
  pei_args_value nvm-version VERSION "$(pei_version nvm)" 'which nvm, or latest'
  pei_args_value nodejs-version VERSION "$(pei_version nodejs)" 'which Node: 22, v22.11.0, lts or latest'
  pei_args_switch with-cn-mirror 'take nvm, Node and npm packages from mirrors in China, also later on'
  pei_args_note 'Run by root, it also links node, npm and npx into /usr/local/bin, for shells that read no rc file.'
}

# Links into a home that is closed to others only serve its owner and root; others keep looking along their PATH.
link_commands() {
  local user="$1" dir="$2" version="$3" name bin="${PEI_LINK_DIR:-/usr/local/bin}" target
  if ((EUID != 0)); then
    return 0
  fi
  for name in node npm npx; do
    target="${dir}/versions/node/${version}/bin/${name}"
    if [[ -e "${bin}/${name}" && ! -L "${bin}/${name}" ]]; then
      pei_log_warn "${bin}/${name} is not a link, so it is not replaced"
    elif [[ -e "${target}" && "$(readlink -- "${bin}/${name}")" != "${target}" ]]; then
      ln -sfn -- "${target}" "${bin}/${name}" || pei_die "cannot link ${bin}/${name}"
    fi
  done
  if [[ "${user}" == nobody ]] || ! pei_run_as nobody test -x "${dir}/versions/node/${version}/bin/node" 2>/dev/null; then
    pei_log_warn "other users cannot reach ${dir}; for a Node that all may use give an --install-dir outside a closed home"
  fi
}

main() {
  declare_options
  pei_args_parse "$@"
  pei_install_err_trap
  local user dir nvm_version node_version requested present=default tag found cn=0
  user="$(pei_resolve_target_user "$(pei_arg user)")"
  dir="$(pei_arg install-dir)"
  dir="${dir:-$(pei_user_home "${user}")/.nvm}"
  nvm_version="$(pei_arg nvm-version)"
  requested="$(pei_arg nodejs-version)"
  nvm_require_version "${nvm_version}"
  node_require_version "${requested}"
  node_version="$(pei_locked_request node "${requested#v}")"
  ! pei_arg_given nodejs-version || present="${node_version}"
  tag="$(nvm_tag "${nvm_version}")"
  ! pei_arg_on with-cn-mirror || cn=1

  if pei_arg_on dry-run; then
    [[ -s "${dir}/nvm.sh" ]] || pei_plan "download nvm.sh, nvm-exec and bash_completion from $(pei_mirrored "$(nvm_raw_base "${tag}" "${cn}")/") to ${dir}"
    nvm_plan_node "${node_version}" "${cn}" "${user}"
    return 0
  fi
  pei_tmp_dir_init
  pei_undo_note "${dir}" "${dir}/nvm.sh"
  if [[ -s "${dir}/nvm.sh" ]] && ! pei_arg_on force; then
    pei_log_info "nvm is installed already in ${dir}; nothing to download"
  else
    nvm_fetch_files "${user}" "${tag}" "${cn}" "${dir}" || pei_die 'nvm is not installed'
    pei_record tool name=nvm path="${dir}/nvm.sh" -- version="${tag#v}"
  fi
  if ! pei_arg_on force && found="$(node_current "${user}" "${dir}" "${present}")"; then
    nvm_do "${user}" "${dir}" '' nvm alias default "${found}" >/dev/null || pei_die 'the default version cannot be set'
    pei_log_info "Node ${found} is installed already; nothing to download"
  else
    found="$(node_install "${user}" "${dir}" "${node_version}" "${cn}" "${requested}")" || pei_die 'Node is not installed'
  fi
  nvm_configure "${user}" "${dir}" "${cn}"
  link_commands "${user}" "${dir}" "${found}"
  pei_log_info "Node ${found} is the default of ${user}"
}

if [[ "${BASH_SOURCE[0]}" == "$0" ]]; then
  main "$@"
fi
