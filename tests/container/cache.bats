#!/usr/bin/env bats
# What a change costs: only the steps that depend on it run again.
#
# shellcheck disable=SC2016,SC2030,SC2031 # texts for other shells; bats runs each test in a subshell

load support/load

setup_file() {
    begin_file
    HOST_PORT=$(free_port)
    export HOST_PORT
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
  $(image_1)
  ssh:
    host_port: ${HOST_PORT}
    users:
      me: {password: '${PASSWORD:-cache-Pw1}', pubkey_text: $(yaml_text "$(<"$WORK/key.pub")"), privkey_file: '$WORK/key'}
  ports: ['${EXTRA_PORT:-127.0.0.1::8080}']
  environment: ['CHANGES=${VALUE:-one}']
  mount: {below: {type: auto-volume, dst_path: ${MOUNT:-/below}}}
  custom:
    on_build: ['stage-1/system/own-tool/install.sh tool', 'stage-1/custom/one.sh one']
    on_first_run: [stage-1/custom/first.sh]
    on_every_run: [stage-1/custom/every.sh${EVERY_ARGUMENT:-}]
    on_user_login: [stage-1/custom/login.sh]
stage_2:
  $(image_2)
  environment: {ALSO: '${VALUE:-one}'}
  storage: {data: {type: ${DATA_TYPE:-image}}}
  mount: {own: {type: auto-volume, dst_path: ${MOUNT:-/own}}}
  custom:
    on_build: ['stage-2/custom/two.sh two'${MORE_HOOKS:-}]
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

@test "nothing changed: no step runs" {
    rebuild
    no_step_ran "$PROJECT.log"
}

@test "a second configure and build in another folder runs no step" {
    local other=$WORK/elsewhere
    mkdir "$other"
    cp -a "$PROJECT/." "$other"
    must "$PEI_BIN" configure -p "$other"
    (cd "$other" && docker compose --project-name "${PROJECT##*/}" build stage-1 stage-2) >"$PROJECT.log" 2>&1
    no_step_ran "$PROJECT.log"
}

@test "a port changed: no step runs" {
    EXTRA_PORT=127.0.0.1::9090 HOST_PORT=$(free_port) rebuild
    no_step_ran "$PROJECT.log"
}

@test "an environment value changed: no step runs" {
    VALUE=two rebuild
    no_step_ran "$PROJECT.log"
}

@test "a mount and a storage type changed: no step runs" {
    MOUNT=/elsewhere DATA_TYPE=auto-volume rebuild
    no_step_ran "$PROJECT.log"
}

@test "a password changed: no hook and no apt step runs" {
    PASSWORD=$(sentinel) rebuild
    ran_again
    [[ -n $(executed_steps "$PROJECT.log") ]] || fail 'nothing ran, so the password cannot have changed'
    no_step_matches "$PROJECT.log" 'apt|essential|hook|on.build'
}

@test "a key changed: no hook and no apt step runs" {
    rm "$WORK/key" "$WORK/key.pub"
    new_key "$WORK/key" -t ed25519 -C ''
    rebuild
    ran_again
    [[ -n $(executed_steps "$PROJECT.log") ]] || fail 'nothing ran, so the key cannot have changed'
}

@test "a run-time hook's text edited: apt and system installers do not run" {
    local stage name
    for stage in 1 2; do
        for name in first every login; do
            echo "# edited $RANDOM" >>"$PROJECT/installation/stage-$stage/custom/$name.sh"
        done
    done
    rebuild
    # The hooks of custom/ see the whole of it.
    lacks " $(comm -13 <(sort -u <<<"$before") <(sort -u <<<"$after") | tr '\n' ' ')" ' apt '
    lacks " $(comm -13 <(sort -u <<<"$before") <(sort -u <<<"$after") | tr '\n' ' ')" ' tool '
    must drun --entrypoint cat "$(image 2)" /pei-from-host/stage-2/custom/every.sh
    has "$output" '# edited'
}

@test "a run-time hook named otherwise in the config: no build hook and no apt step runs" {
    EVERY_ARGUMENT=" --more" rebuild
    ran_again
    must drun --entrypoint cat "$(image 2)" /pei-from-host/stage-1/generated/_custom-on-every-run.sh
    has "$output" '--more'
}

@test "an on_build entry added to stage-2: nothing before it runs" {
    write_config
    build
    MORE_HOOKS=", 'stage-2/custom/two.sh added'" rebuild
    ran_again added
    equal "$(probe_uuid "$(image 2)" added)" "$(grep '^added ' <<<"$after" | cut -d' ' -f2)"
}

@test "a custom script edited: the custom hooks behind it run, apt and system installers do not" {
    write_config
    build
    echo "# edited $RANDOM" >>"$PROJECT/installation/stage-2/custom/two.sh"
    rebuild
    ran_again two
    echo "# edited $RANDOM" >>"$PROJECT/installation/stage-1/custom/one.sh"
    rebuild
    lacks " $(comm -13 <(sort -u <<<"$before") <(sort -u <<<"$after") | tr '\n' ' ')" ' apt '
    lacks " $(comm -13 <(sort -u <<<"$before") <(sort -u <<<"$after") | tr '\n' ' ')" ' tool '
    has "$(comm -13 <(sort -u <<<"$before") <(sort -u <<<"$after"))" 'one '
}

@test "a system script edited: it runs again, apt does not" {
    echo "# edited $RANDOM" >>"$PROJECT/installation/stage-1/system/own-tool/install.sh"
    rebuild
    has "$(comm -13 <(sort -u <<<"$before") <(sort -u <<<"$after"))" 'tool '
    lacks " $(comm -13 <(sort -u <<<"$before") <(sort -u <<<"$after") | tr '\n' ' ')" ' apt '
}
