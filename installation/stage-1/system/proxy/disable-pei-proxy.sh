#!/usr/bin/env bash
# Removes the proxy variables from the shell. Must be sourced; a child process cannot change its parent.
#
# Usage:   source disable-pei-proxy.sh [--dry-run] [--force] [-h]
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
Usage: source disable-pei-proxy.sh [OPTIONS]

Unsets http_proxy and https_proxy, in both spellings, and the no_proxy that enable-pei-proxy.sh set.

Options:
  --dry-run                   say what would be unset; no change
  --force                     accepted for uniformity; the variables are always unset
  -h, --help                  this text
TEXT
}

__pei_proxy_disable() {
  local dry_run=no name
  while (($# > 0)); do
    case $1 in
      --dry-run) dry_run=yes ;;
      --force) ;;
      -h | --help)
        __pei_proxy_help
        return 0
        ;;
      *)
        printf "error [disable-pei-proxy.sh] unknown option \`%s\`\nTry 'disable-pei-proxy.sh --help'.\n" "$1" >&2
        return 2
        ;;
    esac
    shift
  done
  if [[ $sourced == no && $dry_run == no ]]; then
    # As an on_build entry it has no effect. The older tool allowed that, so do not fail the build.
    printf 'warning [disable-pei-proxy.sh] executed, it changes nothing: source this file, or set proxy.enable_globally in user_config.yml\n' >&2
    return 0
  fi

  local -a names=(http_proxy HTTP_PROXY https_proxy HTTPS_PROXY)
  # Keep any other value: the user has set it.
  for name in no_proxy NO_PROXY; do
    if [[ ${!name-} == localhost,127.0.0.1,::1 ]]; then names+=("$name"); fi
  done
  if [[ $dry_run == yes ]]; then
    printf 'would unset %s\n' "${names[@]}"
  else
    unset -v "${names[@]}"
  fi
}

# Runs the above, removes every name of this file from the shell, and returns the status.
__pei_proxy_run() {
  local sourced=$1 status=0
  shift
  __pei_proxy_disable "$@" || status=$?
  unset -f __pei_proxy_given_nothing __pei_proxy_help __pei_proxy_disable __pei_proxy_run
  return "$status"
}

if ! (return 0 2>/dev/null); then
  __pei_proxy_run no "$@"
elif __pei_proxy_given_nothing; then
  __pei_proxy_run yes
else
  __pei_proxy_run yes "$@"
fi
