#!/usr/bin/env bats
# Load: many logins at once, and many projects side by side on one engine.
#
# shellcheck disable=SC2016,SC2030,SC2031 # texts for other shells; bats runs each test in a subshell

load support/load

PASSWORD=load-Pw1
COUNT=8

# nth N: the project of that number. The last two lie in directories of the same name, and bear a name for Compose: one
# in the template of its compose file, the other in .env.
nth() {
    case $1 in
        7) PROJECT=$WORK/left/$ID-same NAME=$ID-7 ;;
        8) PROJECT=$WORK/right/$ID-same NAME=$ID-8 ;;
        *) PROJECT=$WORK/$ID-$1 NAME=$ID-$1 ;;
    esac
    PORT=$(sed -n "$1p" "$WORK/ports")
}

# make N: its files.
make() {
    nth "$1"
    new_project "$PROJECT"
    case $1 in
        7) sed -i "s/^services:/name: $NAME\n&/" "$PROJECT/compose-template.yml" ;;
        8) echo "COMPOSE_PROJECT_NAME=$NAME" >"$PROJECT/.env" ;;
    esac
    hook stage-2/custom/mark.sh <<<'echo "project $1" >"$2"'
    config <<YAML
stage_1:
  image: {base: '$BASE', output: '$NAME:stage-1'}
  ssh: {host_port: $PORT, users: {me: {password: $PASSWORD, pubkey_text: '$(<"$WORK/key.pub")'}}}
stage_2:
  image: {output: '$NAME:stage-2'}
  environment: {WHO: project $1}
  storage: {data: {type: auto-volume}}
  custom:
    on_build: ['stage-2/custom/mark.sh $1 /etc/mark']
    on_first_run: ['stage-2/custom/mark.sh $1 /soft/data/mark']
YAML
}

# each CMD...: run it for every project at once, with its number as the last argument.
each() {
    local n pids=()
    for ((n = 1; n <= COUNT; n++)); do
        "$@" "$n" &
        pids+=($!)
    done
    for n in "${pids[@]}"; do wait "$n" || return 1; done
}

build_nth() {
    nth "$1"
    build stage-2
}

up_nth() {
    nth "$1"
    up
    wait_for_ssh "$PORT"
}

setup_file() {
    begin_file
    local n
    new_key "$WORK/key" -t ed25519
    for ((n = 1; n <= COUNT; n++)); do
        free_port >/dev/null
        make "$n"
        # What end_file removes by Compose's label.
        echo "$NAME" >>"$WORK/projects"
    done
    each build_nth
    each up_nth
}

teardown_file() {
    end_file
}

setup() {
    wait_long_for_logins
}

# ---- side by side

@test "eight projects on one engine, two of them in directories of the same name, are each themselves" {
    local n
    for ((n = 1; n <= COUNT; n++)); do
        nth "$n"
        must ssh_as me "$PASSWORD" "$PORT" 'printenv WHO; cat /etc/mark /soft/data/mark'
        equal "project $n"$'\n'"project $n"$'\n'"project $n" "$output" "what is behind port $PORT"
    done
}

@test "no name is shared: containers, images, volumes and networks are each project's own" {
    local n
    for ((n = 1; n <= COUNT; n++)); do
        nth "$n"
        equal "$NAME:stage-2" "$(docker inspect --format '{{.Config.Image}}' "$NAME-stage-2-1")"
        must docker volume ls --quiet --filter "label=com.docker.compose.project=$NAME"
        equal "${NAME}_data"$'\n'"${NAME}_pei_ssh_host_keys" "$output"
        must docker network ls --filter "label=com.docker.compose.project=$NAME" --format '{{.Name}}'
        equal "${NAME}_default" "$output"
        docker image inspect --format '{{.Id}}' "$NAME:stage-2" >>"$BATS_TEST_TMPDIR/images"
    done
    equal "$COUNT" "$(sort -u "$BATS_TEST_TMPDIR/images" | wc -l)" 'the number of images'
}

@test "no two projects have a host key in common" {
    local n
    for ((n = 1; n <= COUNT; n++)); do
        nth "$n"
        host_keys "$PORT" >>"$BATS_TEST_TMPDIR/keys"
    done
    equal $((3 * COUNT)) "$(sort -u "$BATS_TEST_TMPDIR/keys" | wc -l)" 'the number of keys'
}

# ---- a crowd

@test "a hundred people who still think of their password keep nobody out" {
    local i fd greeting
    nth 1
    for i in {1..100}; do
        exec {fd}<>"/dev/tcp/127.0.0.1/$PORT"
        read -r -t 60 -u "$fd" greeting || fail "connection $i was dropped"
        has "$greeting" SSH-2.0
    done
    must ssh_as me "$PASSWORD" "$PORT" 'echo in'
    equal in "$output"
    must ssh_by_key me "$WORK/key" "$PORT" 'echo in'
    equal in "$output"
}

@test "a hundred logins at once succeed, half by password and half by key" {
    local i pids=()
    nth 2
    for i in {1..50}; do
        ssh_as me "$PASSWORD" "$PORT" "echo password $i" >"$BATS_TEST_TMPDIR/password.$i" 2>&1 &
        pids+=($!)
        ssh_by_key me "$WORK/key" "$PORT" "echo key $i" >"$BATS_TEST_TMPDIR/key.$i" 2>&1 &
        pids+=($!)
    done
    for i in "${pids[@]}"; do wait "$i" || true; done
    for i in {1..50}; do
        equal "password $i" "$(<"$BATS_TEST_TMPDIR/password.$i")"
        equal "key $i" "$(<"$BATS_TEST_TMPDIR/key.$i")"
    done
}

# ---- the end

@test "a project that goes down with its volumes removes nothing of the other project with the same name" {
    nth 7
    down --volumes
    must_fail docker volume inspect "${NAME}_data"
    nth 8
    must ssh_as me "$PASSWORD" "$PORT" 'cat /soft/data/mark'
    equal 'project 8' "$output"
}
