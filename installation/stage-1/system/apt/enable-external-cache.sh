#!/usr/bin/env bash
# Makes apt keep every package it downloads, in a directory of choice.
#
# Reads: PEI_APT_CACHE_DIR. Root: yes. Network: no.
set -Eeuo pipefail
shopt -s inherit_errexit
here="$(dirname -- "${BASH_SOURCE[0]}")"
# shellcheck source=../../lib/pei.sh
source "${here}/../../lib/pei.sh"
# shellcheck source=apt-conf.bash
source "${here}/apt-conf.bash"

declare_options() {
  pei_args_begin enable-external-cache.sh 'Make apt keep downloaded packages in a directory of choice.'
  pei_args_operand folder '' "an absolute directory (default: \$PEI_APT_CACHE_DIR, else /apt-ext-store)"
}

# During a build pei's own cache outweighs the directory, so what apt has installed from there is copied.
conf_text() {
  printf '%s\n' \
    'Binary::apt::APT::Keep-Downloaded-Packages "true";' \
    'APT::Keep-Downloaded-Packages "true";' \
    "Dir::Cache::Archives \"$1\";"
  apt_copy_hook "$1"
}

main() {
  declare_options
  pei_args_parse "$@"
  pei_install_err_trap
  local folder text
  folder="$(pei_arg folder)"
  folder="${folder:-${PEI_APT_CACHE_DIR:-/apt-ext-store}}"
  apt_require_plain_folder "${folder}"
  text="$(conf_text "${folder}")"
  if [[ -d "${folder}" ]] && apt_conf_equals 01-external-cache "${text}" && ! pei_arg_on force; then
    pei_log_info "packages are kept in ${folder} already; nothing to do"
    return 0
  fi
  if pei_arg_on dry-run; then
    pei_plan "create ${folder} and write $(__apt_conf_dir)/01-external-cache"
    return 0
  fi
  pei_require_root
  # apt makes its own `partial` directory below, for its own user; nobody else has to write here.
  mkdir -p -- "${folder}" || pei_die "cannot create ${folder}"
  apt_conf_set 01-external-cache <<<"${text}" || pei_die 'cannot write the apt configuration'
  pei_log_info "apt keeps downloaded packages in ${folder}"
}

if [[ "${BASH_SOURCE[0]}" == "$0" ]]; then
  main "$@"
fi
