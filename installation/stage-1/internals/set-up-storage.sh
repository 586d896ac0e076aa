#!/bin/bash
# Makes stage-2's directories: storage inside the image, and the mount points of volumes. All users may write there; as in
# /tmp nobody can remove or replace files of another user.
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
