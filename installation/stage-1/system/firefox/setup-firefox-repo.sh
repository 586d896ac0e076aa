#!/usr/bin/env bash
# Adds Mozilla's package source, preferred over the distribution's; Firefox itself is not installed.
#
# Reads: PEI_DOWNLOAD_MIRROR, proxies. Root: yes. Network: packages.mozilla.org, or the mirror.
set -Eeuo pipefail
shopt -s inherit_errexit
# shellcheck source=../../lib/pei.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/../../lib/pei.sh"

SITE='https://packages.mozilla.org/apt'
KEY_URL="${SITE}/repo-signing-key.gpg"
KEY_FINGERPRINT='35BAA0B33E9EB396F59CA838C0BA5CE6DC6315A3'
KEYRING=/etc/apt/keyrings/packages.mozilla.org.asc
LIST=/etc/apt/sources.list.d/mozilla.list
PIN=/etc/apt/preferences.d/mozilla

source_line() { printf 'deb [signed-by=%s] %s mozilla main\n' "${KEYRING}" "$1"; }

# apt compares the origin with the host of the source, so a mirror needs its own name here.
pin_text() {
  local host="${1#*://}"
  host="${host%%/*}"
  printf 'Package: *\nPin: origin %s\nPin-Priority: 1000\n' "${host%%:*}"
}

is_satisfied() {
  local site
  [[ -s "${KEYRING}" && -s "${LIST}" && -s "${PIN}" ]] && ! pei_arg_on force || return 1
  while IFS= read -r site; do
    if [[ "$(<"${LIST}")" == "$(source_line "${site}")" && "$(<"${PIN}")" == "$(pin_text "${site}")" ]]; then
      return 0
    fi
  done < <(pei_download_places "${SITE}")
  return 1
}

fetch_key() {
  local file="${PEI_TMP_DIR}/mozilla.asc"
  # Without certificates https fails before the key could be checked.
  pei_apt_install ca-certificates gpg || return 1
  pei_download --url "${KEY_URL}" --to "${file}" || return 1
  [[ "$(pei_key_fingerprints "${file}" | head -n 1)" == "${KEY_FINGERPRINT}" ]] || {
    pei_log_error "the key at ${KEY_URL} is not Mozilla's"
    return 1
  }
}

# The mirror first; keeps the line that works.
add_source() {
  local site
  while IFS= read -r site; do
    if pei_apt_source_set --list "${LIST}" --line "$(source_line "${site}")" --keyring "${KEYRING}" \
      --key "${PEI_TMP_DIR}/mozilla.asc" --pin "${PIN}" --pin-text "$(pin_text "${site}")"; then
      return 0
    fi
  done < <(pei_download_places "${SITE}")
  return 1
}

main() {
  pei_args_begin setup-firefox-repo.sh "Add Mozilla's package source, preferred over the distribution's."
  pei_args_note 'Firefox itself is not installed: apt-get install firefox does that afterwards.'
  pei_args_parse "$@"
  pei_install_err_trap
  if is_satisfied; then
    pei_log_info "Mozilla's package source is there already; nothing to do"
    return 0
  fi
  if pei_arg_on dry-run; then
    pei_plan_download --url "${KEY_URL}" --to "${KEYRING}"
    pei_plan "write ${LIST}: $(source_line "$(pei_mirrored "${SITE}")")"
    pei_plan "write ${PIN}"
    return 0
  fi
  pei_require_root
  pei_require_supported_distro
  pei_tmp_dir_init
  fetch_key && add_source || pei_die "Mozilla's package source is not added"
  pei_log_info "Mozilla's package source is ready"
}

if [[ "${BASH_SOURCE[0]}" == "$0" ]]; then
  main "$@"
fi
