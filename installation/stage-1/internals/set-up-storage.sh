#!/bin/bash
# Makes stage-2's directories: storage inside the image, and the places where volumes are mounted. They are open to all, and
# as in /tmp nobody removes or replaces what is another's.
# Needs root, no network.
set -Eeuo pipefail

main() {
  local key
  for key in app data workspace; do
    mkdir -p "/hard/image/${key}"
    chmod 1777 "/hard/image/${key}"
  done
  mkdir -p /hard/volume /soft /mnt
  chmod 1777 /mnt
  ln -sfn /pei-from-host/stage-2 /pei-init/stage-2
}

main "$@"
