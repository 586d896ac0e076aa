#!/usr/bin/env bash
# Measures pei against the figures that it promises, one row for each, and prints whether each is reached.
#
# Usage:   run.sh [OPTION…]      (run.sh --help tells more)
# Reads:   PEI_BIN, PEI_BENCH_BASE, TMPDIR
# Root:    only where scripts/engine.sh needs it
# Network: what apt and scripts/engine.sh need, for the rows that build images
set -Eeuo pipefail
shopt -s inherit_errexit

here="$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)"
repo="$(dirname -- "${here}")"
readonly here repo
# shellcheck source=installation/stage-1/lib/log.sh
source "${repo}/installation/stage-1/lib/log.sh"
# shellcheck source=benches/lib/measure.sh
source "${here}/lib/measure.sh"
# shellcheck source=benches/lib/report.sh
source "${here}/lib/report.sh"
# shellcheck source=benches/lib/engine.sh
source "${here}/lib/engine.sh"
# shellcheck source=benches/lib/registry.sh
source "${here}/lib/registry.sh"
# shellcheck source=benches/lib/project.sh
source "${here}/lib/project.sh"
# shellcheck source=benches/lib/rows.sh
source "${here}/lib/rows.sh"
pei_install_err_trap

readonly PROCESS_ROWS=(command-line scale stages status)
readonly BUILD_ROWS=(first-build size no-change build-hook custom-script password hook-text ports tree nothing-to-do colleague)
readonly EXIT_NOT_MET=1 EXIT_MISSING=3

