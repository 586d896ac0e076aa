#!/bin/bash
# Whether a login gets an answer, for the image's HEALTHCHECK. Reads: /etc/ssh/pei, and where start-sshd.sh says that sshd
# listens. Started every few seconds, so no process but this one.
set -uo pipefail

# An image without ssh has this check from a base with ssh that pei made, too.
[[ -e /etc/ssh/pei/settings.conf ]] || exit 0
while read -r keyword value; do
  [[ "${keyword}" != Port ]] || port="${value}"
done </etc/ssh/pei/settings.conf
# A hook may have its own Port or ListenAddress.
{ read -r host port </run/sshd/address; } 2>/dev/null
{ read -r -t 3 greeting <&3; } 2>/dev/null 3<>"/dev/tcp/${host:-127.0.0.1}/${port:-22}" && [[ "${greeting}" == SSH-* ]] && exit 0
echo "sshd does not answer at port ${port:-22}"
exit 1
