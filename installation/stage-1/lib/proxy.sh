# shellcheck shell=bash
# The proxy that an image knows of. Every image names one, PEI_HTTP_PROXY_1, also where the config has none: then it is
# the place at which many people have a proxy of their own running.

# pei_use_stage_proxy HTTP [HTTPS]: takes these proxies for what this script fetches, unless some are set already or
# nothing answers there: a download must not fail for want of a proxy that nobody has.
pei_use_stage_proxy() {
  local http="${1-}" https="${2-${1-}}"
  [[ -n "${http}${https}" && -z "${http_proxy-}${https_proxy-}" ]] || return 0
  if ! __pei_proxy_answers "${http:-${https}}"; then
    pei_log_info "no proxy answers at $(__pei_proxy_place "${http:-${https}}"); going on without"
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
  # 1080 is what curl takes where a proxy's URL names no port.
  [[ "${port}" =~ ^[0-9]+$ && "${place}" == *:* ]] || { port=1080 && place+=:; }
  host="${place%:*}"
  host="${host#\[}"
  # shellcheck disable=SC2016 # expands in the child
  timeout "${PEI_PROXY_TIMEOUT:-3}" bash -c 'exec 3<>"/dev/tcp/$1/$2"' _ "${host%\]}" "${port}" 2>/dev/null
}
