# shellcheck shell=bash
# Where pei's own settings of sshd stand. sshd takes the first value that it reads, so they stand last: whatever a hook says
# in a drop-in, or by editing or appending to sshd_config, wins.

# The settings, and whether passwords log in. Read in this order.
PEI_SSHD_SETTINGS=/etc/ssh/pei/settings.conf
PEI_SSHD_PASSWORDS=/etc/ssh/pei/passwords.conf
# shellcheck disable=SC2034 # for set-credentials.sh and set-up-sshd.sh
# A file a user: root's, outside of the homes, which may be volumes that keep a key after it was revoked.
PEI_SSHD_KEYS=/etc/ssh/pei-keys

# pei_sshd_settings_last: moves the line that reads them behind all that sshd_config says for everybody: to its end, or
# before its first Match block, which nothing else ends.
pei_sshd_settings_last() {
  local config=/etc/ssh/sshd_config text
  text="$(awk -v include="Include ${PEI_SSHD_PASSWORDS%/*}/*.conf" '
    $0 == include { next }
    !placed && tolower($0) ~ /^[ \t]*"?match[" \t=]/ { print include; placed = 1 }
    { print }
    END { if (!placed) print include }' "${config}")" || return 1
  [[ "${text}" == "$(<"${config}")" ]] || printf '%s\n' "${text}" >"${config}" || return 1
  # The one setting of which sshd (9.2) takes the last value.
  if grep -qsiE '^[[:space:]]*MaxStartups[[:space:]=]' "${config}" "${config}.d"/*.conf; then
    sed -i '/^MaxStartups /d' "${PEI_SSHD_SETTINGS}"
  fi
}
