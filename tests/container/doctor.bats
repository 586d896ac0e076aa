#!/usr/bin/env bats
# pei doctor on the machine's own engine: what it says is tried.
#
# shellcheck disable=SC2016,SC2030,SC2031 # texts for other shells; bats runs each test in a subshell

load support/load

setup_file() {
    begin_file
    PORT=$(free_port)
    export PORT
    project doctor
    mkdir "$PROJECT/work"
    chmod 755 "$PROJECT/work"
    config <<YAML
stage_1:
  $(image_1)
  ssh: {host_port: $PORT, users: {me: {password: doctor-Pw1, uid: 54321}}}
  proxy: {address: 127.0.0.1, port: 9, enable_globally: true}
stage_2:
  $(image_2)
  storage: {workspace: {type: host, host_path: ./work}}
YAML
}

teardown_file() {
    end_file
}

setup() {
    project doctor
}

doctor() {
    timeout 60 "$PEI_BIN" doctor -p "$PROJECT" "$@"
}

@test "a machine that builds, and what a project lacks on it" {
    must doctor
    has "$output" 'ok       engine: Docker '
    has "$output" 'ok       builder: it has built an empty image'
    has "$output" 'ok       Compose: '
    has "$output" 'ok       time: '
    has "$output" "ok       port $PORT: it is free"
    has "$output" '`me` may not write there; change the owner'
    has "$output" 'warning  proxy: 127.0.0.1:9 is not reached from a build: nobody has the name, or the connection is refused'
}

@test "a container that has the port is named" {
    must docker run --detach --name "$ID-holder" --publish "$PORT:80" "$BASE" sleep 300
    must doctor
    has "$output" "port $PORT: the container \`$ID-holder\` has it"
    docker rm --force "$ID-holder" >/dev/null
}

@test "an engine that is out of reach ends with 3 at once" {
    local start=$SECONDS
    DOCKER_HOST=tcp://192.0.2.1:2375 must_end_with 3 doctor
    has "$output" 'error    engine: '
    ((SECONDS - start < 20)) || fail "it took $((SECONDS - start)) s"
}
