#!/usr/bin/env bash
# Makes the newest installed Clang the system's cc and c++.
#
# Root: yes. Network: no.
set -Eeuo pipefail
shopt -s inherit_errexit
# shellcheck source=../../lib/pei.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/../../lib/pei.sh"

PRIORITY=50

# The highest N for which both clang-N and clang++-N are there; nothing when there is none.
latest_clang() {
  local program number best=0 bin="${PEI_BIN_DIR:-/usr/bin}"
  for program in "${bin}"/clang-[0-9]*; do
    number="${program##*-}"
    if [[ "${number}" =~ ^[0-9]+$ && -x "${bin}/clang++-${number}" ]] && ((number > best)); then
      best="${number}"
    fi
  done
  ((best > 0)) && printf '%s\n' "${best}"
}

# make_default LINK NAME PROGRAM
make_default() {
  update-alternatives --install "$1" "$2" "$3" "${PRIORITY}" >&2 || pei_die "cannot register $3 as $2"
  # A compiler of higher priority, or a choice made by hand, would win otherwise.
  update-alternatives --set "$2" "$3" >&2 || pei_die "cannot make $3 the default $2"
}

is_default() { [[ "$(readlink -f -- "$1")" == "$(readlink -f -- "$2")" ]]; }

main() {
  pei_args_begin setup-latest-clang-as-default.sh "Make the newest installed Clang the system's cc and c++."
  pei_args_parse "$@"
  pei_install_err_trap
  local number bin="${PEI_BIN_DIR:-/usr/bin}"
  number="$(latest_clang)" || pei_die "there is no clang-N in ${bin}; run install-clang.sh first"
  if is_default /usr/bin/cc "${bin}/clang-${number}" && is_default /usr/bin/c++ "${bin}/clang++-${number}" && ! pei_arg_on force; then
    pei_log_info "Clang ${number} is the default already; nothing to do"
    return 0
  fi
  if pei_arg_on dry-run; then
    pei_plan "make clang-${number} the alternative of /usr/bin/cc, clang++-${number} of /usr/bin/c++"
    return 0
  fi
  pei_require_root
  make_default /usr/bin/cc cc "${bin}/clang-${number}"
  make_default /usr/bin/c++ c++ "${bin}/clang++-${number}"
  pei_log_info "cc and c++ are Clang ${number}"
}

if [[ "${BASH_SOURCE[0]}" == "$0" ]]; then
  main "$@"
fi
