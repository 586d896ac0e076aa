#!/bin/bash
# Whether a login gets an answer, for the image's HEALTHCHECK. Reads: /etc/ssh/pei. Started every few seconds, so no process
# but this one.
set -uo pipefail

while read -r keyword value; do
  [[ "${keyword}" != Port ]] || port="${value}"
done </etc/ssh/pei/settings.conf
{ read -r -t 3 greeting <&3; } 2>/dev/null 3<>"/dev/tcp/127.0.0.1/${port:-22}" && [[ "${greeting}" == SSH-* ]] && exit 0
echo "sshd does not answer at port ${port:-22}"
exit 1
