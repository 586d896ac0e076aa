# shellcheck shell=bash
# Makes a tool visible to every kind of bash: login (`bash -l`, `docker exec … bash -lc`, ssh), interactive,
# and, for one user, commands run over ssh. All text must be POSIX sh: profile files are read by dash too.
# Reads: PEI_ETC (a directory instead of /etc).

# pei_quote TEXT: in single quotes for any POSIX shell.
pei_quote() { printf "'%s'\n" "${1//\'/\'\\\'\'}"; }

# pei_env_path_line DIR: a line that puts DIR first on PATH unless it is there.
pei_env_path_line() {
  local dir
  dir="$(pei_quote "$1")"
  # shellcheck disable=SC2016 # expands in the rc file
  printf 'case ":${PATH}:" in *:%s:*) ;; *) PATH=%s":${PATH}"; export PATH ;; esac\n' "${dir}" "${dir}"
}

# pei_env_var_line NAME VALUE: export with the value as it is.
pei_env_var_line() { printf 'export %s=%s\n' "$1" "$(pei_quote "$2")"; }

# pei_env_for_all NAME: the text on stdin for all users: /etc/profile.d/pei-NAME.sh for login shells, a block in
# /etc/bash.bashrc, before its return for non-interactive shells, for the others.
pei_env_for_all() {
  local name="$1" etc="${PEI_ETC:-/etc}" text
  text="$(cat)"
  pei_write_file --mode 0644 "${etc}/profile.d/pei-${name}.sh" <<<"${text}" \
    && pei_block_set --top "${etc}/bash.bashrc" "${name}" <<<"${text}"
}

pei_env_for_all_remove() {
  local name="$1" etc="${PEI_ETC:-/etc}"
  rm -f -- "${etc}/profile.d/pei-${name}.sh" && pei_block_remove "${etc}/bash.bashrc" "${name}"
}

# The file that a login bash of this home really reads.
__pei_login_rc() {
  local home="$1" name
  for name in .bash_profile .bash_login; do
    if [[ -f "${home}/${name}" ]]; then
      printf '%s/%s\n' "${home}" "${name}"
      return 0
    fi
  done
  printf '%s/.profile\n' "${home}"
}

# pei_env_for_user USER NAME: the text on stdin for one user: a block at the top of ~/.bashrc, before its
# return for non-interactive shells, and one at the end of the login file.
pei_env_for_user() {
  local user="$1" name="$2" home text login_rc
  home="$(pei_user_home "${user}")" || return 1
  text="$(cat)"
  login_rc="$(__pei_login_rc "${home}")"
  pei_block_set --top "${home}/.bashrc" "${name}" <<<"${text}" \
    && pei_block_set "${login_rc}" "${name}" <<<"${text}" || return 1
  # A .bash_profile may come later and may not read .profile, or the other way round.
  if [[ "${login_rc}" != "${home}/.profile" && -f "${home}/.profile" ]]; then
    pei_block_set "${home}/.profile" "${name}" <<<"${text}"
  fi
}

# pei_env_for_user_remove USER NAME
pei_env_for_user_remove() {
  local home rc
  home="$(pei_user_home "$1")" || return 1
  for rc in .bashrc .profile .bash_profile .bash_login; do
    pei_block_remove "${home}/${rc}" "$2" || return 1
  done
}
