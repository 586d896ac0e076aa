#!/usr/bin/env bats
# pei remove: a project's images and the containers made from them go, and nothing else.
#
# shellcheck disable=SC2016,SC2030,SC2031 # texts for other shells; bats runs each test in a subshell

load support/load
load support/merged

setup_file() {
    begin_file
}

teardown_file() {
    forget_podman
    end_file
}

# light NAME: a project whose two images are there, made in no time, each unlike any other on this engine. Containers
# of the base itself, or of other projects' images, are therefore never containers of these.
light() {
    project "$1"
    docker volume create "$ID-$1-models" >/dev/null
    config <<YAML
stage_1:
  $(image_1)
  ssh: {users: {me: {password: remove-Pw1}}}
stage_2:
  $(image_2)
  storage:
    app: {type: auto-volume}
    data: {type: manual-volume, volume_name: $ID-$1-models}
YAML
    local n
    for n in 1 2; do light_image "$1:stage-$n"; done
    P=${PROJECT##*/}
}

# light_image NAME[:TAG]: sleeps until it is stopped.
light_image() {
    derive "$1" <<DOCKERFILE
LABEL which="$ID-$1"
STOPSIGNAL SIGKILL
CMD ["sleep", "infinity"]
DOCKERFILE
}

remove() {
    timeout --foreground 100 "$PEI_BIN" remove -p "$PROJECT" "$@" </dev/null
}

# remove_typing ANSWER...: on a terminal.
remove_typing() {
    with_terminal timeout --foreground 60 "$PEI_BIN" --color never remove -p "$PROJECT" < <(printf '%s\n' "$@")
}

image_is_there() {
    docker image inspect "$1" >/dev/null 2>&1 || fail "the image $1 is gone"
}

image_is_gone() {
    ! docker image inspect "$1" >/dev/null 2>&1 || fail "the image $1 is still there"
}

container_is_there() {
    docker container inspect "$1" >/dev/null 2>&1 || fail "the container $1 is gone"
}

container_is_gone() {
    ! docker container inspect "$1" >/dev/null 2>&1 || fail "the container $1 is still there"
}

# images_are STATE: both of the project.
images_are() {
    local n
    for n in 1 2; do "image_is_$1" "$(image "$n")"; done
}

# ---- a project as people use it

@test "containers of both stages, stopped and running, and the images go; volumes and files stay, and volumes are named" {
    local before
    project used
    config <<YAML
stage_1:
  $(image_1)
  ssh: {users: {me: {password: remove-Pw1}}}
stage_2:
  $(image_2)
  storage:
    app: {type: auto-volume}
    data: {type: auto-volume}
YAML
    build
    up
    must compose up --detach --no-build --pull never stage-1
    P=${PROJECT##*/}
    wait_for_start
    must in_c "$P-stage-2-1" -- sh -c 'echo precious >/soft/app/file'
    must docker run --detach --name "$P-foreign" "$(image 2)"
    must docker run --name "$P-ended" "$(image 1)" true
    before=$(cd "$PROJECT" && find . -type f -exec sha256sum {} + | sort)

    must remove -y
    local name
    for name in "$P-stage-2-1" "$P-stage-1-1" "$P-foreign" "$P-ended"; do container_is_gone "$name"; done
    images_are gone
    has "$output" "removed the container \`$P-stage-2-1\` (running, of the Compose project \`$P\`)"
    has "$output" "removed the container \`$P-stage-1-1\` (running, of the Compose project \`$P\`)"
    has "$output" "removed the container \`$P-foreign\` (running"
    has "$output" "removed the container \`$P-ended\` (stopped"
    in_order "$output" 'kept the volumes: ' "${P}_app" "${P}_data" "${P}_pei_ssh_host_keys"
    must docker volume inspect "${P}_app" "${P}_data" "${P}_pei_ssh_host_keys"
    must drun --volume "${P}_app:/there" --entrypoint cat "$BASE" /there/file
    equal precious "$output"
    equal "$before" "$(cd "$PROJECT" && find . -type f -exec sha256sum {} + | sort)" 'the files of the project'

    # The remaining files are enough to start again, with the data.
    build
    up
    wait_for_start
    must in_c -- cat /soft/app/file
    equal precious "$output"
    down --volumes
}

@test "what plain docker run has started is not said to be Compose's, although Compose has built its image" {
    project used
    must docker create --label "pei-test=$ID" --name "$ID-plain" "$(image 2)"
    must remove --dry-run
    has_line "$output" "remove  container \`$ID-plain\` (stopped, not started by Compose)"
    must docker container rm "$ID-plain"
}

# ---- nothing there

@test "where nothing has been built there is nothing to remove, and no question to ask" {
    project empty
    config <<YAML
stage_1: {$(image_1)}
stage_2: {$(image_2)}
YAML
    must remove
    has "$output" 'nothing to remove'
    must remove -y
    has "$output" 'nothing to remove'
    must remove --dry-run
    equal '' "$output"
}

@test "a second run finds nothing, and one image alone is enough for the first" {
    light twice
    must docker image rm "$(image 1)"
    must remove -y
    images_are gone
    must remove -y
    has "$output" 'nothing to remove'
}

@test "containers whose image is gone already are found by its name" {
    light orphan
    start orphan-c "$(image 2)"
    must docker image rm --force "$(image 2)"
    # Forced, the name goes and the containers stay.
    must remove -y
    container_is_gone "$ID-orphan-c"
    image_is_gone "$(image 1)"
}

# ---- containers

@test "a container of another Compose project is named as such, and stays with the image" {
    light lent
    mkdir -p "$WORK/$ID-other"
    printf 'services: {user: {image: "%s", init: true}}\n' "$(image 2)" >"$WORK/$ID-other/docker-compose.yml"
    must docker compose --project-directory "$WORK/$ID-other" up --detach --pull never
    must remove -y
    has "$output" "kept, together with the image \`$(image 2)\`: the container \`$ID-other-user-1\` (running, of the Compose project \`$ID-other\`)"
    container_is_there "$ID-other-user-1"
    image_is_there "$(image 2)"
    image_is_gone "$(image 1)"
    must docker compose --project-directory "$WORK/$ID-other" down
    must remove -y
    images_are gone
}

@test "an image that is only pulled stays, and so does another project's container of it; the project's own goes, and its network" {
    light sidecar
    must docker tag "$BASE" "$ID-sidecar-pulled:1"
    cat >"$PROJECT/docker-compose.yml" <<YAML
services:
  stage-2: {image: "$(image 2)", build: {context: .}}
  db: {image: "$ID-sidecar-pulled:1", command: sleep infinity, init: true}
YAML
    must docker compose --project-directory "$PROJECT" up --detach --no-build --pull never
    start sidecar-strangers "$ID-sidecar-pulled:1" sleep infinity
    must remove -y
    container_is_gone "$P-db-1"
    container_is_gone "$P-stage-2-1"
    image_is_gone "$(image 2)"
    container_is_there "$ID-sidecar-strangers"
    image_is_there "$ID-sidecar-pulled:1"
    must_fail docker network inspect "${P}_default"
    discard sidecar-strangers
    must docker image rm "$ID-sidecar-pulled:1"
}

@test "other images, their containers, and other names of the same image stay" {
    light narrow
    light_image narrow-neighbour:stage-1
    derive narrow-child "$(image 1)" <<<'LABEL above=1'
    start narrow-n "$ID-narrow-neighbour:stage-1"
    start narrow-c "$ID-narrow-child"
    must docker tag "$(image 2)" "$ID-narrow-kept:2"
    must remove -y
    images_are gone
    container_is_there "$ID-narrow-n"
    container_is_there "$ID-narrow-c"
    image_is_there "$ID-narrow-neighbour:stage-1"
    image_is_there "$ID-narrow-child"
    image_is_there "$ID-narrow-kept:2"
    image_is_there "$BASE"
    equal 'running 0' "$(state_of "$ID-narrow-n")"
    equal 'running 0' "$(state_of "$ID-narrow-c")"
    discard narrow-n narrow-c
}

@test "paused and restarting containers, and those of an image that was rebuilt since, go too" {
    light states
    start states-old "$(image 2)"
    must docker image rm --force "$(image 2)"
    derive states:stage-2 <<<'LABEL rebuilt=1'
    start states-paused "$(image 2)" sleep infinity
    must docker pause "$ID-states-paused"
    start states-loop --restart always "$(image 2)" false
    must docker create --label "pei-test=$ID" --name "$ID-states-created" "$(image 1)"
    must remove -y
    local name
    for name in old paused loop created; do container_is_gone "$ID-states-$name"; done
    images_are gone
}

@test "a running container has time to end well" {
    light gentle
    derive gentle:stage-2 <<'DOCKERFILE'
STOPSIGNAL SIGTERM
CMD ["bash", "-c", "trap 'echo ended well >/out/file; exit 0' TERM; touch /out/ready; while :; do sleep 0.1; done"]
DOCKERFILE
    mkdir "$BATS_TEST_TMPDIR/out"
    start gentle-c --volume "$BATS_TEST_TMPDIR/out:/out" "$(image 2)"
    within 10 test -e "$BATS_TEST_TMPDIR/out/ready"
    must remove -y
    equal 'ended well' "$(cat "$BATS_TEST_TMPDIR/out/file" 2>&1)"
}

# ---- asking

@test "without a terminal and without -y nothing is removed, and the exit status is 2" {
    light unasked
    start unasked-c "$(image 2)"
    must_end_with 2 remove
    has "$output" '-y'
    has "$output" --dry-run
    # Nor is an answer in a pipe taken for a person's.
    must_end_with 2 bash -c 'yes | "$PEI_BIN" remove -p "$PROJECT"'
    container_is_there "$ID-unasked-c"
    equal 'running 0' "$(state_of "$ID-unasked-c")"
    images_are there
    discard unasked-c
}

@test "on a terminal each removal is a question, and only yes is a yes" {
    light asked
    start asked-one "$(image 2)"
    local answers=(n no '' x)
    for answer in "${answers[@]}"; do
        must remove_typing "$answer" "$answer" "$answer"
        has "$output" "stop and remove the container \`$ID-asked-one\` (running, not started by Compose)? [y/N]"
        has "$output" "kept the image \`$(image 2)\`, which \`$ID-asked-one\` needs"
        has "$output" "remove the image \`$(image 1)\`? [y/N]"
        container_is_there "$ID-asked-one"
        images_are there
    done
    # yes to stage-2's container, no to its image, yes to stage-1's.
    must remove_typing y n YES
    container_is_gone "$ID-asked-one"
    image_is_there "$(image 2)"
    image_is_gone "$(image 1)"
    must remove_typing y
    image_is_gone "$(image 2)"
}

@test "an image whose container shall stay, stays with it" {
    light held
    start held-a "$(image 1)"
    start held-b "$(image 1)"
    # Whichever comes first: one goes, one stays, and so does their image.
    must remove_typing n y n
    equal 1 "$(docker container ls --quiet --filter "name=$ID-held-" | wc -l)" 'the number of containers left'
    image_is_there "$(image 1)"
    image_is_there "$(image 2)"
    discard held-a held-b
}

@test "a terminal that ends before the answer removes nothing" {
    light silent
    # One question, so that one end is the answer to all.
    must docker image rm "$(image 1)"
    attempt with_terminal timeout --foreground 20 "$PEI_BIN" remove -p "$PROJECT" </dev/null
    ((status != 124)) || fail 'it waits for ever'
    has "$output" "remove the image \`$(image 2)\`? [y/N]"
    image_is_there "$(image 2)"
}

# ---- listing

@test "--dry-run lists what would go and what would stay, and removes nothing" {
    light dry
    start dry-run "$(image 2)"
    must docker create --label "pei-test=$ID" --name "$ID-dry-stopped" "$(image 1)"
    must docker volume create "${P}_app"
    must remove --dry-run
    equal "remove  container \`$ID-dry-run\` (running, not started by Compose)
remove  image \`$(image 2)\`
remove  container \`$ID-dry-stopped\` (stopped, not started by Compose)
remove  image \`$(image 1)\`
keep    volume \`${P}_app\`
keep    volume \`$ID-dry-models\`" "$output"
    equal "$output" "$(remove --dry-run -y)" 'with -y'
    container_is_there "$ID-dry-run"
    container_is_there "$ID-dry-stopped"
    images_are there
    discard dry-run dry-stopped
}

@test "the volumes that are kept are those that exist, external ones too" {
    light volumes
    must docker volume create "${P}_pei_ssh_host_keys"
    must remove -y
    has_line "$output" "kept the volumes: $ID-volumes-models, ${P}_pei_ssh_host_keys"
    must docker volume inspect "$ID-volumes-models" "${P}_pei_ssh_host_keys"
}

@test "-q says nothing, and removes all the same" {
    light quiet
    must remove -y -q
    equal '' "$output"
    images_are gone
}

# ---- the compose file

@test "a compose file that was edited by hand: its own services, images and volumes count" {
    light edited
    light_image edited-extra:1
    light_image edited-var:from-env-file
    printf 'VAR_TAG=from-env-file\nVAR_VOLUME=%s\n' "$ID-edited-named" >"$PROJECT/.env"
    cat >"$PROJECT/docker-compose.yml" <<YAML
# mine
x-common: &common {restart: "no", image: "$ID-edited-extra:1", build: .}
services:
  extra: {<<: *common, profiles: [never], ports: !override ['1:1']}
  again: {<<: *common}
  variable: {build: ., image: "$ID-edited-var:\${VAR_TAG:-none}", volumes: ['named:/x', 'plain:/y']}
  stage-2: {image: "$(image 2)", build: {context: .}}
volumes:
  plain:
  named: {name: "\${VAR_VOLUME}"}
YAML
    must docker volume create "${P}_plain"
    must docker volume create "$ID-edited-named"
    start edited-c "$ID-edited-extra:1"
    must remove -y
    container_is_gone "$ID-edited-c"
    image_is_gone "$ID-edited-extra:1"
    image_is_gone "$ID-edited-var:from-env-file"
    image_is_gone "$(image 2)"
    # The file does not speak of stage-1 any more.
    image_is_there "$(image 1)"
    has "$output" "kept the volumes: $ID-edited-named, ${P}_plain"
}

@test "a compose file that is not YAML, and a directory without one, are errors that remove nothing" {
    light broken
    echo 'services: [' >"$PROJECT/docker-compose.yml"
    must_end_with 1 remove -y
    has "$output" docker-compose.yml
    rm "$PROJECT/docker-compose.yml"
    must_end_with 1 remove -y
    has "$output" 'pei configure'
    images_are there
    must_end_with 1 "$PEI_BIN" remove -p "$PROJECT/nowhere" -y
    # Without -p it is the directory that one stands in.
    cd "$PROJECT"
    must_end_with 1 "$PEI_BIN" remove -y
    has "$output" 'pei configure'
}

@test "a name that only Compose could tell is left alone, and the exit status is 1" {
    light unknown
    sed -i "s|image: \"$(image 2)\"|image: \"$ID-unknown:\${NEEDED:?must be set}\"|" "$PROJECT/docker-compose.yml"
    must_end_with 1 remove -y
    has "$output" 'is kept: its name depends on Compose'
    image_is_gone "$(image 1)"
    image_is_there "$(image 2)"
}

# ---- the engine

@test "an engine that is down or missing ends with 3, before anything is asked" {
    light down
    local host
    for host in tcp://127.0.0.1:1 unix:///no/such/socket; do
        must_end_with 3 env DOCKER_HOST="$host" "$PEI_BIN" remove -p "$PROJECT" -y
        has "$output" 'check that the engine runs'
        must_end_with 3 env DOCKER_HOST="$host" "$PEI_BIN" remove -p "$PROJECT" --dry-run
        must_end_with 3 env DOCKER_HOST="$host" "$PEI_BIN" remove -p "$PROJECT"
    done
    must_end_with 3 env CONTAINER_ENGINE=/no/such/engine "$PEI_BIN" remove -p "$PROJECT" -y
    has "$output" 'is not installed'
    images_are there
}

@test "podman: containers and images go, volumes stay" {
    use_podman
    light pod
    local n
    for n in 1 2; do
        printf 'FROM %s\nLABEL which="%s"\nCMD ["sleep", "infinity"]\n' "$BASE" "$ID-pod-$n" >"$BATS_TEST_TMPDIR/Dockerfile"
        must podman build --quiet --tag "$(image "$n")" --file "$BATS_TEST_TMPDIR/Dockerfile" "$BATS_TEST_TMPDIR"
    done
    must podman volume create "${P}_app"
    must podman run --detach --stop-signal KILL "${PODMAN_LIMITS[@]}" --name "$ID-pod-running" --volume "${P}_app:/x" "$(image 2)"
    must podman run "${PODMAN_LIMITS[@]}" --name "$ID-pod-stopped" "$(image 1)" true
    must podman run --detach --stop-signal KILL "${PODMAN_LIMITS[@]}" --name "$ID-pod-other" "$BASE" sleep infinity
    must remove -y
    has "$output" "removed the container \`$ID-pod-running\`"
    must podman container ls --all --format '{{.Names}}'
    equal "$ID-pod-other" "$output" 'the containers that are left'
    for n in 1 2; do must_fail podman image exists "$(image "$n")"; done
    must podman image exists "$BASE"
    must podman volume exists "${P}_app"
    # docker's are another engine's.
    images_are there
    must podman container rm --force --time 0 "$ID-pod-other"
}
