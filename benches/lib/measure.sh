# shellcheck shell=bash
# Sourced by run.sh, which sets what this file reads and reads what it sets.
# shellcheck disable=SC2034,SC2154
# Times, memory and medians.

# A few milliseconds need more runs than a build does.
readonly PROCESS_RUNS=20

random_text() { od -An -N4 -tx4 /dev/urandom | tr -d ' '; }

# calculate EXPRESSION: as awk reads it, with six digits.
calculate() { awk "BEGIN { printf \"%.6f\", $1 }"; }

# median, of the numbers on stdin
median() {
  sort -g | awk '{ v[NR] = $1 } END { if (NR) printf "%.6f\n", NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'
}

# best, of the numbers on stdin
best() { sort -g | head -n 1; }

load_average() { cut -d' ' -f1 /proc/loadavg; }

# seconds_of LOG COMMAND…: prints the wall time. What the command says goes to LOG, and to the user where it fails.
seconds_of() {
  local log="$1" began
  shift
  began="${EPOCHREALTIME}"
  if ! "$@" >"${log}" 2>&1 </dev/null; then
    tail -n 40 -- "${log}" >&2
    pei_die "failed: $*"
  fi
  calculate "${EPOCHREALTIME} - ${began}"
}

# process_time PREPARE COMMAND: sets took to the median wall time of a shell command, took_best to the least, and took_cpu
# to its mean time on the processor, where hyperfine is there to tell. PREPARE runs before each run, untimed.
process_time() {
  local runs="${runs}" run file="${work}/process.csv"
  ((runs >= PROCESS_RUNS)) || runs="${PROCESS_RUNS}"
  if command -v hyperfine >/dev/null; then
    hyperfine --style none --warmup 1 --runs "${runs}" --prepare "$1" --export-csv "${file}" "$2" >"${work}/log" 2>&1 \
      || pei_die "failed: $2" "$(<"${work}/log")"
    # The command may hold commas, so the fields count from the end: median, user, system, min, max.
    read -r took took_cpu took_best < <(awk -F, 'END { print $(NF - 4), $(NF - 3) + $(NF - 2), $(NF - 1) }' "${file}")
    return
  fi
  local list=''
  for ((run = 0; run < runs; run++)); do
    bash -c "$1" >"${work}/log" 2>&1
    list+="$(seconds_of "${work}/log" bash -c "exec $2")"$'\n'
  done
  took="$(median <<<"${list%$'\n'}")"
  took_best="$(best <<<"${list%$'\n'}")"
  took_cpu=''
}

# peak_memory COMMAND: prints KiB; nothing without GNU time.
peak_memory() {
  [[ -x /usr/bin/time ]] || return 0
  /usr/bin/time -f %M -o "${work}/memory" bash -c "exec $1" >"${work}/log" 2>&1 </dev/null || pei_die "failed: $1"
  tail -n 1 "${work}/memory"
}
