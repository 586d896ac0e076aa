# shellcheck shell=bash
# shellcheck disable=SC2034 # variables are for the test files
# Loaded by every test file here.

bats_require_minimum_version 1.5.0

REPO="$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../../.." && pwd)"
STAGE1="${REPO}/installation/stage-1"
SYSTEM="${STAGE1}/system"
LIB="${STAGE1}/lib"

# skip REASON: under CI no test is left out because it needs what is missing.
eval "bats_$(declare -f skip)"
skip() {
  if [[ -n "${CI-}" && "${1-}" == needs* ]]; then
    printf '%s, and CI is set: nothing may be skipped\n' "$1" >&2
    return 1
  fi
  bats_skip "$@"
}

# lib_run TEXT [ARGUMENT…]: runs TEXT in a strict shell with the library loaded.
lib_run() {
  local text="$1"
  shift
  bash -c 'set -Eeuo pipefail; shopt -s inherit_errexit; source "$1"; text="$2"; shift 2; eval "$text"' \
    test "${LIB}/pei.sh" "${text}" "$@"
}

# stub NAME [TEXT]: a command first on PATH; TEXT is its body. Every call is noted in $CALLS.
stub() {
  local name="$1" body="${2-}"
  mkdir -p "${BATS_TEST_TMPDIR}/stubs"
  CALLS="${BATS_TEST_TMPDIR}/calls"
  touch "${CALLS}"
  {
    printf '#!/bin/bash\nprintf "%%s\\n" "%s $*" >>"%s"\n' "${name}" "${CALLS}"
    printf '%s\n' "${body}"
  } >"${BATS_TEST_TMPDIR}/stubs/${name}"
  chmod +x "${BATS_TEST_TMPDIR}/stubs/${name}"
  [[ "${PATH}" == "${BATS_TEST_TMPDIR}/stubs:"* ]] || PATH="${BATS_TEST_TMPDIR}/stubs:${PATH}"
}

# fake_home NAME: gives account NAME (real, or made up) a home below the test's directory.
fake_home() {
  FAKE_HOME="${BATS_TEST_TMPDIR}/home-$1"
  mkdir -p "${FAKE_HOME}"
  stub getent "
case \"\$*\" in
  'passwd -- $1') printf '%s\\n' '$1:x:$(id -u):$(id -g)::${FAKE_HOME}:/bin/bash' ;;
  *) exec /usr/bin/getent \"\$@\" ;;
esac"
}

# start_server: serves $SERVED on $SERVER; requests are noted in $SERVER_LOG.
start_server() {
  SERVED="${BATS_TEST_TMPDIR}/served"
  SERVER_LOG="${BATS_TEST_TMPDIR}/requests"
  mkdir -p "${SERVED}"
  : >"${SERVER_LOG}"
  # Descriptor 3 is bats' own; a child that keeps it open would hang the run.
  python3 "${REPO}/tests/bats/support/server.py" "${SERVED}" "${BATS_TEST_TMPDIR}/port" "${SERVER_LOG}" 3>&- >/dev/null 2>&1 &
  SERVER_PID=$!
  local try
  for try in {1..100}; do
    [[ ! -s "${BATS_TEST_TMPDIR}/port" ]] || break
    sleep 0.05
  done
  SERVER="http://127.0.0.1:$(<"${BATS_TEST_TMPDIR}/port")"
  export no_proxy=127.0.0.1 NO_PROXY=127.0.0.1
}

stop_server() {
  [[ -n "${SERVER_PID-}" ]] || return 0
  kill "${SERVER_PID}" 2>/dev/null || true
  wait "${SERVER_PID}" 2>/dev/null || true
  SERVER_PID=''
}

# serve PATH [TEXT]: a file on the stand-in server; without TEXT from stdin.
serve() {
  mkdir -p "$(dirname -- "${SERVED}/$1")"
  if (($# > 1)); then printf '%s\n' "$2"; else cat; fi >"${SERVED}/$1"
}

# snapshot DIR: names, modes and sums of everything below.
snapshot() {
  (cd "$1" && find . -printf '%p %m %u %l\n' | sort && find . -type f -print0 | sort -z | xargs -0r sha256sum)
}

quick_downloads() {
  export PEI_DOWNLOAD_RETRIES=1 PEI_DOWNLOAD_RETRY_DELAY=0 PEI_DOWNLOAD_CONNECT_TIMEOUT=2 PEI_DOWNLOAD_STALL_TIMEOUT=2
}

# fake_program FILE VERSION: something that answers --version, and repeats other words.
fake_program() {
  mkdir -p "$(dirname -- "$1")"
  # shellcheck disable=SC2016 # expands in the program
  printf '#!/bin/sh\nif [ "$1" = --version ]; then echo "prog %s"; else echo "ran: $*"; fi\n' "$2" >"$1"
  chmod 0755 "$1"
}

# sums DIR FILE: FILE's line as sha256sum writes it, from inside DIR.
sums() { (cd "$1" && sha256sum "$2"); }

# forbid_network: a run that tries the network, or changes the system's packages, fails and is noted in $CALLS.
forbid_network() {
  local name
  for name in curl wget git apt-get npm pnpm npx bun uv pixi nvm conda; do
    stub "${name}" 'exit 97'
  done
}

network_was_tried() { grep -qE '^(curl|wget|git|apt-get|npm|pnpm|npx|bun|uv|pixi|nvm|conda) ' "${CALLS}"; }

# refute COMMAND…: fails if the command succeeds; unlike `!`, also in the middle of a test.
refute() {
  if "$@"; then
    return 1
  fi
}
