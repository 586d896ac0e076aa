#!/usr/bin/env bats
# What a change costs: only the steps that depend on it run again. Each test states them all.
#
# shellcheck disable=SC2016,SC2030,SC2031 # texts for other shells; bats runs each test in a subshell

load support/load

setup_file() {
    begin_file
    HOST_PORT=$(free_port)
    export HOST_PORT
    # No other run has built on it, so what this one builds stands in no cache.
    derive_full full
    project cache
    probe stage-1/system/own-tool/install.sh
    probe stage-1/custom/one.sh
    probe stage-2/custom/two.sh
    local name
    for name in first every login; do
        printf '# %s\ntrue\n' "$name" | hook "stage-1/custom/$name.sh"
        printf '# %s\ntrue\n' "$name" | hook "stage-2/custom/$name.sh"
    done
    new_key "$WORK/key" -t ed25519 -C ''
    write_config
    build
}

teardown_file() {
    end_file
}

setup() {
    project cache
}

# write_config: what a test changes is set by variables.
write_config() {
    config <<YAML
stage_1:
  $(image_1 "${OTHER_BASE:-$ID-full}")
  ${APT_FILE+"apt: {repo_source: '$APT_FILE'}"}
  proxy: {port: ${PROXY_PORT:-7890}}
  ssh:
    host_port: ${HOST_PORT}
    users:
      ${MORE_USERS:-}
      me: {password: '${PASSWORD:-cache-Pw1}', pubkey_text: $(yaml_text "$(<"$WORK/key.pub")"), privkey_file: '$WORK/key'}
  ports: ['${EXTRA_PORT:-127.0.0.1::8080}']
  environment: ['CHANGES=${VALUE:-one}']
  mount: {below: {type: auto-volume, dst_path: ${MOUNT:-/below}}}
  custom:
    on_build: [${HOOKS_1-"'stage-1/system/own-tool/install.sh tool', 'stage-1/custom/one.sh one'"}]
    on_first_run: [stage-1/custom/first.sh]
    on_every_run: [stage-1/custom/every.sh${EVERY_ARGUMENT:-}]
    on_user_login: [stage-1/custom/login.sh]
stage_2:
  $(image_2)
  environment: {ALSO: '${VALUE:-one}'}
  storage: {data: {type: ${DATA_TYPE:-image}}}
  mount: {own: {type: auto-volume, dst_path: ${MOUNT:-/own}}}
  custom:
    on_build: [${HOOKS_2-"'stage-2/custom/two.sh two'"}]
    on_first_run: [stage-2/custom/first.sh]
    on_every_run: [stage-2/custom/every.sh]
    on_user_login: [stage-2/custom/login.sh]
YAML
}

# made_by IMAGE: one line for each costly part, which differs from the line of every other run of that part.
made_by() {
    drun --entrypoint sh "$1" -c 'echo "apt $(stat -c %.Y /var/lib/dpkg/info/openssh-server.list)"
        cd /var/lib/pei-test && for f in uuid.*; do echo "$f $(cat "$f")"; done' | sed 's/^uuid\.//'
}

# rebuild: changes what stands in $before and $after, of both images.
rebuild() {
    before=$(made_by "$(image 1)")$'\n'$(made_by "$(image 2)")
    write_config
    build
    after=$(made_by "$(image 1)")$'\n'$(made_by "$(image 2)")
}

# ran_again PART..., of those that stand in both: exactly these.
ran_again() {
    local seen
    seen=$(comm -13 <(sort -u <<<"$before") <(sort -u <<<"$after") | cut -d' ' -f1 | sort -u | tr '\n' ' ')
    equal "$*" "${seen% }" 'what ran again'
}

@test "the part that both images share is built once" {
    local part one two
    one=$(made_by "$(image 1)")
    two=$(made_by "$(image 2)")
    for part in apt tool one; do
        equal "$(grep "^$part " <<<"$one")" "$(grep "^$part " <<<"$two")" "$part in stage-1 and stage-2"
    done
}

@test "the shared part is built once where nothing is cached" {
    project once
    probe stage-1/custom/one.sh
    local nonce
    nonce=$(sentinel)
    config <<YAML
stage_1:
  $(image_1)
  ssh: {users: {me: {password: cache-Pw1}}}
  custom: {on_build: ['stage-1/custom/one.sh one $nonce']}
stage_2:
  $(image_2)
YAML
    build
    equal "$(probe_uuid "$(image 1)" one)" "$(probe_uuid "$(image 2)" one)"
}

