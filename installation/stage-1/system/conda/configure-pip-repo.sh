#!/usr/bin/env bash
# Points the caller's pip at the index of a mirror, or back at PyPI.
#
# Usage:   configure-pip-repo.sh tuna|aliyun|official [OPTIONS], see --help
# Root:    no
# Network: no
set -Eeuo pipefail
shopt -s inherit_errexit
# shellcheck source=../../lib/pei.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/../../lib/pei.sh"

declare_options() {
  pei_args_begin configure-pip-repo.sh "Set the index of the caller's pip."
  pei_args_operand repo '' 'whose index' 'tuna|aliyun|official'
}

index_of() {
  case "$1" in
    tuna) printf 'https://pypi.tuna.tsinghua.edu.cn/simple\n' ;;
    aliyun) printf 'https://mirrors.aliyun.com/pypi/simple\n' ;;
    official) printf '\n' ;;
  esac
}

main() {
  declare_options
  pei_args_parse "$@"
  pei_install_err_trap
  local repo index now
  repo="$(pei_arg repo)"
  [[ -n "${repo}" ]] || pei_usage_die 'whose index? expected one of tuna, aliyun, official'
  index="$(index_of "${repo}")"
  pei_require_command pip

  # pip answers with an error for a setting that is not there.
  now="$(pip config --user get global.index-url 2>/dev/null)" || now=''
  if [[ "${now}" == "${index}" ]] && ! pei_arg_on force; then
    pei_log_info "pip already uses ${index:-the official index}"
  elif pei_arg_on dry-run; then
    pei_plan "make pip use ${index:-the official index}"
  elif [[ -n "${index}" ]]; then
    pip config --user set global.index-url "${index}" >&2
  elif [[ -n "${now}" ]]; then
    pip config --user unset global.index-url >&2
  fi
}

# Not when sourced by a test.
if [[ "${BASH_SOURCE[0]}" == "$0" ]]; then
  main "$@"
fi
