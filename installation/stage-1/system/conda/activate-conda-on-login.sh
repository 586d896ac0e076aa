#!/usr/bin/env bash
# Makes conda's base environment the active one in a login shell. Meant for on_user_login hooks, so it is sourced; it
# reports problems but never ends the shell or changes its options. Executed, it only reports whether it would work.
#
# Usage:   source activate-conda-on-login.sh [--conda-dir DIR] [--dry-run] [--force] [-h]
# Root:    no
# Network: no

# Whether the file is sourced without arguments. Bash then gives it the arguments of the calling shell, but records the
# file's name in BASH_ARGV as if it were an argument, above the shell's own frame (which functions may not see).
__pei_conda_given_nothing() {
  local IFS=' '
  [[ ${BASH_ARGC[0]-}:${BASH_ARGV[0]-} == "1:${BASH_SOURCE[1]}" ]] || return 1
  ((${#BASH_ARGC[@]} > 1)) || [[ ! ${FUNCNAME[*]:1} =~ ^((source|main)\ ?)*$ ]]
}

__pei_conda_help() {
  cat <<'TEXT'
Usage: source activate-conda-on-login.sh [OPTIONS]

Activates conda's base environment in a login shell. Without a conda in the directory it does nothing.

Options:
  --conda-dir DIR             where conda is, an absolute path (default: /opt/miniconda3)
  --dry-run                   say what would be done; no change
  --force                     activate again even where base is active
  -h, --help                  this text
TEXT
}

__pei_conda_error() {
  printf 'error [activate-conda-on-login.sh] %s\n' "$1" >&2
  printf "Try 'activate-conda-on-login.sh --help'.\n" >&2
}

# Reads the options into dir, dry_run and force of the caller: 0 go on, 2 usage error, 100 help was printed.
__pei_conda_read_options() {
  while (($# > 0)); do
    case $1 in
      --conda-dir=*) dir=${1#*=} ;;
      --conda-dir)
        if (($# < 2)) || [[ $2 == --* ]]; then
          __pei_conda_error "option \`--conda-dir\` needs a value"
          return 2
        fi
        dir=$2
        shift
        ;;
      --dry-run) dry_run=yes ;;
      --force) force=yes ;;
      -h | --help)
        __pei_conda_help
        return 100
        ;;
      *)
        __pei_conda_error "unknown option \`$1\`"
        return 2
        ;;
    esac
    shift
  done
  if [[ $dir != /* ]]; then
    __pei_conda_error "option \`--conda-dir\`: expected an absolute path, found \`$dir\`"
    return 2
  fi
}

# Settings kept beside conda, on a volume for example, appear in a home that has none of its own.
__pei_conda_link_settings() {
  local name
  for name in .condarc .pip; do
    [[ -e $dir/app-config/$name ]] || continue
    if [[ -e $HOME/$name || -L $HOME/$name ]]; then continue; fi
    if [[ $dry_run == yes ]]; then
      printf 'would link %s to %s\n' "$HOME/$name" "$dir/app-config/$name"
    else
      ln -s -- "$dir/app-config/$name" "$HOME/$name" 2>/dev/null || true
    fi
  done
}

__pei_conda_activate() {
  if [[ $dry_run == yes ]]; then
    printf 'would source %s and activate base\n' "$dir/etc/profile.d/conda.sh"
    return 0
  fi
  # Another shell inside a session inherits the variables of an active base, but not the function `conda`.
  if [[ $force != yes && ${CONDA_PREFIX-} == "$dir" ]] && declare -F conda >/dev/null; then return 0; fi
  # shellcheck source=/dev/null # part of conda
  source "$dir/etc/profile.d/conda.sh" </dev/null >/dev/null 2>&1 || return 0
  conda activate base </dev/null >/dev/null 2>&1 || return 0
}

__pei_conda_on_login() {
  # conda's own shell code may trip over a strict shell; the options come back when this function returns.
  local -
  set +e +u
  local dir=/opt/miniconda3 dry_run=no force=no status=0

  __pei_conda_read_options "$@" || status=$?
  if ((status == 100)); then return 0; fi
  if ((status != 0)); then return "$status"; fi

  if [[ ! -r $dir/etc/profile.d/conda.sh ]]; then
    # A session without a prompt, scp for example, must see no output.
    if [[ $- == *i* || $dry_run == yes ]]; then
      printf 'warning [activate-conda-on-login.sh] no conda in %s, nothing to activate\n' "$dir" >&2
    fi
    return 0
  fi
  [[ ! -d ${HOME-} ]] || __pei_conda_link_settings
  __pei_conda_activate
}

# Runs the above, removes every name of this file from the shell, and returns the status.
__pei_conda_run() {
  local status=0
  __pei_conda_on_login "$@" || status=$?
  unset -f __pei_conda_given_nothing __pei_conda_help __pei_conda_error __pei_conda_read_options \
    __pei_conda_link_settings __pei_conda_activate __pei_conda_on_login __pei_conda_run
  return "$status"
}

if __pei_conda_given_nothing; then
  __pei_conda_run
else
  __pei_conda_run "$@"
fi
