#!/usr/bin/env bats
# `pei lock`: what it writes is what dpkg and the registry know, and it asks no network for it.
#
# shellcheck disable=SC2016,SC2030,SC2031 # texts for other shells; bats runs each test in a subshell

load support/load
load support/team

setup_file() {
    begin_file
    team_registry main
    export REGISTRY
    # A base that only the registry has, as after a build from an image that nobody has pulled.
    derive_full full
    docker tag "$ID-full" "$REGISTRY/base:1"
    docker push --quiet "$REGISTRY/base:1" >/dev/null
    docker image inspect --format '{{index .RepoDigests 0}}' "$REGISTRY/base:1" >"$WORK/digest"
    docker image rm "$REGISTRY/base:1" >/dev/null
    project lock
    hook stage-1/custom/one.sh <<'SH'
apt-get install -y --no-install-recommends hello
mkdir -p "$PEI_RECORD" && printf '{"kind":"tool","name":"when","path":"/when","version":"%s"}\n' "$(date +%s%N)" >"$PEI_RECORD/tool.jsonl"
SH
    hook stage-2/custom/two.sh <<<'apt-get install -y --no-install-recommends file; apt-get purge -y hello'
    hook stages/far/far.sh <<<'echo far >/srv/far'
    write_config
    build_by_pei
}

teardown_file() {
    leave_team
    end_file
}

setup() {
    project lock
}

write_config() {
    config <<YAML
stage_1:
  $(image_1 "$REGISTRY/base:1")
  custom: {on_build: [stage-1/custom/one.sh]}
stages:
  far: {image: {base: '$REGISTRY/base:1'}, custom: {on_build: [stages/far/far.sh]}}
stage_2:
  $(image_2)
  copy: [{from: far, path: /srv/far, to: /srv/far}]
  custom: {on_build: [stage-2/custom/two.sh]}
YAML
}

build_by_pei() {
    note_images
    must "$PEI_BIN" build -p "$PROJECT" stage-1 stage-2 far -- "$@"
}

# lock [ARG...]: without any network; the engine's socket is a file.
lock() {
    unshare --net "$PEI_BIN" lock -p "$PROJECT" "$@"
}

# in_lock FILTER: of the part for this machine's architecture.
in_lock() {
    tail -n +2 "$PROJECT/pei.lock" | jq -r ".architectures | to_entries[0].value | $1"
}

# packages IMAGE: `NAME:ARCHITECTURE VERSION`, a line each.
packages() {
    drun --entrypoint dpkg-query "$1" -W -f '${db:Status-Status} ${Package}:${Architecture} ${Version}\n' |
        sed -n 's/^installed //p' | LC_ALL=C sort
}

@test "a lock holds the base's digest and each package that a stage added, and needs no network" {
    unshare --net true || cannot_be_tested 'a shell without a network needs root'
    must lock
    has "$output" 'wrote '
    has "$output" '3 stages'
    local list='.apt | to_entries[] | .key + " " + .value'
    equal "$(sed 's/.*@//' "$WORK/digest")" "$(in_lock ".images[\"$REGISTRY/base:1\"].digest")" 'the digest'
    equal "$(LC_ALL=C comm -13 <(packages "$ID-full") <(packages "$(image 1)"))" "$(in_lock ".stages[\"stage-1\"] | $list")" \
        'what stage-1 took'
    equal "$(LC_ALL=C comm -13 <(packages "$(image 1)") <(packages "$(image 2)"))" "$(in_lock ".stages[\"stage-2\"] | $list")" \
        'what stage-2 took'
    has "$(in_lock '.stages["stage-1"].apt | keys[]')" 'hello:'
    equal '["stages/far/far.sh"]' "$(in_lock '.stages.far.hooks | tostring')" 'the hooks of a further stage'
    must lock
    has "$output" 'is up to date'
    must lock --check
    equal '' "$(docker ps -aq --filter "ancestor=$(image 2)")" 'containers that are left'
}

@test "a later build that took something else differs from the lock" {
    must lock
    cp "$PROJECT/pei.lock" "$WORK/before"
    build_by_pei --no-cache
    must_end_with 4 lock --check
    has "$output" 'stage-1: tool when /when: '
    lacks "$output" 'package'
    same_bytes "$WORK/before" "$PROJECT/pei.lock"
    # Compose alone writes no labels, and nobody can tell what its images are.
    build
    must_end_with 1 lock
    has "$output" 'stage-1 was built without `pei build`'
    build_by_pei
    must lock
    has "$output" 'wrote '
}
