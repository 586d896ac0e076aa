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

main() {
  [[ -x /usr/sbin/sshd ]] || pei_die "there is no /usr/sbin/sshd: openssh-server was not installed"
  mkdir -p /etc/ssh/sshd_config.d
  own_config "$1" >"${OWN}"
  rm -f "${PASSWORD_LOGINS}"
  # The whole file is the base's own; only a base that reads no sshd_config.d needs the line.
  if ! grep -qE '^[[:space:]]*Include[[:space:]]+/etc/ssh/sshd_config\.d/' "${CONFIG}"; then
    sed -i '1i Include /etc/ssh/sshd_config.d/*.conf' "${CONFIG}"
  fi
  # Port adds up instead of the first one winning: a port of the base's would stay open.
  sed -i -E 's/^([[:space:]]*(Port|ListenAddress|HostKey)[[:space:]])/#\1/I' "${CONFIG}"
  rm -f /etc/ssh/ssh_host_*_key /etc/ssh/ssh_host_*_key.pub
}

main "$@"
