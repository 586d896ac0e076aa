# shellcheck shell=bash
# What the installers of Miniconda and Miniforge share: which file, from where, into a directory, and for which users.
# Sourced after lib/pei.sh; definitions only.

# Columns: tool, version, machine, sha256. lib/versions.sh has the default versions.
__pei_conda_versions() {
  cat <<'TABLE'
miniconda  py313_26.1.1-1  x86_64   f6dfb5b59614fd7b2956b240b2575a9d58203ec7f7a99f85128158a0fdc5c1d7
miniconda  py313_26.1.1-1  aarch64  07c82b5aec04d5f0f3e4b246835b6bc85e104821cbcb0a059c7ea80f028503f4
miniforge  26.1.1-3        x86_64   b25b828b702df4dd2a6d24d4eb56cfa912471dd8e3342cde2c3d86fe3dc2d870
miniforge  26.1.1-3        aarch64  83280e4ee71a5bd547d6b318f96e9ababe1054911ff6cc2b8801ce5493fe67e5
TABLE
}

# pei_conda_pinned_sum TOOL VERSION MACHINE: the pinned sum, or an empty line.
pei_conda_pinned_sum() {
  __pei_conda_versions | awk -v key="$1 $2 $3" '$1 " " $2 " " $3 == key { sum = $4 } END { print sum }'
}

# The vendors' word for this machine.
pei_conda_machine() {
  case "$(pei_arch)" in
    amd64) printf 'x86_64\n' ;;
    arm64) printf 'aarch64\n' ;;
  esac
}

# pei_conda_file TOOL VERSION: the name of the installer.
pei_conda_file() {
  local tool="$1" version="$2" machine
  machine="$(pei_conda_machine)"
  case "${tool}:${version}" in
    miniconda:*) printf 'Miniconda3-%s-Linux-%s.sh\n' "${version}" "${machine}" ;;
    miniforge:latest) printf 'Miniforge3-Linux-%s.sh\n' "${machine}" ;;
    miniforge:*) printf 'Miniforge3-%s-Linux-%s.sh\n' "${version}" "${machine}" ;;
  esac
}

# pei_conda_url TOOL VERSION official|tuna|URL
pei_conda_url() {
  local tool="$1" version="$2" place="$3" file
  file="$(pei_conda_file "${tool}" "${version}")"
  case "${tool}:${place}:${version}" in
    miniconda:official:*) printf 'https://repo.anaconda.com/miniconda/%s\n' "${file}" ;;
    miniconda:tuna:*) printf 'https://mirrors.tuna.tsinghua.edu.cn/anaconda/miniconda/%s\n' "${file}" ;;
    miniforge:official:latest) printf 'https://github.com/conda-forge/miniforge/releases/latest/download/%s\n' "${file}" ;;
    miniforge:official:*) printf 'https://github.com/conda-forge/miniforge/releases/download/%s/%s\n' "${version}" "${file}" ;;
    # This mirror keeps the last release only, under names without and with the version.
    miniforge:tuna:*) printf 'https://mirrors.tuna.tsinghua.edu.cn/github-release/conda-forge/miniforge/LatestRelease/%s\n' "${file}" ;;
    *) printf '%s\n' "${place}" ;;
  esac
}

# __pei_conda_declare SCRIPT TOOL DIR: the options, all installers' alike.
__pei_conda_declare() {
  local script="$1" tool="$2" dir="$3"
  pei_args_begin "${script}" "Install ${tool^} into a directory for all users and set up their shells."
  pei_args_path install-dir "${dir}" 'where conda goes'
  pei_args_value version VERSION "$(pei_version "${tool}")" 'which version, or latest'
  pei_args_choice installer-url official 'official|tuna|URL' 'where the installer comes from'
  pei_args_value sha256 SUM '' 'what its sum must be (default: the pinned or the published one)'
  pei_args_path cache-dir '' "directory in which to look for an installer (default: the stage's tmp)"
  pei_args_path tmp-dir /tmp/pei-miniconda 'directory for temporary files; an installer in it is used too'
  pei_args_value user NAME '' 'set up this user only (default: every user with a login shell)'
  pei_args_switch include-root 'set up root too'
  pei_args_choice conda-repo '' 'tuna|official' 'channels in the ~/.condarc of those users (default: not changed)'
  pei_args_choice pip-repo '' 'tuna|aliyun|official' "pip's index for those users (default: not changed)"
  pei_args_note 'Root: yes, unless --user names the caller. Network: the place named by --installer-url.'
}

