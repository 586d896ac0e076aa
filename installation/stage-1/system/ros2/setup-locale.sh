#!/usr/bin/env bash
# Makes en_US.UTF-8 the language, as ROS 2 expects; does not change the time zone.
#
# Usage:   setup-locale.sh [OPTIONS], see --help
# Reads:   PEI_ETC (a directory instead of /etc)
# Root:    yes
# Network: apt
set -Eeuo pipefail
shopt -s inherit_errexit
# shellcheck source=../../lib/pei.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/../../lib/pei.sh"
# shellcheck source=../../lib/locale.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/../../lib/locale.sh"

declare_options() {
  pei_args_begin setup-locale.sh 'Generate en_US and en_US.UTF-8, and make the latter LANG and LC_ALL.'
  pei_args_note 'Root: yes. Network: the apt sources.'
}

main() {
  declare_options
  pei_args_parse "$@"
  pei_install_err_trap
  if pei_arg_on dry-run; then
    pei_plan 'install the package tzdata, if it is missing'
  else
    pei_require_root
    pei_apt_install tzdata
  fi
  pei_set_locale --locale en_US.UTF-8 --also en_US --lc-all "$@"
}

# Not when sourced by a test.
if [[ "${BASH_SOURCE[0]}" == "$0" ]]; then
  main "$@"
fi