usage() {
  cat <<HELP
Usage: run.sh [OPTION…]

Measures pei on this machine and prints a table: row, measured, what to compare with, figure to reach, met or not.

Options:
  --rows NAME…     Only these rows:
                     ${PROCESS_ROWS[*]}
                     ${BUILD_ROWS[*]}
  --runs N         Take medians of N runs, 3 or more [3]
  --json FILE      Write the figures to FILE, too
  --create CMD     Measure another implementation of the same contract beside pei, in turn with it. CMD makes a
                   project in the directory {dir}
  --configure CMD  Its other command; {config} is the config's path
  --build CMD      How its images are built, run in the project
                     [${OTHER_BUILD}]
  --keep-going     Exit with 0 where figures are not met
  -h, --help       Show this text

Without --create and --configure, pei is compared with numbers that were measured once on another
machine; they stand in the table as \`stated\`. With them, every comparison is made here.

Environment:
  PEI_BIN         The pei to measure [target/release/pei]
  PEI_BENCH_BASE  The base image [${DEFAULT_BASE}, made by scripts/engine.sh when it is missing]
  TMPDIR          Projects are made below it [/tmp]

The row colleague needs Debian's docker-registry, and is not measured without it.
The rows of builds take about 90 seconds for each run. Caches are passed by with names and texts that are new each
time. What a run makes is removed at its end, the build cache's records one by one.

Exit status: 0 every figure is met, 1 some are not or something failed, 2 wrong usage, 3 something is missing
HELP
}

# needs_value OPTION COUNT
needs_value() {
  (($2 > 1)) || pei_usage_die "$1 needs a value"
}

is_row() { [[ " ${PROCESS_ROWS[*]} ${BUILD_ROWS[*]} " == *" $1 "* ]]; }

# read_options ARGUMENT…: sets rows, runs, json, keep_going, and the commands of the other implementation.
read_options() {
  while (($# > 0)); do
    case "$1" in
      -h | --help)
        usage
        exit 0
        ;;
      --rows)
        needs_value "$1" "$#"
        shift
        while (($# > 0)) && [[ "$1" != -* ]]; do
          is_row "$1" || pei_usage_die "no row is called \`$1\`"
          rows+=("$1")
          shift
        done
        ((${#rows[@]} > 0)) || pei_usage_die '--rows needs a name'
        continue
        ;;
      --runs)
        needs_value "$1" "$#"
        if [[ ! "$2" =~ ^[0-9]{1,3}$ ]] || ((10#$2 < 3)); then
          pei_usage_die "--runs is a number of at least 3, not \`$2\`"
        fi
        runs=$((10#$2))
        shift
        ;;
      --json)
        needs_value "$1" "$#"
        json="$2"
        shift
        ;;
      --create)
        needs_value "$1" "$#"
        CREATE[other]="$2"
        shift
        ;;
      --configure)
        needs_value "$1" "$#"
        CONFIGURE[other]="$2"
        shift
        ;;
      --build)
        needs_value "$1" "$#"
        BUILD[other]="$2"
        shift
        ;;
      --keep-going) keep_going=1 ;;
      *) pei_usage_die "unknown argument \`$1\`" ;;
    esac
    shift
  done
  [[ "${CREATE[other]+given}" == "${CONFIGURE[other]+given}" ]] || pei_usage_die '--create and --configure belong together'
  [[ "${BUILD[other]+given}" != given || "${CREATE[other]+given}" == given ]] || pei_usage_die '--build needs --create'
  if ((${#rows[@]} == 0)); then
    rows=("${PROCESS_ROWS[@]}" "${BUILD_ROWS[@]}")
  fi
}

wants() { [[ " ${rows[*]} " == *" $1 "* ]]; }

wants_builds() {
  local row
  for row in "${BUILD_ROWS[@]}"; do
    ! wants "${row}" || return 0
  done
  return 1
}

# missing LINE…: ends the run because the machine lacks something.
missing() {
  local line
  for line in "$@"; do pei_log_error "${line}"; done
  exit "${EXIT_MISSING}"
}

require() {
  [[ -x "${PEI_BIN}" ]] || missing "no such program: ${PEI_BIN}" 'build it (cargo build --release), or set PEI_BIN'
  if [[ "${PEI_BIN}" == "${repo}/target/release/pei" ]]; then
    local newer
    newer="$(find "${repo}"/{src,templates,installation,examples} -newer "${PEI_BIN}" -type f -print -quit)"
    [[ -z "${newer}" ]] || pei_log_warn "${newer#"${repo}/"} is newer than the program that is measured"
  fi
  wants_builds || return 0
  "${repo}/scripts/engine.sh" up || missing 'no engine to build with'
  [[ -n "${PEI_BENCH_BASE:-}" ]] || "${repo}/scripts/engine.sh" base || missing 'no base image'
  docker image inspect "${base}" >/dev/null 2>&1 || missing "no base image ${base}"
}

# Removes everything that this run made, and nothing else.
on_exit() {
  local status=$?
  trap - EXIT ERR
  set +e
  end_registry
  ! wants_builds || engine_clean_up
  rm -rf --one-file-system -- "${work}"
  exit "${status}"
}

# Set by read_options; global because on_exit needs it after main has ended.
rows=() runs=3 json='' keep_going=0

main() {
  local row
  PEI_LOG_NAME=run.sh
  read_options "$@"
  # A locale or Compose setting of the machine must not change a result.
  export LC_ALL=C.UTF-8 BUILDKIT_PROGRESS=plain DOCKER_CLI_HINTS=false
  unset "${!COMPOSE_@}"
  PEI_BIN="$(realpath -m -- "${PEI_BIN:-${repo}/target/release/pei}")"
  base="${PEI_BENCH_BASE:-${DEFAULT_BASE}}"
  use_pei
  require

  id="pei-bench-$(random_text)"
  work="$(mktemp -d)"
  readonly id work base
  trap on_exit EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM
  local began="${SECONDS}" load
  load="$(load_average)"
  for row in "${PROCESS_ROWS[@]}"; do
    ! wants "${row}" || "row_${row//-/_}"
  done
  ! wants_builds || build_rows
  print_report "${load}" "$((SECONDS - began))"
  [[ -z "${json}" ]] || write_json "${json}" "${load}"
  ((keep_going == 1)) || all_met || exit "${EXIT_NOT_MET}"
}

main "$@"
