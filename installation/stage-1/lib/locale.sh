# shellcheck shell=bash
# The language of a machine: what set-locale.sh does, and ROS 2's setup-locale.sh by its means. Sourced after pei.sh;
# definitions only. Reads: PEI_ETC (a directory instead of /etc).

__pei_locale_options() {
  pei_args_begin set-locale.sh 'Generate a locale and make it the default language.'
  pei_args_value locale NAME en_US.UTF-8 'the default'
  pei_args_value also NAME '' 'generate this one too'
  pei_args_switch lc-all 'set LC_ALL as well as LANG'
  pei_args_note 'Root: yes. Network: the apt sources, when the package locales is missing.'
}

# Locale names as `locale -a` spells them: en_US.UTF-8 is en_US.utf8.
is_generated() {
  local wanted="${1/.UTF-8/.utf8}" known
  known="$(locale -a 2>/dev/null)" || known=''
  grep -qxF -- "${wanted}" <<<"${known}"
}

# The lines that make LANG, and LC_ALL where asked for, the default.
default_lines() {
  printf 'LANG=%s\n' "$1"
  if pei_arg_on lc-all; then printf 'LC_ALL=%s\n' "$1"; fi
}

is_default() {
  local line
  [[ -f "${etc}/default/locale" && -f "${etc}/profile.d/pei-locale.sh" ]] || return 1
  while IFS= read -r line; do
    grep -qxF -- "${line}" "${etc}/default/locale" || return 1
  done < <(default_lines "$1")
}

# locale-gen makes what this file lists; on Debian it looks nowhere else. The line needs the character set too.
list_locale() {
  local entry
  entry="$(awk -v name="$1" '$1 == name { print; exit }' /usr/share/i18n/SUPPORTED)"
  [[ -n "${entry}" ]] || pei_die "there is no locale \`$1\`; /usr/share/i18n/SUPPORTED lists those there are"
  if [[ ! -f "${etc}/locale.gen" ]] || ! grep -qxF -- "${entry}" "${etc}/locale.gen"; then
    pei_block_set "${etc}/locale.gen" "$(block_name "$1")" <<<"${entry}"
  fi
}

block_name() { printf 'locale-%s\n' "${1//[^A-Za-z0-9._-]/-}"; }

# generate NAME…: a list that cannot be generated does not stay.
generate() {
  local name
  for name in "$@"; do list_locale "${name}"; done
  if ! locale-gen >&2; then
    for name in "$@"; do pei_block_remove "${etc}/locale.gen" "$(block_name "${name}")"; done
    pei_die "locale-gen failed for: $*"
  fi
}

# shellcheck disable=SC2016 # expands in the profile file
set_default() {
  local name="$1" line
  local -a assignments
  mapfile -t assignments < <(default_lines "${name}")
  update-locale --locale-file "${etc}/default/locale" "${assignments[@]}"
  # That file is read for ssh sessions only. A value from outside, of `docker run -e` for example, goes first.
  for line in "${assignments[@]}"; do
    printf '[ -n "${%s-}" ] || %s\n' "${line%%=*}" "$(pei_env_var_line "${line%%=*}" "${line#*=}")"
  done | pei_env_for_all locale
}

# pei_set_locale ARGUMENT…: the whole of set-locale.sh.
pei_set_locale() {
  __pei_locale_options
  pei_args_parse "$@"
  pei_install_err_trap
  local etc="${PEI_ETC:-/etc}" name locale
  local -a wanted
  locale="$(pei_arg locale)"
  wanted=("${locale}")
  if pei_arg_given also; then wanted+=("$(pei_arg also)"); fi
  for name in "${wanted[@]}"; do
    [[ "${name}" =~ ^[A-Za-z]+(_[A-Za-z]+)?([.@][A-Za-z0-9-]+)*$ ]] || pei_usage_die "not the name of a locale: \`${name}\`"
  done

  local -a missing=()
  for name in "${wanted[@]}"; do
    if pei_arg_on force || ! is_generated "${name}"; then missing+=("${name}"); fi
  done
  if ((${#missing[@]} == 0)) && is_default "${locale}"; then
    pei_log_info "already there, and the default is ${locale}"
    return 0
  fi
  if pei_arg_on dry-run; then
    pei_plan "install the package locales, if it is missing, and generate: ${missing[*]:-nothing}"
    pei_plan "make ${locale} the default in ${etc}/default/locale and ${etc}/profile.d/pei-locale.sh"
    return 0
  fi

  pei_require_root
  pei_apt_install locales
  if ((${#missing[@]} > 0)); then generate "${missing[@]}"; fi
  set_default "${locale}"
  pei_log_info "generated: ${missing[*]:-nothing new}; the default is ${locale}"
}
