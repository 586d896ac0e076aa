#!/usr/bin/env bats
# `pei status` foretells a build: what it names as to be built is compared with the steps that run then. A stage that it
# does not name runs no step.
#
# shellcheck disable=SC2030,SC2031 # bats runs each test in a subshell

load support/load

setup_file() {
    begin_file
    # No other run has built on it, so what this one builds stands in no cache.
    derive_full full
    project state
    printf '#!/bin/bash\necho one\n' | hook stage-1/custom/one.sh
    printf '#!/bin/bash\necho two\n' | hook stage-2/custom/two.sh
    printf '#!/bin/bash\ntrue\n' | hook stage-2/custom/login.sh
    printf '#!/bin/sh\nmkdir -p /srv/far; cat /app/* >/srv/far/all\n' | hook stages/far/far.sh
    mkdir -p "$PROJECT/app/src" "$WORK/nowhere"
    echo a >"$PROJECT/app/a.txt"
    echo b >"$PROJECT/app/src/b.txt"
    write_config
    build_by_pei
}

teardown_file() {
    end_file
}

setup() {
    project state
    # A failed test would leave its change to the next one.
    write_config
    build_by_pei
}

# write_config: what a test changes is set by variables.
write_config() {
    config <<YAML
stage_1:
  $(image_1 "$ID-full")
  ssh: {port: ${PORT:-22}, host_port: ${HOST_PORT:-31222}, users: {me: {password: '${PASSWORD:-state-Pw1}', uid: ${NUMBER:-1100}}}}
  environment: ['CHANGES=${VALUE:-one}']
  custom: {on_build: ['stage-1/custom/one.sh ${WORDS_1:-}']}
stages:
  far:
    copy: [{from: app, path: a.txt, to: /app/}]
    environment: {WORD: '${WORD:-a}'}
    custom: {on_build: [stages/far/far.sh]}
contexts: {app: app}
stage_2:
  $(image_2)
  copy: [{from: far, path: /srv/far, to: ${FAR:-/srv/far}}]
  custom: {on_build: [stage-2/custom/two.sh], on_user_login: ['stage-2/custom/login.sh ${LOGIN:-}']}
cache: {folder: '$WORK/nowhere'}
YAML
}

build_by_pei() {
    note_images
    must "$PEI_BIN" build -p "$PROJECT" --pull=false -- --progress plain
    printf '%s\n' "$output" >"$PROJECT.log"
}

# foretold: the stages that are to be built, in one line.
foretold() {
    "$PEI_BIN" status -p "$PROJECT" --json | python3 -c '
import json, sys
stages = json.load(sys.stdin)["stages"]
print(*sorted(s["name"] for s in stages if s["status"] != "built" and s["kind"] != "files"))'
}

# ran_in: the stages of which a step ran. What is copied out of a stage belongs to it, and a context is no stage.
ran_in() {
    executed_steps "$PROJECT.log" |
        sed -E 's/^\[([^] ]+ )?([^] ]+) +[0-9]+\/[0-9]+\] .*/\2/; s/_files$//' | grep -v '^pei-files-' | sort -u | paste -sd' ' || true
}

# foretells STAGES: status names them; the build that follows runs steps in no other stage, and in MORE of them (default:
# all); then all is built.
foretells() {
    local named seen stage
    named=$(foretold)
    equal "$1" "$named" 'what status foretells'
    build_by_pei
    seen=$(ran_in)
    for stage in $seen; do
        [[ " $named " == *" $stage "* ]] || fail "a step of $stage ran, which status had not named: $named"
    done
    equal "${2-$1}" "$seen" 'the stages of which steps ran'
    equal '' "$(foretold)" 'what is to be built afterwards'
}

readonly ALL='far stage-1 stage-1-core stage-2 stage-2-core'

