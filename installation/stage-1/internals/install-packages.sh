#!/bin/bash
# Updates the package lists and installs the named packages that the base does not have yet.
# Usage: install-packages.sh PACKAGE… Needs root and an apt source in reach.
set -Eeuo pipefail
shopt -s inherit_errexit
# shellcheck source=installation/stage-1/lib/clean.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/../lib/clean.sh"
# shellcheck source=installation/stage-1/lib/log.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/../lib/log.sh"
# shellcheck source=installation/stage-1/lib/sources.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/../lib/sources.sh"
LOCKED="$(dirname -- "${BASH_SOURCE[0]}")/../lib/locked.sh"
readonly LOCKED
if [[ -e "${LOCKED}" ]]; then
  # shellcheck source=installation/stage-1/lib/locked.sh
  source "${LOCKED}"
fi
pei_install_err_trap

# locked NAME ARGUMENT…: pei_locked_NAME, in a locked build. Other builds do not show this step its library.
locked() { [[ ! -e "${LOCKED}" ]] || "pei_locked_$1" "${@:2}"; }

is_installed() {
  [[ "$(dpkg-query -W -f '${db:Status-Status}' -- "$1" 2>/dev/null)" == installed ]]
}

# absent PACKAGE…: prints the packages that no list has.
absent() {
  local package
  for package in "$@"; do
    LC_ALL=C apt-cache policy -- "${package}" 2>/dev/null | grep -q 'Candidate: [^(]' || printf '%s\n' "${package}"
  done
}

main() {
  export DEBIAN_FRONTEND=noninteractive
  mkdir -p /var/cache/pei-apt/archives/partial /var/cache/pei-apt/lists/partial
  local package missing=() lists_whole=1 before
  for package in "$@"; do
    is_installed "${package}" || missing+=("${package}")
  done
  if ((${#missing[@]} == 0)); then
    pei_log_info "all packages are already installed: $*"
    return 0
  fi
  # By default apt only warns if a source fails. That is an error only if a package is then missing.
  apt-get update -o APT::Update::Error-Mode=any || lists_whole=0
  if ((lists_whole == 0)) && [[ -n "$(absent "${missing[@]}")" ]]; then
    pei_die "apt-get update failed; its output is above. It asked $(pei_apt_places);" \
      "see apt.repo_source, apt.use_proxy and proxy in user_config.yml"
  fi
  local machine_id
  machine_id="$(stat -c %s /etc/machine-id 2>/dev/null)" || machine_id=none
  locked begin
  pei_record_begin
  before="$(pei_installed_packages)"
  if ! apt-get install -y --no-install-recommends -- "${missing[@]}"; then
    locked explain "${missing[@]}"
    ((lists_whole == 1)) || pei_die "apt-get update had failed, too: can this build reach $(pei_apt_places)?"
    pei_die "apt-get install failed; its output is above"
  fi
  locked installed "${before}" || pei_die 'the packages are not those of pei.lock'
  locked end
  # The package openssh-server made these. Every container makes its own at its first start.
  rm -f /etc/ssh/ssh_host_*_key /etc/ssh/ssh_host_*_key.pub
  # On Debian 13 openssh-server brings systemd, which makes one: another in each build, and the same for all containers.
  case "${machine_id}" in
    none) rm -f /etc/machine-id ;;
    0) : >/etc/machine-id ;;
  esac
  pei_record_packages "${before}"
  pei_clean_layer
}

main "$@"
