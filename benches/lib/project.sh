# shellcheck shell=bash
# Sourced by run.sh, which sets what this file reads and reads what it sets.
# shellcheck disable=SC2016,SC2001,SC2034,SC2154 # texts for other shells and for sed stand in single quotes
# Projects of pei and, where one is given, of another implementation of the same contract.

# The command lines by implementation, `pei` or `other`; {dir} and {config} stand for paths.
declare -A CREATE=() CONFIGURE=() BUILD=()
# The reference cannot build both in one command.
readonly OTHER_BUILD='docker compose build stage-1 && docker compose build stage-2'

use_pei() {
  local program
  printf -v program '%q' "${PEI_BIN}"
  CREATE[pei]="${program} create -q minimal -p {dir}"
  CONFIGURE[pei]="${program} configure -p {dir} -c {config}"
  BUILD[pei]='docker compose build stage-1 stage-2'
  BUILD[other]="${BUILD[other]-${OTHER_BUILD}}"
  implementations=(pei)
  [[ -z "${CREATE[other]-}" ]] || implementations+=(other)
}

# command_line TEMPLATE DIR
command_line() {
  local dir config line="$1"
  printf -v dir '%q' "$2"
  printf -v config '%q' "$2/user_config.yml"
  line="${line//'{dir}'/"${dir}"}"
  printf '%s' "${line//'{config}'/"${config}"}"
}

create_line() { command_line "${CREATE["$1"]}" "$2"; }
configure_line() { command_line "${CONFIGURE["$1"]}" "$2"; }

# quietly COMMAND: a shell command whose words are shown where it fails.
quietly() {
  bash -c "$1" >"${work}/log" 2>&1 </dev/null && return
  tail -n 40 -- "${work}/log" >&2
  pei_die "failed: $1"
}

# new_project NAME IMPLEMENTATION: sets project, whose name no other run has.
new_project() {
  project="${work}/${id}-$1-$2"
  rm -rf -- "${project}"
  quietly "$(create_line "$2" "${project}")"
}

# image STAGE, of the project
image() { printf '%s:stage-%s' "${project##*/}" "$1"; }

# configure IMPLEMENTATION: the text on stdin becomes the config.
configure() {
  cat >"${project}/user_config.yml"
  quietly "$(configure_line "$1" "${project}")"
}

# build IMPLEMENTATION: sets took to how long both images took; the log is ${project}.log.
build() {
  took="$(cd -- "${project}" && seconds_of "${project}.log" timeout --foreground 1800 bash -c "${BUILD["$1"]}")"
}

# minimal_config BASE
minimal_config() {
  cat <<YAML
stage_1:
  image: {base: '$1', output: '$(image 1)'}
  ssh: {host_port: 2222, users: {me: {password: bench-Pw1}}}
stage_2:
  image: {output: '$(image 2)'}
YAML
}

# cached_config BASE [REGISTRY/PATH]: a cache that nobody asks may be anywhere.
cached_config() {
  minimal_config "$1"
  printf "cache: {registry: '%s'}\n" "${2:-localhost:1/bench}"
}

# changing_config BASE: two stages with an installer, a script and run-time hooks each. What rows change is set by
# variables.
changing_config() {
  cat <<YAML
stage_1:
  image: {base: '$1', output: '$(image 1)'}
  ssh: {host_port: 2222, users: {me: {password: '${PASSWORD:-bench-Pw1}', pubkey_text: '${KEY:-${FIRST_KEY}}'}}}
  ports: ['127.0.0.1:${PORT:-18080}:8080']
  environment: ['BENCH_1=${VALUE:-one}']
  custom:
    on_build:
      - stage-1/system/bench/install.sh
      - stage-1/custom/build.sh
${NEW_HOOK:+      - stage-1/custom/build.sh ${NEW_HOOK}}
    on_every_run: [stage-1/custom/every.sh]
    on_user_login: [stage-1/custom/login.sh]
stage_2:
  image: {output: '$(image 2)'}
  environment: ['BENCH_2=${VALUE:-one}']
  custom:
    on_build:
      - stage-2/system/bench/install.sh
      - stage-2/custom/build.sh
${NEW_HOOK:+      - stage-2/custom/build.sh ${NEW_HOOK}}
    on_every_run: [stage-2/custom/every.sh]
    on_user_login: [stage-2/custom/login.sh]
YAML
}

