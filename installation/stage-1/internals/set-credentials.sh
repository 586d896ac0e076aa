#!/bin/bash
# Sets the passwords and keys of the accounts, from a file that a build step mounts, so that it is in no layer.
#
# Reads: /pei-build/secrets/ssh-credentials, which `pei configure` wrote, a line each, fields separated by one space:
#   password NAME HASH              a crypt(3) hash
#   authorized_key NAME KEY…        a line in the form of authorized_keys
#   identity NAME FILE BASE64       a private key, to be ~/.ssh/FILE
# Needs root, no network.
set -Eeuo pipefail
shopt -s inherit_errexit
# shellcheck source=installation/stage-1/lib/clean.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/../lib/clean.sh"
# shellcheck source=installation/stage-1/lib/log.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/../lib/log.sh"
# shellcheck source=installation/stage-1/lib/sshd.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/../lib/sshd.sh"
pei_install_err_trap

readonly CREDENTIALS="${PEI_CREDENTIALS_FILE:-/pei-build/secrets/ssh-credentials}"

authorize() {
  local file="${PEI_SSHD_KEYS}/$1"
  printf '%s\n' "$2" >>"${file}"
  chmod 0644 -- "${file}"
}

# As the user: a link that a build hook left in the home may lead to any file.
install_identity() {
  local name="$1" home
  home="$(getent passwd "${name}" | cut -d: -f6)"
  # shellcheck disable=SC2016 # expands in the user's shell
  runuser -u "${name}" -- /bin/sh -euc '
    umask 077
    mkdir -p "$1/.ssh"
    chmod 700 "$1/.ssh"
    base64 -d >"$1/.ssh/$2"
    chmod 600 "$1/.ssh/$2"' sh "${home}" "$2" <<<"$3" || pei_die "cannot install the private key of ${name} in ${home}/.ssh"
}

# In the last steps and not in set-up-sshd.sh, so that the first password runs no hook again.
set_passwords() {
  chpasswd -e <<<"$1"
  printf '%s\n' '# Written by set-credentials.sh, for there are users with a password.' 'PasswordAuthentication yes' \
    >"${PEI_SSHD_PASSWORDS}"
  # For root only if the config gives it a password.
  [[ $'\n'"$1" != *$'\n'root:* ]] || printf 'PermitRootLogin yes\n' >>"${PEI_SSHD_PASSWORDS}"
}

main() {
  local kind name rest hashes=''
  [[ -f "${CREDENTIALS}" ]] ||
    pei_die 'there is no .pei/secrets/ssh-credentials: this clone was not configured yet; run `pei configure`, then build again'
  # Each user has an entry, and each entry ends with a line break.
  [[ -s "${CREDENTIALS}" && -z "$(tail -c 1 -- "${CREDENTIALS}")" ]] ||
    pei_die '.pei/secrets/ssh-credentials is incomplete: run `pei configure`, then build again'
  rm -rf -- "${PEI_SSHD_KEYS}"
  mkdir -m 0755 -- "${PEI_SSHD_KEYS}"
  while read -r kind name rest; do
    case "${kind}" in
      password) hashes+="${name}:${rest}"$'\n' ;;
      authorized_key) authorize "${name}" "${rest}" ;;
      identity) install_identity "${name}" "${rest%% *}" "${rest#* }" ;;
      *) pei_die "${CREDENTIALS##*/} holds a line of an unknown kind" ;;
    esac
  done <"${CREDENTIALS}"
  [[ -z "${hashes}" ]] || set_passwords "${hashes%$'\n'}"
  pei_clean_layer
}

main "$@"
