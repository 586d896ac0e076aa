#!/usr/bin/env bash
# Sample build hook: installs a few development tools from the distribution. Edit the two lists to taste.
#
# Usage:   install-dev-tools.sh [--dry-run] [--force] [-h]
# Root:    yes
# Network: the apt repositories of the image

set -Eeuo pipefail
shopt -s inherit_errexit

# The build stops when one of these does not exist on this release ...
required=(python3 python3-pip cmake cmake-curses-gui pkg-config git git-lfs nano tzdata)
# ... while these are left out with a message.
optional=(micro mc)

usage() {
  cat <<'TEXT'
Usage: install-dev-tools.sh [options]

Installs Python, CMake, git and a few editors with apt.

Options:
  --dry-run   show which packages are missing; change nothing
  --force     reinstall packages that are already there
  -h, --help  show this text
TEXT
}

say() { printf '[install-dev-tools] %s\n' "$*" >&2; }

die() {
  say "error: $1"
  exit "${2:-1}"
}

is_installed() {
  [[ $(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null) == installed ]]
}

is_known() {
  local candidate
  candidate=$(LC_ALL=C apt-cache policy "$1" | sed -n 's/^ *Candidate: //p')
  [[ -n $candidate && $candidate != '(none)' ]]
}

# Images usually carry no package lists, and a build keeps those of earlier builds, which may be of another mirror.
refresh_lists_unless_known() {
  local name
  for name in "$@"; do
    is_known "$name" && continue
    say 'reading the package lists'
    # By default apt only warns if a list cannot be downloaded; then every package would seem not to exist.
    apt-get update -q -o APT::Update::Error-Mode=any || die 'the package lists cannot be read'
    return
  done
}

main() {
  local dry_run=false force=false name
  while (($# > 0)); do
    case $1 in
      --dry-run) dry_run=true ;;
      --force) force=true ;;
      -h | --help) usage && return ;;
      *) die "unknown option \`$1\`; see --help" 2 ;;
    esac
    shift
  done

  local -a missing=() wanted=()
  for name in "${required[@]}" "${optional[@]}"; do
    if "$force" || ! is_installed "$name"; then missing+=("$name"); fi
  done
  if ((${#missing[@]} == 0)); then
    say 'every package is already installed, nothing to do'
    return
  fi
  if "$dry_run"; then
    say "would install with apt: ${missing[*]}"
    return
  fi
  ((EUID == 0)) || die 'this script needs root'

  export DEBIAN_FRONTEND=noninteractive
  refresh_lists_unless_known "${missing[@]}"
  for name in "${missing[@]}"; do
    if is_known "$name"; then
      wanted+=("$name")
    elif [[ " ${optional[*]} " == *" $name "* ]]; then
      say "skipping \`$name\`: this release does not have it"
    else
      die "this release has no package \`$name\`; nothing was installed"
    fi
  done
  if ((${#wanted[@]} == 0)); then return; fi

  local -a again=()
  if "$force"; then again=(--reinstall); fi
  say "installing: ${wanted[*]}"
  if ! apt-get install -y -q --no-install-recommends "${again[@]}" "${wanted[@]}"; then
    say 'trying again with fresh package lists'
    apt-get update -q
    apt-get install -y -q --no-install-recommends "${again[@]}" "${wanted[@]}"
  fi
}

main "$@"
