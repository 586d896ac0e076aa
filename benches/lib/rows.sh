# shellcheck shell=bash
# Sourced by run.sh, which sets what this file reads and reads what it sets.
# shellcheck disable=SC2034,SC2154
# A function a row. Each measures all implementations in turn and notes its figures.

# What was measured of the reference on another machine, where it is not measured here.
readonly STATED_CREATE_CONFIGURE=0.51 STATED_FIRST_BUILD=41 STATED_NO_CHANGE=0.6 STATED_BUILD_HOOK=27
readonly STATED_CUSTOM_SCRIPT=5.0 STATED_PASSWORD=23 STATED_HOOK_TEXT=5.0 STATED_PORTS=3.3 STATED_ADDED_MB=364

# Lists of times by "row-label implementation", a line each.
declare -A times=()

FIRST_KEY="$(random_key)"
readonly FIRST_KEY

# note_time NAME IMPLEMENTATION SECONDS
note_time() { times["$1 $2"]+="$3"$'\n'; }

# time_of NAME IMPLEMENTATION: the median
time_of() {
  local list="${times["$1 $2"]%$'\n'}"
  [[ -n "${list}" ]] || pei_die "nothing was measured: $1 of $2"
  median <<<"${list}"
}

# best_of NAME IMPLEMENTATION
best_of() { best <<<"${times["$1 $2"]%$'\n'}"; }

