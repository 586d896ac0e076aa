#!/usr/bin/env bash
# Sets up rosdep, which finds the packages that a ROS workspace needs.
#
# Usage:   init-rosdep.sh [OPTIONS], see --help
# Reads:   PEI_HTTP_PROXY_1, PEI_HTTPS_PROXY_1, PEI_DOWNLOAD_MIRROR, proxies, PEI_ETC (a directory instead of /etc)
# Root:    for the first run, and for another user
# Network: raw.githubusercontent.com
set -Eeuo pipefail
shopt -s inherit_errexit
# shellcheck source=../../lib/pei.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/../../lib/pei.sh"

readonly SOURCES_URL=https://raw.githubusercontent.com/ros/rosdistro/master/rosdep/sources.list.d/20-default.list

declare_options() {
  pei_args_begin init-rosdep.sh "Set up rosdep's list of sources and fill one user's cache."
  pei_args_value user NAME '' 'whose cache (default: the caller)'
  pei_args_url sources-url "${SOURCES_URL}" 'where the list of sources comes from'
  pei_args_note 'Root: for the list of sources, and for the cache of another user. Network: the place named above.'
}

# The list names files on the same host; where that host is replaced, so are they.
fetch_sources() {
  local url mirrored
  url="$(pei_arg sources-url)"
  pei_download --url "${url}" --to "${PEI_TMP_DIR}/list"
  if [[ -n "${PEI_DOWNLOAD_MIRROR-}" ]]; then
    mirrored="$(pei_mirrored https://raw.githubusercontent.com/)"
    sed -i "s|https://raw.githubusercontent.com/|${mirrored//[&|\\]/\\&}|" "${PEI_TMP_DIR}/list"
  fi
  pei_write_file --mode 0644 "${list}" <"${PEI_TMP_DIR}/list"
}

# rosdep reads the index of releases from a variable, not from the list.
update_cache() {
  local -a index=()
  if [[ -n "${PEI_DOWNLOAD_MIRROR-}" ]]; then
    index=(ROSDISTRO_INDEX_URL="$(pei_mirrored https://raw.githubusercontent.com/ros/rosdistro/master/index-v4.yaml)")
  fi
  pei_run_as "${user}" "${index[@]}" rosdep update >&2
}

# If the cache cannot be filled, removes a list that this script created.
roll_back() {
  if [[ "${made}" == yes ]]; then rm -f -- "${list}"; fi
  pei_die 'rosdep cannot fill its cache'
}

main() {
  declare_options
  pei_args_parse "$@"
  pei_install_err_trap
  local list="${PEI_ETC:-/etc}/ros/rosdep/sources.list.d/20-default.list" user home made=no
  user="$(pei_resolve_target_user "$(pei_arg user)")"
  home="$(pei_user_home "${user}")"
  if [[ -f "${list}" && -e "${home}/.ros/rosdep/sources.cache/index" ]] && ! pei_arg_on force; then
    pei_log_info "rosdep is already set up for ${user}; --force fills the cache again"
    return 0
  fi
  if pei_arg_on dry-run; then
    pei_plan_download --url "$(pei_arg sources-url)" --to "${list}"
    pei_plan "fill ${home}/.ros as ${user}"
    return 0
  fi

  pei_require_command rosdep
  pei_use_stage_proxy "${PEI_HTTP_PROXY_1-}" "${PEI_HTTPS_PROXY_1-}"
  if [[ ! -f "${list}" ]] || pei_arg_on force; then
    pei_require_root
    [[ -f "${list}" ]] || made=yes
    pei_tmp_dir_init
    fetch_sources
  fi
  update_cache || roll_back
  pei_log_info "rosdep is set up for ${user}"
}

# Not when sourced by a test.
if [[ "${BASH_SOURCE[0]}" == "$0" ]]; then
  main "$@"
fi
