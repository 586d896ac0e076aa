#!/bin/bash
# Makes stage-2's folders: storage inside the image, and the places where volumes are mounted.
# Needs root, no network.
set -Eeuo pipefail

main() {
  local key
  for key in app data workspace; do
    mkdir -p "/hard/image/${key}"
    chmod 777 "/hard/image/${key}"
  done
  mkdir -p /hard/volume /soft /mnt
  chmod 777 /mnt
  ln -sfn /pei-from-host/stage-2 /pei-init/stage-2
}

main "$@"
