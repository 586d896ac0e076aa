#!/bin/bash
# Configures sshd: port, logins, and host keys that every container makes at its first start. Logins are by key until
# set-credentials.sh gives somebody a password. Runs after the users are created and before the first hook.
#
# Usage: set-up-sshd.sh ROOT_LOGIN, where ROOT_LOGIN is sshd's own word: yes, prohibit-password or no.
# Reads: SSH_CONTAINER_PORT. Needs root, no network.
set -Eeuo pipefail
shopt -s inherit_errexit
# shellcheck source=installation/stage-1/lib/log.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/../lib/log.sh"
# shellcheck source=installation/stage-1/lib/sshd.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/../lib/sshd.sh"
pei_install_err_trap

readonly CONFIG=/etc/ssh/sshd_config
# Settings that pei removes from the base's files, also from Match blocks. Ports, addresses and host keys of the base would be
# added to pei's; its other settings would override pei's, which sshd reads last. AuthenticationMethods could require a second
# factor that nobody has, and AllowUsers and AllowGroups would lock out the users of the config.
readonly DECIDED=(
  Port ListenAddress HostKey HostKeyAgent HostCertificate PermitRootLogin PasswordAuthentication PermitEmptyPasswords
  KbdInteractiveAuthentication ChallengeResponseAuthentication PubkeyAuthentication AuthenticationMethods
  AuthorizedKeysFile UsePAM X11Forwarding X11UseLocalhost PrintMotd MaxStartups AllowUsers AllowGroups
)

own_settings() {
  cat <<TEXT
# Written by set-up-sshd.sh. sshd takes the first value that it reads, and reads these last.
Port ${SSH_CONTAINER_PORT}
HostKey /pei-init/ssh-host-keys/ssh_host_ed25519_key
HostKey /pei-init/ssh-host-keys/ssh_host_ecdsa_key
HostKey /pei-init/ssh-host-keys/ssh_host_rsa_key
PermitRootLogin $1
PasswordAuthentication no
PermitEmptyPasswords no
# With PAM this also asks for a password. Older versions know it by the second name.
KbdInteractiveAuthentication no
ChallengeResponseAuthentication no
PubkeyAuthentication yes
AuthorizedKeysFile .ssh/authorized_keys ${PEI_SSHD_KEYS}/%u
UsePAM yes
X11Forwarding yes
X11UseLocalhost yes
PrintMotd no
# sshd's default drops connections at random from 10 unfinished logins on: too few for a machine that many people share.
MaxStartups 200:30:300
TEXT
}

# base_files FILE…: prints the files, and those that they include, a line each.
base_files() {
  local file words word
  for file in "$@"; do
    [[ -f "${file}" ]] || continue
    printf '%s\n' "${file}"
    while read -r _ words; do
      words="${words//\"/}"
      for word in ${words}; do
        [[ "${word}" == /* ]] || word="/etc/ssh/${word}"
        # shellcheck disable=SC2086 # the pattern is to be expanded
        base_files ${word}
      done
    done < <(sed -nE 's/=/ /; /^[[:space:]]*"?Include"?[[:space:]]/Ip' -- "${file}")
  done
}

# switch_off KEYWORD…: comments the settings out in the base's files, in Match blocks too.
switch_off() {
  local file words
  words="$(IFS='|' && printf '%s' "$*")"
  while IFS= read -r file; do
    grep -qiE "^[[:space:]]*\"?(${words})[[:space:]=\"]" -- "${file}" || continue
    sed -i -E "s/^([[:space:]]*\"?(${words})[[:space:]=\"])/#\1/I" -- "${file}" || pei_die "cannot write ${file}"
  done < <(base_files "${CONFIG}" | sort -u)
}

# At this point all accounts come from the base, except the users of the config, who are in ssh_users. Later, hooks may create
# accounts, and may add an account of the base to the group.
deny_accounts_of_base() {
  local names with_password
  names="$(awk -F: '
    FNR == NR { if ($1 == "ssh_users") users = "," $4 ","; next }
    $1 != "root" && !index(users, "," $1 ",") { printf "%s%s", comma, $1; comma = "," }' /etc/group /etc/passwd)"
  [[ -n "${names}" ]] || return 0
  printf '%s\n' '# Accounts of the base log in only as members of ssh_users.' "Match User ${names} Group *,!ssh_users" '  DenyUsers *' \
    >>"${PEI_SSHD_SETTINGS}"
  with_password="$(awk -F: -v names=",${names}," '$2 ~ /^[$]/ && index(names, "," $1 ",") { printf " %s", $1 }' /etc/shadow)"
  [[ -z "${with_password}" ]] \
    || pei_log_warn "accounts of the base cannot log in by ssh, although they have passwords:${with_password};" \
      'a build hook can allow one with: usermod -aG ssh_users NAME'
}

# If the base's sshd_config ended with a Match block, lines that a hook appends would belong to it. In a drop-in file a block
# ends with the file.
move_match_blocks_away() {
  local block
  block="$(sed -nE '/^[[:space:]]*"?Match"?[[:space:]=]/I,$p' -- "${CONFIG}")"
  [[ -n "${block}" ]] || return 0
  printf '%s\n' "${block}" >>/etc/ssh/sshd_config.d/99-base-match.conf
  sed -i -E '/^[[:space:]]*"?Match"?[[:space:]=]/I,$d' -- "${CONFIG}"
}

# The base's sshd_config may have settings before the line that includes the drop-ins, or no such line.
read_drop_ins_first() {
  local include='^[[:space:]]*Include[[:space:]]+/etc/ssh/sshd_config\.d/\*\.conf'
  mkdir -p /etc/ssh/sshd_config.d
  ! grep -E -m 1 '^[[:space:]]*[^#[:space:]]' -- "${CONFIG}" | grep -qE "${include}" || return 0
  sed -i -E -e "\\#${include}#d" -- "${CONFIG}"
  sed -i '1i Include /etc/ssh/sshd_config.d/*.conf' -- "${CONFIG}"
}

main() {
  [[ -x /usr/sbin/sshd ]] || pei_die "there is no /usr/sbin/sshd: openssh-server was not installed"
  read_drop_ins_first
  switch_off "${DECIDED[@]}"
  move_match_blocks_away
  mkdir -p -- "${PEI_SSHD_SETTINGS%/*}"
  own_settings "$1" >"${PEI_SSHD_SETTINGS}"
  # A base that pei made has this file for its own users.
  rm -f -- "${PEI_SSHD_PASSWORDS}"
  deny_accounts_of_base
  pei_sshd_settings_last
  rm -f /etc/ssh/ssh_host_*_key /etc/ssh/ssh_host_*_key.pub
}

main "$@"
