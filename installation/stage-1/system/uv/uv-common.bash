# shellcheck shell=bash
# What the two uv installers share. Sourced after lib/pei.sh.

uv_declare_sources() {
  pei_args_value version VERSION "$(pei_version uv)" 'which version, or latest'
  pei_args_choice installer-url official 'official|cn|URL' 'official: the release archive, or if it cannot be had https://astral.sh/uv/install.sh; URL: an install script'
}

uv_build() {
  case "$(pei_arch)" in
    arm64) printf 'aarch64\n' ;;
    *) printf 'x86_64\n' ;;
  esac
}

uv_release_url() { printf '%s/uv-%s-unknown-linux-gnu.tar.gz\n' "$(pei_release_base "$1" "$1" astral-sh/uv)" "$(uv_build)"; }

# uv_script_urls INSTALLER VERSION: a line each, the first that answers counts.
uv_script_urls() {
  local installer="$1" version="$2"
  if [[ "${installer}" != official && "${installer}" != cn ]]; then
    printf '%s\n' "${installer}"
    return 0
  fi
  [[ "${version}" == latest ]] || printf 'https://astral.sh/uv/%s/install.sh\n' "${version}"
  # This one installs whatever is newest, so it may not stand in for a version that was asked for.
  pei_arg_given version && [[ "${version}" != latest ]] || printf 'https://astral.sh/uv/install.sh\n'
}

# uv_plan INSTALLER VERSION DIR USER
uv_plan() {
  local url
  if [[ "$1" == official || "$1" == cn ]]; then
    pei_plan_download --url "$(uv_release_url "$2")" --to "$3/uv"
    printf '  checked against %s.sha256\n  and if it cannot be had:\n' "$(uv_release_url "$2")"
  fi
  while IFS= read -r url; do
    pei_plan "fetch $(pei_mirrored "${url}") to a file and run it as $4, with UV_INSTALL_DIR=$3"
  done < <(uv_script_urls "$1" "$2")
}

# uv_fetch VERSION: uv and uvx into $PEI_TMP_DIR/uv.
uv_fetch() {
  local version="$1" url
  url="$(uv_release_url "${version}")"
  pei_download --url "${url}" --to "${PEI_TMP_DIR}/uv.tar.gz" --sums-url "${url}.sha256" --version "${version}" || return 1
  mkdir -p -- "${PEI_TMP_DIR}/uv"
  tar -xzf "${PEI_TMP_DIR}/uv.tar.gz" -C "${PEI_TMP_DIR}/uv" --strip-components=1 || pei_die "${url##*/} cannot be unpacked"
  pei_check_program "${PEI_TMP_DIR}/uv/uv"
}

# uv_place USER DIR: what uv_fetch brought.
uv_place() {
  local program
  for program in uv uvx; do
    pei_place_program "$1" "${PEI_TMP_DIR}/uv/${program}" "$2/${program}" || pei_die "cannot write $2/${program}"
  done
}

# uv_run_script INSTALLER VERSION USER DIR
uv_run_script() {
  local installer="$1" version="$2" user="$3" dir="$4" url
  local -a places=()
  while IFS= read -r url; do
    if ((${#places[@]} == 0)); then places=(--url "${url}"); else places+=(--mirror "${url}"); fi
  done < <(uv_script_urls "${installer}" "${version}")
  pei_make_dir "${user}" "${dir}" || pei_die "cannot create ${dir}"
  # rc files are written by this library, once, so the script is told to leave them alone.
  pei_run_vendor_script "${places[@]}" --user "${user}" --shell sh -- \
    UV_INSTALL_DIR="${dir}" UV_NO_MODIFY_PATH=1 INSTALLER_NO_MODIFY_PATH=1 \
    UV_INSTALLER_GITHUB_BASE_URL="$(pei_mirrored https://github.com)" || return 1
  [[ -x "${dir}/uv" ]] || {
    pei_log_error "the install script left no ${dir}/uv"
    return 1
  }
}

# uv_prepare INSTALLER VERSION: fetches the release. Succeeds with UV_HOW=release or UV_HOW=script; the latter when the
# archive cannot be had, never when it came with a wrong sum.
uv_prepare() {
  UV_HOW=script
  case "$1" in
    cn) pei_log_warn 'uv has no mirror in China; the official one is used' ;;
    official) ;;
    *) return 0 ;;
  esac
  if uv_fetch "$2"; then
    UV_HOW=release
    return 0
  fi
  [[ "${PEI_DOWNLOAD_FAULT-}" != sum ]] || pei_die 'uv is not installed'
  pei_log_warn 'the release archive cannot be had; trying the install script of the vendor'
}

# uv_install_for INSTALLER VERSION USER DIR: after uv_prepare.
uv_install_for() {
  pei_undo_note "$4/uv" "$4/uvx"
  if [[ "${UV_HOW}" == release ]]; then
    uv_place "$3" "$4"
  else
    uv_run_script "$@" || pei_die 'uv is not installed'
  fi
  pei_record_program uv "$4/uv"
}

# uv_is_satisfied VERSION DIR: whether what is there will do.
uv_is_satisfied() {
  [[ -x "$2/uv" ]] && ! pei_arg_on force || return 1
  ! pei_arg_given version || [[ "$1" == latest || "$(pei_program_version "$2/uv")" == "$1" ]]
}

# uv_configure_path USER DIR: nothing to do for directories that are on every PATH.
uv_configure_path() {
  case "$2" in
    /usr/local/bin | /usr/bin) return 0 ;;
  esac
  pei_env_path_line "$2" | pei_env_for_user "$1" uv || pei_die 'cannot write the rc files'
}

# uv_index_url KEYWORD
uv_index_url() {
  case "$1" in
    tuna) printf 'https://pypi.tuna.tsinghua.edu.cn/simple\n' ;;
    aliyun) printf 'https://mirrors.aliyun.com/pypi/simple\n' ;;
    official) ;;
  esac
}

# uv_set_index USER FILE URL: the one index of uv's configuration; an empty URL means uv's own default.
uv_set_index() {
  local user="$1" file="$2" url="$3" text
  [[ -n "${url}" || -f "${file}" ]] || return 0
  pei_make_dir "${user}" "$(dirname -- "${file}")" || return 1
  text="$(pei_toml_without_tables "${file}" index)" || return 1
  if [[ -n "${url}" ]]; then
    text+="${text:+$'\n\n'}[[index]]"$'\n'"url = $(pei_toml_quote "${url}")"$'\n''default = true'
  fi
  pei_write_file "${file}" <<<"${text}" || return 1
  # install-uv-for-everyone.bash writes this one too.
  [[ -n "${url}" ]] || pei_toml_set "${file}" pip index-url ''
}
