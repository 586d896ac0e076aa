#!/usr/bin/env bats
# The global proxy: on in build and run, removed where the config says so. A proxy of this test writes down who came.
#
# shellcheck disable=SC2016,SC2030,SC2031 # texts for other shells; bats runs each test in a subshell

load support/load

PASSWORD=proxy-Pw1

setup_file() {
    begin_file
    start_stand_in
    # A setting of the proxy is one of every step, so each config here builds from the start.
    derive_full full
}

teardown_file() {
    end_file
}

# proxy_project NAME SETTINGS_1 SETTINGS_2 [BUILD_ARGUMENT...]: YAML in one line, behind the address and port of the stand-in.
proxy_project() {
    local stage
    project "$1"
    for stage in 1 2; do
        hook "stage-$stage/custom/look.sh" <<'SCRIPT'
env >"/during-${1}"
bash -c env >"/during-${1}.child"
curl -sS -o /dev/null "http://$2/debian/?from=$1" || true
SCRIPT
    done
    config <<YAML
stage_1:
  $(image_1 "$ID-full")
  ssh: {host_port: $(free_port), users: {me: {password: $PASSWORD}}}
  proxy: {address: '$STAND_IN', port: 8888${2:+, $2}}
  custom: {on_build: ['stage-1/custom/look.sh stage-1 $STAND_IN']}
stage_2:
  $(image_2)
  ${3:+proxy: {$3\}}
  custom: {on_build: ['stage-2/custom/look.sh stage-2 $STAND_IN']}
YAML
    forget_logs
    build "${@:4}"
}

# proxies TEXT: the proxy lines of what env has printed, sorted. An empty one is none.
proxies() {
    grep -E '^(https?_proxy|HTTPS?_PROXY)=.' <<<"$1" | sort || true
}

all_four() {
    local http=${1} https=${2:-$1}
    printf '%s\n' "HTTPS_PROXY=$https" "HTTP_PROXY=$http" "http_proxy=$http" "https_proxy=$https" | sort
}

@test "a global proxy is in the environment of every build hook, and is used" {
    proxy_project on 'enable_globally: true'
    local stage wanted
    wanted=$(all_four "http://$STAND_IN:8888")
    for stage in stage-1 stage-2; do
        must file_in_image "$(image 2)" "/during-$stage"
        equal "$wanted" "$(proxies "$output")"
        must file_in_image "$(image 2)" "/during-$stage.child"
        equal "$wanted" "$(proxies "$output")"
        has "$(proxy_log)" "from=$stage"
    done
}

@test "a global proxy is in every shell of the finished container" {
    project on
    local wanted port
    wanted=$(all_four "http://$STAND_IN:8888")
    port=$(sed -nE 's/.*host_port: ([0-9]+).*/\1/p' "$PROJECT/user_config.yml")
    up
    wait_for_ssh "$port"
    must in_c -- bash -lc env
    equal "$wanted" "$(proxies "$output")" 'the proxies of a login shell'
    must in_c -- bash -ic env
    equal "$wanted" "$(proxies "$output")" 'the proxies of an interactive shell'
    must ssh_as me "$PASSWORD" "$port" env
    equal "$wanted" "$(proxies "$output")" 'the proxies of an ssh command'
    must ssh_as me "$PASSWORD" "$port" 'bash -lc env'
    equal "$wanted" "$(proxies "$output")" 'the proxies of a login shell under ssh'
    must drun "$(image 2)" env
    equal "$wanted" "$(proxies "$output")" 'the proxies of a command'
    down --volumes
}

@test "with remove_after_build nothing of it is left in the finished images" {
    proxy_project removed 'enable_globally: true, remove_after_build: true' '' --build-arg no_proxy=localhost,.example.org \
        --build-arg PEI_DOWNLOAD_MIRROR=http://files.test stage-1 stage-2
    local n
    must file_in_image "$(image 2)" /during-stage-2
    equal "$(all_four "http://$STAND_IN:8888")" "$(proxies "$output")"
    for n in 1 2; do
        must drun "$(image "$n")" bash -lc env
        equal '' "$(proxies "$output")" "the proxies of stage-$n"
        must drun --entrypoint bash "$(image "$n")" -c 'cat /etc/environment /etc/profile.d/* /etc/apt/apt.conf.d/* /etc/bash.bashrc /root/.bashrc 2>/dev/null'
        lacks "$(grep -v '^PEI_' <<<"$output")" "$STAND_IN:8888"
        must docker image inspect --format '{{json .Config.Env}}' "$(image "$n")"
        lacks "$output" '"http_proxy='
        lacks "$output" '"HTTP_PROXY='
    done
}

@test "no_proxy and PEI_DOWNLOAD_MIRROR as arguments of the build reach the hooks, and no image keeps them" {
    local stage
    project removed
    for stage in 1 2; do
        must file_in_image "$(image 2)" "/during-stage-$stage"
        has_line "$output" no_proxy=localhost,.example.org
        has_line "$output" PEI_DOWNLOAD_MIRROR=http://files.test
        must drun "$(image "$stage")" env
        lacks "$output" example.org
        lacks "$output" PEI_DOWNLOAD_MIRROR
    done
}

@test "the proxy's address is known where it is not enabled, and no shell uses it" {
    proxy_project off ''
    must drun "$(image 2)" env
    has_line "$output" "PEI_HTTP_PROXY_1=http://$STAND_IN:8888"
    has_line "$output" "PEI_HTTP_PROXY_2=http://$STAND_IN:8888"
    has_line "$output" "PEI_HTTPS_PROXY_2=http://$STAND_IN:8888"
    equal '' "$(proxies "$output")"
    must file_in_image "$(image 2)" /during-stage-2
    equal '' "$(proxies "$output")"
    equal '' "$(proxy_log | grep from= || true)"
}

@test "use_https changes the https proxy's scheme alone" {
    proxy_project https 'enable_globally: true, use_https: true' 'use_https: true'
    must file_in_image "$(image 2)" /during-stage-1
    equal "$(all_four "http://$STAND_IN:8888" "https://$STAND_IN:8888")" "$(proxies "$output")"
    must drun "$(image 2)" bash -lc env
    equal "$(all_four "http://$STAND_IN:8888" "https://$STAND_IN:8888")" "$(proxies "$output")"
}

@test "stage-2 takes what it does not set from stage-1, field by field" {
    proxy_project inherit 'enable_globally: true' 'port: 9999'
    must file_in_image "$(image 2)" /during-stage-1
    equal "$(all_four "http://$STAND_IN:8888")" "$(proxies "$output")"
    must file_in_image "$(image 2)" /during-stage-2
    equal "$(all_four "http://$STAND_IN:9999")" "$(proxies "$output")"
    must drun "$(image 2)" bash -lc env
    equal "$(all_four "http://$STAND_IN:9999")" "$(proxies "$output")"
}

@test "stage-2 can do without the proxy that stage-1 has" {
    proxy_project off-in-2 'enable_globally: true' 'enable_globally: false'
    must file_in_image "$(image 2)" /during-stage-1
    equal "$(all_four "http://$STAND_IN:8888")" "$(proxies "$output")"
    must file_in_image "$(image 2)" /during-stage-2
    equal '' "$(proxies "$output")" 'the proxies of a build hook'
    must drun "$(image 2)" bash -lc env
    equal '' "$(proxies "$output")" 'the proxies of a login shell'
    must drun "$(image 1)" bash -lc env
    equal "$(all_four "http://$STAND_IN:8888")" "$(proxies "$output")" 'the proxies of stage-1'
}
