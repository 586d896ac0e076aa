#!/usr/bin/env bash
# Points the shell at pei's proxies: PEI_HTTP_PROXY_1 and PEI_HTTPS_PROXY_1, or those of stage 2 where they are set.
# Must be sourced (on_user_login, or from a script of your own); a child process cannot change its parent.
#
# Usage:   source enable-pei-proxy.sh [--dry-run] [--force] [-h]
# Env:     PEI_HTTP_PROXY_1, PEI_HTTPS_PROXY_1, PEI_HTTP_PROXY_2, PEI_HTTPS_PROXY_2
# Root:    no
# Network: no

# Whether the file is sourced without arguments. Bash then gives it the arguments of the calling shell, but records the
# file's name in BASH_ARGV as if it were an argument, above the shell's own frame (which functions may not see).
__pei_proxy_given_nothing() {
  local IFS=' '
  [[ ${BASH_ARGC[0]-}:${BASH_ARGV[0]-} == "1:${BASH_SOURCE[1]}" ]] || return 1
  ((${#BASH_ARGC[@]} > 1)) || [[ ! ${FUNCNAME[*]:1} =~ ^((source|main)\ ?)*$ ]]
}

__pei_proxy_help() {
  cat <<'TEXT'
Usage: source enable-pei-proxy.sh [OPTIONS]

Sets http_proxy and https_proxy, in both spellings, to pei's proxies, and no_proxy to this machine where it is unset.

Options:
  --dry-run                   say what would be set; no change
  --force                     accepted for uniformity; the variables are always set anew
  -h, --help                  this text
TEXT
}

# A proxy URL may contain a password: do not print it.
__pei_proxy_shown() { printf '%s' "$1" | sed -E 's#//[^/@]*@#//***@#'; }

# __pei_proxy_set NAME VALUE: exports both spellings; an empty VALUE leaves them alone.
__pei_proxy_set() {
  [[ -n $2 ]] || return 0
  if [[ $dry_run == yes ]]; then
    printf 'would set %s and %s to %s\n' "$1" "${1^^}" "$(__pei_proxy_shown "$2")"
  else
    export "$1=$2" "${1^^}=$2"
  fi
}

__pei_proxy_enable() {
  local dry_run=no
  while (($# > 0)); do
    case $1 in
      --dry-run) dry_run=yes ;;
      --force) ;;
      -h | --help)
        __pei_proxy_help
        return 0
        ;;
      *)
        printf "error [enable-pei-proxy.sh] unknown option \`%s\`\nTry 'enable-pei-proxy.sh --help'.\n" "$1" >&2
        return 2
        ;;
    esac
    shift
  done
  if [[ $sourced == no && $dry_run == no ]]; then
    # As an on_build entry it has no effect. The older tool allowed that, so do not fail the build.
    printf 'warning [enable-pei-proxy.sh] executed, it changes nothing: source this file, or set proxy.enable_globally in user_config.yml\n' >&2
    return 0
  fi

  local http=${PEI_HTTP_PROXY_2:-${PEI_HTTP_PROXY_1-}} https=${PEI_HTTPS_PROXY_2:-${PEI_HTTPS_PROXY_1-}}
  if [[ -z $http$https ]]; then
    # A session without a prompt, scp for example, must see no output.
    if [[ $- == *i* || $dry_run == yes ]]; then
      printf 'warning [enable-pei-proxy.sh] no PEI_HTTP_PROXY_* or PEI_HTTPS_PROXY_* is set, nothing to do\n' >&2
    fi
    return 0
  fi
  __pei_proxy_set http_proxy "$http"
  __pei_proxy_set https_proxy "$https"
  if [[ -z ${no_proxy-}${NO_PROXY-} ]]; then
    __pei_proxy_set no_proxy localhost,127.0.0.1,::1
  fi
}

# Runs the above, removes every name of this file from the shell, and returns the status.
__pei_proxy_run() {
  local sourced=$1 status=0
  shift
  __pei_proxy_enable "$@" || status=$?
  unset -f __pei_proxy_given_nothing __pei_proxy_help __pei_proxy_shown __pei_proxy_set __pei_proxy_enable __pei_proxy_run
  return "$status"
}

if ! (return 0 2>/dev/null); then
  __pei_proxy_run no "$@"
elif __pei_proxy_given_nothing; then
  __pei_proxy_run yes
else
  __pei_proxy_run yes "$@"
fi