has_other() { ((${#implementations[@]} == 2)); }

# compared NAME STATED: prints what NAME is compared with, and where that comes from.
compared() {
  if has_other; then
    printf '%s measured\n' "$(time_of "$1" other)"
  else
    printf '%s stated\n' "$2"
  fi
}

# share_figure ROW WHAT NAME STATED SHARE [BEST]: the median of NAME is at most that share of what it is compared with.
share_figure() {
  local other origin
  read -r other origin < <(compared "$3" "$4")
  figure "$1" "$2" "$(time_of "$3" pei)" s "$(calculate "${other} * ($5)")" "$5 of it" "${other}" "${origin}" "${6:-$(best_of "$3" pei)}"
}

# limit_figure ROW WHAT NAME STATED LIMIT: the median of NAME is at most LIMIT seconds.
limit_figure() {
  local other origin
  read -r other origin < <(compared "$3" "$4")
  figure "$1" "$2" "$(time_of "$3" pei)" s "$5" 'by itself' "${other}" "${origin}" "$(best_of "$3" pei)"
}

# ---- pei itself ----

row_command_line() {
  local implementation fresh create configure copied peak cpu best took took_cpu took_best
  # pei waits for the disk, and what other programs have written before would be waited for, too.
  sync
  for implementation in "${implementations[@]}"; do
    new_project command "${implementation}"
    minimal_config bench >"${work}/minimal.yml"
    create="$(create_line "${implementation}" "${project}")"
    configure="$(configure_line "${implementation}" "${project}")"
    printf -v fresh 'rm -rf %q' "${project}"
    process_time "${fresh}" "${create}"
    if [[ "${implementation}" == pei ]]; then
      cpu="${took_cpu}"
      best="${took_best}"
    fi
    note_time create "${implementation}" "${took}"
    printf -v fresh '%s && %s && cp %q %q' "${fresh}" "${create}" "${work}/minimal.yml" "${project}/user_config.yml"
    process_time "${fresh}" "${configure}"
    note_time configure "${implementation}" "${took}"
    note_time command-line "${implementation}" \
      "$(calculate "$(time_of create "${implementation}") + $(time_of configure "${implementation}")")"
    if [[ "${implementation}" == pei ]]; then
      best="$(calculate "${best} + ${took_best}")"
      [[ -z "${took_cpu}" ]] || cpu="$(calculate "${cpu} + ${took_cpu}")"
      printf -v fresh 'rm -rf %q' "${project}-copy"
      process_time "${fresh}" "$(printf 'cp -r %q %q' "${project}" "${project}-copy")"
      copied="${took}"
      peak="$(peak_memory_of_both)"
    fi
  done
  pei_log_info "create $(shown "$(time_of create pei)" s), configure $(shown "$(time_of configure pei)" s)"
  share_figure command-line "create and configure (CPU $(shown "${cpu}" s))" command-line "${STATED_CREATE_CONFIGURE}" 1/25 \
    "${best}"
  figure command-line "the same, in times of \`cp -r\` of the tree ($(shown "${copied}" s))" \
    "$(calculate "$(time_of command-line pei) / ${copied}")" times 2 'by itself'
  figure command-line 'peak memory' "${peak}" MiB 12 'by itself'
}

# peak_memory_of_both: prints MiB, of create and configure the greater; nothing without GNU time.
peak_memory_of_both() {
  rm -rf -- "${project}"
  {
    peak_memory "${create}"
    cp -- "${work}/minimal.yml" "${project}/user_config.yml"
    peak_memory "${configure}"
  } | sort -n | awk 'END { if (NR) printf "%.6f", $1 / 1024 }'
}

row_scale() {
  local implementation count configure fresh cpu='' best='' cpu_growth='' took took_cpu took_best
  for implementation in "${implementations[@]}"; do
    new_project scale "${implementation}"
    printf -v fresh 'rm -rf %q && cp -r %q %q' "${project}-run" "${project}" "${project}-run"
    configure="$(configure_line "${implementation}" "${project}-run")"
    for count in 10000 100000; do
      large_config "${count}" >"${project}/user_config.yml"
      # A size that is refused is a figure that is not met, and no reason to leave the other rows out.
      (quietly "${fresh} && ${configure}") || continue
      process_time "${fresh}" "${configure}"
      note_time "scale-${count}" "${implementation}" "${took}"
      [[ "${implementation}" == pei ]] || continue
      if ((count == 10000)); then
        cpu="${took_cpu}"
        best="${took_best}"
      elif [[ -n "${cpu}" ]]; then
        cpu_growth="$(calculate "${took_cpu} / ${cpu}")"
      fi
    done
  done
  local ten hundred growth other_ten='' other_growth='' origin=''
  ten="$(scale_time 10000 pei)"
  hundred="$(scale_time 100000 pei)"
  growth="${cpu_growth:-$(quotient "${hundred}" "${ten}")}"
  if has_other; then
    other_ten="$(scale_time 10000 other)"
    other_growth="$(quotient "$(scale_time 100000 other)" "${other_ten}")"
    origin=measured
  fi
  figure scale "10,000 mounts, ports, variables and users each (CPU $(shown "${cpu}" s))" "${ten}" s 0.2 'by itself' \
    "${other_ten}" "${origin}" "${best}"
  # The wall time of seconds is at the mercy of what else the machine does; the processor's tells how the work grows.
  figure scale "100,000 each ($(shown "${hundred}" s)), in ${cpu_growth:+CPU }times of 10,000" \
    "${growth}" times 12 'linear, with room for noise' "${other_growth}" "${origin}"
}

# scale_time COUNT IMPLEMENTATION: nothing where that many were refused
# Further stages, of pei alone: the contract that implementations are compared by has none.
row_stages() {
  local count configure fresh took took_cpu took_best few='' few_best='' many='' list
  new_project stages pei
  printf -v fresh 'rm -rf %q && cp -r %q %q' "${project}-run" "${project}" "${project}-run"
  configure="$(configure_line pei "${project}-run")"
  for count in 200 2000; do
    stages_config "${base}" chain "${count}" 0 >"${project}/user_config.yml"
    process_time "${fresh}" "${configure}"
    if ((count == 200)); then
      few="${took_cpu:-${took}}" list="${took}" few_best="${took_best}"
    else
      many="${took_cpu:-${took}}"
    fi
  done
  figure stages '200 further stages in a chain' "${list}" s 0.05 'by itself' '' '' "${few_best}"
  # What a project without any takes is a part of both.
  figure stages "2,000 ($(shown "${many}" s)), in times of 200" "$(quotient "${many}" "${few}")" times 12 'linear, with room for noise'
}

# What is built, of pei alone. Without an engine the state of each stage is looked for all the same, over all of its files.
row_status() {
  local line took took_cpu took_best plain folder
  new_project status pei
  minimal_config "${base}" | configure pei
  line="$(status_line /no/engine)"
  process_time true "${line}"
  plain="${took}"
  figure status 'a configured project, without an engine' "${took}" s 0.06 'by itself' '' '' "${took_best}"
  if docker version >/dev/null 2>&1; then
    process_time true "$(status_line docker)"
    figure status 'the same with the engine' "${took}" s 0.4 'by itself' '' '' "${took_best}"
  fi
  hashing_figure
  for ((folder = 0; folder < 1000; folder++)); do
    mkdir -p "${project}/app/${folder}"
    (cd -- "${project}/app/${folder}" && printf 'text %d\n' {1..100} | split -l 1 -a 3 -d - file-)
  done
  context_config | configure pei
  process_time true "${line}"
  figure status '100,000 files of a context, more than without' "$(calculate "${took} - ${plain}")" s 2 'by itself'
}

# The status of two projects in turn, which differ in 220 files alone: whatever else a busy machine does is in both.
hashing_figure() {
  local run files own="${project}" lines=() pair=() list=''
  for files in 0 220; do
    new_project "hashing-${files}" pei
    mkdir -p "${project}/app"
    ((files == 0)) || (cd -- "${project}/app" && seq -f 'text %g' "${files}" | split -l 1 -a 3 -d - file-)
    context_config | configure pei
    lines+=("$(status_line /no/engine)")
  done
  for ((run = 0; run < 2 * PROCESS_RUNS; run++)); do
    for files in 0 1; do pair["${files}"]="$(seconds_of "${work}/log" bash -c "exec ${lines["${files}"]}")"; done
    list+="$(calculate "${pair[1]} - ${pair[0]}")"$'\n'
  done
  figure status '220 files of a context, more than without' "$(median <<<"${list%$'\n'}")" s 0.005 'by itself'
  project="${own}"
}

# context_config: a project with all files of the context `app`.
context_config() {
  minimal_config "${base}"
  printf '  copy: [{from: all, path: /app, to: /app}]\n'
  printf 'contexts: {app: app}\nstages: {all: {copy: [{from: app, path: ., to: /app/}]}}\n'
}

# status_line ENGINE: the status of a project; 3 says that there is no engine.
status_line() {
  local line
  printf -v line 'CONTAINER_ENGINE=%q %q status -q -p %q || test $? = 3' "$1" "${PEI_BIN}" "${project}"
  printf 'bash -c %q' "${line}"
}

scale_time() { [[ -z "${times["scale-$1 $2"]-}" ]] || time_of "scale-$1" "$2"; }

# quotient ABOVE BELOW: nothing where one of them is not known
quotient() { [[ -z "$1" || -z "$2" ]] || calculate "$1 / $2"; }

# ---- builds ----

# What a build costs that does nothing but one new step; no implementation gets below it.
floor='' floor_best=''

measure_floor() {
  local run list='' name="${id}-floor"
  mkdir "${work}/empty"
  for ((run = 0; run < runs; run++)); do
    printf 'FROM %s\nRUN : %s\n' "${base}" "$(random_text)" >"${work}/Dockerfile"
    list+="$(seconds_of "${work}/log" docker build --pull=false --tag "${name}" --file "${work}/Dockerfile" "${work}/empty")"$'\n'
  done
  floor="$(median <<<"${list%$'\n'}")"
  floor_best="$(best <<<"${list%$'\n'}")"
}

build_rows() {
  measure_floor
  if wants first-build || wants size; then
    first_builds
    ! wants first-build || share_figure first-build 'both stages, nothing cached' first-build "${STATED_FIRST_BUILD}" 0.6
    ! wants size || size_figure
  fi
  local row
  for row in no-change build-hook custom-script password hook-text ports; do
    ! wants "${row}" || break
    row=''
  done
  [[ -z "${row}" ]] || change_rows
  ! wants tree || tree_row
  ! wants nothing-to-do || nothing_to_do_row
  ! wants colleague || colleague_row
}

# A base that no cache knows for every build; sizes by implementation.
declare -A added=()

first_builds() {
  local implementation run fresh took
  for ((run = 1; run <= runs; run++)); do
    for implementation in "${implementations[@]}"; do
      fresh="${id}-base-${implementation}-${run}"
      fresh_base "${fresh}"
      new_project "first-${run}" "${implementation}"
      minimal_config "${fresh}" | configure "${implementation}"
      build "${implementation}"
      note_time first-build "${implementation}" "${took}"
      added["${implementation}"]="$(added_bytes "${fresh}" "$(image 1)" "$(image 2)")"
    done
  done
}

# Six stages with a hook of five seconds each, in two branches and in one chain; and an edit of a branch's last hook.
tree_row() {
  local shape run fresh took times_of_tree='' times_of_chain='' before edited=0 count
  for ((run = 1; run <= runs; run++)); do
    for shape in branches chain; do
      fresh="${id}-${shape}-${run}"
      fresh_base "${fresh}"
      new_project "${shape}-${run}" pei
      write_stage_hooks 6 5
      stages_config "${fresh}" "${shape}" 6 1 | configure pei
      build pei
      if [[ "${shape}" == branches ]]; then
        times_of_tree+="${took}"$'\n'
        edit stages/s5/hook.sh
        build pei
        count="$(executed_steps "${project}.log" | grep -c 'stages/s[0-4]/' || true)"
        ((count <= edited)) || edited="${count}"
      else
        times_of_chain+="${took}"$'\n'
      fi
    done
  done
  local tree chain
  tree="$(median <<<"${times_of_tree%$'\n'}")"
  chain="$(median <<<"${times_of_chain%$'\n'}")"
  figure tree 'six hooks of 5 s in two branches' "${tree}" s "$(calculate "${chain} * 0.65")" '0.65 of one chain' "${chain}" measured \
    "$(best <<<"${times_of_tree%$'\n'}")"
  figure tree 'hooks of other stages that ran after an edit of a leaf' "${edited}" parts 0 none
}

# pei_build OPTION…: sets took to how long `pei build` took; the log is ${project}.log.
pei_build() {
  took="$(seconds_of "${project}.log" timeout --foreground 1800 "${PEI_BIN}" build -p "${project}" "$@")"
}

# Two projects in turn: an image that Compose built alone has lost the labels that tell `pei build` that nothing is to be done.
nothing_to_do_row() {
  local run took plain turns=7 by_pei by_compose
  ((runs <= turns)) || turns="${runs}"
  new_project by-compose pei
  by_compose="${project}"
  cached_config "${base}" | configure pei
  build pei
  new_project by-pei pei
  by_pei="${project}"
  cached_config "${base}" | configure pei
  pei_build
  for ((run = 0; run < turns; run++)); do
    project="${by_compose}"
    build pei
    note_time compose-again pei "${took}"
    project="${by_pei}"
    pei_build
    note_time build-again pei "${took}"
    [[ -z "$(executed_steps "${project}.log")" ]] || pei_die 'pei build ran steps, though nothing was to be done'
  done
  plain="$(time_of compose-again pei)"
  figure nothing-to-do '`pei build`, compared with `docker compose build`' "$(time_of build-again pei)" s \
    "$(calculate "${plain} + 0.3")" '0.3 s more' "${plain}" measured "$(best_of build-again pei)"
}

# One machine builds and keeps, and another one has the base alone: it pulls, or it builds.
colleague_row() {
  local what='a first build, compared with the pull alone' run took fresh registry pulls
  if ! start_registry; then
    pei_log_warn 'docker-registry is not installed'
    figure colleague "${what}" '' s 3 '3 s more'
    return
  fi
  for ((run = 1; run <= runs; run++)); do
    fresh="${id}-team-${run}"
    fresh_base "${fresh}"
    new_project "team-${run}" pei
    cached_config "${fresh}" "${registry}/${id}" | configure pei
    pei_build --push
    forget_builds
    new_project "colleague-${run}" pei
    cached_config "${fresh}" "${registry}/${id}" | configure pei
    pulls="$("${PEI_BIN}" build -q --dry-run -p "${project}" 2>"${work}/log" | grep '^docker pull')" \
      || pei_die 'nothing is taken from the cache' "$(<"${work}/log")"
    note_time pull pei "$(seconds_of "${work}/log" bash -c "${pulls}")"
    forget_builds
    pei_build
    note_time colleague pei "${took}"
  done
  local pull
  pull="$(time_of pull pei)"
  figure colleague "${what}" "$(time_of colleague pei)" s "$(calculate "${pull} + 3")" '3 s more' "${pull}" measured \
    "$(best_of colleague pei)"
}

size_figure() {
  local other="${STATED_ADDED_MB}" origin=stated
  if has_other; then
    other="$(calculate "${added[other]} / 1e6")"
    origin=measured
  fi
  figure size 'added to the base, both stages' "$(calculate "${added[pei]} / 1e6")" MB \
    "$(calculate "${other} * 0.42")" '0.42 of it' "${other}" "${origin}"
}

# Parts that ran though the change must not redo them, and steps that ran at all: the most of all runs, of pei.
declare -A too_much=() steps=()

# change NAME IMPLEMENTATION ALLOWED: the project's config as it is now, built; ALLOWED is a regular expression of
# the parts that may run.
change() {
  local name="$1" implementation="$2" allowed="$3" before after count took
  before="$(project_marks)"
  changing_config "${changing_base}" | configure "${implementation}"
  build "${implementation}"
  note_time "${name}" "${implementation}" "${took}"
  [[ "${implementation}" == pei ]] || return 0
  after="$(project_marks)"
  count="$(ran_again "${before}" "${after}" | grep -vxE -e "${allowed}" | tee "${work}/too-much" | wc -l)" || true
  ((count == 0)) || pei_log_info "${name}: ran, though it need not: $(tr '\n' ' ' <"${work}/too-much")"
  ((count <= ${too_much["${name}"]:-0})) || too_much["${name}"]="${count}"
  count="$(executed_steps "${project}.log" | wc -l)"
  ((count <= ${steps["${name}"]:-0})) || steps["${name}"]="${count}"
}

# The first build of the project whose changes are measured is not.
change_rows() {
  local implementation row run took changing_base="${id}-changing"
  fresh_base "${changing_base}"
  for implementation in "${implementations[@]}"; do
    new_project changing "${implementation}"
    write_hooks
    changing_config "${changing_base}" | configure "${implementation}"
    build "${implementation}"
  done
  for ((run = 1; run <= runs; run++)); do
    for implementation in "${implementations[@]}"; do
      project="${work}/${id}-changing-${implementation}"
      change_each "${implementation}"
    done
  done
  ! wants no-change || share_figure no-change 'both stages' no-change "${STATED_NO_CHANGE}" 1.2
  ! wants build-hook || share_figure build-hook "an \`on_build\` entry added to both stages" build-hook "${STATED_BUILD_HOOK}" 1/10
  for row in custom-script password hook-text; do
    ! wants "${row}" || "figures_of_${row//-/_}"
  done
  ! wants ports || figures_of_ports
}

# change_each IMPLEMENTATION: every change once, each to something new. Between them the config is built as it was.
change_each() {
  local stage implementation="$1" PASSWORD KEY PORT VALUE NEW_HOOK
  ! wants no-change || change no-change "${implementation}" nothing
  if wants build-hook; then
    NEW_HOOK="$(random_text)" change build-hook "${implementation}" '.*-2'
    back "${implementation}"
  fi
  if wants custom-script; then
    edit stage-1/custom/build.sh
    # What follows the script runs again with it, stage-2's part included.
    change custom-script-1 "${implementation}" 'custom-1|.*-2'
    edit stage-2/custom/build.sh
    change custom-script-2 "${implementation}" custom-2
  fi
  if wants password; then
    PASSWORD="Pw-$(random_text)" change password "${implementation}" nothing
    KEY="$(random_key)" change key "${implementation}" nothing
    back "${implementation}"
  fi
  if wants hook-text; then
    for stage in 1 2; do
      edit "stage-${stage}/custom/login.sh"
      change "hook-text-${stage}-login" "${implementation}" "custom-${stage}"
      edit "stage-${stage}/custom/every.sh"
      change "hook-text-${stage}-every-run" "${implementation}" "custom-${stage}"
    done
  fi
  if wants ports; then
    PORT=$((20000 + RANDOM % 20000)) change ports "${implementation}" nothing
    VALUE="$(random_text)" change environment "${implementation}" nothing
    back "${implementation}"
  fi
}

# back IMPLEMENTATION: to the config without a change, untimed.
back() {
  changing_config "${changing_base}" | configure "$1"
  build "$1"
}

figures_of_custom_script() {
  local stage
  for stage in 1 2; do
    limit_figure custom-script "text of stage-${stage}'s script" "custom-script-${stage}" "${STATED_CUSTOM_SCRIPT}" 2
    figure custom-script 'installers and hooks before it that ran' "${too_much["custom-script-${stage}"]:-0}" parts 0 none
  done
}

figures_of_password() {
  local what
  for what in password key; do
    limit_figure password "${what} changed" "${what}" "${STATED_PASSWORD}" 2
    figure password 'hooks that ran' "${too_much["${what}"]:-0}" parts 0 none
  done
}

figures_of_hook_text() {
  local stage kind name
  for stage in 1 2; do
    for kind in login every-run; do
      name="hook-text-${stage}-${kind}"
      limit_figure hook-text "text of stage-${stage}'s ${kind} hook" "${name}" "${STATED_HOOK_TEXT}" 2
      figure hook-text "ran besides stage-${stage}'s own \`custom/\` hooks" "${too_much["${name}"]:-0}" parts 0 none
    done
  done
}

figures_of_ports() {
  local what
  for what in ports environment; do
    figure ports "${what} changed: steps that ran" "${steps["${what}"]:-0}" steps 0 none
  done
}
