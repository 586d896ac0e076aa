#!/usr/bin/env bats
# From an empty directory to a login, as in the README, on an engine with an empty cache.
#
# shellcheck disable=SC2016,SC2030,SC2031 # texts for other shells; bats runs each test in a subshell

load support/load

setup_file() {
    begin_file
    # No cache holds anything that follows this base.
    derive base <<<"RUN echo $ID >/etc/pei-test-base"
}

teardown_file() {
    end_file
}

# adapt PORT: a shipped config gets this file's base, image names and host port; all else stays as it is shipped.
adapt() {
    local file=$PROJECT/user_config.yml
    awk -v base="$ID-base" -v one="$(image 1)" -v two="$(image 2)" -v port="$1" '
        /^ *base:/ && !bases++ { sub(/base:.*/, "base: " base) }
        /^ *output:/ { sub(/output:.*/, "output: " (outputs++ ? two : one)) }
        /^ *host_port:/ { sub(/host_port:.*/, "host_port: " port) }
        { print }
    ' "$file" >"$file.new"
    mv "$file.new" "$file"
}

forget_images() {
    docker image rm --force "$(image 1)" "$(image 2)" >/dev/null 2>&1 || true
}

@test "create -q minimal, configure and one build command make an image that ssh logs in to" {
    local port
    port=$(free_port)
    project flow
    adapt "$port"
    must "$PEI_BIN" configure -p "$PROJECT"
    build stage-1 stage-2
    up
    wait_for_ssh "$port"
    must ssh_as me 123456 "$port" id -un
    equal me "$output"
    must_fail ssh_as me 654321 "$port" true
}

@test "the two commands of the README make, build and start a box that its password logs in to" {
    local commands bin=$BATS_TEST_TMPDIR/bin
    commands=$(awk '/^## / { here = /Two commands/ } here && /^```/ { if (inside) exit; inside = 1; next } here && inside' "$REPO/README.md")
    [[ $commands == 'pei create '*$'\n''pei configure '*'docker compose up '* ]] || fail "the README begins with other lines: $commands"
    # pei is there; base, port and names are this file's own.
    mkdir "$bin"
    cat >"$bin/pei" <<'SH'
#!/bin/sh
"$PEI_BIN" "$@" || exit
[ "$1" != create ] || sed -i "s|ubuntu:24.04|$ID-base|; s|2222|$README_PORT|; s|^project: .*|project: $ID-readme|; s|output: .*:|output: $ID-readme:|" build/user_config.yml
SH
    chmod 755 "$bin"/*
    README_PORT=$(free_port)
    export README_PORT COMPOSE_PROJECT_NAME=$ID-readme
    printf '%s\n' "$COMPOSE_PROJECT_NAME" >>"$WORK/projects"
    mkdir "$WORK/readme"
    cd "$WORK/readme"
    must env PATH="$bin:$PATH" bash -ec "$commands"
    wait_for_ssh "$README_PORT"
    must ssh_as me 123456 "$README_PORT" id -un
    equal me "$output"
    must docker compose --project-directory build down --volumes --timeout 0
}

@test "stage-1 is not started by up" {
    project flow
    must compose --profile build-helper ps --all --services
    equal stage-2 "$output"
}

@test "everything that up made goes with down --volumes" {
    project flow
    down --volumes
    must docker volume ls --quiet --filter "name=${PROJECT##*/}"
    equal '' "$output"
}

@test "stage-2 builds alone, where no stage-1 image is" {
    project flow
    forget_images
    build stage-2
    must docker image inspect "$(image 2)"
    must_fail docker image inspect "$(image 1)"
    must drun "$(image 2)" id -un me
}

@test "docker buildx bake builds both" {
    project flow
    forget_images
    bake
    must drun "$(image 1)" id -un me
    must drun "$(image 2)" id -un me
}

@test "plain docker build makes the same accounts without pei and without Compose" {
    project flow
    forget_images
    cd "$PROJECT"
    plain_build stage-1
    plain_build stage-2
    local port
    port=$(free_port)
    start plain --publish "127.0.0.1:$port:22" "$(image 2)"
    wait_for_ssh "$port"
    must ssh_as me 123456 "$port" id -un
    equal me "$output"
    discard plain
}