# The steps, in the order of the Dockerfiles; `after STEP LIST...` is the part of a list behind a step.
readonly CORE=('stage-1-core: set-up-base' 'stage-1-core: install-packages' 'stage-1-core: create-users'
    'stage-1-core: set-up-sshd' 'stage-1-core: stage-1/system/own-tool/install.sh tool'
    'stage-1-core: stage-1/custom/one.sh one')
readonly TAIL_1=('stage-1: copy stage-1' 'stage-1: finish-image' 'stage-1: set-credentials')
readonly STAGE_2=('stage-2: set-up-storage' 'stage-2: stage-2/custom/two.sh two')
readonly TAIL_2=('stage-2: copy stage-1' 'stage-2: copy stage-2' 'stage-2: finish-image' 'stage-2: set-credentials')

# from STEP: a step of CORE and all later ones, also in images that build on it; sets steps.
from() {
    local step
    steps=()
    for step in "${CORE[@]}"; do
        [[ $step != "stage-1-core: $1" && ${#steps[@]} == 0 ]] || steps+=("$step")
    done
    ((${#steps[@]} > 0)) || fail "no such step: $1"
    steps+=("${TAIL_1[@]}" "${STAGE_2[@]}" "${TAIL_2[@]}")
}

ran() {
    only_ran "$PROJECT.log" "$@"
}

edit() {
    echo "# edited $(sentinel)" >>"$PROJECT/installation/$1"
}

@test "nothing changed: no step runs" {
    rebuild
    no_step_ran "$PROJECT.log"
}

@test "a second configure and build in another directory runs no step" {
    local other=$WORK/elsewhere
    mkdir "$other"
    cp -a "$PROJECT/." "$other"
    must "$PEI_BIN" configure -p "$other"
    (cd "$other" && docker compose --project-name "${PROJECT##*/}" build stage-1 stage-2) >"$PROJECT.log" 2>&1
    no_step_ran "$PROJECT.log"
}

@test "a port, an environment value, a mount or a storage type changed: no step runs" {
    EXTRA_PORT=127.0.0.1::9090 HOST_PORT=$(free_port) rebuild
    no_step_ran "$PROJECT.log"
    VALUE=two rebuild
    no_step_ran "$PROJECT.log"
    MOUNT=/elsewhere DATA_TYPE=auto-volume rebuild
    no_step_ran "$PROJECT.log"
}

@test "a password changed: the credentials of both images, and nothing else" {
    PASSWORD=$(sentinel) rebuild
    ran_again
    ran 'stage-1: set-credentials' 'stage-2: set-credentials'
}

@test "a key changed: the credentials of both images, and nothing else" {
    rm "$WORK/key" "$WORK/key.pub"
    new_key "$WORK/key" -t ed25519 -C ''
    rebuild
    ran_again
    ran 'stage-1: set-credentials' 'stage-2: set-credentials'
}

@test "a run-time or login hook's text edited: the ends of the images that hold it, no build hook" {
    local name stage
    for stage in 2 1; do
        for name in first every login; do
            edit "stage-$stage/custom/$name.sh"
        done
        rebuild
        ran_again
        # Stage-2's copy of its own tree comes after that of stage-1's, which did not change.
        if ((stage == 2)); then
            ran "${TAIL_2[@]:1}"
        else
            ran "${TAIL_1[@]}" "${TAIL_2[@]}"
        fi
    done
    must drun --entrypoint cat "$(image 2)" /pei-from-host/stage-2/custom/every.sh
    has "$output" '# edited'
}

@test "a run-time hook named otherwise in the config: the ends of the images, no build hook" {
    EVERY_ARGUMENT=" --more" rebuild
    ran_again
    ran "${TAIL_1[@]}" "${TAIL_2[@]}"
    must drun --entrypoint cat "$(image 2)" /pei-from-host/stage-1/generated/_custom-on-every-run.sh
    has "$output" '--more'
}

@test "on_build entries of stage-2 added, reordered, removed: from the first that moved, no step before it" {
    write_config
    build
    HOOKS_2="'stage-2/custom/two.sh two', 'stage-2/custom/two.sh added'" rebuild
    ran_again added
    ran 'stage-2: stage-2/custom/two.sh added' "${TAIL_2[@]}"
    equal "$(probe_uuid "$(image 2)" added)" "$(grep '^added ' <<<"$after" | cut -d' ' -f2)"
    HOOKS_2="'stage-2/custom/two.sh added', 'stage-2/custom/two.sh two'" rebuild
    ran 'stage-2: stage-2/custom/two.sh added' 'stage-2: stage-2/custom/two.sh two' "${TAIL_2[@]}"
    # Removed: what is left was built before.
    rebuild
    no_step_ran "$PROJECT.log"
    HOOKS_2='' rebuild
    ran "${TAIL_2[@]}"
}

@test "on_build entries of stage-1 added, reordered, removed: from the first that moved, and stage-2 behind them" {
    local tool="'stage-1/system/own-tool/install.sh tool'" one="'stage-1/custom/one.sh one'"
    write_config
    build
    HOOKS_1="$tool, $one, 'stage-1/custom/one.sh added'" rebuild
    ran 'stage-1-core: stage-1/custom/one.sh added' "${TAIL_1[@]}" "${STAGE_2[@]}" "${TAIL_2[@]}"
    HOOKS_1="$tool, 'stage-1/custom/one.sh added', $one" rebuild
    ran 'stage-1-core: stage-1/custom/one.sh added' 'stage-1-core: stage-1/custom/one.sh one' \
        "${TAIL_1[@]}" "${STAGE_2[@]}" "${TAIL_2[@]}"
    HOOKS_1="$one" rebuild
    ran 'stage-1-core: stage-1/custom/one.sh one' "${TAIL_1[@]}" "${STAGE_2[@]}" "${TAIL_2[@]}"
}

@test "a custom script edited: the custom hooks of that stage and what is behind them, no installer before them" {
    write_config
    build
    edit stage-2/custom/two.sh
    rebuild
    ran_again two
    ran 'stage-2: stage-2/custom/two.sh two' "${TAIL_2[@]}"
    edit stage-1/custom/one.sh
    rebuild
    from 'stage-1/custom/one.sh one'
    ran "${steps[@]}"
    ran_again one two
}

@test "a file in custom/ that no hook names: the custom hooks, which may read it" {
    edit stage-2/custom/own-notes.txt
    rebuild
    ran 'stage-2: stage-2/custom/two.sh two' "${TAIL_2[@]}"
    edit stage-1/custom/own-notes.txt
    rebuild
    from 'stage-1/custom/one.sh one'
    ran "${steps[@]}"
}

@test "a file in system/ that an installer uses: from that installer on" {
    edit stage-1/system/own-tool/install.sh
    rebuild
    from 'stage-1/system/own-tool/install.sh tool'
    ran "${steps[@]}"
}

@test "a file in system/ that no hook names: the custom hooks, which may call it, and no installer" {
    hook stage-1/system/other-tool/install.sh <<<"# $(sentinel)"
    rebuild
    from 'stage-1/custom/one.sh one'
    ran "${steps[@]}"
}

@test "a user added: from the accounts on, no package is installed" {
    MORE_USERS="you: {password: 'cache-Pw2'}" rebuild
    from create-users
    ran "${steps[@]}"
}

@test "the proxy's address changed: from the first step that reads it, no package is installed" {
    PROXY_PORT=7891 rebuild
    from 'stage-1/system/own-tool/install.sh tool'
    ran "${steps[@]}"
}

@test "where packages come from changed: from there on" {
    drun --entrypoint cat "$ID-full" /etc/apt/sources.list >"$PROJECT/installation/stage-1/custom/sources.list"
    APT_FILE=stage-1/custom/sources.list rebuild
    from install-packages
    ran 'stage-1-core: set-up-apt' "${steps[@]}"
}

@test "another base image: everything, and the shared part once" {
    must docker build --quiet --tag "$ID-other-base" - \
        <<<"FROM $ID-full"$'\n'"LABEL pei-test=$ID"$'\n'"RUN echo $(sentinel) >/etc/pei-test"
    OTHER_BASE=$ID-other-base rebuild
    ran "${CORE[@]}" "${TAIL_1[@]}" "${STAGE_2[@]}" "${TAIL_2[@]}"
}
