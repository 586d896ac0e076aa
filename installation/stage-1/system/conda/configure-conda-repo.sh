#!/usr/bin/env bash
# Points the caller's conda at the channels of a mirror, or back at the official ones, in ~/.condarc.
#
# Usage:   configure-conda-repo.sh [tuna|official] [OPTIONS], see --help
# Root:    no
# Network: no
set -Eeuo pipefail
shopt -s inherit_errexit
here="$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)"
# shellcheck source=../../lib/pei.sh
source "${here}/../../lib/pei.sh"

declare_options() {
  pei_args_begin configure-conda-repo.sh "Set the channels of the caller's conda in ~/.condarc."
  pei_args_operand repo tuna 'whose channels' 'tuna|official'
  pei_args_note 'A ~/.condarc with other content is not changed; --force moves it to ~/.condarc.old.'
}

# Whether this script may write the file: it is missing, or equal to the template.
is_ours() { [[ ! -e "$1" ]] || cmp -s -- "${here}/conda-tsinghua.txt" "$1"; }

# Renames a file with the user's own settings, if --force asks for it.
make_way() {
  if is_ours "$1"; then return 0; fi
  pei_arg_on force || pei_die "$1 holds settings of its own; --force moves it to $1.old"
  if pei_arg_on dry-run; then
    pei_plan "move $1 to $1.old"
  else
    mv -f -- "$1" "$1.old"
  fi
}

use_tuna() {
  if cmp -s -- "${here}/conda-tsinghua.txt" "$1"; then
    pei_log_info "$1 already names the channels of the mirror"
    return 0
  fi
  make_way "$1"
  if pei_arg_on dry-run; then
    pei_plan "write $1"
  else
    pei_write_file "$1" <"${here}/conda-tsinghua.txt"
    pei_log_info "$1 is written"
    cat -- "$1"
  fi
}

use_official() {
  if [[ ! -e "$1" ]]; then
    pei_log_info "there is no $1, conda uses the official channels"
    return 0
  fi
  make_way "$1"
  if pei_arg_on dry-run; then
    pei_plan "remove $1"
  else
    rm -f -- "$1"
    pei_log_info 'conda uses the official channels'
  fi
}

main() {
  declare_options
  pei_args_parse "$@"
  pei_install_err_trap
  case "$(pei_arg repo)" in
    tuna) use_tuna "${HOME:?is not set}/.condarc" ;;
    official) use_official "${HOME:?is not set}/.condarc" ;;
  esac
}

# Not when sourced by a test.
if [[ "${BASH_SOURCE[0]}" == "$0" ]]; then
  main "$@"
fi
