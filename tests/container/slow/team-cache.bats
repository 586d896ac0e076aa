#!/usr/bin/env bats
# A cache for a team: what one machine has built, another one takes; nothing secret goes there; and whatever is wrong with
# the place, a build ends well. Two engines with data of their own, one for each image store.
#
# shellcheck disable=SC2016,SC2030,SC2031 # texts for other shells; bats runs each test in a subshell

load ../support/load
load ../support/team

setup_file() {
    begin_file
    PASSWORD=$(sentinel)
    VALUE=$(sentinel)
    export PASSWORD VALUE
    team_base
    team_engine a classic
    team_engine b containerd
    team_registry open
    export REGISTRY
    project team
    hook stage-1/custom/one.sh <<<'echo "hook-one"; echo one >/opt/one'
    hook stage-2/custom/two.sh <<<'echo "hook-two $(cat /srv/www/a/page)"; echo two >/opt/two'
    hook stages/py/build.sh <<<'echo "hook-py"; echo py >/opt/py'
    hook stages/web/build.sh <<<'echo "hook-web"; mkdir -p /srv/www/a; echo page >/srv/www/a/page; chmod 700 /srv/www/a
ln -s a/page /srv/www/link; chown 1234:1234 /srv/www/a/page; echo file >/etc/web.conf; echo "$TOKEN" >/etc/web.token'
    write_override
    write_config "registry: $REGISTRY/team/demo"
    pei_build a --push
    cp "$LOG" "$WORK/first.log"
}

teardown_file() {
    leave_team
    end_file
}

setup() {
    project team
    REGISTRY=127.0.0.1:$(<"$WORK/registry-open/port")
    # A test that failed may have left it away, anything on the engine that takes, and other settings.
    registry_answers "$REGISTRY" || team_registry open
    forget b
    write_override
    write_config "registry: $REGISTRY/team/demo"
}

# write_override [ARGS]: the engines have no network of their own.
write_override() {
    {
        printf 'services:\n'
        printf "  %s: {build: {network: none, args: {${1:-}}}}\n" stage-1 stage-2 web py
    } >"$PROJECT/docker-compose.override.yml"
}

# write_config CACHE: what a test changes is set by variables.
write_config() {
    config <<YAML
stage_1:
  $(image_1 "$ID-team-base")
  ssh: {host_port: 2222, users: {me: {password: $PASSWORD${KEY_FILE:+, privkey_file: $KEY_FILE}}}}
  custom: {on_build: ['stage-1/custom/one.sh']}
stages:
  web:
    image: {base: $ID-team-base}
    environment: {TOKEN: $VALUE}
    custom: {on_build: ['stages/web/build.sh']}
  py: {${VALUE_2:+environment: {MORE: $VALUE_2\}, }custom: {on_build: ['stages/py/build.sh']}}
stage_2:
  $(image_2)
  from: py
  copy: [{from: web, path: /srv/www, to: /srv/www}, {from: web, path: /etc/web.conf, to: /etc/}]
  custom: {on_build: ['stage-2/custom/two.sh']}
cache: {$1}
YAML
}

TAILS=('stage-1: copy stage-1' 'stage-1: finish-image' 'stage-1: set-credentials' 'stage-2: copy stage-1'
    'stage-2: copy stage-2' 'stage-2: finish-image' 'stage-2: set-credentials')

# takes_all ENGINE: a build runs the tails and nothing else.
takes_all() {
    pei_build "$1"
    only_ran "$LOG" "${TAILS[@]}"
}

# forget ENGINE: all that it has but the base.
forget() {
    on "$1" docker image ls --quiet --filter 'label=io.pei.state' | sort -u |
        xargs -r env "DOCKER_HOST=unix://$WORK/engine-$1/socket" docker image rm --force >/dev/null
    must on "$1" docker builder prune --all --force
}

@test "a clone under another path and umask, on the other image store, builds by taking: no hook runs, and only credentials differ" {
    local first='hook-one hook-two hook-py hook-web' word
    for word in $first; do has "$(<"$WORK/first.log")" "$word"; done
    has "$(<"$WORK/first.log")" 'kept in the cache'
    clone b 002
    takes_all b
    lacks "$(<"$LOG")" 'hook-'
    content a "$ID-team:stage-2" >"$WORK/a.txt"
    content b "$ID-team:stage-2" >"$WORK/b.txt"
    [[ $(wc -l <"$WORK/a.txt") -gt 1000 ]]
    equal /etc/shadow "$(diff "$WORK/a.txt" "$WORK/b.txt" | awk '/^[<>]/ { print $2 }' | sort -u)"
    # Nothing to do is nothing done.
    pei_build b
    no_step_ran "$LOG"
}

