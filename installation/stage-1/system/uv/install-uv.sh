#!/usr/bin/env bash
# Installs uv, the Python package manager, for one user.
#
# Reads: XDG_CONFIG_HOME (the caller's own), PEI_DOWNLOAD_MIRROR, proxies. Root: only for another user, or for a directory
# of root's. Network: github.com, or the mirror.
set -Eeuo pipefail
shopt -s inherit_errexit
here="$(dirname -- "${BASH_SOURCE[0]}")"
# shellcheck source=../../lib/pei.sh
source "${here}/../../lib/pei.sh"
# shellcheck source=uv-common.bash
source "${here}/uv-common.bash"

declare_options() {
  pei_args_begin install-uv.sh 'Install uv, the Python package manager, for one user.'
  pei_args_value user NAME '' 'who gets it (default: the caller)'
  pei_args_path install-dir '' 'where uv and uvx go (default: /usr/local/bin for root, else ~/.local/bin)'
  uv_declare_sources
  pei_args_choice pypi-repo '' 'tuna|aliyun|official' "the package index in uv's configuration; official removes any (default: not changed)"
  pei_args_note 'Present already: nothing is downloaded, unless --version asks for another one or --force is given.'
}

default_dir() {
  if [[ "$1" == root ]]; then
    printf '/usr/local/bin\n'
  else
    printf '%s/.local/bin\n' "$2"
  fi
}

# The caller's XDG_CONFIG_HOME is not another user's.
config_file() {
  local base="${2}/.config"
  if [[ "$1" == "$(pei_current_user)" && "${XDG_CONFIG_HOME-}" == /* ]]; then
    base="${XDG_CONFIG_HOME}"
  fi
  printf '%s/uv/uv.toml\n' "${base}"
}

configure() {
  local user="$1" home="$2" dir="$3"
  uv_configure_path "${user}" "${dir}"
  if pei_arg_given pypi-repo; then
    uv_set_index "${user}" "$(config_file "${user}" "${home}")" "$(uv_index_url "$(pei_arg pypi-repo)")" \
      || pei_die "cannot write uv's configuration"
  fi
}

main() {
  declare_options
  pei_args_parse "$@"
  pei_install_err_trap
  local user home dir version installer
  user="$(pei_resolve_target_user "$(pei_arg user)")"
  home="$(pei_user_home "${user}")"
  dir="$(pei_arg install-dir)"
  dir="${dir:-$(default_dir "${user}" "${home}")}"
  installer="$(pei_arg installer-url)"
  version="$(pei_arg version)"
  pei_require_version "${version}"
  version="${version#v}"

  if uv_is_satisfied "${version}" "${dir}"; then
    pei_log_info "uv is installed already in ${dir}; nothing to download"
    pei_arg_on dry-run || configure "${user}" "${home}" "${dir}"
    return 0
  fi
  if pei_arg_on dry-run; then
    uv_plan "${installer}" "${version}" "${dir}" "${user}"
    pei_plan "add ${dir} to the PATH of ${user} if it is not there"
    return 0
  fi
  pei_tmp_dir_init
  uv_prepare "${installer}" "${version}"
  uv_install_for "${installer}" "${user}" "${dir}"
  configure "${user}" "${home}" "${dir}"
  pei_log_info "uv $(pei_program_version "${dir}/uv" || printf '(of unknown version)') is in ${dir}"
}

if [[ "${BASH_SOURCE[0]}" == "$0" ]]; then
  main "$@"
fi
