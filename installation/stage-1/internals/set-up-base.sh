#!/bin/bash
# First step of the build: the folders and links that every later step and every user script relies on.
# Reads: nothing. Needs root, no network.
set -Eeuo pipefail
shopt -s inherit_errexit

main() {
  mkdir -p /pei-from-host /pei-init /hard/image /hard/volume /soft /mnt
  # Projects of older versions look for the installation tree under /pei-init.
  ln -sfn /pei-from-host/stage-1 /pei-init/stage-1
  chmod 1777 /mnt
  if [[ -d /etc/apt/apt.conf.d ]]; then
    printf 'Acquire::Retries "3";\n' >/etc/apt/apt.conf.d/80-pei-retries
  fi
}

main "$@"
