#!/bin/bash
# First step of the build: makes the directories and links that all later steps and user scripts need.
#
# Usage: set-up-base.sh [--keep-ssh]
# The base may be an image that pei made with ssh. This image must not have that ssh, except with --keep-ssh, for a stage_2
# on its own base.
# Needs root, no network.
set -Eeuo pipefail
shopt -s inherit_errexit

# Otherwise start-sshd.sh would let the accounts of the base log in if the config has no ssh. set-up-sshd.sh writes these
# files again.
forget_ssh() {
  rm -rf -- /etc/ssh/pei /etc/ssh/pei-keys /etc/ssh/sshd_config.d/00-pei{,-passwords}.conf
  local file
  for file in /etc/group /etc/gshadow; do
    # Not with gpasswd, which leaves backup files.
    ! grep -qs '^ssh_users:.*[^:]$' "${file}" || sed -i 's/^\(ssh_users:.*:\)[^:]*$/\1/' "${file}"
  done
}

main() {
  [[ "${1-}" == --keep-ssh ]] || forget_ssh
  mkdir -p /pei-from-host /pei-init /hard/image /hard/volume /soft /mnt
  # Projects of older versions look for the installation tree under /pei-init.
  ln -sfn /pei-from-host/stage-1 /pei-init/stage-1
  chmod 1777 /mnt
  if [[ -d /etc/apt/apt.conf.d ]]; then
    printf 'Acquire::Retries "3";\n' >/etc/apt/apt.conf.d/80-pei-retries
  fi
}

main "$@"
