#!/bin/bash
# Configures sshd: port, logins, and host keys that every container makes at its first start. Logins are by key until
# set-credentials.sh gives somebody a password.
#
# Usage: set-up-sshd.sh ROOT_LOGIN, where ROOT_LOGIN is sshd's own word: yes, prohibit-password or no.
# Reads: SSH_CONTAINER_PORT. Needs root, no network.
set -Eeuo pipefail
shopt -s inherit_errexit
# shellcheck source=installation/stage-1/lib/log.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/../lib/log.sh"
pei_install_err_trap

readonly CONFIG=/etc/ssh/sshd_config
readonly OWN=/etc/ssh/sshd_config.d/00-pei.conf
# What set-credentials.sh left in the base, where that is an image of pei's.
readonly PASSWORD_LOGINS=/etc/ssh/sshd_config.d/00-pei-passwords.conf

own_config() {
  cat <<EOF
# Written by set-up-sshd.sh. sshd takes the first value that it reads, so these win over sshd_config.
Port ${SSH_CONTAINER_PORT}
HostKey /pei-init/ssh-host-keys/ssh_host_ed25519_key
HostKey /pei-init/ssh-host-keys/ssh_host_ecdsa_key
HostKey /pei-init/ssh-host-keys/ssh_host_rsa_key
PermitRootLogin $1
PasswordAuthentication no
PermitEmptyPasswords no
PubkeyAuthentication yes
UsePAM yes
X11Forwarding yes
X11UseLocalhost yes
PrintMotd no
# sshd's own limit drops connections by chance from 10 unfinished logins on; many people may share a machine.
MaxStartups 200:30:300
EOF
}

# The base's own settings, wherever sshd reads them.
base_files() {
  local file
  for file in "${CONFIG}" /etc/ssh/sshd_config.d/*.conf; do
    [[ ! -f "${file}" || "${file}" == "${OWN}" ]] || printf '%s\n' "${file}"
  done
}

# switch_off KEYWORD…: comments the settings out in the base's files; fails where there was none.
switch_off() {
  local file found=1 words
  words="$(IFS='|' && printf '%s' "$*")"
  while IFS= read -r file; do
    grep -qiE "^[[:space:]]*(${words})[[:space:]=]" -- "${file}" || continue
    sed -i -E "s/^([[:space:]]*(${words})[[:space:]=])/#\1/I" -- "${file}" || pei_die "cannot write ${file}"
    found=0
  done < <(base_files)
  return "${found}"
}

# A base may have files in sshd_config.d that are read before pei's, an sshd_config that says something before it reads
# that folder, or one that does not read it at all.
read_own_first() {
  local file LC_ALL=C
  for file in /etc/ssh/sshd_config.d/*.conf; do
    [[ -f "${file}" && "${file}" < "${PASSWORD_LOGINS}" ]] || continue
    mv -- "${file}" "${file%/*}/01-${file##*/}"
  done
  local include='^[[:space:]]*Include[[:space:]]+/etc/ssh/sshd_config\.d/\*\.conf'
  ! grep -E -m 1 '^[[:space:]]*[^#[:space:]]' -- "${CONFIG}" | grep -qE "${include}" || return 0
  sed -i -E -e "\\#${include}#d" -- "${CONFIG}"
  sed -i '1i Include /etc/ssh/sshd_config.d/*.conf' -- "${CONFIG}"
}

main() {
  [[ -x /usr/sbin/sshd ]] || pei_die "there is no /usr/sbin/sshd: openssh-server was not installed"
  mkdir -p /etc/ssh/sshd_config.d
  own_config "$1" >"${OWN}"
  rm -f "${PASSWORD_LOGINS}"
  read_own_first
  # These add up instead of the first one winning: a port of the base's would stay open.
  switch_off Port ListenAddress HostKey || true
  # A list of the base's would shut out the accounts of the config.
  if switch_off AllowUsers AllowGroups; then
    pei_log_warn "the base says who may log in by ssh; now it is the users of the config, who are the group ssh_users"
    printf 'AllowGroups ssh_users\n' >>"${OWN}"
  fi
  rm -f /etc/ssh/ssh_host_*_key /etc/ssh/ssh_host_*_key.pub
}

main "$@"