@test "what reaches no step changes no state" {
    touch "$PROJECT"/installation/stage-1/custom/*
    chown -R 1234:1234 "$PROJECT/installation/stage-1/custom" "$PROJECT/app"
    echo x >"$PROJECT/installation/stage-1/custom/one.sh.bak"
    echo x >"$PROJECT/installation/stage-1/custom/.one.sh.swp"
    echo x >"$PROJECT/app/.env"
    setfattr -n user.note -v x "$PROJECT/installation/stage-1/custom/one.sh" 2>/dev/null || true
    cat >"$PROJECT/docker-compose.override.yml" <<'YAML'
services:
  stage-1: {build: {shm_size: 128m, labels: {a: b}, args: {NOBODY_READS_IT: x}}}
  stage-2: {build: {shm_size: 128m, labels: {a: b}, args: {NOBODY_READS_IT: x}}}
YAML
    VALUE=two HOST_PORT=31223 write_config
    foretells ''
    rm -- "$PROJECT/docker-compose.override.yml"
    # Another place.
    cp -a "$PROJECT" "$WORK/elsewhere"
    PROJECT=$WORK/elsewhere
    foretells ''
    # Nothing but pei writes these, so that Compose has to build them alone.
    sed -i -e '1i # other' -e '1i ARG NOBODY_READS_IT=x' "$PROJECT"/stage-?.Dockerfile "$PROJECT/stages.Dockerfile"
    equal '' "$(foretold)"
    build
    equal '' "$(executed_steps "$PROJECT.log")"
}

@test "options of a build change every stage" {
    local option
    for option in 'extra_hosts: ["a.example:127.0.0.9"]' 'network: host' 'ulimits: {nofile: 2048}'; do
        printf 'services:\n  stage-1: {build: &more {%s}}\n  stage-2: {build: *more}\n  far: {build: *more}\n' "$option" \
            >"$PROJECT/docker-compose.override.yml"
        foretells "$ALL"
    done
    rm -- "$PROJECT/docker-compose.override.yml"
}

@test "files of the core, by text, mode, kind and presence" {
    local custom=$PROJECT/installation/stage-1/custom
    local all='far stage-1 stage-1-core stage-2 stage-2-core'
    echo '# other' >>"$custom/one.sh"
    foretells "$all"
    must "$PEI_BIN" status -p "$PROJECT"
    has "$output" '✔ stage-1-core'
    chmod 700 "$custom/one.sh"
    foretells "$all"
    chmod -R go-rwx "$custom"
    foretells "$all"
    echo x >"$custom/README.md"
    foretells "$all"
    mkdir "$custom/empty"
    foretells "$all"
    mv "$custom/one.sh" "$custom/real.sh" && ln -s real.sh "$custom/one.sh"
    foretells "$all"
    # The group's write permission is taken away again, from directories alone, too.
    chmod g+w "$custom" "$custom/empty"
    configure
    foretells ''
    chmod -R g+w "$custom"
    configure
    foretells ''
    rm -- "$custom/one.sh" && mv "$custom/real.sh" "$custom/one.sh" && rmdir "$custom/empty" && rm -- "$custom/README.md"
    chmod -R u=rwX,go=rX "$custom"
}

@test "files of further stages, contexts and tails reach what follows them" {
    echo '# other' >>"$PROJECT/installation/stages/far/far.sh"
    must "$PEI_BIN" status -p "$PROJECT" far
    has "$output" '○ far   file stages/far/far.sh'
    # What it made is the same, so that the copy of it is not made again.
    foretells 'far stage-2 stage-2-core' far
    sentinel >"$PROJECT/app/a.txt"
    must "$PEI_BIN" status -p "$PROJECT" --why stage-2
    has "$output" 'context app/a.txt'
    foretells 'far stage-2 stage-2-core'
    # A file of the context that nobody copies.
    sentinel >"$PROJECT/app/src/b.txt"
    foretells ''
    echo '# other' >>"$PROJECT/installation/stage-2/custom/two.sh"
    foretells 'stage-2 stage-2-core'
    echo '# other' >>"$PROJECT/installation/stage-2/custom/login.sh"
    foretells 'stage-2'
}

@test "keys of the config reach what they change" {
    NUMBER=1101 write_config
    foretells "$ALL"
    NUMBER=1101 WORDS_1=--more write_config
    foretells "$ALL"
    NUMBER=1101 WORDS_1=--more PORT=2200 write_config
    must "$PEI_BIN" status -p "$PROJECT" stage-1-core
    has "$output" 'args SSH_CONTAINER_PORT: 22 → 2200'
    foretells "$ALL"
    NUMBER=1101 WORDS_1=--more PORT=2200 FAR=/srv/near write_config
    foretells 'stage-2 stage-2-core'
    NUMBER=1101 WORDS_1=--more PORT=2200 FAR=/srv/near WORD=b write_config
    foretells 'far stage-2 stage-2-core' far
    NUMBER=1101 WORDS_1=--more PORT=2200 FAR=/srv/near WORD=b LOGIN=--x write_config
    foretells 'stage-2'
    # Salted anew.
    NUMBER=1101 WORDS_1=--more PORT=2200 FAR=/srv/near WORD=b LOGIN=--x PASSWORD=state-Pw2 write_config
    foretells 'stage-1 stage-2'
}

@test "another base, and an image that Compose built alone" {
    derive full "$ID-full" <<<'RUN touch /etc/other'
    must "$PEI_BIN" status -p "$PROJECT" stage-1-core
    has "$output" "base $ID-full now names a different image"
    foretells "$ALL"
    build stage-1
    must "$PEI_BIN" status -p "$PROJECT" stage-1
    has "$output" 'built by docker compose, its state is unknown'
}
