#!/usr/bin/env bash
# Makes apt copy every package it fetched to a second directory, after each dpkg run.
#
# Reads: PEI_APT_SHADOW_CACHE_DIR. Root: yes. Network: no.
set -Eeuo pipefail
shopt -s inherit_errexit
here="$(dirname -- "${BASH_SOURCE[0]}")"
# shellcheck source=../../lib/pei.sh
source "${here}/../../lib/pei.sh"
# shellcheck source=apt-conf.bash
source "${here}/apt-conf.bash"

declare_options() {
  pei_args_begin enable-shadow-cache.sh 'Make apt copy fetched packages to a second directory after each dpkg run.'
  pei_args_operand folder '' "an absolute directory (default: \$PEI_APT_SHADOW_CACHE_DIR, else /apt-shadow-cache)"
}

main() {
  declare_options
  pei_args_parse "$@"
  pei_install_err_trap
  local folder text
  folder="$(pei_arg folder)"
  folder="${folder:-${PEI_APT_SHADOW_CACHE_DIR:-/apt-shadow-cache}}"
  apt_require_plain_folder "${folder}"
  text="$(apt_copy_hook "${folder}")"
  if [[ -d "${folder}" ]] && apt_conf_equals 01-shadow-cache "${text}" && ! pei_arg_on force; then
    pei_log_info "packages are copied to ${folder} already; nothing to do"
    return 0
  fi
  if pei_arg_on dry-run; then
    pei_plan "create ${folder} and write $(__apt_conf_dir)/01-shadow-cache"
    return 0
  fi
  pei_require_root
  mkdir -p -- "${folder}" || pei_die "cannot create ${folder}"
  apt_conf_set 01-shadow-cache <<<"${text}" || pei_die 'cannot write the apt configuration'
  pei_log_info "apt copies fetched packages to ${folder}"
}

if [[ "${BASH_SOURCE[0]}" == "$0" ]]; then
  main "$@"
fi
