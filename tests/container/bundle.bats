#!/usr/bin/env bats
# A closed network: what one machine has packed, another one builds without any network at all. That machine is an engine with
# data of its own in a network namespace of its own, where only loopback is up, and each command for it runs in there too.
#
# shellcheck disable=SC2030,SC2031 # bats runs each test in a subshell

load support/load
load support/team

setup_file() {
    begin_file
    PASSWORD=$(sentinel)
    export PASSWORD
    team_base
    project open
    hook stage-1/custom/one.sh <<<'echo "hook-one"; date +%s.%N >/opt/one'
    hook 'stage-2/custom/-two $x.sh' <<<'echo "hook-two"; date +%s.%N >/opt/two'
    printf 'services:\n  stage-2: {environment: {FROM_OVERRIDE: yes}}\n' >"$PROJECT/docker-compose.override.yml"
    config <<YAML
stage_1:
  $(image_1 "$ID-team-base")
  ssh: {host_port: 2222, users: {me: {password: $PASSWORD}}}
  custom: {on_build: ['stage-1/custom/one.sh']}
stage_2:
  $(image_2)
  custom: {on_build: ["'stage-2/custom/-two \$x.sh'"]}
cache: {folder: ../no-such-directory}
YAML
    echo 'TOKEN=personal' >"$PROJECT/.env"
    must "$PEI_BIN" build -p "$PROJECT"
    must "$PEI_BIN" bundle -p "$PROJECT" -o "$WORK/box.tar"
    packed_images >"$WORK/packed"
    start_closed_engine
}

teardown_file() {
    [[ ! -s $WORK/closed/pid ]] || kill "$(<"$WORK/closed/pid")"
    within 30 closed_has_ended
    [[ ! -s $WORK/packed ]] || xargs docker image rm <"$WORK/packed" >/dev/null
    rm -rf -- "$WORK/closed" "$WORK/box" "$WORK/box.tar"
    end_file
}

# The images of stages in the bundle.
packed_images() {
    tar -xOf "$WORK/box.tar" images.tar | tar -xO manifest.json | grep -o '[^"]*pei-cache/[^"]*'
}

start_closed_engine() {
    local dir=$WORK/closed path=/opt/pei-engine/usr/sbin:/opt/pei-engine/usr/bin:/usr/sbin:$PATH
    ((EUID == 0)) || cannot_be_tested 'a second engine needs root'
    PATH=$path command -v dockerd >/dev/null || cannot_be_tested 'there is no dockerd to start a second time'
    mkdir "$dir"
    # shellcheck disable=SC2016 # for the inner shell
    PATH=$path setsid setpriv --pdeathsig TERM unshare --net sh -c 'ip link set lo up && exec dockerd "$@"' sh \
        --config-file /dev/null --data-root "$dir/root" --exec-root "$dir/exec" --pidfile "$dir/pidfile" \
        --host "unix://$dir/socket" --iptables=false --ip6tables=false --ip-forward=false --ip-masq=false \
        </dev/null >"$dir/log" 2>&1 3>&- &
    printf '%s\n' "$!" >"$dir/pid"
    within 60 closed docker info || fail "$(tail -n 20 "$dir/log")"
}

closed_has_ended() {
    ! kill -0 "$(<"$WORK/closed/pid")" 2>/dev/null
}

# closed CMD...: on the machine without a network.
closed() {
    DOCKER_HOST=unix://$WORK/closed/socket nsenter --net="/proc/$(<"$WORK/closed/pid")/ns/net" "$@"
}

@test "a build without any network, in which no hook runs" {
    run ! closed curl -s --max-time 2 http://192.0.2.1
    must closed "$PEI_BIN" unbundle "$WORK/box.tar" -p "$WORK/box"
    has "$output" "pei configure && pei build && docker compose up -d"
    [[ ! -e $WORK/box/.env && ! -e $WORK/box/.pei ]]
    must closed "$PEI_BIN" configure -p "$WORK/box"
    must closed "$PEI_BIN" build -p "$WORK/box" -- --progress plain
    lacks "$output" 'hook-one'
    lacks "$output" 'hook-two'
    closed docker run --rm --network none --entrypoint cat "$(image 2)" /opt/one /opt/two >"$WORK/there"
    must docker run --rm --entrypoint cat "$(image 2)" /opt/one /opt/two
    equal "$output" "$(<"$WORK/there")"
    must closed docker compose --project-directory "$WORK/box" -f "$WORK/box/docker-compose.yml" up -d --wait
}

@test "nothing personal is packed" {
    must sh -c 'mkdir "$1" && tar -xf "$2" -C "$1" && tar -xf "$1/project.tar" -C "$1" && tar -xf "$1/images.tar" -C "$1"' sh \
        "$WORK/unpacked" "$WORK/box.tar"
    must grep -q . "$WORK/unpacked/user_config.yml"
    [[ ! -e $WORK/unpacked/.env && ! -e $WORK/unpacked/.pei ]]
    find "$WORK/unpacked" -name '*.tar' -exec sh -c 'mkdir "$1.d" && tar -xf "$1" -C "$1.d" && rm "$1"' sh {} \;
    # The config itself has it as clear text, as in a commit.
    find "$WORK/unpacked" -name user_config.yml -delete
    attempt grep -rlF "$PASSWORD" "$WORK/unpacked"
    equal '' "$output"
    rm -rf "$WORK/unpacked"
}