# The arguments, a NUL after each, without an empty --pip-repo: that spells "leave pip alone", which is the default.
__pei_conda_normal_arguments() {
  while (($# > 0)); do
    if [[ "$1" == --pip-repo && $# -gt 1 && -z "$2" ]]; then
      shift
    elif [[ "$1" != --pip-repo= ]]; then
      printf '%s\0' "$1"
    fi
    shift
  done
}

# pei_conda_main SCRIPT TOOL DIR CACHE ROOT ARGUMENT…: a whole installer. DIR is the default directory, CACHE where
# to look for installers. If ROOT is `root`, root is always set up; a login then has conda, but base is not active.
pei_conda_main() {
  local script="$1" tool="$2" default_dir="$3" cache="$4" with_root="$5" dir user names
  local -a arguments users
  shift 5
  mapfile -d '' -t arguments < <(__pei_conda_normal_arguments "$@")
  __pei_conda_declare "${script}" "${tool}" "${default_dir}"
  pei_args_parse "${arguments[@]}"
  pei_install_err_trap
  umask 022

  dir="$(pei_arg install-dir)"
  user="$(pei_arg user)"
  if [[ -n "${user}" ]]; then user="$(pei_resolve_target_user "${user}")"; fi
  names="$(__pei_conda_users "${user}" "${with_root}")"
  mapfile -t users <<<"${names}"
  if [[ -z "${names}" ]]; then users=(); fi
  if pei_arg_given cache-dir; then cache="$(pei_arg cache-dir)"; fi

  if pei_arg_on dry-run; then
    __pei_conda_plan "${tool}" "${dir}" "${users[*]}" "${with_root}"
    return 0
  fi
  [[ -n "${user}" && "${user}" == "$(pei_current_user)" ]] || pei_require_root
  if [[ -x "${dir}/bin/conda" ]] && ! pei_arg_on force; then
    pei_log_info "conda is already installed in ${dir}"
  else
    __pei_conda_check_dir "${dir}"
    [[ -e "$(pei_arg tmp-dir)" ]] || PEI_CONDA_MADE="$(pei_arg tmp-dir)"
    pei_tmp_dir_init --parent "$(pei_arg tmp-dir)"
    __pei_conda_install "${tool}" "${dir}" "${cache}" "${with_root}"
    pei_record_program "${tool}" "${dir}/bin/conda"
    pei_log_info "conda is installed in ${dir}"
  fi
  for user in "${users[@]}"; do
    __pei_conda_set_up_user "${dir}" "${user}"
  done
  pei_log_info "set up for: ${users[*]:-nobody, there is no user}"
}

__pei_conda_plan() {
  local tool="$1" dir="$2" names="$3" with_root="$4" version
  version="$(pei_arg version)"
  if [[ -x "${dir}/bin/conda" ]] && ! pei_arg_on force; then
    pei_log_info "conda is already installed in ${dir}"
  else
    pei_plan_download --url "$(pei_conda_url "${tool}" "${version}" "$(pei_arg installer-url)")" --to "$(pei_arg tmp-dir)"
    pei_plan "install ${tool} ${version} into ${dir}"
    if [[ "${with_root}" == root ]]; then pei_plan "write ${dir}/.condarc: base is not active by itself"; fi
  fi
  pei_plan "set up ~/.bashrc and the login file of: ${names:-nobody, there is no user}"
}

# A directory that exists must be empty (a mount point, for example): the vendor's installer would mix with what is there.
__pei_conda_check_dir() {
  if [[ -e "$1" && ! -d "$1" ]]; then pei_die "$1 is not a directory"; fi
  if [[ -d "$1" && ! -x "$1/bin/conda" && -n "$(find "$1" -mindepth 1 -maxdepth 1 -print -quit)" ]]; then
    pei_die "$1 is not empty and holds no conda; empty it, or choose another --install-dir"
  fi
}

# __pei_conda_users USER ROOT: whom conda is set up for, a name a line.
__pei_conda_users() {
  local user="$1" with_root="$2" name
  if [[ -n "${user}" ]]; then
    printf '%s\n' "${user}"
    return 0
  fi
  while IFS= read -r name; do
    if [[ "${name}" != root || "${with_root}" == root ]] || pei_arg_on include-root; then printf '%s\n' "${name}"; fi
  done < <(pei_each_login_user)
}

# __pei_conda_published_sum TOOL VERSION URL: the vendor's sum of an installer that is not in the table. Anaconda
# publishes sums as a column of its download page, Miniforge as a file beside each installer. Both change with each release and
# are not installed, so they are not recorded.
__pei_conda_published_sum() {
  local tool="$1" file page="${PEI_TMP_DIR}/sums"
  file="$(pei_conda_file "${tool}" "$2")"
  if [[ "${tool}" == miniforge ]]; then
    PEI_RECORD='' pei_download --url "$3.sha256" --to "${page}" || return 1
    pei_sum_from "${page}" "${file}"
    return
  fi
  PEI_RECORD='' pei_download --url https://repo.anaconda.com/miniconda/ --name miniconda-index.html --to "${page}" || return 1
  tr '\n' ' ' <"${page}" | sed 's/<tr/\n<tr/g' | grep -F ">${file}<" | grep -oE '\b[0-9a-f]{64}\b' | head -n 1
}

# Prints the sum that the installer must have; empty where nobody vouches for one (a URL of the user's own).
__pei_conda_wanted_sum() {
  local tool="$1" version="$2" url="$3" sum
  sum="$(pei_arg sha256)"
  if [[ -z "${sum}" && "${url##*/}" == "$(pei_conda_file "${tool}" "${version}")" ]]; then
    sum="$(pei_conda_pinned_sum "${tool}" "${version}" "$(pei_conda_machine)")"
  fi
  [[ -n "${sum}" ]] || sum="$(pei_locked_sum "${url}")"
  if [[ -z "${sum}" ]] && ! pei_is_url "$(pei_arg installer-url)"; then
    sum="$(__pei_conda_published_sum "${tool}" "${version}" "$(pei_conda_url "${tool}" "${version}" official)")" || sum=''
    if [[ -z "${sum}" ]]; then
      pei_log_error "no published sha256 for ${url##*/}; give it with --sha256"
      return 1
    fi
  fi
  printf '%s\n' "${sum}"
}

# __pei_conda_install TOOL DIR CACHE ROOT: fetches the installer and runs it. On failure DIR is as it was.
__pei_conda_install() {
  local tool="$1" dir="$2" cache="$3" with_root="$4" version url sum name installer="${PEI_TMP_DIR}/installer.sh"
  version="$(pei_arg version)"
  url="$(pei_conda_url "${tool}" "${version}" "$(pei_arg installer-url)")"
  cache="$(__pei_conda_cache "${tool}" "${version}" "${cache}")"
  name="$(__pei_conda_laid_ready "${tool}" "${version}" "${cache}")"
  if [[ -n "${name}" && "${name}" != "$(pei_conda_file "${tool}" "${version}")" ]]; then
    # Without a version in its name there is no sum to check: the person who put it there trusts it.
    sum="$(pei_arg sha256)"
  else
    sum="$(__pei_conda_wanted_sum "${tool}" "${version}" "${url}")"
  fi
  pei_download --url "${url}" --to "${installer}" --sha256 "${sum}" --cache-dir "${cache:-/nonexistent}" --name "${name:-${url##*/}}" \
    --version "${version}"
  __pei_conda_run_installer "${installer}" "${dir}"
  # Settings of the installation; each user's ~/.condarc takes precedence.
  if [[ "${with_root}" == root && ! -e "${dir}/.condarc" ]]; then
    pei_write_file --mode 0644 "${dir}/.condarc" <<<'auto_activate_base: false'
  fi
  PEI_CONDA_UNDO=''
}

# The name of the installer in a directory: that of this version, else the name without one, else nothing.
__pei_conda_laid_ready() {
  local name
  for name in "$(pei_conda_file "$1" "$2")" "$(pei_conda_file "$1" latest)"; do
    if [[ -s "$3/${name}" ]]; then
      printf '%s\n' "${name}"
      return 0
    fi
  done
}

# The directory that has an installer: --tmp-dir if it has one, else --cache-dir.
__pei_conda_cache() {
  local tmp
  tmp="$(pei_arg tmp-dir)"
  if ! pei_arg_given cache-dir && [[ -n "$(__pei_conda_laid_ready "$1" "$2" "${tmp}")" ]]; then
    printf '%s\n' "${tmp}"
  else
    printf '%s\n' "$3"
  fi
}

__pei_conda_run_installer() {
  local installer="$1" dir="$2"
  local -a update=()
  PEI_CONDA_DIR="${dir}"
  if [[ -x "${dir}/bin/conda" ]]; then
    update=(-u)
  elif [[ -d "${dir}" ]]; then
    # A mount point cannot be removed, and the vendor's installer refuses a directory that exists unless told to update.
    PEI_CONDA_UNDO=empty
    update=(-u)
  else
    PEI_CONDA_UNDO=remove
  fi
  mkdir -p -- "$(dirname -- "${dir}")"
  bash "${installer}" -b "${update[@]}" -p "${dir}" </dev/null >&2 || pei_die 'the installer of the vendor failed'
  if [[ ! -x "${dir}/bin/conda" || ! -f "${dir}/etc/profile.d/conda.sh" ]]; then
    pei_die "the installer ended well, but there is no conda in ${dir}"
  fi
}

# lib/tmp.sh calls this when the script ends, also on a signal: removes a half-made installation.
pei_on_exit() {
  case "${PEI_CONDA_UNDO-}" in
    remove) rm -rf -- "${PEI_CONDA_DIR}" ;;
    empty) find "${PEI_CONDA_DIR}" -mindepth 1 -delete ;;
  esac
  # Remove --tmp-dir, too, if this script made it and it is empty.
  if [[ -n "${PEI_CONDA_MADE-}" ]]; then
    rm -rf -- "${PEI_TMP_DIR}"
    rmdir -- "${PEI_CONDA_MADE}" 2>/dev/null || true
  fi
}

# __pei_conda_set_up_user DIR USER: conda in the user's shells; channels and pip's index as asked.
__pei_conda_set_up_user() {
  local dir="$1" user="$2" here home repo
  here="$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)"
  home="$(pei_user_home "${user}")"
  __pei_conda_path_text "${dir}" | pei_env_for_user "${user}" conda
  __pei_conda_prompt_text "${dir}" | pei_block_set "${home}/.bashrc" conda-prompt
  repo="$(pei_arg conda-repo)"
  if [[ -n "${repo}" ]]; then
    pei_run_as "${user}" bash "${here}/configure-conda-repo.sh" "${repo}"
  fi
  repo="$(pei_arg pip-repo)"
  if [[ -n "${repo}" ]]; then
    pei_run_as "${user}" PATH="${dir}/bin:${PATH}" bash "${here}/configure-pip-repo.sh" "${repo}"
  fi
}

# The lines for every shell but a bash with a prompt: those only find the programs, because starting conda takes its
# time and scp must see no output.
# shellcheck disable=SC2016 # expands in the rc file
__pei_conda_path_text() {
  printf 'case "$-${BASH_VERSION:+b}" in\n'
  printf '  *i*b) ;;\n'
  printf '  *) %s ;;\n' "$(pei_env_path_line "$1/bin")"
  printf 'esac\n'
}

# The lines for a bash with a prompt, at the end of ~/.bashrc, where the prompt is known that conda adds to: all of
# conda, and base if the user's settings want it.
# shellcheck disable=SC2016 # expands in the rc file
__pei_conda_prompt_text() {
  local conda
  conda="$(pei_quote "$1/bin/conda")"
  printf 'case $- in\n'
  printf '  *i*) [ ! -x %s ] || eval "$(%s shell.posix hook 2>/dev/null)" ;;\n' "${conda}" "${conda}"
  printf 'esac\n'
}
