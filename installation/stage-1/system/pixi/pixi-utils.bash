# shellcheck shell=bash
# Helpers around pixi and users, to be sourced. Sourcing defines functions, changes no option, prints nothing
# and exports nothing. Functions that act for other users need root.

# The library is found beside this file, also when another script sources it by another path.
if [[ -z "${__PEI_LIB_LOADED-}" ]]; then
  # shellcheck source=../../lib/pei.sh
  source "$(dirname -- "${BASH_SOURCE[0]}")/../../lib/pei.sh"
fi

# get_all_users: `name:home:uid:gid` of every account with uid 1000 or more, a home and a login shell.
get_all_users() {
  local name uid gid home
  while IFS= read -r name; do
    IFS=: read -r _ _ uid gid _ home _ < <(getent passwd -- "${name}")
    ((uid >= 1000)) || continue
    printf '%s:%s:%s:%s\n' "${name}" "${home}" "${uid}" "${gid}"
  done < <(pei_each_login_user)
}

# find_user_pixi USER [HOME]: the path of the pixi that USER's login shell would run, else ~/.pixi/bin/pixi.
find_user_pixi() {
  local user="$1" home="${2-}" found
  [[ -n "${home}" ]] || home="$(pei_user_home "${user}")" || return 1
  found="$(pei_run_as "${user}" bash -lc 'command -v pixi' 2>/dev/null </dev/null)" || found=''
  # The last line: a profile may print something of its own.
  found="${found##*$'\n'}"
  if [[ "${found}" != /* && -x "${home}/.pixi/bin/pixi" ]]; then
    found="${home}/.pixi/bin/pixi"
  fi
  [[ "${found}" == /* ]] || return 1
  printf '%s\n' "${found}"
}

# setup_pixi_path USER [HOME]: puts the directory of USER's pixi on this shell's PATH.
setup_pixi_path() {
  local pixi
  pixi="$(find_user_pixi "$@")" || return 1
  case ":${PATH}:" in
    *:"${pixi%/*}":*) ;;
    *) PATH="${pixi%/*}:${PATH}" ;;
  esac
}

# run_as_user USER COMMAND [ARGUMENT…]: as USER in a login shell, so that pixi's variables and PATH are set.
# A single argument with more than one word is run as a shell command line.
run_as_user() {
  local user="$1"
  shift
  if (($# == 1)) && [[ "$1" == *[[:space:]]* ]]; then
    pei_run_as "${user}" bash -lc "$1"
    return
  fi
  # shellcheck disable=SC2016 # expands in the login shell
  pei_run_as "${user}" bash -lc '"$@"' pei "$@"
}

# check_pixi_available [USER]: whether the user (default: the caller) has pixi.
check_pixi_available() { find_user_pixi "${1:-$(pei_current_user)}" >/dev/null; }

# run_pixi_for_users ARGUMENT…: pixi with these arguments for root and every login user that has pixi. Fails if it failed
# for one of them, or nobody has pixi.
run_pixi_for_users() {
  local user pixi status=0 ran=0
  while IFS= read -r user; do
    pixi="$(find_user_pixi "${user}")" || continue
    ran=$((ran + 1))
    pei_log_info "pixi $* for ${user}"
    run_as_user "${user}" "${pixi}" "$@" </dev/null || {
      pei_log_error "pixi $* failed for ${user}"
      status=1
    }
  done < <(__pixi_users)
  if ((ran == 0)); then
    pei_log_error 'no user has pixi; run install-pixi.bash first'
    return 1
  fi
  return "${status}"
}

# All users if the caller is root, otherwise the caller.
__pixi_users() {
  if ((EUID == 0)); then
    pei_each_login_user
  else
    pei_current_user
  fi
}

# user_has_password USER: whether a password login is possible; a locked hash does not count.
user_has_password() {
  local field
  field="$(getent shadow -- "$1" | cut -d: -f2)" || return 1
  [[ -n "${field}" && "${field}" != [!\$a-zA-Z0-9./]* ]]
}

root_has_password() { user_has_password root; }

# add_pixi_to_bashrc USER [HOME] [DIR]: makes DIR (default ~/.pixi/bin) part of USER's PATH.
add_pixi_to_bashrc() {
  local user="$1" home="${2-}" dir="${3-}"
  [[ -n "${home}" ]] || home="$(pei_user_home "${user}")" || return 1
  pei_env_path_line "${dir:-${home}/.pixi/bin}" | pei_env_for_user "${user}" pixi-path
}

# install_packages_for_all_users PACKAGE…: `pixi global install` for root and every login user that has pixi, key-only
# accounts included.
install_packages_for_all_users() { run_pixi_for_users global install "$@"; }
