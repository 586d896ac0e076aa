#!/bin/bash
# Shows what a build hook gets of each secret, without the secret itself.
#
# Usage: use-secrets.sh
set -euo pipefail

token=$(</run/secrets/index_token)
printf 'index_token: %s characters\n' "${#token}"
# curl --netrc-file /run/secrets/netrc … would log in with it.
printf 'netrc: %s lines\n' "$(wc -l </run/secrets/netrc)"
# git clone git@… would use it, with the package openssh-client.
[[ -S "${SSH_AUTH_SOCK}" ]]
printf 'ssh agent: %s\n' "${SSH_AUTH_SOCK}"
