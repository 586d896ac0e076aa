#!/usr/bin/env bash
# Sample login hook with parameters: greets the user and changes the prompt. It is sourced into each user's shell.
#
# Usage: source my-on-user-login-2.sh [--show-motd] [--update-prompt] [-h]

# Whether the file is sourced without arguments. Bash then gives it the arguments of the calling shell, but records the
# file's name in BASH_ARGV as if it were an argument, above the shell's own frame (which functions may not see).
__my_login_given_nothing() {
  local IFS=' '
  [[ ${BASH_ARGC[0]-}:${BASH_ARGV[0]-} == "1:${BASH_SOURCE[1]}" ]] || return 1
  ((${#BASH_ARGC[@]} > 1)) || [[ ! ${FUNCNAME[*]:1} =~ ^((source|main)\ ?)*$ ]]
}

# Everything happens in a function: its variables stay local, and `return` leaves it without leaving the shell.
__my_login() {
  # Output would break scp and sftp, which need no prompt either.
  [[ $- == *i* ]] || return 0

  local arg
  for arg in "$@"; do
    case $arg in
      --show-motd) printf 'Welcome, %s. This container is %s.\n' "$(id -un)" "$(uname -n)" ;;
      --update-prompt) export PS1='[\u@\h in container] \w\$ ' ;;
      -h | --help) printf 'Usage: source my-on-user-login-2.sh [--show-motd] [--update-prompt] [-h]\n' ;;
      *) printf 'unknown parameter: %s\n' "$arg" ;;
    esac
  done
}

if __my_login_given_nothing; then
  __my_login
else
  __my_login "$@"
fi
unset -f __my_login __my_login_given_nothing
