#!/usr/bin/env bats
# Engines other than the machine's: Debian's newest docker with its Compose and buildx, and one that is older than the
# minimum. docs/engines.md tells what was seen.
#
# shellcheck disable=SC2016,SC2030,SC2031 # texts for other shells; bats runs each test in a subshell

load ../support/load
load ../support/merged
load ../support/engine

PASSWORD=engines-Pw1

setup_file() {
    begin_file
    derive_full full
    if ! derive_newest newest >"$WORK/newest.log" 2>&1; then touch "$WORK/no-newest"; fi
}

teardown_file() {
    end_file
}

needs_newest() {
    [[ ! -e $WORK/no-newest ]] || cannot_be_tested "Debian's newest docker cannot be had here: $(tail -n 3 "$WORK/newest.log" | head -c 300)"
}

# engine_project NAME PORT [ARG...]
engine_project() {
    local port=$2
    project "$1"
    shift 2
    config "$@" <<YAML
stage_1:
  $(image_1 "$ID-full")
  ssh: {host_port: $port, users: {me: {password: $PASSWORD}}}
  custom: {on_first_run: ['stage-1/custom/my-on-first-run-1.sh']}
stage_2:
  $(image_2)
  storage: {data: {type: auto-volume}}
YAML
}

# logs_in PORT HOST: the user, on a volume of stage-2's.
logs_in() {
    export SSH_HOST=$2
    wait_for_ssh "$1"
    must ssh_as me "$PASSWORD" "$1" 'id -un; readlink /soft/data'
    equal $'me\n/hard/volume/data' "$output"
}

@test "the newest docker, Compose and buildx: both images in one command, bake, the merged build, up and login" {
    needs_newest
    start_engine newer "$ID-newest" dockerd
    use_plugins newest
    export DOCKER_HOST=unix://$WORK/newer/socket
    engine_project newer 2222 --with-merged
    build stage-1 stage-2
    lacks "$(<"$PROJECT.log")" 'DEPRECATED'
    count_is 1 "$(executed_steps "$PROJECT.log")" 'install-packages'
    cd "$PROJECT"
    must docker buildx bake --allow "fs.read=$PROJECT" -f docker-compose.yml
    merged_build
    up
    logs_in 2222 "$(DOCKER_HOST='' engine_address newer)"
    down --volumes
    unset DOCKER_HOST
    stop_engine newer
}

@test "the newest Compose and buildx on the machine's engine: stage-2 alone from an empty engine, up and login" {
    needs_newest
    local port
    port=$(free_port)
    use_plugins newest
    engine_project plugins "$port"
    build stage-2
    up
    logs_in "$port" 127.0.0.1
    down --volumes
}

@test "an engine below the minimum: build-merged.sh says which one is needed, and Compose ends before a step has run" {
    local suite
    suite=$(base_suite)
    [[ $suite == bookworm ]] || skip "only Debian 12 has an engine that old, and the base image is $suite"
    derive old <<'DOCKERFILE'
RUN apt-get -q update && apt-get -q install -y --no-install-recommends docker.io iptables && rm -rf /var/lib/apt/lists/*
DOCKERFILE
    start_engine old "$ID-old" dockerd
    engine_project old 2222 --with-merged
    must_fail with_engine old "$PROJECT/build-merged.sh" </dev/null
    has "$output" 'this engine is Docker 20.10'
    has "$output" 'Docker 23 or newer is needed'
    must_fail with_engine old compose build stage-1 stage-2
    # What docs/troubleshooting.md knows of.
    has "$output" 'unable to derive the IP value for host-gateway'
    lacks "$output" 'RUN '
    stop_engine old
}

@test "the builder before BuildKit ends at its first step, and says that BuildKit is needed" {
    engine_project legacy 2222
    cd "$PROJECT"
    must_fail env DOCKER_BUILDKIT=0 docker build -f stage-1.Dockerfile --label "pei-test=$ID" .
    has "$output" 'requires BuildKit'
    count_is 1 "$output" '^Step [0-9]+/[0-9]+ : RUN '
}
