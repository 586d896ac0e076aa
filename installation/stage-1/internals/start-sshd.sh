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

# sshd turns into a daemon before it binds its port, so its exit status says little. Its pid file, written
# behind that, does.
is_listening() {
  local waited
  for ((waited = 0; waited < 40; waited++)); do
    [[ ! -s /run/sshd.pid ]] || return 0
    sleep 0.05
  done
  return 1
}

main() {
  [[ -x /usr/sbin/sshd && -f /etc/ssh/sshd_config.d/00-pei.conf ]] || return 0
  mkdir -p /run/sshd
  if ! make_host_keys; then
    pei_log_error "ssh is off: cannot write host keys to ${KEYS} (is the volume full or read-only?)"
    return 1
  fi
  rm -f /run/sshd.pid
  if ! /usr/sbin/sshd || ! is_listening; then
    pei_log_error "ssh is off: sshd did not start"
    # In the foreground it says why; where it suddenly can, it is not left running.
    timeout 1 /usr/sbin/sshd -D -e || true
    return 1
  fi
}

main "$@"
