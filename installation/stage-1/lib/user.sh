# shellcheck shell=bash
# Users: finding an account and its home, running commands as a user, and changing owners.

pei_current_user() { id -un; }

# pei_user_home NAME: the home of the account, from the account database and not from $HOME.
pei_user_home() {
  local entry home
  entry="$(getent passwd -- "$1")" || return 1
  home="$(cut -d: -f6 <<<"${entry}")"
  [[ -n "${home}" ]] || return 1
  printf '%s\n' "${home}"
}

pei_user_group() { id -gn -- "$1"; }

# pei_resolve_target_user [NAME]: prints the user to install for; without NAME the caller. Fatal if the account does not
# exist, or is not the caller's and the caller is not root.
pei_resolve_target_user() {
  local name="${1-}" caller
  caller="$(pei_current_user)"
  [[ -n "${name}" ]] || name="${caller}"
  getent passwd -- "${name}" >/dev/null || pei_die "user \`${name}\` does not exist"
  if [[ "${name}" != "${caller}" ]] && ((EUID != 0)); then
    pei_die "needs root to act for \`${name}\` (caller is \`${caller}\`)"
  fi
  printf '%s\n' "${name}"
}

# Variables that another user's commands get, too. XDG_* and HOME are not among them: they name the caller's directories.
__pei_passed_env() {
  local name
  while IFS= read -r name; do
    case "${name}" in
      http_proxy | https_proxy | ftp_proxy | no_proxy | all_proxy | HTTP_PROXY | HTTPS_PROXY | FTP_PROXY | NO_PROXY | ALL_PROXY \
        | LANG | LANGUAGE | LC_* | TERM | TZ | DEBIAN_FRONTEND | NO_COLOR | CI \
        | SSL_CERT_FILE | SSL_CERT_DIR | CURL_CA_BUNDLE | REQUESTS_CA_BUNDLE | NODE_EXTRA_CA_CERTS | GIT_SSL_CAINFO \
        | PIP_INDEX_URL | PIP_EXTRA_INDEX_URL | PIP_TRUSTED_HOST | UV_INDEX_URL | UV_DEFAULT_INDEX | UV_SYSTEM_CERTS | UV_NATIVE_TLS | npm_config_* | NPM_CONFIG_* \
        | NVM_NODEJS_ORG_MIRROR | BUN_CONFIG_REGISTRY | PEI_*)
        printf '%s\0' "${name}=${!name}"
        ;;
    esac
  done < <(compgen -e)
}

# pei_run_as USER [NAME=VALUE…] COMMAND [ARGUMENT…]: runs it as USER, arguments untouched. For the caller
# it runs in place; for another user with a clean environment, in that user's home, with proxies, locale and PEI_* kept.
pei_run_as() {
  local user="$1" home
  shift
  home="$(pei_user_home "${user}")" || {
    pei_log_error "user \`${user}\` has no home"
    return 1
  }
  if [[ "${user}" == "$(pei_current_user)" ]]; then
    env HOME="${home}" USER="${user}" LOGNAME="${user}" "$@"
    return
  fi
  local -a environment=()
  local pair
  while IFS= read -r -d '' pair; do
    environment+=("${pair}")
  done < <(__pei_passed_env)
  environment+=(
    HOME="${home}" USER="${user}" LOGNAME="${user}" SHELL=/bin/bash
    PATH="${home}/.local/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
  )
  (
    cd -- "${home}" 2>/dev/null || cd /
    if command -v runuser >/dev/null 2>&1; then
      # The caller's PATH may hold directories that the user cannot enter.
      exec runuser -u "${user}" -- /usr/bin/env -i "${environment[@]}" "$@"
    fi
    # shellcheck disable=SC2016 # expands in the shell that su starts
    exec su -s /bin/bash -c 'exec "$@"' -- "${user}" pei /usr/bin/env -i "${environment[@]}" "$@"
  )
}

# pei_each_login_user: names, a line each: root, and everyone with uid >= 1000, a login shell and a home that exists.
pei_each_login_user() {
  local name uid home shell
  while IFS=: read -r name _ uid _ _ home shell; do
    ((uid == 0 || (uid >= 1000 && uid < 65534))) || continue
    case "${shell}" in
      */nologin | */false | */sync) continue ;;
    esac
    [[ -d "${home}" ]] || continue
    printf '%s\n' "${name}"
  done < <(getent passwd)
}

# pei_own USER PATH…: hands paths to USER and the user's group; links themselves, not what they point to.
pei_own() {
  local user="$1" group
  shift
  ((EUID == 0)) || return 0
  group="$(pei_user_group "${user}")" || return 1
  chown -h "${user}:${group}" -- "$@"
}

# pei_own_tree USER PATH…: the same for whole trees.
pei_own_tree() {
  local user="$1" group
  shift
  ((EUID == 0)) || return 0
  group="$(pei_user_group "${user}")" || return 1
  chown -hR "${user}:${group}" -- "$@"
}

# pei_make_dir USER DIR: makes DIR; every directory that was missing belongs to USER, or to the owner of the directory above it.
pei_make_dir() {
  local user="$1" dir="$2" top="$2"
  [[ ! -d "${dir}" ]] || return 0
  if [[ -n "$(__pei_writer "${dir}")" ]]; then
    pei_as_owner_of "${dir}" mkdir -p -- "${dir}"
    return
  fi
  while [[ ! -e "$(dirname -- "${top}")" ]]; do
    top="$(dirname -- "${top}")"
  done
  mkdir -p -- "${dir}" || return 1
  pei_own_tree "${user}" "${top}"
}
