# shellcheck shell=bash
# What the nvm and Node scripts share. Sourced after lib/pei.sh.

NVM_REPOSITORY='https://github.com/nvm-sh/nvm.git'
NVM_REPOSITORY_CN='https://gitee.com/mirrors/nvm.git'
NODE_DIST='https://nodejs.org/dist'
NODE_DIST_CN='https://npmmirror.com/mirrors/node'
NPM_REGISTRY_CN='https://registry.npmmirror.com/'

# nvm_tag VERSION: how a version is called in the repository; nothing for the newest state.
nvm_tag() {
  case "$1" in
    latest | master) ;;
    *) printf 'v%s\n' "${1#v}" ;;
  esac
}

nvm_require_version() {
  [[ "$1" == master ]] || pei_require_version "$1"
}

# A Node version is handed to nvm as a word; it is checked here so that a typo is a usage error, not a download.
node_require_version() {
  [[ "$1" =~ ^(lts|latest|node|lts/[a-z]+|v?[0-9]+(\.[0-9]+){0,2})$ ]] \
    || pei_usage_die "expected a Node version such as 22, v22.11.0, lts or latest, found \`$1\`"
}

# nvm_rc_text DIR CN: what rc files need.
nvm_rc_text() {
  local dir="$1" cn="$2"
  pei_env_var_line NVM_DIR "${dir}"
  # shellcheck disable=SC2016 # expands in the rc file
  printf '%s\n' 'if [ -s "${NVM_DIR}/nvm.sh" ]; then . "${NVM_DIR}/nvm.sh"; fi'
  if [[ "${cn}" == 1 ]]; then
    pei_env_var_line NVM_NODEJS_ORG_MIRROR "${NODE_DIST_CN}/"
  fi
}

# nvm_configure USER DIR CN: rc files and, with CN=1, the npm registry. Loading nvm in every shell that is not interactive
# would make each `bash -c` slow, so ~/.bashrc loads it below its early return; login shells load it always.
nvm_configure() {
  local user="$1" dir="$2" cn="$3" home login_rc
  home="$(pei_user_home "${user}")"
  login_rc="$(__pei_login_rc "${home}")"
  {
    nvm_rc_text "${dir}" "${cn}"
    # shellcheck disable=SC2016 # expands in the rc file
    printf '%s\n' 'if [ -s "${NVM_DIR}/bash_completion" ]; then . "${NVM_DIR}/bash_completion"; fi'
  } | pei_block_set "${home}/.bashrc" nvm || pei_die 'cannot write the rc files'
  # dash reads ~/.profile too, and nvm is not for dash. An interactive shell may have loaded it from ~/.bashrc.
  {
    # shellcheck disable=SC2016 # expands in the rc file
    printf '%s\n' 'if [ -n "${BASH_VERSION-}" ] && ! command -v nvm >/dev/null; then'
    nvm_rc_text "${dir}" "${cn}"
    printf 'fi\n'
  } | pei_block_set "${login_rc}" nvm || pei_die 'cannot write the rc files'
  if [[ "${cn}" == 1 ]]; then
    npm_set_registry "${home}" "${NPM_REGISTRY_CN}" || pei_die "cannot write ${home}/.npmrc"
  fi
}

# npm_set_registry HOME URL: the one `registry=` line of ~/.npmrc; scoped registries and tokens stay.
npm_set_registry() {
  local file="$1/.npmrc" text=''
  [[ ! -f "${file}" ]] || text="$(awk '!/^[ \t]*registry[ \t]*=/' "${file}")" || return 1
  pei_write_file "${file}" <<<"${text}${text:+$'\n'}registry=$2"
}

# nvm_copy_from_cache USER SOURCE TAG DIR: DIR from a local copy; only files of nvm itself are copied.
nvm_copy_from_cache() {
  local source="$2" tag="$3" dir="$4" stage="${PEI_TMP_DIR}/nvm"
  cp -R -- "${source}" "${stage}" || return 1
  chmod -R u+w -- "${stage}"
  if [[ -d "${stage}/.git" && -n "${tag}" ]] && pei_arg_given version; then
    git -c safe.directory='*' -C "${stage}" checkout --quiet --detach "tags/${tag}" -- || {
      pei_log_error "${source} has no version ${tag}"
      return 1
    }
  fi
  [[ -s "${stage}/nvm.sh" ]] || {
    pei_log_error "${source} holds no nvm.sh"
    return 1
  }
  nvm_move_in "$1" "${stage}" "${dir}"
}

# nvm_move_in USER STAGE DIR: DIR may exist if it is empty (a mount point, say).
nvm_move_in() {
  local user="$1" stage="$2" dir="$3"
  pei_make_dir "${user}" "${dir}" || return 1
  # As the owner of the directory: root must not follow a link in a user's home.
  tar -C "${stage}" -c . | pei_as_owner_of "${dir}" tar -C "${dir}" --no-same-owner -x || return 1
  [[ -n "$(__pei_writer "${dir}")" ]] || pei_own_tree "${user}" "${dir}"
}

# nvm_clone USER TAG CN DIR
nvm_clone() {
  local user="$1" tag="$2" cn="$3" dir="$4"
  local -a places=(--url "${NVM_REPOSITORY}")
  [[ "${cn}" != 1 ]] || places=(--url "${NVM_REPOSITORY_CN}" --mirror "${NVM_REPOSITORY}")
  pei_ensure_command git
  pei_git_clone "${places[@]}" ${tag:+--ref "${tag}"} --to "${PEI_TMP_DIR}/nvm" || return 1
  [[ -s "${PEI_TMP_DIR}/nvm/nvm.sh" ]] || {
    pei_log_error 'the clone holds no nvm.sh'
    return 1
  }
  nvm_move_in "${user}" "${PEI_TMP_DIR}/nvm" "${dir}"
}

