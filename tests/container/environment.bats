#!/usr/bin/env bats
# Variables: what the config says is what processes, `docker exec` and ssh sessions get, byte for byte.
#
# shellcheck disable=SC1003,SC2016,SC2030,SC2031 # texts for other shells; bats runs each test in a subshell

load support/load

PASSWORD=env-Pw1

NAMES=() VALUES=()
value() {
    NAMES+=("$1")
    VALUES+=("$2")
}

value PLAIN plain
value EMPTY ''
value BLANKS '  two  blanks  '
value TAB $'a\tb'
value SINGLE "it's 'quoted'"
value DOUBLE 'say "hello"'
value QUOTED '"all of it"'
value SINGLE_QUOTED "'all of it'"
value LONE_QUOTE '"'
value HASH 'a #b # c'
value HASH_FIRST '#no comment'
value DOLLAR 'a $HOME $$ $(id) $x'
value BACKTICK '`id`'
value PERCENT '100% %s %% %d'
value BACKSLASH 'C:\dir\new\'
value BACKSLASHES '\\host\$share \" \n'
value EQUALS 'a=b==c'
value EQUALS_LAST 'c2VjcmV0IGtleQ='
value EQUALS_TWICE_LAST '# c2VjcmV0IGtl=='
value AT '@{HOME} @{x} $'
value EXPORT 'export A=b; unset PATH'
value PUNCTUATION '!*?[a-z]{x,y}~;&|<>()^'
value UNICODE 'grüße 你好 🐚'
value YAML_LIKE 'yes: [1, {a: b}] - null'
value NUMBER 0123
value NEWLINE $'first\nsecond line\n\nlast'
value NEWLINE_LAST $'ends with one\n'

config_with_values() {
    local i
    config <<YAML
stage_1:
  $(image_1)
  ssh: {host_port: $PORT, users: {me: {password: $PASSWORD}}}
  environment:
    - 'OVER=from stage 1'
    - 'ONLY_1=stage 1'
    - 'FROM_COMPOSE'
    - 'AT_RUN={{PEI_TEST_AT_RUN:-the default}}'
stage_2:
  $(image_2)
  environment:
    OVER: from stage 2
    CHANGING: '$1'
$(for i in "${!NAMES[@]}"; do printf '    %s: %s\n' "${NAMES[i]}" "$(yaml_text "${VALUES[i]}")"; done)
YAML
}

setup_file() {
    begin_file
    PORT=$(free_port)
    export PORT
    project env
    config_with_values one
    build
    FROM_COMPOSE='given to compose' up
    wait_for_ssh "$PORT"
}

teardown_file() {
    end_file
}

setup() {
    project env
    C=$(container)
}

