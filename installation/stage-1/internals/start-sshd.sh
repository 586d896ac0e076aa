#!/bin/bash
# Starts sshd if the image was built with ssh, with host keys of this container. Run by entrypoint.sh.
# The keys are in /pei-init/ssh-host-keys, where docker-compose.yml mounts a volume: a recreated
# container keeps its identity, and each project has its own.
set -uo pipefail
here="$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)"
# shellcheck source=installation/stage-1/lib/log.sh
source "${here}/../lib/log.sh"
# shellcheck source=installation/stage-1/lib/sshd.sh
source "${here}/../lib/sshd.sh"

readonly KEYS=/pei-init/ssh-host-keys
readonly PASSING_KEYS=/run/sshd/host-keys

# key_is_usable FILE
key_is_usable() { ssh-keygen -y -P '' -f "$1" >/dev/null 2>&1; }

# An image made with `docker commit` holds the keys of its container; a new container must not have the same identity.
# Keys in a volume are kept: they are meant for more than one container.
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

# make_host_keys DIR: keeps usable keys, also in a read-only directory. Replaces half-written keys of a start that was
# killed. Renames a key that is not usable, for example because it has a passphrase, instead of deleting it.
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
      # On a full disk, half a key would take the space that the next start needs.
      rm -f -- "${file}" "${file}.pub" 2>/dev/null
      return 1
    fi
  done
}

# Containers that share the volume may start at the same time: the first one makes the keys, the others wait for it.
# A file system without locks is no error.
lock_host_keys() {
  mkdir -p -- "${KEYS}" 2>/dev/null
  { exec {keys_lock}<"${KEYS}"; } 2>/dev/null || return 0
  flock --wait 60 "${keys_lock}" 2>/dev/null || true
}

unlock_host_keys() {
  # Otherwise sshd would inherit the lock and never release it.
  [[ -z "${keys_lock:-}" ]] || exec {keys_lock}<&-
}

# If the volume is not writable, ssh with temporary keys is better than no ssh.
make_passing_host_keys() {
  pei_log_warn "cannot write host keys to ${KEYS} (is the volume full or read-only?):" \
    "ssh uses temporary keys in ${PASSING_KEYS}, and clients will say that the host has changed"
  make_host_keys "${PASSING_KEYS}"
}

# A home may be a mounted directory of the host that belongs to another uid.
tell_of_foreign_homes() {
  local members name uid home owner
  members=",$(getent group ssh_users | cut -d: -f4),"
  while IFS=: read -r name _ uid _ _ home _; do
    [[ "${members}" == *",${name},"* ]] || continue
    owner="$(stat -c %u -- "${home}" 2>/dev/null)" || continue
    ((owner == 0 || owner == uid)) \
      || pei_log_warn "${home} belongs to uid ${owner}, and ${name} has uid ${uid}: sshd ignores the keys in it, and takes only those of user_config.yml and a password"
  done </etc/passwd
}

# What sshd and its sessions need of root's powers: numbers of the kernel's capabilities.
readonly -A NEEDED=([CHOWN]=0 [DAC_OVERRIDE]=1 [FOWNER]=3 [KILL]=5 [SETGID]=6 [SETUID]=7 [SYS_CHROOT]=18 [AUDIT_WRITE]=29)

tell_of_missing_capabilities() {
  local name effective missing=()
  effective="$(sed -n 's/^CapEff:[[:space:]]*//p' /proc/self/status)"
  for name in "${!NEEDED[@]}"; do
    (((16#${effective} >> NEEDED[${name}]) & 1)) || missing+=("${name}")
  done
  ((${#missing[@]} == 0)) || pei_log_warn "ssh logins may fail: this container lacks the capabilities $(printf '%s\n' "${missing[@]}" | sort | xargs)," \
    "which --cap-drop or cap_drop takes away and --cap-add or cap_add gives"
}

# X11 forwarding listens on 127.0.0.1 and ::1. If ::1 is missing, it fails on both.
has_ipv6_loopback() { grep -qs '^0\{31\}1 ' /proc/net/if_inet6; }

# sshd becomes a daemon before it binds its port, so its exit status does not show a failure. It writes its pid file after
# it has bound the port. Stop waiting if no sshd process is left.
is_listening() {
  local waited
  for ((waited = 0; waited < 200; waited++)); do
    [[ ! -s /run/sshd.pid ]] || return 0
    sleep 0.05
    grep -qsx sshd /proc/[0-9]*/comm || return 1
  done
  return 1
}

# tell_health OPTION…: writes an address and port of sshd for health.sh: the first IPv4 address, else the first one.
tell_health() {
  local address
  address="$(/usr/sbin/sshd -T "$@" 2>/dev/null | awk '
    $1 == "listenaddress" && (first == "" || (first ~ /^\[/ && $2 !~ /^\[/)) { first = $2 }
    END {
      port = first
      sub(/.*:/, "", port)
      sub(/:[0-9]+$/, "", first)
      gsub(/[][]/, "", first)
      if (first == "0.0.0.0") first = "127.0.0.1"
      if (first == "::") first = "::1"
      if (first != "") print first, port
    }')"
  [[ -z "${address}" ]] || printf '%s\n' "${address}" >/run/sshd/address
}

main() {
  local options=() type keys_lock=''
  # A base made by an older pei has its settings in a drop-in.
  [[ -x /usr/sbin/sshd && (-f "${PEI_SSHD_SETTINGS}" || -f /etc/ssh/sshd_config.d/00-pei.conf) ]] || return 0
  if ((EUID != 0)); then
    pei_log_error "ssh is off: it needs a container whose user is root, and this one runs with uid ${EUID}"
    return 1
  fi
  if ! mkdir -p /run/sshd; then
    pei_log_error "ssh is off: cannot write to /run (a read-only container needs a tmpfs there)"
    return 1
  fi
  # After the lines that the start's hooks put into sshd_config. A read-only container uses the image's file.
  [[ ! -e "${PEI_SSHD_SETTINGS}" ]] || pei_sshd_settings_last 2>/dev/null || true
  has_ipv6_loopback || options+=(-o AddressFamily=inet)
  lock_host_keys
  forget_keys_of_another_container
  if ! make_host_keys "${KEYS}"; then
    if ! make_passing_host_keys; then
      pei_log_error "ssh is off: cannot write host keys to ${PASSING_KEYS} either"
      return 1
    fi
    for type in ed25519 ecdsa rsa; do options+=(-h "${PASSING_KEYS}/ssh_host_${type}_key"); done
  fi
  unlock_host_keys
  tell_of_foreign_homes
  tell_of_missing_capabilities
  rm -f /run/sshd.pid /run/sshd/address
  if ! /usr/sbin/sshd "${options[@]}" || ! is_listening; then
    pei_log_error "ssh is off: sshd did not start"
    # In the foreground sshd prints the reason. The timeout ends it if this time it does start.
    timeout 1 /usr/sbin/sshd -D -e "${options[@]}" || true
    return 1
  fi
  tell_health "${options[@]}"
}

main "$@"
