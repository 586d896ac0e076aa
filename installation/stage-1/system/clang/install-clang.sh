#!/usr/bin/env bash
# Installs Clang, its debugger, linker and language server from the LLVM project's packages, or from the distribution's.
#
# Reads: PEI_PROXY_HTTP_PROXY_2, PEI_HTTP_PROXY_2, PEI_HTTP_PROXY_1 (a proxy, where none is set and it answers), PEI_DOWNLOAD_MIRROR.
# Root: yes. Network: apt.llvm.org and the distribution's package servers.
set -Eeuo pipefail
shopt -s inherit_errexit
# shellcheck source=../../lib/pei.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/../../lib/pei.sh"

SITE='https://apt.llvm.org'
KEY_URL="${SITE}/llvm-snapshot.gpg.key"
# Published on the site's front page.
KEY_FINGERPRINT='6084F3CF814B57C1CF12EFD515CF4D18AF4F7421'
KEYRING=/etc/apt/keyrings/apt.llvm.org.asc
LIST=/etc/apt/sources.list.d/llvm.list

declare_options() {
  pei_args_begin install-clang.sh 'Install Clang with its debugger, linker and language server.'
  pei_args_value version NUMBER "$(pei_version clang)" 'which major version'
  pei_args_choice source llvm 'llvm|distro' "llvm: the LLVM project's package source is added; distro: the distribution's own packages"
}

packages() { printf '%s\n' "clang-$1" "lldb-$1" "lld-$1" "clangd-$1"; }

source_line() {
  local site="$1" codename="$2" version="$3"
  printf 'deb [arch=%s signed-by=%s] %s/%s/ llvm-toolchain-%s-%s main\n' \
    "$(pei_arch)" "${KEYRING}" "${site}" "${codename}" "${codename}" "${version}"
}

fetch_key() {
  local file="${PEI_TMP_DIR}/llvm.asc"
  # Without certificates https fails before the key could be checked.
  pei_apt_install ca-certificates gpg || return 1
  pei_download --url "${KEY_URL}" --to "${file}" || return 1
  [[ "$(pei_key_fingerprints "${file}" | head -n 1)" == "${KEY_FINGERPRINT}" ]] || {
    pei_log_error "the key at ${KEY_URL} is not the one of the LLVM project"
    return 1
  }
}

# The mirror first; keeps the line that works.
add_source() {
  local version="$1" codename site
  codename="$(pei_distro_codename)"
  while IFS= read -r site; do
    if pei_apt_source_set --list "${LIST}" --line "$(source_line "${site%/}" "${codename}" "${version}")" \
      --keyring "${KEYRING}" --key "${PEI_TMP_DIR}/llvm.asc"; then
      return 0
    fi
  done < <(pei_download_places "${SITE}/")
  return 1
}

# If the packages fail, the source that this script added must be removed.
install_from_llvm() {
  local version="$1" had_list=0
  shift
  if [[ -e "${LIST}" ]]; then had_list=1; fi
  fetch_key && add_source "${version}" || return 1
  if ! pei_apt_install "$@"; then
    ((had_list)) || rm -f -- "${LIST}" "${KEYRING}"
    return 1
  fi
}

main() {
  declare_options
  pei_args_parse "$@"
  pei_install_err_trap
  local version source
  local -a wanted missing
  version="$(pei_arg version)"
  source="$(pei_arg source)"
  [[ "${version}" =~ ^[0-9]+$ ]] || pei_usage_die "option \`--version\`: expected a major version such as 20, found \`${version}\`"
  mapfile -t wanted < <(packages "${version}")
  mapfile -t missing < <(pei_apt_missing "${wanted[@]}")
  if ((${#missing[@]} == 0)) && ! pei_arg_on force; then
    pei_log_info "Clang ${version} is installed already; nothing to do"
    return 0
  fi
  if pei_arg_on dry-run; then
    if [[ "${source}" == llvm ]]; then
      pei_plan_download --url "${KEY_URL}" --to "${KEYRING}"
      pei_plan "write ${LIST}: $(source_line "$(pei_mirrored "${SITE}")" "$(pei_distro_codename)" "${version}")"
    fi
    pei_plan "install packages: ${wanted[*]}"
    return 0
  fi
  pei_require_root
  pei_require_supported_distro
  pei_use_stage_proxy "${PEI_PROXY_HTTP_PROXY_2:-${PEI_HTTP_PROXY_2:-${PEI_HTTP_PROXY_1-}}}"
  pei_tmp_dir_init
  if [[ "${source}" == llvm ]]; then
    install_from_llvm "${version}" "${wanted[@]}" || pei_die 'Clang is not installed'
  else
    pei_apt_install "${wanted[@]}" || pei_die 'Clang is not installed; another --version, or --source llvm, may be available'
  fi
  pei_log_info "Clang ${version} is installed; setup-latest-clang-as-default.sh makes it cc and c++"
}

if [[ "${BASH_SOURCE[0]}" == "$0" ]]; then
  main "$@"
fi