# values_in FILE: the output of `env -0` holds every value.
values_in() {
    local i wrong=()
    for i in "${!NAMES[@]}"; do
        sed -z -n "s/^${NAMES[i]}=//p" "$1" >"$BATS_TEST_TMPDIR/seen"
        printf '%s\0' "${VALUES[i]}" >"$BATS_TEST_TMPDIR/wanted"
        cmp -s "$BATS_TEST_TMPDIR/wanted" "$BATS_TEST_TMPDIR/seen" ||
            wrong+=("${NAMES[i]}: wanted $(__visible "${VALUES[i]}"), seen $(tr '\0' '|' <"$BATS_TEST_TMPDIR/seen" | cat -A)")
    done
    ((${#wrong[@]} == 0)) || fail 'these values did not arrive:' "${wrong[@]}"
}

@test "docker exec gets every value byte for byte" {
    docker exec "$C" env -0 >"$BATS_TEST_TMPDIR/env"
    values_in "$BATS_TEST_TMPDIR/env"
}

@test "the container's own process gets every value byte for byte" {
    compose run --rm -T --no-deps stage-2 --no-block -- env -0 2>/dev/null >"$BATS_TEST_TMPDIR/all"
    sed -z '1s/^Entrypoint branch[^\n]*\n//' "$BATS_TEST_TMPDIR/all" >"$BATS_TEST_TMPDIR/env"
    values_in "$BATS_TEST_TMPDIR/env"
}

@test "an ssh command gets every value byte for byte" {
    ssh_as me "$PASSWORD" "$PORT" 'env -0' >"$BATS_TEST_TMPDIR/env"
    values_in "$BATS_TEST_TMPDIR/env"
}

@test "an ssh session on a terminal gets every value byte for byte" {
    attempt ssh_typing me "$PASSWORD" "$PORT" < <(printf '%s\n' 'env -0 >/tmp/env.typed' exit)
    must docker cp "$C:/tmp/env.typed" "$BATS_TEST_TMPDIR/env"
    values_in "$BATS_TEST_TMPDIR/env"
}

@test "a login shell under ssh gets every value byte for byte" {
    ssh_as me "$PASSWORD" "$PORT" "bash -lc 'env -0'" >"$BATS_TEST_TMPDIR/env"
    values_in "$BATS_TEST_TMPDIR/env"
}

@test "stage-2's variables go over stage-1's, which it has as well" {
    must in_c -- printenv OVER ONLY_1
    equal $'from stage 2\nstage 1' "$output"
    must ssh_as me "$PASSWORD" "$PORT" 'printenv OVER ONLY_1'
    equal $'from stage 2\nstage 1' "$output"
    must compose run --rm -T --no-deps stage-1 printenv OVER
    has_line "$output" 'from stage 1'
}

@test "a name alone is taken from Compose's environment, and a marker from there or its default" {
    must ssh_as me "$PASSWORD" "$PORT" 'printenv FROM_COMPOSE AT_RUN'
    equal $'given to compose\nthe default' "$output"
    export PEI_TEST_AT_RUN="it's \"set\" at #run"
    must compose run --rm -T --no-deps stage-2 printenv AT_RUN
    has_line "$output" "it's \"set\" at #run"
}

@test "ssh sessions know where the stages and the storage are" {
    must ssh_as me "$PASSWORD" "$PORT" \
        'printenv PEI_STAGE_DIR_1 PEI_STAGE_DIR_2 PEI_DOCKER_DIR PEI_PATH_HARD PEI_PATH_SOFT PEI_SOFT_APPS PEI_SOFT_DATA PEI_SOFT_WORKSPACE PEI_PREFIX_APPS PEI_PREFIX_DATA PEI_PREFIX_WORKSPACE PEI_PREFIX_VOLUME PEI_PREFIX_IMAGE'
    equal "$(printf '%s\n' /pei-from-host/stage-1 /pei-from-host/stage-2 /pei-init /hard /soft \
        /soft/app /soft/data /soft/workspace app data workspace volume image)" "$output"
    must ssh_as me "$PASSWORD" "$PORT" 'printenv PATH HOME USER'
    has "$output" /usr/bin
    has_line "$output" /home/me
}

@test "what plain docker run sets reaches ssh sessions too" {
    local port
    port=$(free_port)
    start plain --env 'BY_RUN=it is "set" $here #now' --publish "127.0.0.1:$port:22" "$(image 2)"
    wait_for_ssh "$port"
    must ssh_as me "$PASSWORD" "$port" 'printenv BY_RUN'
    equal 'it is "set" $here #now' "$output"
    discard plain
}

@test "three restarts leave /etc/environment as it was, other people's lines included" {
    local i before
    must docker exec "$C" sh -c 'printf "%s\n" "# by hand" "BY_HAND=kept" >>/etc/environment'
    must docker restart --time 0 "$C"
    wait_for_ssh "$PORT"
    before=$(docker exec "$C" cat /etc/environment)
    for i in 1 2 3; do
        must docker restart --time 0 "$C"
        wait_for_ssh "$PORT"
    done
    equal "$before" "$(docker exec "$C" cat /etc/environment)" /etc/environment
    count_is 1 "$before" '^# by hand$'
    count_is 1 "$before" '^BY_HAND=kept$'
    must ssh_as me "$PASSWORD" "$PORT" 'printenv BY_HAND PLAIN'
    equal $'kept\nplain' "$output"
}

@test "restarts add nothing to the shells' start files" {
    local files='cat /etc/profile /etc/profile.d/* /etc/bash.bashrc /root/.bashrc /root/.profile /home/me/.bashrc /home/me/.profile 2>/dev/null | cksum' before
    before=$(docker exec "$C" bash -c "$files")
    must docker restart --time 0 "$C"
    wait_for_ssh "$PORT"
    equal "$before" "$(docker exec "$C" bash -c "$files")"
}

@test "a changed value, and one that went, reach ssh sessions without a build" {
    config_with_values two
    sed -i '/^ *ONLY_1/d; /ONLY_1=/d' "$PROJECT/user_config.yml"
    configure
    build
    no_step_ran "$PROJECT.log"
    up
    wait_for_ssh "$PORT"
    must ssh_as me "$PASSWORD" "$PORT" 'printenv CHANGING'
    equal two "$output"
    must_fail ssh_as me "$PASSWORD" "$PORT" 'printenv ONLY_1'
}
