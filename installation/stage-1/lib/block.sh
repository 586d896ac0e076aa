# shellcheck shell=bash
# Writes files that others also write, such as rc files: marked blocks that are replaced, not appended twice, and whole files
# that are rewritten only when they differ. A write is complete or does not happen: the text goes to a temporary file beside
# the target, gets the target's owner and mode, and is renamed.

# shellcheck source=installation/stage-1/lib/owner.sh
source "${BASH_SOURCE[0]%/*}/owner.sh"

# Follows links, so that a linked rc file stays a link. Prints the real path.
__pei_real_path() { readlink -m -- "$1"; }

# Creates the missing parents of a path; each new directory belongs to the owner of the nearest old one, so
# that root does not leave its own directories in somebody's home.
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

# __pei_scratch FILE: prints the path of a new, empty file beside FILE, so that a rename is atomic; in the directory for
# temporary files if FILE's directory is not writable.
__pei_scratch() {
  local dir
  dir="$(dirname -- "$1")"
  __pei_make_parents "${dir}" || return 1
  mktemp -- "${dir}/.pei.XXXXXXXX" 2>/dev/null || mktemp
}

# __pei_replace FILE SCRATCH: SCRATCH's bytes become FILE's.
__pei_replace() {
  local file="$1" scratch="$2"
  if [[ -e "${file}" ]]; then
    chmod --reference="${file}" -- "${scratch}" || return 1
    if ((EUID == 0)); then
      chown --reference="${file}" -- "${scratch}" || return 1
    fi
  else
    chmod 0644 -- "${scratch}" || return 1
    # A new file in a home belongs to whoever owns the directory.
    if ((EUID == 0)); then
      chown --reference="$(dirname -- "${file}")" -- "${scratch}" || return 1
    fi
  fi
  if [[ "${scratch%/*}" == "${file%/*}" ]] && mv -f -T -- "${scratch}" "${file}" 2>/dev/null; then
    return 0
  fi
  # A file that is itself a mount point, or whose directory is read-only, can only be written to.
  [[ -f "${file}" && -w "${file}" ]] || return 1
  cat -- "${scratch}" >"${file}"
}

# Prints FILE with the block NAME replaced by the text on stdin (or dropped, with mode `remove`).
# Status 3: the block has no end line; guessing its end could delete the user's lines. Status 4: the text contains
# the block's own markers.
__pei_block_render() {
  local file="$1" name="$2" mode="$3"
  awk -v begin="# >>> pei ${name} >>>" -v end="# <<< pei ${name} <<<" -v mode="${mode}" '
    function emit(   line) {
      if (done || mode == "remove") return
      done = 1
      print begin
      while ((getline line < "/dev/stdin") > 0) {
        if (line == begin || line == end) bad = 4
        print line
      }
      print end
    }
    # At the top means below a first line that names an interpreter.
    mode == "top" && !placed && !(FNR == 1 && /^#!/) { placed = 1; if (!present) emit() }
    $0 == begin { if (inside) exit bad = 3; inside = 1; emit(); next }
    $0 == end && inside { inside = 0; next }
    inside { next }
    { print }
    END {
      if (inside) bad = 3
      if (bad) exit bad
      emit()
      if (bad) exit bad
    }
  ' present="$(__pei_has_line "${file}" "# >>> pei ${name} >>>" && printf 1 || printf 0)" "${file}"
}

__pei_has_line() { grep -qxF -- "$2" "$1"; }

# __pei_block_apply FILE NAME MODE, the text on stdin
__pei_block_apply() {
  local file="$1" name="$2" mode="$3" real scratch status=0
  if [[ -n "$(__pei_writer "${file}")" ]]; then
    __pei_call_as_owner_of "${file}" __pei_block_apply "$@"
    return
  fi
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
  scratch="$(__pei_scratch "${real}")" || return 1
  __pei_block_apply_in "${real}" "${name}" "${mode}" "${scratch}" || status=1
  rm -f -- "${scratch}"
  return "${status}"
}

__pei_block_apply_in() {
  local real="$1" name="$2" mode="$3" scratch="$4" old="$1" status=0
  [[ -e "${real}" ]] || old=/dev/null
  __pei_block_render "${old}" "${name}" "${mode}" >"${scratch}" || status=$?
  case "${status}" in
    0) ;;
    3) pei_log_error "${real}: the block \`pei ${name}\` has no end line; the file is not changed" ;;
    4) pei_log_error "the text of block \`${name}\` contains the block's own marker" ;;
    *) pei_log_error "cannot write ${real}" ;;
  esac
  ((status == 0)) || return 1
  if [[ -e "${real}" ]] && cmp -s -- "${scratch}" "${real}"; then
    return 0
  fi
  if ! __pei_replace "${real}" "${scratch}"; then
    pei_log_error "cannot write ${real}"
    return 1
  fi
}

# pei_block_set [--top] FILE NAME: the block NAME of FILE becomes the text on stdin. An existing block is
# replaced in its place; a new one goes to the end, with --top to the beginning (for rc files that
# return early in non-interactive shells). Creates a missing file; does not touch one that is equal.
pei_block_set() {
  local mode=append
  if [[ "${1-}" == --top ]]; then
    mode=top
    shift
  fi
  __pei_block_apply "$1" "$2" "${mode}"
}

# pei_block_remove FILE NAME: drops the block; a missing file or block is fine.
pei_block_remove() { __pei_block_apply "$1" "$2" remove </dev/null; }

# pei_block_present FILE NAME
pei_block_present() { [[ -f "$1" ]] && __pei_has_line "$1" "# >>> pei $2 >>>"; }

# pei_write_file [--mode MODE] FILE: writes the bytes on stdin to FILE if they differ. Creates missing parent
# directories. An existing file keeps its owner and, without --mode, its mode.
pei_write_file() {
  local wanted_mode=''
  if [[ "${1-}" == --mode ]]; then
    wanted_mode="$2"
    shift 2
  fi
  local file scratch status=0
  if [[ -n "$(__pei_writer "$1")" ]]; then
    __pei_call_as_owner_of "$1" pei_write_file ${wanted_mode:+--mode "${wanted_mode}"} "$1"
    return
  fi
  file="$(__pei_real_path "$1")"
  scratch="$(__pei_scratch "${file}")" || return 1
  if ! cat >"${scratch}"; then
    status=1
  elif [[ ! -f "${file}" ]] || ! cmp -s -- "${scratch}" "${file}"; then
    __pei_replace "${file}" "${scratch}" || status=1
  fi
  rm -f -- "${scratch}"
  if ((status != 0)); then
    pei_log_error "cannot write ${file}"
  elif [[ -n "${wanted_mode}" ]]; then
    chmod "${wanted_mode}" -- "${file}" || status=1
  fi
  return "${status}"
}
