#!/bin/bash
# Gives the accounts their passwords and keys, from a build secret that leaves no trace of its own.
#
# Reads: /run/secrets/ssh-credentials, from the build stage `credentials`, a line each, fields parted by one blank:
#   password NAME HASH              a crypt(3) hash
#   authorized_key NAME KEY…        a line of authorized_keys
#   identity NAME FILE BASE64       a private key, to be ~/.ssh/FILE
# Needs root, no network.
set -Eeuo pipefail
shopt -s inherit_errexit
# shellcheck source=installation/stage-1/lib/clean.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/../lib/clean.sh"
# shellcheck source=installation/stage-1/lib/log.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/../lib/log.sh"
pei_install_err_trap

readonly CREDENTIALS="${PEI_CREDENTIALS_FILE:-/run/secrets/ssh-credentials}"
# In the order of names it comes before 00-pei.conf, and sshd takes the first value that it reads. The image's last
# steps write it, so that a first password redoes no hook.
readonly PASSWORD_LOGINS=/etc/ssh/sshd_config.d/00-pei-passwords.conf

home_of() { getent passwd "$1" | cut -d: -f6; }

# own_ssh_folder NAME: prints the folder, which is the user's alone.
own_ssh_folder() {
  local folder
  folder="$(home_of "$1")/.ssh"
  install -d -m 0700 -o "$1" -g "$(id -g -- "$1")" -- "${folder}"
  printf '%s' "${folder}"
}

give_file_to() {
  chmod 0600 -- "$2"
  chown "$1:$(id -g -- "$1")" -- "$2"
}

authorize() {
  local name="$1" key="$2" file
  file="$(own_ssh_folder "${name}")/authorized_keys"
  if ! grep -qxF -- "${key}" "${file}" 2>/dev/null; then
    printf '%s\n' "${key}" >>"${file}"
  fi
  give_file_to "${name}" "${file}"
}

install_identity() {
  local name="$1" file
  file="$(own_ssh_folder "${name}")/$2"
  (umask 077 && base64 -d >"${file}" <<<"$3")
  give_file_to "${name}" "${file}"
}

set_passwords() {
  chpasswd -e <<<"$1"
  printf '%s\n' '# Written by set-credentials.sh, for there are users with a password.' 'PasswordAuthentication yes' \
    >"${PASSWORD_LOGINS}"
}

main() {
  local kind name rest hashes=''
  while read -r kind name rest; do
    case "${kind}" in
      password) hashes+="${name}:${rest}"$'\n' ;;
      authorized_key) authorize "${name}" "${rest}" ;;
      identity) install_identity "${name}" "${rest%% *}" "${rest#* }" ;;
      *) pei_die "the build secret ssh-credentials holds a line of an unknown kind" ;;
    esac
  done <"${CREDENTIALS}"
  [[ -z "${hashes}" ]] || set_passwords "${hashes%$'\n'}"
  pei_clean_layer
}

main "$@"
