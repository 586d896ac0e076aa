# shellcheck shell=bash
# The proxy in PEI_HTTP_PROXY_1. Every image has this variable. If the config has no proxy, it is an address at which many
# people run their own proxy.

# pei_use_stage_proxy HTTP [HTTPS]: uses these proxies for the downloads of this script, unless others are set already or
# nothing answers there: a download must not fail because of a proxy that nobody runs.
pei_use_stage_proxy() {
  local http="${1-}" https="${2-${1-}}"
  [[ -n "${http}${https}" && -z "${http_proxy-}${https_proxy-}" ]] || return 0
  if ! __pei_proxy_answers "${http:-${https}}"; then
    pei_log_info "no proxy answers at $(__pei_proxy_place "${http:-${https}}"); continuing without it"
    return 0
  fi
  [[ -z "${http}" ]] || export http_proxy="${http}"
  [[ -z "${https}" ]] || export https_proxy="${https}"
}

# __pei_proxy_place URL: its host and port, without a user's name and password.
__pei_proxy_place() {
  local place="${1#*://}"
  place="${place%%/*}"
  printf '%s\n' "${place##*@}"
}

__pei_proxy_answers() {
  local place host port
  place="$(__pei_proxy_place "$1")"
  port="${place##*:}"
  # 1080 is curl's default for a proxy URL without a port.
  [[ "${port}" =~ ^[0-9]+$ && "${place}" == *:* ]] || { port=1080 && place+=:; }
  host="${place%:*}"
  host="${host#\[}"
  # shellcheck disable=SC2016 # expands in the child
  timeout "${PEI_PROXY_TIMEOUT:-3}" bash -c 'exec 3<>"/dev/tcp/$1/$2"' _ "${host%\]}" "${port}" 2>/dev/null
}