nvm_raw_base() {
  if [[ "$2" == 1 ]]; then
    printf 'https://gitee.com/mirrors/nvm/raw/%s\n' "${1:-master}"
  else
    printf 'https://raw.githubusercontent.com/nvm-sh/nvm/%s\n' "${1:-master}"
  fi
}

# nvm_fetch_files USER TAG CN DIR: the three files that nvm consists of; needs no git.
nvm_fetch_files() {
  local user="$1" tag="$2" cn="$3" dir="$4" file base
  base="$(nvm_raw_base "${tag}" "${cn}")"
  for file in nvm.sh nvm-exec bash_completion; do
    pei_download --url "${base}/${file}" --mirror "$(nvm_raw_base "${tag}" 0)/${file}" \
      --name "nvm-${tag:-master}-${file}" --version "${tag}" --to "${PEI_TMP_DIR}/nvm/${file}" || return 1
  done
  chmod 0755 -- "${PEI_TMP_DIR}/nvm/nvm-exec"
  nvm_move_in "${user}" "${PEI_TMP_DIR}/nvm" "${dir}"
}

# nvm_do USER DIR MIRROR COMMAND ARGUMENT…: an nvm command as USER. MIRROR may be empty.
nvm_do() {
  local user="$1" dir="$2" mirror="$3"
  shift 3
  # nvm is not written for strict shells. It refuses to work with npm's prefix set.
  # shellcheck disable=SC2016 # expands in the child
  pei_run_as "${user}" NVM_DIR="${dir}" ${mirror:+NVM_NODEJS_ORG_MIRROR="${mirror}"} bash --noprofile --norc -c '
    unset PREFIX npm_config_prefix NPM_CONFIG_PREFIX
    . "${NVM_DIR}/nvm.sh" --no-use
    command -v nvm >/dev/null || exit 1
    "$@"
  ' pei "$@" </dev/null
}

# node_current USER DIR VERSION: the installed version that VERSION stands for, without asking the network.
node_current() {
  local wanted="$3" found
  case "${wanted}" in
    # Only the network knows which versions these are today: accept the current default.
    lts | latest | node | lts/*) wanted=default ;;
  esac
  found="$(nvm_do "$1" "$2" '' nvm version "${wanted}" 2>/dev/null)" || return 1
  [[ "${found}" == v[0-9]* ]] || return 1
  printf '%s\n' "${found}"
}

# node_install USER DIR VERSION CN REQUESTED: installs Node unless it is there, and makes it the default. Prints the version.
# REQUESTED is the user's word for VERSION, which the lock may have replaced.
node_install() {
  local user="$1" dir="$2" version="$3" cn="$4" requested="$5" place found
  local -a words=("${version}") bases=("${NODE_DIST}")
  case "${version}" in
    lts) words=(--lts) ;;
    latest) words=(node) ;;
  esac
  [[ "${cn}" != 1 ]] || bases=("${NODE_DIST_CN}" "${NODE_DIST}")
  # What the caller's environment asks for comes before the vendor's place.
  [[ -z "${NVM_NODEJS_ORG_MIRROR-}" ]] || bases=("${NVM_NODEJS_ORG_MIRROR%/}" "${bases[@]}")
  # nvm downloads by either.
  pei_ensure_downloader || return 1
  while IFS= read -r place; do
    pei_log_info "Node ${version} from ${place}"
    if nvm_do "${user}" "${dir}" "${place}" nvm install "${words[@]}" >&2; then
      found="$(nvm_do "${user}" "${dir}" '' nvm version "$(node_word "${version}")" 2>/dev/null)" || found=''
      [[ "${found}" == v[0-9]* ]] || pei_die "nvm says it is done, but there is no Node ${version}"
      nvm_do "${user}" "${dir}" '' nvm alias default "${found}" >/dev/null || pei_die 'the default version cannot be set'
      node_record "${dir}" "${found}" "${place}" "${requested#v}" || return 1
      printf '%s\n' "${found}"
      return 0
    fi
    pei_log_warn "no Node from ${place}"
  done < <(pei_download_places "${bases[@]}")
  return 1
}

# node_record DIR VERSION PLACE REQUESTED: nvm has checked what it downloaded against the sums of the place, and keeps it.
node_record() {
  local file requested="$4"
  [[ "${requested}" != "${2#v}" ]] || requested=''
  pei_record tool name=node path="$1/versions/node/$2/bin/node" -- version="${2#v}" requested="${requested}"
  for file in "$1/.cache/bin/node-$2-"*/node-*.tar.*; do
    [[ -f "${file}" ]] || continue
    __pei_record_download "${file}" "${file##*/}" "${NODE_DIST}/$2/${file##*/}" "${3%/}/$2/${file##*/}" "${2#v}" '' published || return 1
  done
}

# The name that nvm gives to the version it has just installed.
node_word() {
  case "$1" in
    lts) printf 'lts/*\n' ;;
    latest) printf 'node\n' ;;
    *) printf '%s\n' "$1" ;;
  esac
}

# nvm_plan_node VERSION CN USER
nvm_plan_node() {
  local base="${NODE_DIST}"
  [[ "$2" != 1 ]] || base="${NODE_DIST_CN}"
  pei_plan "let nvm download Node $1 for $3 from $(pei_mirrored "${base}"), checked against its SHASUMS256.txt"
}
