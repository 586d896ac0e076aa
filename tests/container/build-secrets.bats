#!/usr/bin/env bats
# Secrets and the ssh agent for build hooks: each hook gets what its stage asks for, and nothing of it stays anywhere.
#
# shellcheck disable=SC2016,SC2030,SC2031 # texts for other shells; bats runs each test in a subshell

load support/load
load support/merged

setup_file() {
    begin_file
    derive_full full
    PIP_TOKEN=$(sentinel)
    NETRC=$(sentinel)
    HOME=$WORK/home
    export PIP_TOKEN NETRC HOME
    mkdir -p "$HOME/some dir" "$WORK/searched"
    echo "machine example password $NETRC" >"$HOME/some dir/netrc"
    new_key "$WORK/key" -t ed25519 -C "$(sentinel)"
    start_agent
    project build-secrets
    write_project
    configure --with-merged
    lacks "$output" warning
    __logged "$PROJECT.log" compose build stage-1 stage-2
    cp "$PROJECT.log" "$WORK/first.log"
    { forms_of "$PIP_TOKEN" && forms_of "$NETRC" && forms_of "$(sed -n 3p "$WORK/key")"; } >"$WORK/forms"
}

teardown_file() {
    forget_podman
    kill "$(<"$WORK/agent.pid")"
    end_file
}

setup() {
    project build-secrets
}

start_agent() {
    local said
    said=$(ssh-agent -a "$WORK/agent")
    sed -n 's/.*pid \([0-9]*\);.*/\1/p' <<<"$said" >"$WORK/agent.pid"
    export SSH_AUTH_SOCK=$WORK/agent
    must ssh-add "$WORK/key"
}

# The hooks say what they found as sums: a secret must not be in the log.
write_project() {
    hook stage-1/custom/one.sh <<'SCRIPT'
set -e
[ ! -e /run/secrets/netrc ] && [ -z "$SSH_AUTH_SOCK" ]
echo "hook-one $(stat -c '%a %u' /run/secrets/pip_token) $(sha256sum </run/secrets/pip_token)"
SCRIPT
    hook stage-2/custom/two.sh <<'SCRIPT'
set -e
echo "hook-two $(sha256sum </run/secrets/pip_token) $(ssh-add -l)"
su nobody -s /bin/sh -c 'echo "hook-nobody $(sha256sum </run/secrets/netrc) $(ssh-add -l)"'
! touch /run/secrets/pip_token
SCRIPT
    hook stages/box/box.sh <<'SCRIPT'
#!/bin/sh
set -e
[ ! -e /run/secrets/pip_token ]
echo "hook-box $(sha256sum </run/secrets/netrc) $SSH_AUTH_SOCK"
echo box >/box
SCRIPT
    hook stages/plain/plain.sh <<'SCRIPT'
set -e
[ ! -e /run/secrets/pip_token ] && [ ! -e /run/secrets/netrc ] && [ -z "$SSH_AUTH_SOCK" ]
echo hook-plain
echo plain >/plain
SCRIPT
    cat >"$PROJECT/user_config.yml" <<YAML
build_secrets:
  pip_token: {env: PIP_TOKEN}
  netrc: {file: ~/some dir/netrc}
stage_1:
  $(image_1 "$ID-full")
  custom: {on_build: [stage-1/custom/one.sh], secrets: [pip_token]}
stages:
  box:
    image: {base: $ID-full}
    custom: {on_build: [stages/box/box.sh], secrets: [netrc], ssh_agent: true}
  plain:
    custom: {on_build: [stages/plain/plain.sh]}
stage_2:
  $(image_2)
  copy:
    - {from: box, path: /box, to: /box}
    - {from: plain, path: /plain, to: /plain}
  custom:
    on_build: [stage-2/custom/two.sh]
    secrets: [pip_token, netrc]
    ssh_agent: true
YAML
}

# again: changes each hook, so that the next build runs it.
again() {
    printf '# %s\n' "$RANDOM$RANDOM" | tee -a "$PROJECT"/installation/{stage-1/custom/one.sh,stage-2/custom/two.sh,stages/box/box.sh,stages/plain/plain.sh} >/dev/null
}