# plain_build SERVICE: with the command in the header of its Dockerfile.
plain_build() {
    local text
    text=$(awk '
        !/^#/ { exit }
        found || /docker build / {
            sub(/^# */, "")
            if (!found) sub(/^.*docker build /, "docker build ")
            found = 1
            more = /\\$/
            sub(/\\$/, "")
            sub(/`.*/, "")
            printf "%s ", $0
            if (!more) exit
        }' "$1.Dockerfile")
    [[ $text == 'docker build '* ]] || fail "the head of $1.Dockerfile tells no command" "$(head -n 20 "$1.Dockerfile")"
    # Its name for the image is of no use here.
    text=$(sed -E "s/ (-t|--tag)[ =]+[^ ]+/ /" <<<"$text")
    must bash -c "$text --tag $(image "${1#stage-}")"
}

@test "a project of stage-1 alone builds, comes up and logs in" {
    local port
    port=$(free_port)
    project solo
    config <<YAML
stage_1:
  $(image_1 "$ID-base")
  ssh: {host_port: $port, users: {me: {password: '123456'}}}
YAML
    build stage-1
    must compose up --detach --no-build --pull never
    wait_for_ssh "$port"
    must ssh_as me 123456 "$port" id -un
    equal me "$output"
    down --volumes
}

@test "stage-2 on a base of its own builds, runs its hooks and has its storage" {
    project own-base
    probe stage-2/custom/probe.sh
    config <<YAML
stage_1:
  $(image_1 "$ID-base")
  ssh: {users: {me: {password: '123456'}}}
stage_2:
  image: {base: '$ID-base', output: '$(image 2)'}
  custom:
    on_build: ['stage-2/custom/probe.sh build']
    on_every_run: ['stage-2/custom/probe.sh every $PEI_SOFT_DATA']
YAML
    build stage-1 stage-2
    must drun "$(image 2)" bash -c 'readlink /soft/data; cat /var/lib/pei-test/order'
    has "$output" $'/hard/image/data\nbuild\nevery'
    must drun "$(image 2)" --no-block
    has_line "$output" 'Entrypoint branch: no-block exit'
}

@test "stage-2 on an image that another project made builds and logs in" {
    local port
    port=$(free_port)
    project above
    config <<YAML
stage_1:
  $(image_1 "$ID-base")
  ssh: {host_port: $port, users: {me: {password: '123456'}}}
stage_2:
  image: {base: '$(project solo && image 1)', output: '$(image 2)'}
YAML
    build stage-2
    up
    wait_for_ssh "$port"
    must ssh_as me 123456 "$port" id -un
    equal me "$output"
    down --volumes
}

@test "the default config with its example hooks builds, runs and logs in" {
    local port
    port=$(free_port)
    printf '%s\n' "$ID-default" >>"$WORK/projects"
    must "$PEI_BIN" create -p "$WORK/$ID-default" --name "$ID-default"
    project default
    adapt "$port"
    must "$PEI_BIN" configure -p "$PROJECT"
    build stage-1 stage-2
    up
    wait_for_ssh "$port"
    must ssh_as me 123456 "$port" id -un
    equal me "$output"
    must compose --profile build-helper ps --all --services
    equal stage-2 "$output"
    down --volumes
}

@test "the original documentation's sample config builds, starts its hooks and logs in" {
    local port
    port=$(free_port)
    project readme
    cp "$REPO/tests/golden/readme/user_config.yml" "$PROJECT/user_config.yml"
    adapt "$port"
    must "$PEI_BIN" configure -p "$PROJECT"
    build stage-1 stage-2
    up
    wait_for_ssh "$port"
    must ssh_as you 654321 "$port" id -un
    equal you "$output"
    must ssh_as root root "$port" id -un
    equal root "$output"
    must logs
    in_order "$output" stage-1/custom/my-on-first-run-1.sh stage-2/custom/my-on-first-run-1.sh \
        stage-2/custom/my-on-every-run-1.sh
    in_order "$output" stage-1/custom/my-on-first-run-1.sh stage-1/custom/my-on-every-run-1.sh \
        stage-2/custom/my-on-every-run-1.sh
    down --volumes
}

@test "a Dockerfile names no frontend, and no image but the base" {
    project flow
    local file
    for file in "$PROJECT"/stage-?.Dockerfile; do
        lacks "$(tr '[:upper:]' '[:lower:]' <"$file" | tr -d ' ')" '#syntax='
        must sed -nE 's/^FROM +([^ ]+).*/\1/p' "$file"
        # What is left is the base's argument and the stages of the file itself.
        equal '' "$(grep -vxE -e '\$\{?BASE_IMAGE(_[0-9])?\}?|stage-[a-z0-9-]+' <<<"$output")" 'what FROM names'
    done
}