@test "a registry that is away after the first pull is not missed, on both stores; without it a machine builds by itself" {
    clone b 022
    takes_all b
    team_end registry-open
    pei_build b
    no_step_ran "$LOG"
    local before=$PROJECT
    PROJECT=$WORK/$ID-team
    pei_build a
    no_step_ran "$LOG"
    PROJECT=$before
    forget b
    pei_build b
    has "$(<"$LOG")" 'cannot be reached, and what is not here is built: nothing listens there'
    count_is 1 "$(<"$LOG")" 'warning: the registry'
    has "$(executed_steps "$LOG")" 'stages/web/build.sh'
}

@test "nothing secret is in the registry" {
    has "$(curl -s "http://$REGISTRY/v2/_catalog")" 'team/demo/web_files'
    lacks "$(curl -s "http://$REGISTRY/v2/_catalog")" '"team/demo/web"'
    # Values of a stage that others grow from, a person's own key, and a proxy with a login.
    local PROXY_PASSWORD VALUE_2 KEY_FILE=$WORK/own-key
    PROXY_PASSWORD=$(sentinel) VALUE_2=$(sentinel)
    ssh-keygen -q -t ed25519 -N '' -f "$KEY_FILE"
    write_override "PEI_HTTP_PROXY_1: 'http://me:$PROXY_PASSWORD@127.0.0.1:9'"
    write_config "registry: $REGISTRY/team/audited"
    pei_build a --push
    has "$(<"$LOG")" 'kept in the cache: `web_files`'
    has "$(<"$LOG")" 'not kept in the cache: `stage-1-core`; something in the build arg `PEI_HTTP_PROXY_1` looks like a secret'
    has "$(<"$LOG")" 'not kept in the cache: `py` and `stage-2-core`; the values of `stages.py.environment`'
    write_override
    write_config "registry: $REGISTRY/team/audited"
    pei_build a --push
    has "$(<"$LOG")" 'kept in the cache: `stage-1-core`'
    blobs "$WORK/pushed"
    # What was pushed is among it: hooks' files, and accounts without a password.
    [[ -n $(files_holding "$WORK/pushed" 'hook-two') || -n $(files_holding "$WORK/pushed" 'opt/two') ]]
    [[ -n $(files_holding "$WORK/pushed" 'me:!:') ]]
    local text
    for text in "$PASSWORD" "$VALUE" "$PROXY_PASSWORD" "$VALUE_2" "$(sed -n 3p "$KEY_FILE")" "$(cut -d: -f2 "$PROJECT/.pei/secrets/ssh-credentials" | head -n 1)" ':$6$'; do
        [[ -n $text ]]
        equal '' "$(files_holding "$WORK/pushed" "$text")" "what holds $text"
    done
    rm -rf -- "$WORK/pushed"
}

# put_under NAME: the registry has, under that name, the image that the Dockerfile text on stdin makes on a.
put_under() {
    must on a docker build --quiet --tag foreign:image -
    must on a docker tag foreign:image "$1"
    must on a docker push --quiet "$1"
}

@test "an image under the right name that is another state, or has another base, is refused by name, and the stage is built" {
    local core
    core=$(on a docker image ls --format '{{.Repository}}:{{.Tag}}' | grep -m 1 'team/demo/stage-1-core')
    must on a docker tag "$core" good:core
    clone b 022

    printf 'FROM good:core\nLABEL io.pei.state=0000\n' | put_under "$core"
    forget b
    pei_build b
    has "$(<"$LOG")" "warning: \`$core\` is not taken for stage-1-core: its label has a different state"
    has "$(executed_steps "$LOG")" 'stage-1/custom/one.sh'

    printf 'FROM scratch\nCOPY --from=good:core /etc/passwd /\nLABEL io.pei.state=%s\n' "${core##*:}" | put_under "$core"
    forget b
    pei_build b
    has "$(<"$LOG")" "warning: \`$core\` is not taken for stage-1-core: it does not have the layers of the base image"
    has "$(executed_steps "$LOG")" 'stage-1/custom/one.sh'

    # Whoever keeps the stage puts it right.
    pei_build b --push
    has "$(<"$LOG")" 'kept in the cache: `stage-1-core`'
    must on a docker tag good:core "$core"
    PROJECT=$WORK/$ID-team
    clone b 022
    forget b
    takes_all b
}

# last_layer NAME:TAG: where the registry has the last layer of an image.
last_layer() {
    local digest
    digest=$(curl -s -H 'Accept: application/vnd.docker.distribution.manifest.v2+json, application/vnd.oci.image.manifest.v1+json' \
        "http://$REGISTRY/v2/${1%:*}/manifests/${1##*:}" | grep -oE 'sha256:[0-9a-f]{64}' | tail -n 1)
    printf '%s/data/docker/registry/v2/blobs/sha256/%.2s/%s/data\n' "$WORK/registry-open" "${digest#*:}" "${digest#*:}"
}