# A public key that nobody holds the other half of.
random_key() {
  printf 'ssh-ed25519 %s' "$({ printf '\0\0\0\013ssh-ed25519\0\0\0\040' && head -c 32 /dev/urandom; } | base64 -w0)"
}

# Build hooks leave a mark that no other run of them leaves; the others do nothing.
write_hooks() {
  local stage name file
  for stage in 1 2; do
    for name in system/bench/install custom/build; do
      file="${project}/installation/stage-${stage}/${name}.sh"
      mkdir -p -- "$(dirname -- "${file}")"
      printf '#!/bin/bash\nmkdir -p %s\ncat /proc/sys/kernel/random/uuid >%s/"%s${1:+-new}"\n' \
        "${MARKS}" "${MARKS}" "$(basename -- "$(dirname -- "${name}")" | sed s/bench/system/)-${stage}" >"${file}"
    done
    for name in every login; do
      printf '#!/bin/bash\ntrue\n' >"${project}/installation/stage-${stage}/custom/${name}.sh"
    done
  done
}

# edit PATH: another text for a script of the project that does the same.
edit() { printf '# %s\n' "$(random_text)" >>"${project}/installation/$1"; }

# All marks of both images.
project_marks() {
  marks "$(image 1)" | sed 's/^/in-1 /'
  marks "$(image 2)" | sed 's/^/in-2 /'
}

# ran_again BEFORE AFTER: the parts whose marks differ, of those that stand in both.
ran_again() {
  join -j 1 <(sed 's/^\(in-.\) /\1-/' <<<"$1" | sort) <(sed 's/^\(in-.\) /\1-/' <<<"$2" | sort) \
    | awk '$2 != $3 { sub(/^in-.-/, "", $1); print $1 }' | sort -u
}

# large_config COUNT: that many mounts, ports, variables and users, written so short that 100,000 of each stay below the
# 8 MiB that pei reads.
large_config() {
  awk -v count="$1" -v key="${FIRST_KEY}" 'BEGIN {
    print "stage_1: {image: {base: bench, output: \"bench:stage-1\"}, ssh: {users: {"
    print " u0: &u {pubkey_text: \"" key "\"},"
    for (i = 1; i < count; i++) print " u" i ": *u,"
    print "}}}\nstage_2:\n image: {output: \"bench:stage-2\"}\n ports:"
    for (i = 0; i < count; i++) print (i < 65535 ? " - \"" i + 1 "\"" : " - " i - 65534 "/udp")
    print " environment:"
    for (i = 0; i < count; i++) print "  V" i ": 1"
    print " mount:"
    for (i = 0; i < count; i++) print "  m" i ": {type: auto-volume,dst_path: /" i "}"
  }'
}

# stages_config BASE SHAPE COUNT HOOKS: further stages s0, s1 … in one `chain`, or in two `branches`: even and odd ones. With
# HOOKS 1 each has a hook.
stages_config() {
  local number step=1 custom=''
  [[ "$2" == chain ]] || step=2
  minimal_config "$1"
  printf '  copy:\n'
  for ((number = $3 - step; number < $3; number++)); do
    printf '    - {from: s%d, path: /etc/os-release, to: /opt/s%d}\n' "${number}" "${number}"
  done
  printf 'stages:\n'
  for ((number = 0; number < $3; number++)); do
    (($4 == 0)) || custom=", custom: {on_build: [stages/s${number}/hook.sh]}"
    if ((number < step)); then
      printf '  s%d: {from: stage-1%s}\n' "${number}" "${custom}"
    else
      printf '  s%d: {from: s%d%s}\n' "${number}" "$((number - step))" "${custom}"
    fi
  done
}

# write_stage_hooks COUNT SECONDS: the hooks of stages_config.
write_stage_hooks() {
  local number
  for ((number = 0; number < $1; number++)); do
    mkdir -p "${project}/installation/stages/s${number}"
    printf '#!/bin/bash\nsleep %d\n' "$2" >"${project}/installation/stages/s${number}/hook.sh"
  done
}
