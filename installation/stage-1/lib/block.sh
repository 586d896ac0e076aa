# shellcheck shell=bash
# Files that are shared with others: marked blocks that are replaced, never appended twice, and whole files
# that are rewritten only when they differ. A write is whole or does not happen: text goes to a
# temporary file beside the target, takes over its owner and mode, and is renamed.

# Follows links, so that a linked rc file stays a link. Prints the real path.
__pei_real_path() { readlink -m -- "$1"; }

# Creates the missing parents of a path; each new folder belongs to the owner of the nearest old one, so
# that root does not leave its own folders in somebody's home.
__pei_make_parents() {
  local dir="$1" ancestor="$1"
  [[ ! -d "${dir}" ]] || return 0
  while [[ ! -e "${ancestor}" ]]; do
    ancestor="$(dirname -- "${ancestor}")"
  done
  mkdir -p -- "${dir}" || return 1
  if ((EUID == 0)); then
    while [[ "${dir}" != "${ancestor}" ]]; do
      chown --reference="${ancestor}" -- "${dir}" || return 1
      dir="$(dirname -- "${dir}")"
    done
  fi
}

# __pei_replace FILE SOURCE: puts SOURCE's bytes into FILE; a temporary file is removed in every case.
__pei_replace() {
  local file="$1" source="$2" dir temp
  dir="$(dirname -- "${file}")"
  __pei_make_parents "${dir}" || return 1
  temp="$(mktemp -- "${dir}/.pei.XXXXXXXX")" || return 1
  if ! __pei_fill_and_rename "${file}" "${source}" "${temp}"; then
    rm -f -- "${temp}"
    return 1
  fi
}

__pei_fill_and_rename() {
  local file="$1" source="$2" temp="$3"
  cat -- "${source}" >"${temp}" || return 1
  if [[ -e "${file}" ]]; then
    chmod --reference="${file}" -- "${temp}" || return 1
    if ((EUID == 0)); then
      chown --reference="${file}" -- "${temp}" || return 1
    fi
  else
    chmod 0644 -- "${temp}" || return 1
    # A new file in a home belongs to whoever owns the folder.
    if ((EUID == 0)); then
      chown --reference="$(dirname -- "${file}")" -- "${temp}" || return 1
    fi
  fi
  if mv -f -T -- "${temp}" "${file}" 2>/dev/null; then
    return 0
  fi
  # A file that is itself a mount point cannot be renamed over, only written to.
  [[ -f "${file}" ]] || return 1
  cat -- "${temp}" >"${file}" || return 1
  rm -f -- "${temp}"
}

# Prints FILE with the block NAME replaced by TEXTFILE (or dropped, with mode `remove`).
# Fails when a block is opened and never closed: guessing its end could eat the user's lines.
__pei_block_render() {
  local file="$1" name="$2" mode="$3" text_file="$4"
  awk -v begin="# >>> pei ${name} >>>" -v end="# <<< pei ${name} <<<" -v mode="${mode}" -v textfile="${text_file}" '
    function emit(   line) {
      if (done || mode == "remove") return
      done = 1
      print begin
      while ((getline line < textfile) > 0) print line
      close(textfile)
      print end
    }
    # At the top means below a first line that names an interpreter.
    mode == "top" && !placed && !(FNR == 1 && /^#!/) { placed = 1; if (!present) emit() }
    $0 == begin { if (inside) exit bad = 1; inside = 1; emit(); next }
    $0 == end && inside { inside = 0; next }
    inside { next }
    { print }
    END {
      if (bad || inside) exit 3
      emit()
    }
  ' present="$(__pei_has_line "${file}" "# >>> pei ${name} >>>" && printf 1 || printf 0)" "${file}"
}

__pei_has_line() { grep -qxF -- "$2" "$1"; }

# __pei_block_apply FILE NAME MODE TEXTFILE
__pei_block_apply() {
  local file="$1" name="$2" mode="$3" text_file="$4" real work status=0
  [[ "${name}" =~ ^[A-Za-z0-9][A-Za-z0-9._-]*$ ]] || {
    pei_log_error "block name \`${name}\`: letters, digits, dot, dash and underscore only"
    return 1
  }
  real="$(__pei_real_path "${file}")"
  if [[ -e "${real}" && ! -f "${real}" ]]; then
    pei_log_error "${file} is not a regular file"
    return 1
  fi
  if [[ ! -e "${real}" && "${mode}" == remove ]]; then
    return 0
  fi
  work="$(mktemp)" || return 1
  __pei_block_apply_in "${real}" "${name}" "${mode}" "${text_file}" "${work}" || status=1
  rm -f -- "${work}"
  return "${status}"
}

__pei_block_apply_in() {
  local real="$1" name="$2" mode="$3" text_file="$4" work="$5" old="$1"
  [[ -e "${real}" ]] || old=/dev/null
  if ! __pei_block_render "${old}" "${name}" "${mode}" "${text_file}" >"${work}"; then
    pei_log_error "${real}: the block \`pei ${name}\` has no end line; the file is left as it is"
    return 1
  fi
  if [[ -e "${real}" ]] && cmp -s -- "${work}" "${real}"; then
    return 0
  fi
  if ! __pei_replace "${real}" "${work}"; then
    pei_log_error "cannot write ${real}"
    return 1
  fi
}

# pei_block_set [--top] FILE NAME: the block NAME of FILE becomes the text on stdin. A block that exists is
# replaced where it stands; a new one goes to the end, with --top to the beginning (for rc files that
# return early in non-interactive shells). Creates the file if need be; untouched when equal.
pei_block_set() {
  local mode=append
  if [[ "${1-}" == --top ]]; then
    mode=top
    shift
  fi
  local file="$1" name="$2" text_file status=0
  text_file="$(mktemp)" || return 1
  cat >"${text_file}"
  if grep -qxF -e "# >>> pei ${name} >>>" -e "# <<< pei ${name} <<<" -- "${text_file}"; then
    pei_log_error "the text of block \`${name}\` holds its own marker"
    status=1
  else
    __pei_block_apply "${file}" "${name}" "${mode}" "${text_file}" || status=1
  fi
  rm -f -- "${text_file}"
  return "${status}"
}

# pei_block_remove FILE NAME: drops the block; a missing file or block is fine.
pei_block_remove() { __pei_block_apply "$1" "$2" remove /dev/null; }

# pei_block_present FILE NAME
pei_block_present() { [[ -f "$1" ]] && __pei_has_line "$1" "# >>> pei $2 >>>"; }

# pei_write_file [--mode MODE] FILE: FILE becomes the bytes on stdin, only when they differ. Missing parent
# folders are made. An existing file keeps its owner and, without --mode, its mode.
pei_write_file() {
  local wanted_mode=''
  if [[ "${1-}" == --mode ]]; then
    wanted_mode="$2"
    shift 2
  fi
  local file work status=0
  file="$(__pei_real_path "$1")"
  work="$(mktemp)" || return 1
  cat >"${work}"
  if [[ ! -f "${file}" ]] || ! cmp -s -- "${work}" "${file}"; then
    __pei_replace "${file}" "${work}" || {
      pei_log_error "cannot write ${file}"
      status=1
    }
  fi
  rm -f -- "${work}"
  if ((status == 0)) && [[ -n "${wanted_mode}" ]]; then
    chmod "${wanted_mode}" -- "${file}" || status=1
  fi
  return "${status}"
}
