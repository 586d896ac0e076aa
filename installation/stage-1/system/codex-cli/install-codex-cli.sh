#!/usr/bin/env bash
# Installs the Codex command line for one user, with that user's bun.
#
# Reads: CODEX_API_KEY and CODEX_BASE_URL (only whether they are set), PEI_DOWNLOAD_MIRROR, proxies.
# Root: only for another user. Network: the npm registry that bun is configured for.
set -Eeuo pipefail
shopt -s inherit_errexit
# shellcheck source=../../lib/pei.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/../../lib/pei.sh"

PACKAGE='@openai/codex'
WRAPPER_MARK='# Written by install-codex-cli.sh.'

declare_options() {
  pei_args_begin install-codex-cli.sh "Install the Codex command line for one user, with that user's bun."
  pei_args_value user NAME '' 'who gets it (default: the caller)'
  pei_args_value version VERSION "$(pei_version codex-cli)" 'which version, or latest'
  pei_args_switch with-alias 'define codex-custom-api even if its variables are not set now'
  pei_args_note 'If CODEX_API_KEY and CODEX_BASE_URL are set, ~/.bashrc gets the alias codex-custom-api, which reads both from the'
  pei_args_note 'environment each time it is used. Neither value is written anywhere.'
  pei_args_note 'Needs bun; install-bun.sh brings it. Where Node.js is missing, bun runs the command in its stead.'
}

configure_alias() {
  if ! pei_arg_on with-alias && [[ -z "${CODEX_API_KEY-}" || -z "${CODEX_BASE_URL-}" ]]; then
    pei_log_info 'alias codex-custom-api skipped: CODEX_API_KEY and CODEX_BASE_URL are not both set'
    return 0
  fi
  # shellcheck disable=SC2016 # expands when the alias is used
  printf '%s\n' \
    '# The key and the address are read from the environment at each use.' \
    'alias codex-custom-api='\''OPENAI_API_KEY="${CODEX_API_KEY:?is not set}" OPENAI_BASE_URL="${CODEX_BASE_URL:?is not set}" codex --dangerously-bypass-approvals-and-sandbox'\' \
    | pei_block_set "${USER_HOME}/.bashrc" codex-cli-alias || pei_die 'cannot write ~/.bashrc'
}

installed_version() {
  local said
  # bun's directory may not be on the PATH of a shell that was never configured.
  # shellcheck disable=SC2016 # expands in the login shell
  said="$(pei_in_login_shell "${USER_NAME}" bash -c 'PATH="${2%/*}:${PATH}" exec "$1" --version' pei "${BIN}/codex" "${BUN}" 2>/dev/null)" || return 1
  [[ "${said}" =~ [0-9]+(\.[0-9]+)+ ]] && printf '%s\n' "${BASH_REMATCH[0]}"
}

is_satisfied() {
  local found
  ! pei_arg_on force || return 1
  found="$(installed_version)" || return 1
  ! pei_arg_given version || [[ "${VERSION}" == latest || "${found}" == "${VERSION}" ]]
}

# The command is a script for node. Where there is none it is replaced by one that takes bun; a node that comes later is used.
provide_interpreter() {
  local script
  if pei_find_program "${USER_NAME}" node >/dev/null || [[ ! -L "${BIN}/codex" ]]; then
    return 0
  fi
  script="$(readlink -f -- "${BIN}/codex")"
  [[ "$(head -n 1 -- "${script}")" == '#!'*node* ]] || return 0
  pei_log_info 'there is no Node.js; bun will run codex'
  rm -f -- "${BIN}/codex"
  {
    printf '%s\n' '#!/bin/sh' "${WRAPPER_MARK}"
    printf 'script=%s\n' "$(pei_quote "${script}")"
    printf 'bun=%s\n' "$(pei_quote "${BUN}")"
    # shellcheck disable=SC2016 # expands in the written script
    printf '%s\n' 'if command -v node >/dev/null 2>&1; then exec node "${script}" "$@"; fi' 'exec "${bun}" "${script}" "$@"'
  } | pei_write_file --mode 0755 "${BIN}/codex" || pei_die "cannot write ${BIN}/codex"
}

# bun refuses to put its link where a plain file is.
remove_wrapper() {
  if [[ -f "${BIN}/codex" && ! -L "${BIN}/codex" ]] && grep -qxF -- "${WRAPPER_MARK}" "${BIN}/codex"; then
    mv -f -- "${BIN}/codex" "${PEI_TMP_DIR}/wrapper"
  fi
}

restore_wrapper() {
  if [[ -f "${PEI_TMP_DIR}/wrapper" && ! -e "${BIN}/codex" ]]; then
    pei_write_file --mode 0755 "${BIN}/codex" <"${PEI_TMP_DIR}/wrapper"
  fi
}

configure() {
  pei_env_path_line "${BIN}" | pei_env_for_user "${USER_NAME}" codex-cli || pei_die 'cannot write the rc files'
  configure_alias
}

main() {
  declare_options
  pei_args_parse "$@"
  pei_install_err_trap
  USER_NAME="$(pei_resolve_target_user "$(pei_arg user)")"
  USER_HOME="$(pei_user_home "${USER_NAME}")"
  VERSION="$(pei_arg version)"
  pei_require_version "${VERSION}"
  # A word such as `latest`; nothing for a version.
  REQUESTED="${VERSION/#[v0-9]*/}"
  VERSION="$(pei_locked_request "${PACKAGE}" "${VERSION#v}")"
  if pei_arg_on dry-run; then
    pei_plan "let bun install ${PACKAGE}@${VERSION} for ${USER_NAME} from $(pei_mirrored https://registry.npmjs.org/) or the registry that bun is configured for"
    return 0
  fi
  BUN="$(pei_find_bun "${USER_NAME}")"
  BIN="$(pei_bun_global_bin "${USER_NAME}" "${BUN}")"
  if is_satisfied; then
    pei_log_info "Codex $(installed_version) is installed already for ${USER_NAME}; nothing to download"
    configure
    return 0
  fi
  pei_tmp_dir_init
  pei_undo_note "${BIN}/codex" "${BIN%/bin}/install/global"
  remove_wrapper
  if ! pei_bun_add "${USER_NAME}" "${BUN}" "${PACKAGE}" "${VERSION}"; then
    restore_wrapper
    pei_die 'Codex is not installed'
  fi
  provide_interpreter
  installed_version >/dev/null || pei_die "${BIN}/codex does not run"
  pei_record npm name="${PACKAGE}" user="${USER_NAME}" -- version="$(installed_version)" requested="${REQUESTED}"
  configure
  pei_log_info "Codex $(installed_version) is installed for ${USER_NAME}"
}

if [[ "${BASH_SOURCE[0]}" == "$0" ]]; then
  main "$@"
fi
