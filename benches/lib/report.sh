# shellcheck shell=bash
# Sourced by run.sh, which sets what this file reads and reads what it sets.
# shellcheck disable=SC2034,SC2154
# The figures: kept while they are measured, printed and written at the end.

# A line each, fields parted by tabs; FIELDS names them.
figures=()

# figure ROW WHAT MEASURED UNIT LIMIT RULE [OTHER ORIGIN [BEST]]
# MEASURED must not be above LIMIT; RULE says where that comes from. OTHER is what it is compared with, BEST the quickest
# run.
figure() {
  local met=no
  if [[ -z "$3" ]]; then
    met='not measured'
  elif awk "BEGIN { exit !($3 <= $5) }"; then
    met=yes
  fi
  figures+=("$(printf '%s\t' "$1" "$2" "$3" "${9:-}" "$4" "${7:-}" "${8:-}" "$6" "$5")${met}")
  pei_log_info "$1: $2: $(shown "$3" "$4"), to reach $(shown "$5" "$4"): ${met}"
}

# shown NUMBER UNIT
shown() {
  [[ -n "$1" ]] || { printf 'unknown' && return; }
  case "$2" in
    s) awk "BEGIN { t = $1; if (t < 1) printf \"%.1f ms\", t * 1000; else printf \"%.2f s\", t }" ;;
    times) awk "BEGIN { printf \"%.2f ×\", $1 }" ;;
    MiB | MB) awk "BEGIN { printf \"%.1f $2\", $1 }" ;;
    *) awk "BEGIN { printf \"%d\", $1 }" ;;
  esac
}

# The names of the fields, for `read`.
readonly FIELDS=(row what measured best unit other origin rule limit met)

# print_report LOAD SECONDS
print_report() {
  local line "${FIELDS[@]}"
  printf '\n| row | what | measured | compared with | to reach | met |\n|---|---|---|---|---|---|\n'
  for line in "${figures[@]}"; do
    # A tab would be white space to `read`, and empty fields would vanish.
    IFS='|' read -r "${FIELDS[@]}" <<<"${line//$'\t'/|}"
    printf '| %s | %s | %s%s | %s | ≤ %s (%s) | %s |\n' "${row}" "${what}" "$(shown "${measured}" "${unit}")" \
      "${best:+ (best $(shown "${best}" "${unit}"))}" \
      "${other:+$(shown "${other}" "${unit}") ${origin}}" "$(shown "${limit}" "${unit}")" "${rule}" "${met}"
  done
  printf '\nMedians of %d runs, of %d for single processes; %d cores, load %s before and %s after; ' \
    "${runs}" "$((runs > PROCESS_RUNS ? runs : PROCESS_RUNS))" "$(nproc)" "$1" "$(load_average)"
  printf '%s; took %d s.\n' "$(engine_versions)" "$2"
  if [[ -n "${floor}" ]]; then
    printf 'Here and now, the engine needs %s (best %s) for an image with one new step that does nothing.\n' \
      "$(shown "${floor}" s)" "$(shown "${floor_best}" s)"
  fi
}

json_text() {
  local text="${1//\\/\\\\}"
  printf '"%s"' "${text//\"/\\\"}"
}

json_number() { printf '%s' "${1:-null}"; }

# write_json FILE LOAD
write_json() {
  local line "${FIELDS[@]}" comma=''
  {
    printf '{\n  "pei": %s,\n  "runs": %d,\n' "$(json_text "$("${PEI_BIN}" --version)")" "${runs}"
    printf '  "cores": %d,\n  "load_before": %s,\n  "load_after": %s,\n' "$(nproc)" "$2" "$(load_average)"
    printf '  "engine": %s,\n  "empty_step": %s,\n  "figures": [' "$(json_text "$(engine_versions)")" "$(json_number "${floor}")"
    for line in "${figures[@]}"; do
      IFS='|' read -r "${FIELDS[@]}" <<<"${line//$'\t'/|}"
      printf '%s\n    {"row": %s, "what": %s, "measured": %s, "best": %s, "unit": %s, "compared_with": %s, "origin": %s, ' "${comma}" \
        "$(json_text "${row}")" "$(json_text "${what}")" "$(json_number "${measured}")" "$(json_number "${best}")" "$(json_text "${unit}")" \
        "$(json_number "${other}")" "$(json_text "${origin}")"
      printf '"rule": %s, "limit": %s, "met": %s}' "$(json_text "${rule}")" "$(json_number "${limit}")" \
        "$([[ "${met}" == yes ]] && printf true || printf false)"
      comma=','
    done
    printf '\n  ]\n}\n'
  } >"$1"
}

all_met() {
  local line
  for line in "${figures[@]}"; do
    [[ "${line}" == *$'\tyes' ]] || return 1
  done
}
