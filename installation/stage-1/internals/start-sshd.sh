#!/bin/bash
# Starts sshd, where the image was built with ssh, on host keys of this container's own. Run by entrypoint.sh.
# The keys lie in /pei-init/ssh-host-keys, where docker-compose.yml mounts a volume: a recreated
# container keeps its identity, and no two projects share one.
set -uo pipefail
here="$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)"
# shellcheck source=installation/stage-1/lib/log.sh
source "${here}/../lib/log.sh"

readonly KEYS=/pei-init/ssh-host-keys

# A key that is there but empty or broken, after a start that was killed, is made anew.
make_host_keys() {
  local type file
  mkdir -p -- "${KEYS}" && chmod 0700 -- "${KEYS}" || return 1
  for type in ed25519 ecdsa rsa; do
    file="${KEYS}/ssh_host_${type}_key"
    if ! ssh-keygen -y -P '' -f "${file}" >/dev/null 2>&1; then
      rm -f -- "${file}" "${file}.pub"
      ssh-keygen -q -t "${type}" -N '' -C "pei" -f "${file}" || return 1
    fi
  done
}

main() {
  [[ -x /usr/sbin/sshd && -f /etc/ssh/sshd_config.d/00-pei.conf ]] || return 0
  mkdir -p /run/sshd
  if ! make_host_keys; then
    pei_log_error "ssh is off: cannot write host keys to ${KEYS} (is the volume full or read-only?)"
    return 1
  fi
  /usr/sbin/sshd || {
    pei_log_error "ssh is off: sshd did not start (see above)"
    return 1
  }
}

main "$@"
