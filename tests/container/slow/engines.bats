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

@test "a tree on the newest docker, Compose and buildx: each hook once, nothing run twice, one stage alone, bake" {
    needs_newest
    derive tools <<'DOCKERFILE'
RUN apt-get -q update && apt-get -q install -y --no-install-recommends busybox-static
DOCKERFILE
    derive_tiny tiny "$ID-tools"
    start_engine newer "$ID-newest" dockerd
    docker save "$ID-tiny" | must with_engine newer docker load
    use_plugins newest
    export DOCKER_HOST=unix://$WORK/newer/socket
    project branches
    mkdir -p "$WORK/pages"
    echo page >"$WORK/pages/a page.html"
    hook stages/pack/p.sh <<<'echo hook-pack; mkdir /out; read -r line <"/pages/a page.html"; echo "$line packed" >"/out/a page.html"'
    hook stages/tool/t.sh <<<'echo hook-tool; echo tool >/opt/tool'
    hook stages/kept/k.sh <<<'echo hook-kept'
    hook stage-1/custom/one.sh <<<'echo hook-one'
    hook stage-2/custom/two.sh <<<'echo "hook-two $(cat /www/*.html) $(cat /opt/tool) $(cat /opt/given)"'
    hook stage-2/custom/given <<<given
    config <<YAML
stage_1:
  $(image_1 "$ID-full")
  custom: {on_build: [stage-1/custom/one.sh]}
contexts: {pages: ../pages}
stages:
  pack:
    image: {base: $ID-tiny}
    copy: [{from: pages, path: ., to: /pages/}]
    custom: {on_build: [stages/pack/p.sh]}
  packed:
    image: {base: scratch, output: $ID-packed}
    copy: [{from: pack, path: /out, to: /}]
  tool: {custom: {on_build: [stages/tool/t.sh]}}
  kept:
    from: pack
    image: {output: $ID-kept}
    custom: {on_build: [stages/kept/k.sh]}
stage_2:
  from: tool
  $(image_2)
  copy:
    - {from: packed, path: /, to: /www/}
    - {from: $ID-tiny, path: /bin/sh, to: /opt/tiny}
    - {path: stage-2/custom/given, to: /opt/}
  custom: {on_build: [stage-2/custom/two.sh]}
YAML
    build stage-1 stage-2
    equal '1 1 1 0 1' "$(hooks_ran one pack tool kept two)"
    equal 1 "$(ran "$PROJECT.log" 'hook-two page packed tool given')"
    build stage-1 stage-2
    no_step_ran "$PROJECT.log"
    build kept
    equal '0 0 0 1 0' "$(hooks_ran one pack tool kept two)"
    build packed
    equal '0 0 0 0 0' "$(hooks_ran one pack tool kept two)"
    must drun --entrypoint sh "$(image 2)" -c 'cat "/www/a page.html" && [ ! -e /pages ]'
    bake --allow "fs.read=$PROJECT" --allow "fs.read=$WORK/pages" stage-1 stage-2 packed
    no_step_ran "$PROJECT.log"
    unset DOCKER_HOST
    stop_engine newer
}

# hooks_ran NAME...: how often the log has each of these hooks.
hooks_ran() {
    local name counts=()
    for name; do counts+=("$(ran "$PROJECT.log" "hook-$name")"); done
    echo "${counts[*]}"
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
