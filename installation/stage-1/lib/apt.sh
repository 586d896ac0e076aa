# shellcheck shell=bash
# Debian packages. Nothing prompts, nothing is installed twice, and a package that this release does not
# have is named before anything is changed.

# Options shared by all apt-get calls.
__pei_apt_get() {
  DEBIAN_FRONTEND=noninteractive apt-get -q \
    -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 -o Dpkg::Use-Pty=0 "$@"
}

# The directory of the package lists, which an apt configuration may have moved.
__pei_apt_lists_dir() {
  local line
  line="$(apt-config shell lists Dir::State::lists/d 2>/dev/null)" || line=''
  line="${line#lists=\'}"
  line="${line%\'}"
  printf '%s\n' "${line:-/var/lib/apt/lists}"
}

__pei_apt_lists_empty() {
  local dir
  dir="$(__pei_apt_lists_dir)"
  [[ -z "$(find "${dir}" -maxdepth 1 -name '*_Packages*' -print -quit 2>/dev/null)" ]]
}

# pei_apt_update: refreshes the package lists; three tries. Fails if one list cannot be downloaded.
pei_apt_update() {
  pei_require_root
  local try
  for try in 1 2 3; do
    if __pei_apt_get update -o APT::Update::Error-Mode=any >&2; then
      return 0
    fi
    ((try == 3)) || {
      pei_log_warn "apt-get update failed (try ${try} of 3)"
      sleep "${PEI_APT_RETRY_DELAY:-3}"
    }
  done
  pei_log_error "the package lists cannot be refreshed; they come from $(pei_apt_places)"
  return 1
}

# Package name without `=version` and `/release`.
__pei_apt_bare_name() {
  local name="${1%%=*}"
  printf '%s\n' "${name%%/*}"
}

# pei_apt_installed PACKAGE
pei_apt_installed() {
  [[ "$(dpkg-query -W -f='${db:Status-Status}' -- "$(__pei_apt_bare_name "$1")" 2>/dev/null)" == installed ]]
}

# pei_apt_available PACKAGE: whether the lists have it, or another package that provides it.
pei_apt_available() {
  local name candidate
  name="$(__pei_apt_bare_name "$1")"
  candidate="$(LC_ALL=C apt-cache policy -- "${name}" 2>/dev/null | sed -n 's/^ *Candidate: //p')"
  if [[ -n "${candidate}" && "${candidate}" != '(none)' ]]; then
    return 0
  fi
  [[ -n "$(LC_ALL=C apt-cache showpkg -- "${name}" 2>/dev/null | awk 'seen { print } /^Reverse Provides:/ { seen = 1 }')" ]]
}

# pei_apt_missing PACKAGE…: prints those that are not installed, a line each.
pei_apt_missing() {
  local package
  for package in "$@"; do
    pei_apt_installed "${package}" || printf '%s\n' "${package}"
  done
}

__pei_apt_absent() {
  local package
  for package in "$@"; do
    pei_apt_available "${package}" || printf '%s\n' "${package}"
  done
}

