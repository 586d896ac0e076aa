#!/bin/bash
# Written by pei; it replaces this file and saves an edited one as NAME.bak first. pei:----------------
# Builds all stages from merged.Dockerfile into one image, without Compose.
set -Eeuo pipefail

usage() {
  cat <<'EOF'
Usage: ./build-merged.sh [-o NAME] [BUILD-OPTION…] [-- BUILD-OPTION…]

Builds merged.Dockerfile with the values of merged.env.

  -o, --output-image NAME   name the image NAME instead of STAGE2_IMAGE_NAME
  -h, --help                print this text

All other options, and everything after --, are passed to the engine's build command, for example --no-cache.
CONTAINER_ENGINE=podman builds with podman; default is docker.
EOF
}

fail() {
  printf 'build-merged.sh: %s\n' "$1" >&2
  exit "${2:-1}"
}

# An engine that is too old fails with an unclear message.
explain_failure() {
  local engine="$1" version
  [[ "${engine##*/}" != podman ]] || return 0
  version="$("${engine}" version --format '{{.Server.Version}}' 2>/dev/null)" || return 0
  [[ "${version}" =~ ^[0-9]+ ]] && ((BASH_REMATCH[0] < 23)) || return 0
  printf 'build-merged.sh: this engine is Docker %s; Docker 23 or newer is needed\n' "${version}" >&2
}

# The address of the host during a build. Docker accepts the word host-gateway; podman's build needs an address. For rootless
# podman 5 or newer, that is a fixed one.
host_gateway() {
  local engine="$1" rootless version
  if [[ "${engine##*/}" == podman ]]; then
    version="$("${engine}" version --format '{{.Client.Version}}')" || return
    rootless="$("${engine}" info --format '{{.Host.Security.Rootless}}')" || return
    if [[ "${rootless}" == true ]] && ((${version%%.*} >= 5)); then
      printf '169.254.1.2\n'
    else
      "${engine}" network inspect podman --format '{{(index .Subnets 0).Gateway}}'
    fi
    return
  fi
  printf 'host-gateway\n'
}

main() {
  local engine="${CONTAINER_ENGINE:-docker}" image='' options=()
  cd -- "$(dirname -- "${BASH_SOURCE[0]}")"
  while (($# > 0)); do
    case "$1" in
      -h | --help)
        usage
        return
        ;;
      -o | --output-image)
        (($# > 1)) || fail "$1 wants a name; see --help" 2
        image="$2"
        shift
        ;;
      --output-image=*) image="${1#*=}" ;;
      --)
        shift
        options+=("$@")
        break
        ;;
      *) options+=("$1") ;;
    esac
    shift
  done
  command -v "${engine}" >/dev/null || fail "${engine} is not installed, or not in PATH" 3
  # shellcheck source=/dev/null
  source ./merged.env

  local arguments=() name
  # Pass only the arguments that the Dockerfile declares.
  while read -r name; do
    [[ -z "${!name+set}" ]] || arguments+=(--build-arg "${name}=${!name}")
  done < <(sed -nE '/^FROM /q; s/^ARG ([A-Za-z_][A-Za-z0-9_]*).*/\1/p' merged.Dockerfile)
  local file sum
  # podman reuses a cached step although a file that it mounts has changed. A checksum as a build arg prevents that.
  if [[ "${engine##*/}" == podman ]]; then
    for name in SSH_CREDENTIALS_SUM=.pei/secrets/ssh-credentials HOST_IDS_SUM=.pei/ids/host; do
      file="${name#*=}"
      [[ -f "${file}" ]] || continue
      sum="$(sha256sum <"${file}")"
      arguments+=(--build-arg "${name%%=*}=${sum%% *}")
    done
  fi
  eval "set -- ${BUILD_SECRETS:-}"
  while (($# > 0)); do
    arguments+=(--secret "$1")
    shift
  done
  [[ -z "${BUILD_SSH:-}" ]] || arguments+=(--ssh "${BUILD_SSH}")
  local gateway
  gateway="$(host_gateway "${engine}")" || fail "${engine} does not answer" 3
  export DOCKER_BUILDKIT=1
  "${engine}" build -f merged.Dockerfile --target stage-2 -t "${image:-${STAGE2_IMAGE_NAME}}" \
    --add-host "host.docker.internal:${gateway}" "${arguments[@]}" "${options[@]}" . || {
    local status=$?
    explain_failure "${engine}"
    return "${status}"
  }
}

main "$@"
