#!/usr/bin/env bash
# Installs the Angular command line with pnpm, and pnpm itself where it is missing.
#
# Reads: PEI_DOWNLOAD_MIRROR, proxies, npm's own configuration. Root: only for another user. Network: the npm registry.
set -Eeuo pipefail
shopt -s inherit_errexit
# shellcheck source=../../lib/pei.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/../../lib/pei.sh"

declare_options() {
  pei_args_begin install-angular.sh 'Install the Angular command line with pnpm, and pnpm itself where it is missing.'
  pei_args_value user NAME '' 'who gets it (default: the caller)'
  pei_args_value version VERSION "$(pei_version angular)" 'which @angular/cli, or latest'
  pei_args_value pnpm-version VERSION "$(pei_version pnpm)" 'which pnpm, if there is none yet, or latest'
  pei_args_note 'Needs Node.js with npm; install-nvm-nodejs.sh brings them.'
}

# As the user, in a login shell, where nvm and PNPM_HOME are set. CI is the word of all three tools for nobody being there
# to answer: a hook at the start writes to the container's terminal, and ng would ask its questions there.
in_shell() {
  # shellcheck disable=SC2016 # expands in the login shell
  pei_run_as "${USER_NAME}" PEI_PNPM_HOME="${PNPM_DIR}" CI=true bash -lc '
    export PNPM_HOME="${PNPM_HOME:-${PEI_PNPM_HOME}}"
    # The directory of global commands has moved below bin/ in newer versions.
    export PATH="${PNPM_HOME}/bin:${PNPM_HOME}:${PATH}"
    "$@"' pei "$@" </dev/null
}

# Tries the mirror's npm registry first, then whatever npm is configured for.
with_registry() {
  local registry='https://registry.npmjs.org' place
  if place="$(pei_mirror_url "${registry}/")" && in_shell env npm_config_registry="${place}" "$@" >&2; then
    return 0
  fi
  in_shell "$@" >&2
}

is_satisfied() {
  local said
  ! pei_arg_on force || return 1
  said="$(in_shell ng version 2>/dev/null)" && in_shell pnpm --version >/dev/null 2>&1 || return 1
  ! pei_arg_given version || [[ "$1" == latest ]] || grep -qE "^Angular CLI *: ${1//./\\.}\$" <<<"${said}"
}

configure_shells() {
  {
    pei_env_var_line PNPM_HOME "${PNPM_DIR}"
    pei_env_path_line "${PNPM_DIR}"
    pei_env_path_line "${PNPM_DIR}/bin"
  } | pei_env_for_user "${USER_NAME}" pnpm || pei_die 'cannot write the rc files'
}

main() {
  declare_options
  pei_args_parse "$@"
  pei_install_err_trap
  local version pnpm_version requested pnpm_requested
  USER_NAME="$(pei_resolve_target_user "$(pei_arg user)")"
  PNPM_DIR="$(pei_user_home "${USER_NAME}")/.local/share/pnpm"
  version="$(pei_arg version)"
  pnpm_version="$(pei_arg pnpm-version)"
  pei_require_version "${version}"
  pei_require_version "${pnpm_version}"
  # Words such as `latest`; nothing for a version.
  requested="${version/#[v0-9]*/}" pnpm_requested="${pnpm_version/#[v0-9]*/}"
  version="$(pei_locked_request @angular/cli "${version#v}")"
  pnpm_version="$(pei_locked_request pnpm "${pnpm_version#v}")"

  if pei_arg_on dry-run; then
    pei_plan "install pnpm ${pnpm_version} for ${USER_NAME} by npm, unless pnpm is there"
    pei_plan "install @angular/cli ${version} by pnpm from $(pei_mirrored https://registry.npmjs.org/), unless it is there, and set its package manager to pnpm"
    return 0
  fi
  if is_satisfied "${version}"; then
    pei_log_info "the Angular command line is installed already for ${USER_NAME}; nothing to download"
    return 0
  fi
  in_shell npm --version >/dev/null 2>&1 || pei_die "${USER_NAME} has no npm; run install-nvm-nodejs.sh first"
  pei_tmp_dir_init
  pei_undo_note "${PNPM_DIR}"
  if ! in_shell pnpm --version >/dev/null 2>&1; then
    pei_log_info "installing pnpm ${pnpm_version}"
    with_registry npm install --global --no-fund --no-audit "pnpm@${pnpm_version}" || pei_die 'pnpm is not installed'
    pei_record npm name=pnpm user="${USER_NAME}" -- version="$(in_shell pnpm --version)" requested="${pnpm_requested}"
  fi
  pei_make_dir "${USER_NAME}" "${PNPM_DIR}/bin" || pei_die "cannot create ${PNPM_DIR}"
  with_registry pnpm add --global "@angular/cli@${version}" || pei_die 'the Angular command line is not installed'
  in_shell env NG_CLI_ANALYTICS=false ng config --global cli.packageManager pnpm >&2 || pei_die 'ng does not work'
  pei_record npm name=@angular/cli user="${USER_NAME}" -- version="$(in_shell ng version 2>/dev/null | sed -nE 's/^Angular CLI *: //p')" requested="${requested}"
  configure_shells
  pei_log_info "the Angular command line is installed for ${USER_NAME}"
}

if [[ "${BASH_SOURCE[0]}" == "$0" ]]; then
  main "$@"
fi
