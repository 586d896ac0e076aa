#!/bin/bash
# Written by pei; it replaces this file and saves an edited one as NAME.bak first. pei:----------------
# Runs the image of build-merged.sh as docker-compose.yml would run stage-2.
set -Eeuo pipefail

usage() {
  cat <<'EOF'
Usage: ./run-merged.sh [OPTION…] [-- COMMAND…]

Runs the image with the ports, volumes, hosts, GPU and environment of merged.env.

  -n, --name NAME          name of the container
  -d, --detach             run in the background
  -s, --shell              run /bin/bash in a terminal
      --no-rm              keep the container when it exits
      --image NAME         run this image
  -p, --publish MAPPING    another port, as for docker run; may be repeated
  -v, --volume MAPPING     another volume, as for docker run; may be repeated
      --gpus auto|all|none auto: as user_config.yml says
  -h, --help               print this text

CONTAINER_ENGINE=podman runs with podman; default is docker.
EOF
}

fail() {
  printf 'run-merged.sh: %s\n' "$1" >&2
  exit "${2:-1}"
}

# is_true NAME DEFAULT: the value of a boolean of merged.env: true or false in any case, 1 or 0. If it is empty, the default.
is_true() {
  local value="${!1:-$2}"
  case "${value,,}" in
    true | 1) return 0 ;;
    false | 0) return 1 ;;
    *) fail "$1 in merged.env is \`${value}\`; it may be true, false, 1 or 0" ;;
  esac
}

# setting_of WORDS FILE: the rest of the first line that begins with these words, without quotes and comment.
setting_of() {
  [[ ! -r "$2" ]] || sed -n "/^$1/{s/^$1 *//; s/[[:space:]]#.*//; s/[\"'[:space:]]//g; p; q;}" "$2"
}

# The project's name, found as Compose finds it, so that both use the same volumes.
project_name() {
  local name="${COMPOSE_PROJECT_NAME:-}"
  [[ -n "${name}" ]] || name="$(setting_of COMPOSE_PROJECT_NAME= .env)"
  [[ -n "${name}" ]] || name="$(setting_of name: docker-compose.yml)"
  [[ -n "${name}" ]] || name="$(basename -- "${PWD}")"
  name="$(tr '[:upper:]' '[:lower:]' <<<"${name}" | tr -cd 'a-z0-9_-')"
  while [[ "${name}" == [_-]* ]]; do name="${name#?}"; done
  printf '%s' "${name:-pei}"
}

# Compose reads paths relative to the project's directory. The engines need absolute paths.
absolute_source() {
  case "$1" in
    .*) printf '%s/%s' "${PWD}" "$1" ;;
    \~/* | \~:*) printf '%s%s' "${HOME}" "${1#\~}" ;;
    \~*) printf '%s/%s' "${HOME}" "${1#\~}" ;;
    *) printf '%s' "$1" ;;
  esac
}

# read_words LIST: splits it into the array `words`: spaces separate words, and quotes keep spaces. Evaluating an array
# directly makes bash double some bytes, so the words become arguments first.
read_words() {
  local list="$1"
  eval "set -- ${list}"
  words=("$@")
}

# add_each OPTION WORD…: puts the option before each word.
add_each() {
  local option="$1" word
  shift
  for word in "$@"; do
    arguments+=("${option}" "${word}")
  done
}

add_gpus() {
  local wanted="$1"
  if [[ "${wanted} ${RUN_DEVICE_TYPE:-}" == 'auto auto' ]]; then
    local listed='' pattern='"nvidia":\{|"nvidia\.com/gpu='
    wanted=none
    if [[ "${engine##*/}" == podman ]]; then
      # Podman lists no devices; it finds them in these directories.
      ! grep -rqsF nvidia.com/gpu /etc/cdi /var/run/cdi || wanted=all
    else
      listed="$("${engine}" info --format '{{json .}}' 2>/dev/null)" || listed=''
      [[ ! "${listed}" =~ ${pattern} ]] || wanted=all
    fi
    [[ "${wanted}" == all ]] ||
      printf 'run-merged.sh: %s knows no NVIDIA GPU, so the container gets none; --gpus all passes them all the same\n' "${engine}" >&2
  fi
  case "${wanted}" in
    auto) [[ "${RUN_DEVICE_TYPE:-cpu}" == gpu ]] || return 0 ;;
    none) return 0 ;;
    all) ;;
    *) fail "--gpus is \`${wanted}\`; it may be auto, all or none" 2 ;;
  esac
  if [[ "${engine##*/}" == podman ]]; then
    arguments+=(--device nvidia.com/gpu=all)
  else
    arguments+=(--gpus all)
  fi
}

