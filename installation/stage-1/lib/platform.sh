# shellcheck shell=bash
# What machine and distribution this is.
# Reads: PEI_OS_RELEASE (the file to read instead of /etc/os-release).

# pei_arch: amd64 or arm64; anything else is fatal.
pei_arch() {
  local machine
  machine="$(uname -m)"
  case "${machine}" in
    x86_64 | amd64) printf 'amd64\n' ;;
    aarch64 | arm64) printf 'arm64\n' ;;
    *) pei_die "unsupported machine \`${machine}\`: only amd64 and arm64 are supported" ;;
  esac
}

# __pei_os_field KEY: a value of os-release. The file is shell text, so a shell reads it, but not this one.
__pei_os_field() {
  local file="${PEI_OS_RELEASE:-/etc/os-release}"
  [[ -r "${file}" ]] || return 0
  # shellcheck disable=SC2016 # expands in the child
  env -i /bin/sh -c '. "$1"; eval "printf \"%s\\n\" \"\${$2-}\""' sh "${file}" "$1"
}

pei_distro_id() { __pei_os_field ID; }

pei_distro_version() { __pei_os_field VERSION_ID; }

pei_distro_codename() {
  local name
  name="$(__pei_os_field VERSION_CODENAME)"
  [[ -n "${name}" ]] || name="$(__pei_os_field UBUNTU_CODENAME)"
  printf '%s\n' "${name}"
}

pei_require_root() {
  ((EUID == 0)) || pei_die 'needs root'
}

# pei_require_command NAME… : fatal with a list of what is missing.
pei_require_command() {
  local name
  local -a missing=()
  for name in "$@"; do
    command -v -- "${name}" >/dev/null 2>&1 || missing+=("${name}")
  done
  ((${#missing[@]} == 0)) || pei_die "missing command: ${missing[*]}"
}

# pei_require_supported_distro [ID:VERSION…]: fatal on any other release, before anything is changed.
pei_require_supported_distro() {
  local -a supported=("$@")
  ((${#supported[@]} > 0)) || supported=(ubuntu:22.04 ubuntu:24.04 debian:12 debian:13)
  local here known
  here="$(pei_distro_id):$(pei_distro_version)"
  for known in "${supported[@]}"; do
    [[ "${here}" != "${known}" ]] || return 0
  done
  pei_die "not for ${here/:/ }: supported are ${supported[*]/:/ }"
}
