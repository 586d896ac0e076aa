# shellcheck shell=bash
# Command line programs from the npm registry, installed globally with a user's bun.

# pei_in_login_shell USER [NAME=VALUE…] COMMAND [ARGUMENT…]: as USER, with what the user's profile sets. A profile
# may complain about anything; only the command's own words are let through on stdout.
pei_in_login_shell() {
  local user="$1"
  shift
  local -a environment=()
  while (($# > 0)) && [[ "$1" =~ ^[A-Za-z_][A-Za-z0-9_]*= ]]; do
    environment+=("$1")
    shift
  done
  # The profile's stdout goes to stderr; descriptor 9 is where the command's goes.
  # shellcheck disable=SC2016 # expands in the login shell
  pei_run_as "${user}" ${environment[@]+"${environment[@]}"} bash -c '
    exec 9>&1 1>&2
    for file in /etc/profile "${HOME}/.bash_profile" "${HOME}/.bash_login" "${HOME}/.profile"; do
      case "${file}" in
        /etc/profile) [ ! -r "${file}" ] || . "${file}" ;;
        *) if [ -r "${file}" ]; then . "${file}"; break; fi ;;
      esac
    done
    exec 1>&9 9>&-
    "$@"' pei "$@" </dev/null
}

# pei_find_program USER NAME [PATH…]: NAME as USER's login shell finds it, else the first PATH that is there.
pei_find_program() {
  local user="$1" name="$2" found
  shift 2
  # shellcheck disable=SC2016 # expands in the login shell
  found="$(pei_in_login_shell "${user}" bash -c 'type -P -- "$1"' pei "${name}" 2>/dev/null)" || found=''
  if [[ "${found}" == /* ]]; then
    printf '%s\n' "${found}"
    return 0
  fi
  for found in "$@"; do
    if [[ -x "${found}" ]]; then
      printf '%s\n' "${found}"
      return 0
    fi
  done
  return 1
}

# pei_find_bun USER: fatal when the user has none.
pei_find_bun() {
  local user="$1" home
  home="$(pei_user_home "${user}")"
  pei_find_program "${user}" bun "${BUN_INSTALL:+${BUN_INSTALL}/bin/bun}" "${home}/.bun/bin/bun" \
    || pei_die "${user} has no bun; run install-bun.sh first"
}

# pei_bun USER BUN ARGUMENT…: bun with its own directory on PATH.
pei_bun() {
  local user="$1" bun="$2"
  shift 2
  # shellcheck disable=SC2016 # expands in the login shell
  pei_in_login_shell "${user}" bash -c 'bun="$1"; shift; PATH="${bun%/*}:${PATH}" exec "${bun}" "$@"' pei "${bun}" "$@"
}

# pei_bun_global_bin USER BUN: where bun puts global commands.
pei_bun_global_bin() {
  local dir
  dir="$(pei_bun "$1" "$2" pm bin -g 2>/dev/null | tail -n 1)" || dir=''
  [[ "${dir}" == /* ]] || dir="$(pei_user_home "$1")/.bun/bin"
  printf '%s\n' "${dir}"
}

# pei_bun_add USER BUN PACKAGE VERSION: from the mirror's npm registry, else from the one bun is configured for.
pei_bun_add() {
  local user="$1" bun="$2" spec="$3@$4" place
  if place="$(pei_mirror_url https://registry.npmjs.org/)"; then
    # shellcheck disable=SC2016 # expands in the login shell
    if pei_in_login_shell "${user}" BUN_CONFIG_REGISTRY="${place}" \
      bash -c 'bun="$1"; shift; PATH="${bun%/*}:${PATH}" exec "${bun}" "$@"' pei "${bun}" add --global "${spec}" >&2; then
      return 0
    fi
    pei_log_warn "${spec} cannot be had from ${place}"
  fi
  pei_bun "${user}" "${bun}" add --global "${spec}" >&2
}