# The host's address for podman before version 5, which does not accept the word host-gateway.
host_gateway() {
  local engine="$1" major
  if [[ "${engine##*/}" == podman ]]; then
    major="$("${engine}" version --format '{{.Client.Version}}')" || return
    if ((${major%%.*} < 5)); then
      "${engine}" network inspect podman --format '{{(index .Subnets 0).Gateway}}'
      return
    fi
  fi
  printf 'host-gateway\n'
}

value_of() {
  (($# > 1)) || fail "$1 wants a value; see --help" 2
}

main() {
  local engine="${CONTAINER_ENGINE:-docker}"
  local name='' image='' gpus='' detach='' shell='' keep='' ports=() volumes=() command=()
  cd -- "$(dirname -- "${BASH_SOURCE[0]}")"
  while (($# > 0)); do
    case "$1" in
      --name=* | --image=* | --publish=* | --volume=* | --gpus=*)
        set -- "${1%%=*}" "${1#*=}" "${@:2}"
        continue
        ;;
      -h | --help)
        usage
        return
        ;;
      -n | --name) value_of "$@" && name="$2" && shift ;;
      --image) value_of "$@" && image="$2" && shift ;;
      -p | --publish) value_of "$@" && ports+=("$2") && shift ;;
      -v | --volume) value_of "$@" && volumes+=("$2") && shift ;;
      --gpus) value_of "$@" && gpus="$2" && shift ;;
      -d | --detach) detach=1 ;;
      -s | --shell) shell=1 ;;
      --no-rm) keep=1 ;;
      --)
        shift
        command=("$@")
        break
        ;;
      *) fail "unknown option $1; see --help (a command goes after --)" 2 ;;
    esac
    shift
  done
  command -v "${engine}" >/dev/null || fail "${engine} is not installed, or not in PATH" 3
  # The volumes in merged.env use this variable.
  local PROJECT_NAME
  # shellcheck disable=SC2034
  PROJECT_NAME="$(project_name)"
  # shellcheck source=/dev/null
  source ./merged.env

  local arguments=() words=() word
  name="${name:-${RUN_CONTAINER_NAME:-}}"
  [[ -z "${name}" ]] || arguments+=(--name "${name}")
  if [[ -z "${keep}" ]] && is_true RUN_REMOVE true; then
    arguments+=(--rm)
  fi
  if [[ -n "${shell}" ]]; then
    command=(/bin/bash)
    arguments+=(-i)
    [[ ! -t 0 ]] || arguments+=(-t)
  elif [[ -n "${detach}" ]] || is_true RUN_DETACH false; then
    arguments+=(-d)
  else
    arguments+=(-i)
    if [[ -t 0 ]] && is_true RUN_TTY true; then
      arguments+=(-t)
    fi
  fi
  add_gpus "${gpus:-${RUN_GPU:-auto}}"
  [[ -z "${RUN_NETWORK:-}" ]] || arguments+=(--network "${RUN_NETWORK}")

  read_words "${RUN_PORTS:-}"
  add_each --publish "${words[@]}" "${ports[@]}"
  read_words "${RUN_VOLUMES:-}"
  for word in "${words[@]}" "${volumes[@]}"; do
    arguments+=(--volume "$(absolute_source "${word}")")
  done
  read_words "${RUN_EXTRA_HOSTS:-}"
  local gateway
  gateway="$(host_gateway "${engine}")" || fail "${engine} does not answer" 3
  add_each --add-host "${words[@]/%:host-gateway/:${gateway}}"
  if is_true RUN_ENV_ENABLE true; then
    read_words "${RUN_ENV_VARS:-}"
    add_each --env "${words[@]}"
  fi
  read_words "${RUN_EXTRA_ARGS:-}"
  exec "${engine}" run "${arguments[@]}" "${words[@]}" "${image:-${STAGE2_IMAGE_NAME}}" "${command[@]}"
}

main "$@"
