#!/bin/bash
# The image's HEALTHCHECK: whether sshd answers. Reads: /etc/ssh/pei, and the address that start-sshd.sh wrote. It runs every
# few seconds, so it starts no other process.
set -uo pipefail

# An image without ssh also has this check if its base is an image of pei with ssh.
[[ -e /etc/ssh/pei/settings.conf ]] || exit 0
while read -r keyword value; do
  [[ "${keyword}" != Port ]] || port="${value}"
done </etc/ssh/pei/settings.conf
# A hook may have set another Port or ListenAddress.
{ read -r host port </run/sshd/address; } 2>/dev/null
{ read -r -t 3 greeting <&3; } 2>/dev/null 3<>"/dev/tcp/${host:-127.0.0.1}/${port:-22}" && [[ "${greeting}" == SSH-* ]] && exit 0
echo "sshd does not answer at port ${port:-22}"
exit 1
