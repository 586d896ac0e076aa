# shellcheck shell=bash
# What the two uv installers share. Sourced after lib/pei.sh.

uv_declare_sources() {
  pei_args_value version VERSION "$(pei_version uv)" 'which version, or latest'
  pei_args_choice installer-url official 'official|cn|URL' 'official: the release archive; URL: an install script, such as https://astral.sh/uv/install.sh'
  pei_args_value sha256 SUM '' 'what the sum of the download must be (default: the published one; a script has none)'
}

uv_build() {
  case "$(pei_arch)" in
    arm64) printf 'aarch64\n' ;;
    *) printf 'x86_64\n' ;;
  esac
}

uv_release_url() { printf '%s/uv-%s-unknown-linux-gnu.tar.gz\n' "$(pei_release_base "$1" "$1" astral-sh/uv)" "$(uv_build)"; }

# uv_plan INSTALLER VERSION DIR USER
uv_plan() {
  if uv_from_release "$1"; then
    pei_plan_download --url "$(uv_release_url "$2")" --to "$3/uv"
    printf '  checked against %s.sha256\n' "$(uv_release_url "$2")"
  else
    pei_plan "fetch $(pei_mirrored "$1") to a file and run it as $4, with UV_INSTALL_DIR=$3"
  fi
}

uv_from_release() { [[ "$1" == official || "$1" == cn ]]; }

# uv_fetch VERSION: uv and uvx into $PEI_TMP_DIR/uv.
uv_fetch() {
  local version="$1" url
  url="$(uv_release_url "${version}")"
  pei_download --url "${url}" --to "${PEI_TMP_DIR}/uv.tar.gz" --sha256 "$(pei_arg sha256)" --sums-url "${url}.sha256" \
    --version "${version}" || return 1
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

# uv_run_script URL USER DIR
uv_run_script() {
  local url="$1" user="$2" dir="$3"
  pei_make_dir "${user}" "${dir}" || pei_die "cannot create ${dir}"
  # rc files are written by this library, once, so the script is told to leave them alone.
  pei_run_vendor_script --url "${url}" --sha256 "$(pei_arg sha256)" --user "${user}" --shell sh -- \
    UV_INSTALL_DIR="${dir}" UV_NO_MODIFY_PATH=1 INSTALLER_NO_MODIFY_PATH=1 \
    UV_INSTALLER_GITHUB_BASE_URL="$(pei_mirrored https://github.com)" || return 1
  [[ -x "${dir}/uv" ]] || {
    pei_log_error "the install script left no ${dir}/uv"
    return 1
  }
}

# uv_prepare INSTALLER VERSION: fetches the release, unless a script installs it.
uv_prepare() {
  [[ "$1" != cn ]] || pei_log_warn 'uv has no mirror in China; the official one is used'
  ! uv_from_release "$1" || uv_fetch "$2" || pei_die 'uv is not installed'
}

# uv_install_for INSTALLER USER DIR: after uv_prepare.
uv_install_for() {
  pei_undo_note "$3/uv" "$3/uvx"
  if uv_from_release "$1"; then
    uv_place "$2" "$3"
  else
    uv_run_script "$@" || pei_die 'uv is not installed'
  fi
  pei_record_program uv "$3/uv"
}

# uv_is_satisfied VERSION DIR: whether the installed version is the requested one.
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
