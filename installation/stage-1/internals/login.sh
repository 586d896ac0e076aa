# shellcheck shell=bash
# Runs the login hooks of the user who logs in. Sourced by /etc/profile.d, /etc/bash.bashrc and ~/.bashrc, with
# the place's name as its argument. Sourced into the user's own shell: it prints nothing, changes
# no option, ends nothing, and leaves no name behind but PEI_LOGIN_SESSION. The shell that is a container's
# first process ends at the polite signal from then on.
#
# "Once per session" is told by the kernel's session id and the uid: a shell in a shell is the same session, a new
# terminal or another user's shell is not. Hooks run as late as they can, behind ~/.bashrc where that is
# read, so that what they set is not set back.

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

# A hook's `exit` ends the hook, its `set -e` or `set -u` is gone when it is through. An error that bash itself turns into a
# jump to the prompt, such as an unset variable under `set -u`, skips the rest of this file: then the first prompt cleans up.
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

# A bash that somebody types in takes no notice of TERM; who stops the container would wait for the engine's patience to end.
[[ $$ != 1 || $- != *i* || -n "$(trap -p TERM)" ]] || trap 'exit 0' TERM

if __pei_login_due "${1:-}"; then
  export PEI_LOGIN_SESSION="${__pei_login_session}"
  __pei_login_guard
  for __pei_login_wrapper in /pei-from-host/stage-1/generated/_custom-on-user-login.sh \
    /pei-from-host/stage-2/generated/_custom-on-user-login.sh; do
    # The argument gives the wrapper positional parameters of its own; the shell's stay as they are.
    # shellcheck source=/dev/null
    [[ ! -s "${__pei_login_wrapper}" ]] || source "${__pei_login_wrapper}" login || :
  done
  __pei_login_restore
else
  unset -v __pei_login_session
  unset -f __pei_login_due __pei_login_in_home __pei_login_guard __pei_login_restore
fi