@test "an image whose layers are gone is refused by name, and the stage is built" {
    hook stage-1/custom/one.sh <<<'echo "hook-one again"; echo again >/opt/one'
    pei_build a --push
    local name
    while read -r name; do
        : >"$(last_layer "${name#"$REGISTRY/"}")"
    done < <(grep -oE "$REGISTRY/team/demo/(stage-1-core|stage-2-core|py):[0-9a-f]+" "$PROJECT/.pei/build.yml" | sort -u)
    clone b 022
    pei_build b
    has "$(<"$LOG")" 'is not taken for stage-2-core, which is built: it is broken or gone'
    has "$(executed_steps "$LOG")" 'stage-1/custom/one.sh'
}

@test "a login that the engine does not have is told, and one that it has is used" {
    team_registry closed 'me:$2y$05$bqpzaG1nOPFtPWJN3J3rt.SeQiy9/UoiDRxdHc6523Kl7LpwYgcLC'
    write_config "registry: $REGISTRY/team/demo"
    pei_build a --pull
    has "$(<"$LOG")" 'refuses the engine'
    has "$(<"$LOG")" "\`docker login $REGISTRY\` gives it one"
    must_end_with 3 on a "$PEI_BIN" build -p "$PROJECT" --push
    has "$output" '`pei push` keeps them'
    export DOCKER_CONFIG=$WORK/login
    must on a docker login --username me --password team-Pw1 "$REGISTRY"
    must on a "$PEI_BIN" push -p "$PROJECT"
    has "$output" 'kept in the cache: `stage-1-core`'
    must on a "$PEI_BIN" push -p "$PROJECT"
    lacks "$output" 'kept in the cache'
    has "$output" 'already in the cache: `py`'
    clone b 022
    must env -u DOCKER_CONFIG "DOCKER_HOST=unix://$WORK/engine-b/socket" "$PEI_BIN" status -p "$PROJECT"
    has "$output" "refuses the engine's login"
    has "$output" '○ stage-1-core'
    must on b "$PEI_BIN" status -p "$PROJECT"
    has "$output" '☁ stage-1-core'
    takes_all b
    forget b
    unset DOCKER_CONFIG
    team_end registry-closed
}

# Takes connections, and never says anything.
listen_and_say_nothing() {
    python3 -c 'import socket, sys, time
server = socket.socket(); server.bind(("127.0.0.1", int(sys.argv[1]))); server.listen(64); time.sleep(60)' "$1" &
    printf '%s\n' "$!" >>"$WORK/pids"
}

@test "a registry that says nothing costs three seconds, once" {
    local port
    port=$(free_port)
    listen_and_say_nothing "$port" 3>&-
    write_config "registry: 127.0.0.1:$port/team/demo"
    local before=$EPOCHREALTIME
    must on a "$PEI_BIN" build -p "$PROJECT" --dry-run --pull=true
    local after=$EPOCHREALTIME
    has "$output" 'it has not answered within 3 seconds'
    count_is 1 "$output" 'warning: the registry'
    ((${after/./} - ${before/./} < 5000000))

    # Packets to an address that nobody has on the engine's bridge are lost.
    local bridge
    bridge=$(<"$WORK/engine-a/bridge")
    must ip neighbor replace "10.213.${bridge#peit}.200" lladdr 02:00:00:00:00:01 dev "$bridge" nud permanent
    write_config "registry: '10.213.${bridge#peit}.200:5000/team/demo'"
    hook stage-1/custom/one.sh <<<'echo "hook-one of nobody"'
    before=$EPOCHREALTIME
    must on a "$PEI_BIN" status -p "$PROJECT"
    after=$EPOCHREALTIME
    has "$output" 'it has not answered within 3 seconds'
    has "$output" '○ stage-1-core'
    ((${after/./} - ${before/./} < 5000000))
}

@test "a shared directory does the same: whole archives or none, and what is cut short is refused by name" {
    local folder=$WORK/share
    write_config "folder: $folder"
    pei_build a --push
    has "$(<"$LOG")" 'kept in the cache'
    equal 4 "$(find "$folder" -name '*.tar' | wc -l)"
    equal 4 "$(find "$folder" -type f | wc -l)"
    clone b 002
    takes_all b
    forget b
    # An image of this machine that somebody has put into an archive beside the stage.
    local archive name
    archive=$(find "$folder" -name 'stage-1-core-*.tar')
    name=localhost/pei-cache/$(basename "$archive" .tar | sed 's/-\([0-9a-f]*\)$/:\1/')
    must on a docker tag "$name" machine:own
    cp "$archive" "$WORK/good.tar"
    must on a docker save --output "$archive" "$name" machine:own
    pei_build b
    has "$(<"$LOG")" 'is not taken for stage-1-core, which is built: it holds the image "'
    must_fail on b docker image inspect machine:own
    mv "$WORK/good.tar" "$archive"
    forget b
    for archive in "$folder"/stage-*.tar; do truncate -s -4096 "$archive"; done
    pei_build b
    has "$(<"$LOG")" 'stage-1-core-'
    has "$(<"$LOG")" 'is not taken for stage-1-core: the archive is not whole'
    has "$(executed_steps "$LOG")" 'stage-1/custom/one.sh'
    # A run that is killed while it writes.
    rm -f -- "$folder"/*
    local there=$PROJECT
    PROJECT=$WORK/$ID-team
    on a "$PEI_BIN" push -p "$PROJECT" >/dev/null 2>&1 3>&- &
    local pid=$!
    within 30 __is_being_written "$folder"
    kill -KILL "$pid"
    wait "$pid" || true
    must on a "$PEI_BIN" push -p "$PROJECT"
    equal 4 "$(find "$folder" -type f | wc -l)"
    equal '' "$(find "$folder" -name '.*' -type f)"
    PROJECT=$there
    forget b
    # b did not build them itself, so it does not push them.
    takes_all b
    rm -f -- "$folder"/*
    attempt on b "$PEI_BIN" push -p "$PROJECT"
    equal 1 "$status"
    has "$output" 'not built here in the present state: '
    equal 0 "$(find "$folder" -type f | wc -l)"
}

__is_being_written() {
    [[ -n $(find "$1" -name '.pei-tmp-*') ]]
}

@test "the printed command and file do the same by hand; two builds and a push at once, and one that is killed, leave a whole cache" {
    write_config "registry: $REGISTRY/team/second"
    forget b
    clone b 022
    must on b "$PEI_BIN" build -p "$PROJECT" --push --dry-run
    [[ ! -d $WORK/registry-open/data/docker/registry/v2/repositories/team/second ]]
    printf '%s\n' "$output" | grep '^docker ' >"$WORK/by-hand.sh"
    (cd "$PROJECT" && on b __logged "$WORK/by-hand.log" bash -e "$WORK/by-hand.sh")
    PROJECT=$WORK/$ID-team
    forget a
    takes_all a

    write_config "registry: $REGISTRY/team/third"
    forget a
    on a "$PEI_BIN" build -p "$PROJECT" --push >/dev/null 2>&1 3>&- &
    local killed=$!
    within 60 test -f "$PROJECT/.pei/build.yml"
    sleep 1
    kill -KILL "$killed"
    wait "$killed" || true
    on a "$PEI_BIN" build -p "$PROJECT" --push >"$WORK/one.log" 2>&1 3>&- &
    local one=$!
    on a "$PEI_BIN" build -p "$PROJECT" >"$WORK/two.log" 2>&1 3>&- &
    local two=$!
    on a "$PEI_BIN" push -p "$PROJECT" >"$WORK/three.log" 2>&1 3>&- &
    local three=$!
    wait "$one" || fail "$(tail -n 30 "$WORK/one.log")"
    wait "$two" || fail "$(tail -n 30 "$WORK/two.log")"
    # It may come first, when nothing is built.
    wait "$three" || has "$(<"$WORK/three.log")" 'was not built here in its present state'
    forget b
    clone b 022
    takes_all b
}

@test "a builder that is not the engine takes and keeps the same, and bake reads the same files" {
    team_builder
    write_config "registry: $REGISTRY/team/builder"
    forget b
    clone b 022
    pei_build b --builder "$BUILDER" --push
    has "$(<"$LOG")" 'hook-one'
    has "$(<"$LOG")" 'kept in the cache'
    must on b docker run --rm --network none --entrypoint cat "$ID-team:stage-2" /srv/www/link /etc/web.conf
    equal $'page\nfile' "$output"
    PROJECT=$WORK/$ID-team
    forget a
    takes_all a
    # The builder's own cache is away, and the registry's is not.
    must docker buildx prune --builder "$BUILDER" --all --force
    clone b 022
    forget b
    pei_build b --builder "$BUILDER"
    lacks "$(<"$LOG")" 'hook-'
    (cd "$PROJECT" && __logged "$WORK/bake.log" docker buildx bake --builder "$BUILDER" --progress plain \
        -f docker-compose.yml -f docker-compose.override.yml -f .pei/build.yml stage-1 stage-2)
    lacks "$(<"$WORK/bake.log")" 'hook-'
    leave_builder
}
