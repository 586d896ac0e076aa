#!/usr/bin/env bash
# Installs LiteLLM with its proxy server for one user, with that user's uv.
#
# Reads: PEI_DOWNLOAD_MIRROR, proxies, uv's own configuration. Root: only for another user. Network: PyPI, or the index uv
# is configured for; github.com where the machine has no Python that fits.
set -Eeuo pipefail
shopt -s inherit_errexit
# shellcheck source=../../lib/pei.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/../../lib/pei.sh"

PYTHON_BUILDS='https://github.com/astral-sh/python-build-standalone/releases/download'

declare_options() {
  pei_args_begin install-litellm.sh "Install LiteLLM with its proxy server for one user, with that user's uv."
  pei_args_value user NAME '' 'who gets it (default: the caller)'
  pei_args_value version VERSION "$(pei_version litellm)" 'which version, or latest'
  pei_args_note 'Needs uv; install-uv.sh brings it. proxy.py beside this script is a front for the server; see the README.'
}

find_uv() {
  pei_find_program "${USER_NAME}" uv "${USER_HOME}/.local/bin/uv" "${USER_HOME}/.cargo/bin/uv" /usr/local/bin/uv \
    || pei_die "${USER_NAME} has no uv; run install-uv.sh first"
}

in_shell() { pei_in_login_shell "${USER_NAME}" "$@"; }

# The version that uv has installed, if any.
installed_version() {
  local listed
  [[ -x "${USER_HOME}/.local/bin/litellm" ]] || return 1
  listed="$(in_shell "${UV}" tool list 2>/dev/null)" || return 1
  sed -n 's/^litellm v//p' <<<"${listed}" | grep .
}

is_satisfied() {
  local found
  ! pei_arg_on force || return 1
  found="$(installed_version)" || return 1
  ! pei_arg_given version || [[ "${VERSION}" == latest || "${found}" == "${VERSION}" ]]
}

requirement() {
  if [[ "${VERSION}" == latest ]]; then
    printf 'litellm[proxy]\n'
  else
    printf 'litellm[proxy]==%s\n' "${VERSION}"
  fi
}

# From the mirror's index, else from the one uv is configured for.
install_tool() {
  local place builds
  builds="$(pei_mirrored "${PYTHON_BUILDS}")"
  local -a command=("${UV}" tool install --force "$(requirement)")
  # An index that is configured already is the user's choice, so it is only set for the mirror.
  if place="$(pei_mirror_url https://pypi.org/simple)"; then
    if in_shell UV_DEFAULT_INDEX="${place}" UV_PYTHON_INSTALL_MIRROR="${builds}" "${command[@]}" >&2; then
      return 0
    fi
    pei_log_warn "LiteLLM cannot be had from ${place}"
  fi
  in_shell "${command[@]}" >&2
}

configure_shells() {
  pei_env_path_line "${USER_HOME}/.local/bin" | pei_env_for_user "${USER_NAME}" litellm || pei_die 'cannot write the rc files'
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
  VERSION="$(pei_locked_request litellm "${VERSION#v}")"
  if pei_arg_on dry-run; then
    pei_plan "let uv install $(requirement) for ${USER_NAME} from $(pei_mirrored https://pypi.org/simple) or the index that uv is configured for, into ${USER_HOME}/.local"
    return 0
  fi
  UV="$(find_uv)"
  if is_satisfied; then
    pei_log_info "LiteLLM $(installed_version) is installed already for ${USER_NAME}; nothing to download"
    configure_shells
    return 0
  fi
  pei_tmp_dir_init
  pei_undo_note "${USER_HOME}/.local/share/uv/tools/litellm" "${USER_HOME}/.local/bin/litellm" "${USER_HOME}/.local/bin/litellm-proxy"
  install_tool || pei_die 'LiteLLM is not installed'
  in_shell test -x "${USER_HOME}/.local/bin/litellm" || pei_die 'uv is done, but there is no litellm'
  pei_record pypi name=litellm user="${USER_NAME}" -- version="$(installed_version)" requested="${REQUESTED}"
  configure_shells
  pei_log_info "LiteLLM $(installed_version) is installed for ${USER_NAME}"
}

if [[ "${BASH_SOURCE[0]}" == "$0" ]]; then
  main "$@"
fi
