# shellcheck shell=bash
# Runs the login hooks of the user who logs in. /etc/profile.d, /etc/bash.bashrc and ~/.bashrc source it, with
# the place's name as its argument. It runs in the user's own shell, so it prints nothing except that a start hook has
# failed, changes no option, does not exit, and defines no name except PEI_LOGIN_SESSION. If the shell is the
# container's first process, it makes TERM end it.
#
# The kernel's session id and the uid show whether the hooks have run in this session: a nested shell is in the same
# session, a new terminal or another user's shell is not. The hooks run as late as possible, at the end of ~/.bashrc if
# the shell reads that, so that ~/.bashrc does not overwrite what they set.

__pei_login_due() {
  local place="$1" session rc
  read -r _ _ _ _ _ session _ <"/proc/$$/stat" 2>/dev/null || session=0
  __pei_login_session="${UID}:${session}"
  [[ "${PEI_LOGIN_SESSION:-}" != "${__pei_login_session}" ]] || return 1
  case "${place}" in
    profile)
      [[ $- == *i* ]] || return 0
      # An interactive login shell reads one of these next; it may lead to ~/.bashrc.
      for rc in ~/.bash_profile ~/.bash_login ~/.profile; do
        [[ -r "${rc}" ]] || continue
        ! grep -q bashrc "${rc}" 2>/dev/null || ! __pei_login_in_home
        return
      done
      ;;
    system)
      [[ $- == *i* ]] || return 1
      # /etc/profile reads this file first and profile.d after it.
      ! shopt -q login_shell || return 1
      ! __pei_login_in_home
      ;;
    home) [[ $- == *i* ]] || shopt -q login_shell ;;
    *) return 1 ;;
  esac
}

__pei_login_in_home() {
  [[ -r ~/.bashrc ]] && grep -q '^# >>> pei login >>>$' ~/.bashrc 2>/dev/null
}

# A hook's `exit` only ends the hook, and its `set -e` or `set -u` is undone after it. On some errors, such as an unset
# variable under `set -u`, bash returns to the prompt and skips the rest of this file: then the first prompt cleans up.
__pei_login_guard() {
  __pei_login_saved="$(
    shopt -po errexit nounset pipefail
    shopt -p expand_aliases
    alias exit 2>/dev/null || printf '%s\n' 'unalias exit 2>/dev/null'
  )" || :
  set +o errexit +o nounset
  shopt -s expand_aliases
  # shellcheck disable=SC2178
  PROMPT_COMMAND="__pei_login_restore;${PROMPT_COMMAND:-}"
  # A sourced file is read command by command, so it sees the alias.
  alias exit=return
}

__pei_login_restore() {
  eval "${__pei_login_saved}"
  # shellcheck disable=SC2178
  PROMPT_COMMAND="${PROMPT_COMMAND#__pei_login_restore;}"
  [[ -n "${PROMPT_COMMAND[*]}" ]] || unset -v PROMPT_COMMAND
  unset -v __pei_login_saved __pei_login_wrapper __pei_login_session __pei_installation
  unset -f __pei_login_due __pei_login_in_home __pei_login_guard __pei_login_restore
}

# An interactive bash ignores TERM, so `docker stop` would take ten seconds.
[[ $$ != 1 || $- != *i* || -n "$(trap -p TERM)" ]] || trap 'exit 0' TERM

if __pei_login_due "${1:-}"; then
  # Once: a shell in tmux, which has a session of its own, inherits the variable.
  if [[ $- == *i* && -n "${SSH_CONNECTION:-}" && -z "${PEI_LOGIN_SESSION:-}" && -s /pei-init/log/failed ]]; then
    printf 'pei: hooks failed when this container started (pei-status shows more):\n%s\n' "$(</pei-init/log/failed)" >&2
  fi
  export PEI_LOGIN_SESSION="${__pei_login_session}"
  __pei_login_guard
  for __pei_login_wrapper in /pei-from-host/stage-1/generated/_custom-on-user-login.sh \
    /pei-from-host/stage-2/generated/_custom-on-user-login.sh; do
    # With an argument the wrapper has its own positional parameters, so the shell's do not change.
    # shellcheck source=/dev/null
    [[ ! -s "${__pei_login_wrapper}" ]] || source "${__pei_login_wrapper}" login || :
  done
  __pei_login_restore
else
  unset -v __pei_login_session
  unset -f __pei_login_due __pei_login_in_home __pei_login_guard __pei_login_restore
fi
