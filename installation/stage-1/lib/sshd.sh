# shellcheck shell=bash
# pei's own settings of sshd. sshd uses the first value that it reads, so these are read last: a value that a hook writes
# into a drop-in or into sshd_config overrides them.

# The settings, and whether passwords are accepted. sshd reads the files in this order.
PEI_SSHD_SETTINGS=/etc/ssh/pei/settings.conf
PEI_SSHD_PASSWORDS=/etc/ssh/pei/passwords.conf
# shellcheck disable=SC2034 # for set-credentials.sh and set-up-sshd.sh
# A file for each user. They belong to root, and are outside of the homes: a home in a volume would keep a revoked key.
PEI_SSHD_KEYS=/etc/ssh/pei-keys

# pei_sshd_settings_last: moves the line that includes them after all settings of sshd_config for everybody: to its end, or
# before its first Match block, which would otherwise contain it.
pei_sshd_settings_last() {
  local config=/etc/ssh/sshd_config text
  text="$(awk -v include="Include ${PEI_SSHD_PASSWORDS%/*}/*.conf" '
    $0 == include { next }
    !placed && tolower($0) ~ /^[ \t]*"?match[" \t=]/ { print include; placed = 1 }
    { print }
    END { if (!placed) print include }' "${config}")" || return 1
  [[ "${text}" == "$(<"${config}")" ]] || printf '%s\n' "${text}" >"${config}" || return 1
  # The only setting of which sshd (9.2) uses the last value.
  if grep -qsiE '^[[:space:]]*MaxStartups[[:space:]=]' "${config}" "${config}.d"/*.conf; then
    sed -i '/^MaxStartups /d' "${PEI_SSHD_SETTINGS}"
  fi
}
