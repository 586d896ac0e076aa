#!/usr/bin/env bash
# Installs nvm, the Node version manager, for one user.
#
# Reads: PEI_STAGE_DIR_1, PEI_DOWNLOAD_MIRROR, proxies. Root: only for another user, or to install git.
# Network: github.com (gitee.com with --with-cn-mirror), or the mirror; none if the sources are in the cache directory.
set -Eeuo pipefail
shopt -s inherit_errexit
here="$(dirname -- "${BASH_SOURCE[0]}")"
# shellcheck source=../../lib/pei.sh
source "${here}/../../lib/pei.sh"
# shellcheck source=nvm-common.bash
source "${here}/nvm-common.bash"

declare_options() {
  pei_args_begin install-nvm.sh 'Install nvm, the Node version manager, for one user.'
  pei_args_value user NAME '' 'who gets it (default: the caller)'
  pei_args_path install-dir '' 'where it goes (default: ~/.nvm)'
  pei_args_path cache-dir '' "a directory that may hold nvm's sources in nvm/ (default: \$PEI_STAGE_DIR_1/tmp)"
  pei_args_value version VERSION "$(pei_version nvm)" 'which version, or latest'
  pei_args_switch with-cn-mirror 'take nvm, Node and npm packages from mirrors in China, also later on'
}

main() {
  declare_options
  pei_args_parse "$@"
  pei_install_err_trap
  local user dir version tag cache cn=0
  user="$(pei_resolve_target_user "$(pei_arg user)")"
  dir="$(pei_arg install-dir)"
  dir="${dir:-$(pei_user_home "${user}")/.nvm}"
  version="$(pei_arg version)"
  nvm_require_version "${version}"
  tag="$(nvm_tag "${version}")"
  cache="$(pei_cache_dir "$(pei_arg cache-dir)")"
  cache="${cache:-/tmp}/nvm"
  ! pei_arg_on with-cn-mirror || cn=1

  if [[ -s "${dir}/nvm.sh" ]] && ! pei_arg_on force; then
    pei_log_info "nvm is installed already in ${dir}; nothing to download"
    pei_arg_on dry-run || nvm_configure "${user}" "${dir}" "${cn}"
    return 0
  fi
  if pei_arg_on dry-run; then
    if [[ -d "${cache}" ]]; then
      pei_plan "copy ${cache} to ${dir}"
    elif ((cn)); then
      pei_plan "clone $(pei_mirrored "${NVM_REPOSITORY_CN}")${tag:+ at ${tag}} to ${dir}"
    else
      pei_plan "clone $(pei_mirrored "${NVM_REPOSITORY}")${tag:+ at ${tag}} to ${dir}"
    fi
    pei_plan "load nvm in the rc files of ${user}"
    return 0
  fi
  pei_tmp_dir_init
  pei_undo_note "${dir}" "${dir}/nvm.sh"
  if [[ -d "${cache}" ]]; then
    pei_log_info "using ${cache}"
    nvm_copy_from_cache "${user}" "${cache}" "${tag}" "${dir}" || pei_die 'nvm is not installed'
  else
    nvm_clone "${user}" "${tag}" "${cn}" "${dir}" || pei_die 'nvm is not installed'
  fi
  pei_record tool name=nvm path="${dir}/nvm.sh" -- version="${tag#v}"
  nvm_configure "${user}" "${dir}" "${cn}"
  pei_log_info "nvm${tag:+ ${tag}} is in ${dir}"
}

if [[ "${BASH_SOURCE[0]}" == "$0" ]]; then
  main "$@"
fi
