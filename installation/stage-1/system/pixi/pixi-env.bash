# shellcheck shell=bash
# What the create-env scripts share; the caller has PACKAGES. Sourced after pixi-utils.bash.

__pixi_env_has() {
  local user="$1" pixi="$2" listed package
  shift 2
  listed="$(run_as_user "${user}" "${pixi}" global list 2>/dev/null </dev/null)" || return 1
  for package in "$@"; do
    grep -qwF -- "${package}" <<<"${listed}" || return 1
  done
}

# pixi_env_main SCRIPT ENVIRONMENT SENTENCE ARGUMENT…
# Libraries bring no commands, so `pixi global install` of each alone would give environments nobody can use: all of
# them go into one environment, whose python sees them all and is exposed under the environment's name.
pixi_env_main() {
  local script="$1" environment="$2" sentence="$3" user pixi status=0 found=0
  shift 3
  pei_args_begin "${script}" "${sentence}"
  pei_args_note "Packages: ${PACKAGES[*]}"
  pei_args_note "They go into one global environment, pei-${environment}; its interpreter is the command python-${environment}."
  pei_args_parse "$@"
  pei_install_err_trap
  while IFS= read -r user; do
    pixi="$(find_user_pixi "${user}")" || continue
    found=$((found + 1))
    __pixi_env_create "${user}" "${pixi}" "${environment}" || status=1
  done < <(__pixi_users)
  ((found > 0)) || pei_die 'no user has pixi; run install-pixi.bash first'
  ((status == 0)) || pei_die 'some packages are not installed'
}

# Conda keeps a file for each package of an environment: NAME-VERSION-BUILD.json. Pixi's home is where its program is.
__pixi_env_record() {
  local user="$1" pixi="$2" environment="$3" package file
  [[ -n "${PEI_RECORD-}" ]] || return 0
  for package in python "${PACKAGES[@]}"; do
    for file in "${pixi%/bin/pixi}/envs/pei-${environment}/conda-meta/${package}-"*-*.json; do
      file="${file##*/"${package}"-}"
      # The file name of another package, such as click-plugins, has one part more.
      [[ "${file%-*}" != *[-*]* ]] || continue
      pei_record conda name="${package}" user="${user}" environment="pei-${environment}" -- version="${file%-*}" || return 1
    done
  done
}

# __pixi_env_specs ENVIRONMENT: python and the packages, a line each; those of the lock in its versions.
__pixi_env_specs() {
  local package version
  for package in python "${PACKAGES[@]}"; do
    version="$(pei_locked_conda "$1" "${package}")"
    printf '%s\n' "${package}${version:+==${version}}"
  done
}

__pixi_env_create() {
  local user="$1" pixi="$2" environment="$3"
  local -a command=("${pixi}" global install --environment "pei-${environment}" --expose "python-${environment}=python")
  mapfile -t -O "${#command[@]}" command < <(__pixi_env_specs "pei-${environment}")
  if pei_arg_on dry-run; then
    pei_plan "run as ${user}: ${command[*]}"
    return 0
  fi
  if ! pei_arg_on force && __pixi_env_has "${user}" "${pixi}" "pei-${environment}" "${PACKAGES[@]}"; then
    pei_log_info "pei-${environment} is there already for ${user}; nothing to do"
    return 0
  fi
  run_as_user "${user}" "${command[@]}" </dev/null >&2 || {
    pei_log_error "pixi failed for ${user}"
    return 1
  }
  __pixi_env_record "${user}" "${pixi}" "${environment}" || return 1
  pei_log_info "pei-${environment} is ready for ${user}"
}
