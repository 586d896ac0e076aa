#!/usr/bin/env bats
# Base images of a locked build: by the digest of a registry, or by what they hold, on both image stores, and with the
# registry away.
#
# shellcheck disable=SC2016,SC2030,SC2031 # texts for other shells; bats runs each test in a subshell

load ../support/load
load ../support/team

setup_file() {
    begin_file
    team_base
    team_engine old classic
    team_engine new containerd
    # This image store fetches no layer that it has unpacked, and a build without a registry would lack it.
    on old docker image rm "$ID-team-base" >/dev/null
    on new docker image rm "$ID-team-base" >/dev/null
    team_registry main
    export REGISTRY
    derive one "$ID-team-base" <<<'RUN echo one >/mark'
    derive two "$ID-team-base" <<<'RUN echo two >/mark'
    docker save "$ID-one" -o "$WORK/one.tar"
    in_registry one "$REGISTRY/base:1"
    in_registry two "$REGISTRY/moved:1"
}

teardown_file() {
    leave_team
    end_file
}

setup() {
    project bases
    registry_answers "$REGISTRY" || team_registry main
    rm -f "$PROJECT/pei.lock"
    printf 'services: {stage-1: {build: {network: none}}}\n' >"$PROJECT/docker-compose.override.yml"
    hook stage-1/custom/one.sh <<<'cp /mark /seen'
}

# in_registry IMAGE NAME: pushes it, and keeps its digest.
in_registry() {
    docker tag "$ID-$1" "$2"
    must docker push --quiet "$2"
    docker image inspect --format '{{index .RepoDigests 0}}' "$2" | sed 's/.*@//' >"$WORK/digest-$1"
    docker image rm "$2" >/dev/null
}

# loaded ENGINE NAME: it has the image `one` under that name, from a file.
loaded() {
    on "$1" docker image rm -f "$2" >/dev/null 2>&1 || true
    must on "$1" docker load --quiet -i "$WORK/one.tar"
    must on "$1" docker tag "$ID-one" "$2"
    must on "$1" docker image rm "$ID-one"
}

# write_config BASE LOCKED
write_config() {
    config <<YAML
stage_1:
  $(image_1 "$1")
  custom: {on_build: [stage-1/custom/one.sh]}
lock: $2
YAML
}

# built ENGINE MARK: a build of all steps, from the base that holds this mark.
built() {
    LOG=$WORK/build.log
    on "$1" __logged "$LOG" "$PEI_BIN" build -p "$PROJECT" -- --no-cache --progress plain
    equal "$2" "$(on "$1" docker run --rm --network none --entrypoint cat "$(image 1)" /seen)" "the base on $1"
}

digest_in_lock() {
    tail -n +2 "$PROJECT/pei.lock" | jq -r '.architectures[].images[].digest // "none"'
}

@test "a base by its digest: pulled once, and then without the registry" {
    local engine
    write_config "$REGISTRY/base:1@$(<"$WORK/digest-one")" false
    for engine in old new; do
        must on "$engine" docker pull --quiet "$REGISTRY/base:1@$(<"$WORK/digest-one")"
    done
    team_end registry-main
    for engine in old new; do
        built "$engine" one
        must on "$engine" "$PEI_BIN" lock -p "$PROJECT"
        equal "$(<"$WORK/digest-one")" "$(digest_in_lock)"
    done
}

@test "a pulled base is in the lock by its digest, and an engine that has loaded it builds from that" {
    local engine
    write_config "$REGISTRY/base:1" false
    must on new docker pull --quiet "$REGISTRY/base:1"
    built new one
    must on new "$PEI_BIN" lock -p "$PROJECT"
    equal "$(<"$WORK/digest-one")" "$(digest_in_lock)"
    write_config "$REGISTRY/base:1" true
    has "$(<"$PROJECT/stage-1.Dockerfile")" "base:1@$(<"$WORK/digest-one")"
    on old docker image rm -f "$REGISTRY/base@$(<"$WORK/digest-one")" >/dev/null 2>&1 || true
    team_end registry-main
    for engine in old new; do
        loaded "$engine" "$REGISTRY/base:1"
        built "$engine" one
        must on "$engine" "$PEI_BIN" lock --check -p "$PROJECT"
        must on "$engine" "$PEI_BIN" lock -p "$PROJECT"
        equal "$(<"$WORK/digest-one")" "$(digest_in_lock)" "the digest after a lock on $engine"
    done
}

@test "a loaded base: engines that have loaded it build from that, and no registry is asked for another of its name" {
    local engine
    write_config "$REGISTRY/moved:1" false
    loaded old "$REGISTRY/moved:1"
    built old one
    must on old "$PEI_BIN" lock -p "$PROJECT"
    equal none "$(digest_in_lock)"
    write_config "$REGISTRY/moved:1" true
    loaded new "$REGISTRY/moved:1"
    for engine in old new; do
        built "$engine" one
        must on "$engine" "$PEI_BIN" lock --check -p "$PROJECT"
    done
    must on old docker image rm "$REGISTRY/moved:1"
    must on old docker pull --quiet "$REGISTRY/moved:1"
    attempt on old "$PEI_BIN" build -p "$PROJECT"
    equal 1 "$status"
    has "$output" 'not the image that'
}

@test "a loaded base whose digest no registry knows is in the lock: other engines that have loaded it build all the same" {
    local engine
    write_config "$REGISTRY/moved:1" false
    loaded new "$REGISTRY/moved:1"
    # Without the lock, a build on this image store would ask the registry what the tag is.
    team_end registry-main
    built new one
    must on new "$PEI_BIN" lock -p "$PROJECT"
    team_registry main
    write_config "$REGISTRY/moved:1" true
    loaded old "$REGISTRY/moved:1"
    for engine in old new; do
        built "$engine" one
        must on "$engine" "$PEI_BIN" lock --check -p "$PROJECT"
    done
}
