#!/usr/bin/env bash
# Installs uv for root and every login user, each in ~/.local/bin, from one download.
#
# Reads: PEI_DOWNLOAD_MIRROR, proxies. Root: yes. Network: github.com, or the mirror.
set -Eeuo pipefail
shopt -s inherit_errexit
here="$(dirname -- "${BASH_SOURCE[0]}")"
# shellcheck source=../../lib/pei.sh
source "${here}/../../lib/pei.sh"
# shellcheck source=uv-common.bash
source "${here}/uv-common.bash"

declare_options() {
  pei_args_begin install-uv-for-everyone.bash 'Install uv for root and every login user, each in ~/.local/bin.'
  uv_declare_sources
  pei_args_choice mirror '' 'aliyun|tuna' "the package index in every user's uv configuration (default: not changed)"
  pei_args_note 'Everyone is root and each account with uid 1000 or more, a login shell and a home.'
}

mirror_url() {
  case "$1" in
    tuna | aliyun) printf '%s/\n' "$(uv_index_url "$1")" ;;
  esac
}

# Keeps the other settings in the user's file.
set_mirror() {
  local user="$1" file="$2/.config/uv/uv.toml" url="$3"
  pei_make_dir "${user}" "${file%/*}" || return 1
  pei_toml_set "${file}" pip index-url "$(pei_toml_quote "${url}")" && uv_set_index "${user}" "${file}" "${url}"
}

configure() {
  local user="$1" home="$2"
  uv_configure_path "${user}" "${home}/.local/bin"
  if pei_arg_given mirror; then
    set_mirror "${user}" "${home}" "$(mirror_url "$(pei_arg mirror)")" || pei_die "cannot write uv's configuration of ${user}"
  fi
}

# The users that still need it.
lacking_users() {
  local user
  for user in "$@"; do
    uv_is_satisfied "${VERSION}" "$(pei_user_home "${user}")/.local/bin" || printf '%s\n' "${user}"
  done
}

main() {
  declare_options
  pei_args_parse "$@"
  pei_install_err_trap
  local installer user home
  local -a users lacking
  installer="$(pei_arg installer-url)"
  VERSION="$(pei_arg version)"
  pei_require_version "${VERSION}"
  VERSION="${VERSION#v}"
  mapfile -t users < <(pei_each_login_user)
  if pei_arg_on dry-run; then
    mapfile -t lacking < <(lacking_users "${users[@]}")
    for user in ${lacking[@]+"${lacking[@]}"}; do
      uv_plan "${installer}" "${VERSION}" "$(pei_user_home "${user}")/.local/bin" "${user}"
    done
    return 0
  fi
  pei_require_root
  mapfile -t lacking < <(lacking_users "${users[@]}")
  if ((${#lacking[@]} == 0)); then
    pei_log_info "uv is installed already for ${users[*]}; nothing to download"
  else
    pei_tmp_dir_init
    uv_prepare "${installer}" "${VERSION}"
    for user in "${lacking[@]}"; do
      home="$(pei_user_home "${user}")"
      uv_install_for "${installer}" "${user}" "${home}/.local/bin"
    done
    pei_log_info "uv is installed for ${lacking[*]}"
  fi
  for user in "${users[@]}"; do
    configure "${user}" "$(pei_user_home "${user}")"
  done
}

if [[ "${BASH_SOURCE[0]}" == "$0" ]]; then
  main "$@"
fi