sum_of_token() { printf '%s' "$PIP_TOKEN" | sha256sum; }
sum_of_netrc() { sha256sum <"$HOME/some dir/netrc"; }

# gave LOG: the hooks of all stages got what is theirs.
gave() {
    local key
    key=$(ssh-keygen -l -f "$WORK/key.pub" | cut -d' ' -f2)
    has "$(<"$1")" "hook-two $(sum_of_token) 256 $key"
    has "$(<"$1")" "hook-nobody $(sum_of_netrc) 256 $key"
    has "$(<"$1")" "hook-box $(sum_of_netrc) /"
    has "$(<"$1")" "hook-one 444 0 $(sum_of_token)"
    has "$(<"$1")" hook-plain
}

# none_in PATH...
none_in() {
    local found
    found=$(traces_of "$WORK/forms" "$@")
    equal '' "$found" 'the files that hold a secret'
}

@test "the search would find a secret" {
    printf 'x%sy\n' "$NETRC" >"$BATS_TEST_TMPDIR/planted"
    must_fail none_in "$BATS_TEST_TMPDIR/planted"
}

@test "Compose: each hook finds what its stage asks for, and nothing else" {
    gave "$WORK/first.log"
}

@test "nothing stays in a layer, the history, the settings, the output or a file of the project" {
    docker history --no-trunc "$(image 1)" >"$WORK/searched/history-1"
    docker history --no-trunc "$(image 2)" >"$WORK/searched/history-2"
    docker inspect "$(image 1)" "$(image 2)" >"$WORK/searched/inspect"
    open_images "$WORK/searched/opened" "$ID-full" "$(image 1)" "$(image 2)"
    none_in "$WORK/searched" "$WORK/first.log" "$PROJECT"
    must drun --entrypoint sh "$(image 2)" -c 'find /run/secrets /run/buildkit 2>/dev/null; true'
    equal '' "$output" 'what is left below /run'
}

# The layers of all steps, also of stages that are in no image, are in the engine's directory.
@test "nothing stays in the build cache" {
    local root
    root=$(docker info --format '{{.DockerRootDir}}')
    [[ -r $root/buildkit ]] || skip "the engine's directory is not readable: $root"
    docker buildx du --verbose >"$BATS_TEST_TMPDIR/du"
    none_in "$BATS_TEST_TMPDIR/du"
    find "$root/buildkit" "$root/overlay2" -newer "$WORK/key" -type f -size -500k -print0 >"$BATS_TEST_TMPDIR/files" 2>/dev/null || true
    [[ -s $BATS_TEST_TMPDIR/files ]] || fail 'found no file of the cache'
    must_fail xargs -0 -a "$BATS_TEST_TMPDIR/files" grep -laF -e "$PIP_TOKEN" -e "$NETRC"
}

@test "another secret runs no step again, and the next change of a hook takes it" {
    PIP_TOKEN=$(sentinel) __logged "$PROJECT.log" compose build stage-1 stage-2
    no_step_ran "$PROJECT.log"
}

@test "a variable that is not set, a file that is missing and an agent that is missing end the build with a reason" {
    hook stage-1/custom/one.sh <<<'echo changed'
    hook stages/box/box.sh <<<'echo changed'
    local token=$PIP_TOKEN
    unset PIP_TOKEN
    build_fails stage-1
    has "$(<"$PROJECT.log")" 'the secret pip_token of `stage_1.custom.on_build[0]` is empty; set its variable in the shell that builds or in .env'
    : >"$HOME/some dir/netrc"
    build_fails box
    has "$(<"$PROJECT.log")" 'the secret netrc of `stages.box.custom.on_build[0]` is empty; set its variable'
    mv "$HOME/some dir/netrc" "$WORK/moved"
    build_fails box
    has "$(<"$PROJECT.log")" "some dir/netrc: no such file"
    echo "machine example password $NETRC" >"$HOME/some dir/netrc"
    SSH_AUTH_SOCK='' build_fails box
    has "$(<"$PROJECT.log")" 'make sure SSH_AUTH_SOCK is set'
    must_fail docker build -f "$PROJECT/stage-1.Dockerfile" "$PROJECT"
    has "$output" 'secret pip_token: not found'
    # Compose reads .env.
    echo "PIP_TOKEN=$token" >"$PROJECT/.env"
    write_project
    again
    compose build stage-1 >"$PROJECT.log" 2>&1
    rm "$PROJECT/.env"
    has "$(<"$PROJECT.log")" "hook-one 444 0 $(printf '%s' "$token" | sha256sum)"
}