# pei_apt_check PACKAGE…: fails and names the packages that are neither installed nor available on this release.
# Refreshes the lists when they are empty or do not know a package.
pei_apt_check() {
  local -a missing absent
  mapfile -t missing < <(pei_apt_missing "$@")
  ((${#missing[@]} > 0)) || return 0
  mapfile -t absent < <(__pei_apt_absent "${missing[@]}")
  ((${#absent[@]} > 0)) || return 0
  # The failed list may belong to a source that does not have these packages.
  pei_apt_update || pei_log_warn 'continuing with the package lists that are there'
  mapfile -t absent < <(__pei_apt_absent "${missing[@]}")
  if ((${#absent[@]} > 0)); then
    pei_log_error "not available on $(pei_distro_id) $(pei_distro_version) ($(uname -m)): ${absent[*]}"
    return 1
  fi
}

# pei_apt_install PACKAGE…: installs what is missing, without recommended packages.
pei_apt_install() {
  local plan
  local -a missing
  mapfile -t missing < <(pei_apt_missing "$@")
  if ((${#missing[@]} == 0)); then
    pei_log_debug "already installed: $*"
    return 0
  fi
  pei_require_root
  if __pei_apt_lists_empty || pei_locked_lists_old; then
    pei_apt_update || return 1
  fi
  pei_apt_check "${missing[@]}" || return 1
  if ! plan="$(__pei_apt_get install --simulate --no-install-recommends -- "${missing[@]}")"; then
    pei_locked_explain "${missing[@]%%[=/]*}"
    pei_log_error "these packages cannot be installed together here: ${missing[*]}"
    return 1
  fi
  if ! pei_locked_planned "${plan}"; then
    return 1
  fi
  pei_log_info "installing packages: ${missing[*]}"
  if __pei_apt_get install -y --no-install-recommends -- "${missing[@]}" >&2; then
    return 0
  fi
  # Old lists, for example of an earlier build, name packages that the archive has replaced since.
  pei_log_warn 'apt-get install failed; trying again with fresh package lists'
  if pei_apt_update && __pei_apt_get install -y --no-install-recommends -- "${missing[@]}" >&2; then
    return 0
  fi
  pei_log_error "apt-get install failed: ${missing[*]}"
  return 1
}

# pei_ensure_command COMMAND [PACKAGE]: installs PACKAGE if COMMAND is missing; fatal if that fails.
pei_ensure_command() {
  command -v -- "$1" >/dev/null 2>&1 && return 0
  ((EUID == 0)) || pei_die "\`$1\` is missing, and installing package ${2:-$1} needs root"
  pei_apt_install "${2:-$1}" || pei_die "\`$1\` is missing and package ${2:-$1} cannot be installed"
}

# pei_apt_source_set --list FILE --line TEXT --keyring FILE --key FILE [--pin FILE --pin-text TEXT]
# Adds a package source: key, optional pin, source line, then a refresh of that source alone. If the refresh
# fails, every file is put back as it was. Prints nothing and does nothing when all is in place already.
pei_apt_source_set() {
  local list='' line='' keyring='' key='' pin='' pin_text=''
  while (($# > 0)); do
    case "$1" in
      --list) list="$2" ;;
      --line) line="$2" ;;
      --keyring) keyring="$2" ;;
      --key) key="$2" ;;
      --pin) pin="$2" ;;
      --pin-text) pin_text="$2" ;;
      *)
        pei_log_error "pei_apt_source_set: unknown option $1"
        return 1
        ;;
    esac
    shift 2
  done
  pei_require_root
  local backup file status=0
  backup="$(mktemp -d)" || return 1
  for file in "${list}" "${keyring}" ${pin:+"${pin}"}; do
    if [[ -e "${file}" ]]; then
      cp -p -- "${file}" "${backup}/${file##*/}" || return 1
    fi
  done
  {
    pei_write_file --mode 0644 "${keyring}" <"${key}" \
      && { [[ -z "${pin}" ]] || pei_write_file --mode 0644 "${pin}" <<<"${pin_text}"; } \
      && pei_write_file --mode 0644 "${list}" <<<"${line}" \
      && __pei_apt_refresh_one "${list}"
  } || status=1
  if ((status != 0)); then
    pei_log_error "the package source ${list} does not work; it is removed again"
    for file in "${list}" "${keyring}" ${pin:+"${pin}"}; do
      if [[ -e "${backup}/${file##*/}" ]]; then
        cp -p -- "${backup}/${file##*/}" "${file}"
      else
        rm -f -- "${file}"
      fi
    done
  fi
  rm -rf -- "${backup}"
  return "${status}"
}

# Reads one source list and leaves the lists of the other sources alone.
__pei_apt_refresh_one() {
  __pei_apt_get update -o APT::Update::Error-Mode=any -o Dir::Etc::sourcelist="$1" \
    -o Dir::Etc::sourceparts=- -o APT::Get::List-Cleanup=0 >&2
}

# pei_key_fingerprints FILE: the fingerprints of the primary keys in a key file, a line each.
pei_key_fingerprints() {
  local home status=0
  home="$(mktemp -d)" || return 1
  gpg --homedir "${home}" --batch --no-options --with-colons --show-keys -- "$1" 2>/dev/null \
    | awk -F: '$1 == "pub" { primary = 1 } $1 == "fpr" && primary { print $10; primary = 0 }' || status=1
  rm -rf -- "${home}"
  return "${status}"
}
