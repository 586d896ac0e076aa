# shellcheck shell=bash
# Installs released programs, and removes the files of a failed installation.

# pei_undo_note PATH…: remembers, for each path that does not exist, the topmost missing directory. If the
# script fails, the EXIT trap that pei_tmp_dir_init sets removes it.
pei_undo_note() {
  local path
  for path in "$@"; do
    [[ ! -e "${path}" && ! -L "${path}" ]] || continue
    while [[ ! -e "$(dirname -- "${path}")" ]]; do
      path="$(dirname -- "${path}")"
    done
    __PEI_UNDO_PATHS+=("${path}")
  done
}

# pei_undo: removes the remembered paths.
pei_undo() {
  local path
  for path in ${__PEI_UNDO_PATHS[@]+"${__PEI_UNDO_PATHS[@]}"}; do
    rm -rf -- "${path}"
  done
  __PEI_UNDO_PATHS=()
}

# pei_place_program USER SOURCE DEST: DEST becomes an executable copy of SOURCE that belongs to USER, by a rename: an old
# program that runs is not disturbed, and DEST is never half a file.
pei_place_program() {
  local user="$1" source="$2" dest="$3"
  pei_make_dir "${user}" "$(dirname -- "${dest}")" || return 1
  # shellcheck disable=SC2016 # expands in the owner's shell
  pei_as_owner_of "${dest}" /bin/sh -uc '
    temp="$(mktemp -- "${1%/*}/.pei.XXXXXXXX")" || exit
    if cat >"${temp}" && chmod 0755 -- "${temp}" && { [ "$(id -u)" != 0 ] || chown "$2" -- "${temp}"; } \
      && mv -f -T -- "${temp}" "$1"; then
      exit
    fi
    rm -f -- "${temp}"
    exit 1' sh "${dest}" "${user}:$(pei_user_group "${user}")" <"${source}"
}

# pei_program_version PROGRAM: the first word in the output of `PROGRAM --version` that looks like a version.
pei_program_version() {
  local said
  said="$("$1" --version 2>/dev/null </dev/null)" || return 1
  [[ "${said}" =~ [0-9]+(\.[0-9]+)+([-.+][0-9A-Za-z.]+)? ]] && printf '%s\n' "${BASH_REMATCH[0]}"
}

# pei_record_program NAME PROGRAM: adds the program and the version that it prints to the record.
pei_record_program() {
  [[ -n "${PEI_RECORD-}" ]] || return 0
  pei_record tool name="$1" path="$2" -- version="$(pei_program_version "$2" || true)"
}

# pei_check_program PROGRAM: fatal unless it runs here at all.
pei_check_program() {
  "$1" --version >/dev/null 2>&1 </dev/null || pei_die "${1##*/} does not run on this machine"
}

# pei_release_base VERSION TAG REPOSITORY: where GitHub keeps the files of a release.
pei_release_base() {
  if [[ "$1" == latest ]]; then
    printf 'https://github.com/%s/releases/latest/download\n' "$3"
  else
    printf 'https://github.com/%s/releases/download/%s\n' "$3" "$2"
  fi
}

# pei_require_version TEXT: usage error unless it is `latest` or looks like a version; a leading v is fine.
pei_require_version() {
  [[ "$1" == latest || "$1" =~ ^v?[0-9]+(\.[0-9]+)*([-.+][0-9A-Za-z.]+)*$ ]] \
    || pei_usage_die "expected a version such as 1.2.3, or latest, found \`$1\`"
}
