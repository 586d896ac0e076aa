#!/bin/bash
# Starts sshd, where the image was built with ssh, on host keys of this container's own. Run by entrypoint.sh.
# The keys lie in /pei-init/ssh-host-keys, where docker-compose.yml mounts a volume: a recreated
# container keeps its identity, and no two projects share one.
set -uo pipefail
here="$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)"
# shellcheck source=installation/stage-1/lib/log.sh
source "${here}/../lib/log.sh"

readonly KEYS=/pei-init/ssh-host-keys
readonly PASSING_KEYS=/run/sshd/host-keys

# key_is_usable FILE
key_is_usable() { ssh-keygen -y -P '' -f "$1" >/dev/null 2>&1; }

# An image that was committed from a container holds the keys of that one; a new container must not be taken for it.
# Keys in a volume are there to outlive containers.
forget_keys_of_another_container() {
  local id mark="${KEYS}/container"
  ! grep -qE ' /pei-init(/ssh-host-keys)? ' /proc/self/mountinfo || return 0
  id="$(sed -n 's|.*/\([0-9a-f]\{64\}\)/[^ ]* /etc/hostname .*|\1|p' /proc/self/mountinfo)"
  [[ -n "${id}" ]] || return 0
  if [[ -e "${mark}" && "$(<"${mark}")" != "${id}" ]]; then
    rm -f -- "${KEYS}"/ssh_host_*
  fi
  { mkdir -p -- "${KEYS}" && printf '%s\n' "${id}" >"${mark}"; } 2>/dev/null
}

# make_host_keys FOLDER: keys that are good stay as they are, in a read-only folder too. What is left of a start that was
# killed is made anew; a key that only its owner may be able to read is put aside, not lost.
make_host_keys() {
  local folder="$1" type file
  mkdir -p -- "${folder}" 2>/dev/null
  chmod 0700 -- "${folder}" 2>/dev/null
  for type in ed25519 ecdsa rsa; do
    file="${folder}/ssh_host_${type}_key"
    # sshd, and ssh-keygen too, refuse a key that others may read.
    [[ ! -e "${file}" ]] || chmod 0600 -- "${file}" 2>/dev/null
    ! key_is_usable "${file}" || continue
    [[ ! -s "${file}" ]] || mv -f -- "${file}" "${file}.unusable" 2>/dev/null
    rm -f -- "${file}" "${file}.pub" 2>/dev/null
    if ! ssh-keygen -q -t "${type}" -N '' -C "pei" -f "${file}" >/dev/null 2>&1; then
      # Half a key would only take the place that the next start may need.
      rm -f -- "${file}" "${file}.pub" 2>/dev/null
      return 1
    fi
  done
}

# Where the keys' own folder takes none, others for this start are better than no ssh.
make_passing_host_keys() {
  pei_log_warn "cannot write host keys to ${KEYS} (is the volume full or read-only?):" \
    "ssh runs on keys in ${PASSING_KEYS}, and clients will say that the host has changed"
  make_host_keys "${PASSING_KEYS}"
}

# A folder of the host that is mounted as a home may be anybody's there.
tell_of_foreign_homes() {
  local members name uid home owner
  members=",$(getent group ssh_users | cut -d: -f4),"
  while IFS=: read -r name _ uid _ _ home _; do
    [[ "${members}" == *",${name},"* ]] || continue
    owner="$(stat -c %u -- "${home}" 2>/dev/null)" || continue
    ((owner == 0 || owner == uid)) \
      || pei_log_warn "${home} belongs to uid ${owner}, and ${name} has uid ${uid}: sshd takes no key from there, only a password"
  done </etc/passwd
}

# sshd turns into a daemon before it binds its port, so its exit status says little. Its pid file, written
# behind that, does; where no sshd is left it will not come.
is_listening() {
  local waited
  for ((waited = 0; waited < 200; waited++)); do
    [[ ! -s /run/sshd.pid ]] || return 0
    sleep 0.05
    grep -qsx sshd /proc/[0-9]*/comm || return 1
  done
  return 1
}

main() {
  local options=() type
  [[ -x /usr/sbin/sshd && -f /etc/ssh/sshd_config.d/00-pei.conf ]] || return 0
  if ((EUID != 0)); then
    pei_log_error "ssh is off: it needs a container whose user is root, and this one runs with uid ${EUID}"
    return 1
  fi
  if ! mkdir -p /run/sshd; then
    pei_log_error "ssh is off: cannot write to /run (a read-only container needs a tmpfs there)"
    return 1
  fi
  forget_keys_of_another_container
  if ! make_host_keys "${KEYS}"; then
    if ! make_passing_host_keys; then
      pei_log_error "ssh is off: cannot write host keys to ${PASSING_KEYS} either"
      return 1
    fi
    for type in ed25519 ecdsa rsa; do options+=(-h "${PASSING_KEYS}/ssh_host_${type}_key"); done
  fi
  tell_of_foreign_homes
  rm -f /run/sshd.pid
  if ! /usr/sbin/sshd "${options[@]}" || ! is_listening; then
    pei_log_error "ssh is off: sshd did not start"
    # In the foreground it says why; where it suddenly can, it is not left running.
    timeout 1 /usr/sbin/sshd -D -e "${options[@]}" || true
    return 1
  fi
}

main "$@"