@test "bake, plain docker build and the merged build give the hooks the same" {
    again
    bake stage-2
    gave "$PROJECT.log"
    local command
    command=$(sed -n 's/^#  *\(docker build -f .*\)/\1/p' "$PROJECT/stage-2.Dockerfile")
    again
    (cd "$PROJECT" && __logged "$PROJECT.log" bash -c "$command")
    gave "$PROJECT.log"
    again
    merged_build
    gave "$PROJECT.log"
    none_in "$PROJECT.log" "$PROJECT/merged.env" "$PROJECT/merged.Dockerfile"
}

@test "a file of tmp/ is seen by hooks and is in no image, and the build tells of one that pei configure did not see" {
    hook stage-1/tmp/token <<<"$NETRC"
    configure
    hook stage-1/custom/one.sh <<<'echo "hook-tmp $(wc -c <"$PEI_STAGE_DIR_1/tmp/token")"'
    build
    has "$(<"$PROJECT.log")" "hook-tmp $((${#NETRC} + 1))"
    rm -rf "$WORK/opened-tmp"
    open_images "$WORK/opened-tmp" "$ID-full" "$(image 1)" "$(image 2)"
    none_in "$WORK/opened-tmp"
    must drun --entrypoint ls "$(image 2)" /pei-from-host/stage-1
    has_line "$output" custom
    lacks_line "$output" tmp
    rm "$PROJECT/installation/stage-1/tmp/token"
    configure
    hook stage-2/tmp/late <<<x
    build stage-2
    has "$(<"$PROJECT.log")" 'everybody can read stage-2/tmp/late in the image'
    rm "$PROJECT/installation/stage-2/tmp/late"
    write_project
    configure --with-merged
}

@test "pei build and pei push take the stages as any other" {
    mkdir -p "$WORK/kept"
    sed -i "1i cache: {folder: $WORK/kept}" "$PROJECT/user_config.yml"
    configure
    (cd "$PROJECT" && __logged "$PROJECT.log" "$PEI_BIN" build --push)
    must "$PEI_BIN" status -p "$PROJECT"
    none_in "$PROJECT.log" <(printf '%s' "$output")
    [[ -n $(find "$WORK/kept" -type f) ]] || fail 'nothing was kept'
    none_in "$WORK/kept"
    # On another machine, with what the cache has and without the token and the agent, no hook runs and nothing is asked.
    rm "$PROJECT/.pei/built.json"
    must env -u PIP_TOKEN -u SSH_AUTH_SOCK HOME="$WORK" "$PEI_BIN" build -p "$PROJECT"
    equal 2 "$(grep -c 'secrets: !reset \[\]' "$PROJECT/.pei/build.yml")"
    sed -i 1d "$PROJECT/user_config.yml"
}

@test "podman: the merged build gives the hooks the same, and keeps nothing" {
    use_podman
    docker save "$ID-full" | podman load >/dev/null
    merged_build -o "$ID-pod" "${PODMAN_LIMITS[@]}"
    gave "$PROJECT.log"
    podman history --no-trunc "$ID-pod" >"$BATS_TEST_TMPDIR/history"
    podman inspect "$ID-pod" >"$BATS_TEST_TMPDIR/inspect"
    none_in "$BATS_TEST_TMPDIR" "$PROJECT.log"
    must podman run --rm "${PODMAN_LIMITS[@]}" --entrypoint grep "$ID-pod" -rlaF -e "$PIP_TOKEN" -e "$NETRC" \
        /etc /home /opt /root /run /srv /tmp /usr/local /var /pei-from-host || ((status == 1))
    lacks "$output" /
}
