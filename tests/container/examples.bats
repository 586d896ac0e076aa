#!/usr/bin/env bats
# Every example and every quick template: made as its README tells, built, and looked at. The base is the local one, image
# names and host ports are this file's own. Hooks that download from where this machine may not reach are left out, by a
# change to the copy of the config; each test says which.
#
# shellcheck disable=SC2016,SC2030,SC2031 # texts for other shells; bats runs each test in a subshell

load support/load

setup_file() {
    begin_file
    # It has what every build installs, so that only what an example is about takes time.
    derive_full full
    LOCAL=$ID-full
    export LOCAL
    # Nothing that was ever built on these is in a cache: for those whose build is to be seen. The second one lacks a
    # package, so that apt has to fetch.
    derive fresh "$LOCAL" <<<"RUN echo $ID >/etc/pei-test-base"
    derive almost "$LOCAL" <<<"RUN echo $ID >/etc/pei-test-base && dpkg --purge unzip"
    start_stand_in
    # A home with a key, for the config that names the user's own.
    new_key "$WORK/key" -t ed25519 -C ''
    mkdir -p "$WORK/home/.ssh" "$WORK/home/Downloads"
    cp "$WORK/key.pub" "$WORK/home/.ssh/id_ed25519.pub"
    cp "$WORK/key" "$WORK/home/.ssh/id_ed25519"
}

teardown_file() {
    end_file
}

setup() {
    PORT=$(free_port)
}

teardown() {
    [[ -z ${AGENT:-} ]] || kill "$AGENT"
    if [[ -n ${PROJECT:-} && -f ${PROJECT:-}/docker-compose.yml ]]; then
        compose --profile '*' down --volumes --timeout 0 >/dev/null 2>&1 || true
    fi
}

# gpus_are_asked_for STAGE...: the services want all of them, and an engine that has none says so.
gpus_are_asked_for() {
    local stage wanted='"devices":[{"capabilities":["gpu"],"driver":"nvidia","count":-1}]'
    for stage; do
        must compose --profile '*' config --format json "$stage"
        has "$(tr -d ' \n' <<<"$output")" "$wanted"
        ! docker info --format '{{json .Runtimes}}' | grep -q nvidia || continue
        must_fail compose up --detach --no-build --pull never "$stage"
        has "$output" 'could not select device driver'
    done
}

mounts_of() {
    docker inspect --format '{{range .Mounts}}{{.Type}} {{.Destination}}{{println}}{{end}}' "$(container)" | grep . | sort
}

# ---- examples: basic

@test "basic/minimal-ssh: a login on this machine's own address" {
    example basic/minimal-ssh
    build
    up
    login_says me id -un
    equal "22/tcp -> 127.0.0.1:$PORT" "$(docker port "$(container)")"
}

@test "basic/gpu-container: both services ask for all GPUs" {
    example basic/gpu-container
    build
    gpus_are_asked_for stage-1 stage-2
    must drun "$(docker image ls --quiet "$ID-gpu-container:stage-2")" readlink /soft/app
    # Fewer of them, as the page on GPUs has it.
    awk '/^## / { here = /Fewer/ } /^```/ { inside = here && /text/; next } inside' "$REPO/docs/guides/gpu.md" \
        >"$PROJECT/docker-compose.override.yml"
    must compose config --format json stage-2
    has "$(tr -d ' \n' <<<"$output")" '"devices":[{"capabilities":["gpu"],"driver":"nvidia","device_ids":["0","1"]}]'
}

@test "basic/build-secrets: a hook gets a token, a file and the agent, and the image none of them" {
    example basic/build-secrets -e "s|^( *base: ).*|\1$ID-fresh|"
    must ssh-agent -a "$BATS_TEST_TMPDIR/agent"
    AGENT=$(sed -n 's/.*pid \([0-9]*\);.*/\1/p' <<<"$output")
    SSH_AUTH_SOCK=$BATS_TEST_TMPDIR/agent build
    must cat "$PROJECT.log"
    has "$output" 'index_token: 11 characters'
    has "$output" 'netrc: 3 lines'
    has "$output" 'ssh agent: /'
    lacks "$output" only-to-try
    must docker history --no-trunc "$ID-build-secrets:stage-2"
    lacks "$output" only-to-try
    must drun "$ID-build-secrets:stage-2" sh -c '! ls /run/secrets/* && ! grep -rIqs only-to-try /etc /opt /pei* /root /run /tmp /var'
}

@test "basic/host-mount: directories of the host, beside the project, by a variable and in the home" {
    mkdir "$BATS_TEST_TMPDIR/my work"
    WORKSPACE="$BATS_TEST_TMPDIR/my work" example basic/host-mount
    build stage-2
    HOME=$WORK/home up
    wait_for_start
    must in_c -- sh -c 'echo d >/soft/data/d; echo w >/soft/workspace/w; echo l >/downloads/l'
    equal d "$(<"$PROJECT/data/d")"
    equal w "$(<"$BATS_TEST_TMPDIR/my work/w")"
    equal l "$(<"$WORK/home/Downloads/l")"
}

@test "basic/docker-volume: three kinds of storage and a home, over the life of a container" {
    example basic/docker-volume -e "s|shared-data|$ID-shared-data|"
    must docker volume create "$ID-shared-data"
    build stage-2
    up
    login_says 1000 'for f in /soft/app /soft/data /soft/workspace ~; do touch "$f/file" || echo "not in $f"; done; id -u'
    must compose up --detach --no-build --pull never --force-recreate --timeout 0 stage-2
    login_says $'/home/me/file\n/soft/app/file\n/soft/data/file' 'ls /soft/*/file ~/file'
    down --volumes
    must docker volume inspect "$ID-shared-data"
    must_fail docker volume inspect "${PROJECT##*/}_app"
}

@test "basic/custom-script: a script at each of the five points" {
    example basic/custom-script -e "s|^( *base: ).*|\1$ID-fresh|"
    must bash "$PROJECT/installation/stage-2/generated/_custom-on-build.sh"
    has "$output" 'hello from on_build, as root: <two words> <--verbose>'
    build
    must cat "$PROJECT.log"
    has "$output" /stage-1/custom/my-build-1.sh
    has "$output" 'config=/tmp/build.cfg'
    has "$output" 'hello from on_build, as root: <two words> <--verbose>'
    up
    within 20 is_exited "$(container)"
    equal 'exited 0' "$(state_of "$(container)")"
    must logs
    in_order "$output" 'hello from on_first_run, as root:' 'setup-workspace=true' \
        'hello from on_every_run, as root:' 'log-startup=true' \
        'hello from on_entry, as root: <data are in /soft/data> </bin/bash>'
    must docker cp "$(container):/tmp/startup.log" "$BATS_TEST_TMPDIR/"
    must with_terminal docker run --rm --tty --interactive --pull never --label "pei-test=$ID" --entrypoint bash \
        "$ID-custom-script:stage-2" -ic true
    has "$output" 'Welcome, root.'
}

@test "basic/port-mapping: every form of a mapping, with values of the start" {
    local one range web udp
    one=$(free_port)
    web=$(free_port)
    udp=$(free_port)
    range=$(free_port)
    example basic/port-mapping -e "s|127.0.0.1:8888:|127.0.0.1:$one:|" -e "s|8080:80|$udp:80|" \
        -e "s|9000-9010:9000|$range-$((range + 10)):9000|" -e "s|5353:53|$udp:53|"
    build stage-2
    WEB_PORT=$web up
    PASSWORD=see-port-mapping login_says me id -un
    must docker port "$(container)"
    has_line "$output" "2022/tcp -> 0.0.0.0:$PORT"
    has_line "$output" "8888/tcp -> 127.0.0.1:$one"
    has_line "$output" "80/tcp -> 0.0.0.0:$udp"
    has_line "$output" "53/udp -> 0.0.0.0:$udp"
    has_line "$output" "443/tcp -> 0.0.0.0:$web"
    has_line "$output" "9010/tcp -> 0.0.0.0:$((range + 10))"
    local other
    other=$(free_port)
    WEB_PORT=$web SSH_PORT=$other must compose up --detach --no-build --pull never --timeout 0 stage-2
    has_line "$(docker port "$(container)")" "2022/tcp -> 0.0.0.0:$other"
}

@test "basic/proxy-setup: every step goes through the proxy, and stage-2's shells keep it" {
    forget_logs
    example basic/proxy-setup -e "s|host.docker.internal|$STAND_IN|" -e 's|7890|8888|' -e "s|^( *base: ).*|\1$ID-almost|"
    build
    has "$(proxy_log)" '/debian/pool/'
    must compose run --rm -T --no-deps stage-1 env
    lacks "$output" http_proxy=
    must compose run --rm -T --no-deps stage-2 env
    has_line "$output" "http_proxy=http://$STAND_IN:8888"
}

@test "basic/env-variables: values of the time of configure" {
    BASE_IMAGE=$LOCAL PROJECT_NAME=unused STAGE=production TZ=Asia/Tokyo USER=ann with_project=shop example_env_variables
    build stage-2
    up
    must in_c -- printenv PROJECT_NAME PROJECT_STAGE TZ GREETING
    equal $'shop\nproduction\nAsia/Tokyo\nhello from ann, price: $5' "$output"
    must in_c -- touch /sources/file
    [[ -e $PROJECT/sources/file ]] || fail 'the sources are not those beside the project'
    must docker image inspect "$ID-shop:stage-2"
}

# The variable of the example has the name that the helpers keep the project's directory in.
example_env_variables() {
    made_by env-variables
    cp "$PROJECT/examples/basic/env-variables/user_config.yml" "$PROJECT/user_config.yml"
    sed -i "s|^    output: '|&$ID-|" "$PROJECT/user_config.yml"
    must env PROJECT="${with_project:?}" "$PEI_BIN" configure -p "$PROJECT" || return
    lacks "$output" warning
}

@test "basic/env-passthrough: values of the time of start, from the environment and .env" {
    local web
    web=$(free_port)
    example basic/env-passthrough
    printf 'LOG_LEVEL=debug\nDB_HOST=10.0.0.7\nTAG=seven\n' >"$PROJECT/.env"
    mkdir "$BATS_TEST_TMPDIR/data sets"
    echo set >"$BATS_TEST_TMPDIR/data sets/one"
    export WEB_PORT=$web DATASETS="$BATS_TEST_TMPDIR/data sets"
    build stage-2
    must docker image inspect "$ID-env-passthrough:seven"
    API_TOKEN='se cret' up
    must in_c -- printenv LOG_LEVEL DATABASE_URL API_TOKEN
    equal $'debug\npostgres://10.0.0.7:5432/shop\nse cret' "$output"
    equal set "$(in_c -- cat /datasets/one)"
    equal "80/tcp -> 127.0.0.1:$web" "$(docker port "$(container)")"
    must_fail grep -rF 'se cret' "$PROJECT"
}

@test "basic/pixi-environment, without the hooks that fetch pixi and packages: login and workspace" {
    example basic/pixi-environment -e '/install-pixi|create-env/d'
    build stage-2
    up
    login_says /hard/volume/workspace 'touch /soft/workspace/x && readlink /soft/workspace'
}

@test "basic/conda-environment, without the hook that fetches Miniconda: its login hook spoils no login" {
    example basic/conda-environment -e '/install-miniconda/d'
    build stage-2
    up
    login_says me 'bash -lc "id -un" 2>/dev/null'
    attempt ssh_typing me 123456 "$PORT" < <(printf '%s\n' 'echo "I am $USER"' exit)
    has "$output" 'I am me'
}

@test "basic/multi-user-ssh: three accounts, by key, by password and by both" {
    DEV_KEY=$(<"$WORK/key.pub") TESTER_KEY=$(<"$WORK/key.pub") TESTER_PASSWORD=tester-Pw-1 OPS_PASSWORD=ops-Pw-1 \
        example basic/multi-user-ssh
    build stage-2
    up
    wait_for_ssh "$PORT"
    must ssh_by_key dev "$WORK/key" "$PORT" 'id -u; id -g'
    equal $'1000\n1000' "$output"
    must ssh_by_key tester "$WORK/key" "$PORT" 'id -u; id -g'
    equal $'1001\n1000' "$output"
    LOGIN=tester PASSWORD=tester-Pw-1 login_says 1001 id -u
    LOGIN=ops PASSWORD=ops-Pw-1 login_says 1100 id -u
    must_fail ssh_as dev tester-Pw-1 "$PORT" true
    must_fail ssh_by_key ops "$WORK/key" "$PORT" true
}

@test "basic/apt-mirrors: the build and its hook install from the mirror, and the sources are the base's again" {
    forget_logs
    example basic/apt-mirrors -e "s|^( *base: ).*|\1$ID-fresh|"
    point_mirrors
    build
    has "$(web_log)" 'mirrors.tuna.tsinghua.edu.cn GET /debian/pool/main/c/cmake/'
    must drun "$ID-apt-mirrors:stage-2" cmake --version
    local sources='cat /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null; true'
    equal "$(drun "$LOCAL" sh -c "$sources")" "$(drun --entrypoint sh "$ID-apt-mirrors:stage-2" -c "$sources")"
}

# ---- examples: advanced

@test "advanced/ml-dev-gpu, without the hooks that fetch tools: GPUs, caches and ports" {
    example advanced/ml-dev-gpu -e '/install-dev-tools|install-pixi|install-uv/d' -e "s|:8888:|:$(free_port):|" -e "s|:6006:|:$(free_port):|"
    build
    gpus_are_asked_for stage-1 stage-2
    must compose config --format json
    has "$output" '"HF_HOME": "/models/huggingface"'
    in_order "$output" '"source": "'"$PROJECT/datasets"'"' '"target": "/hard/volume/data"' '"target": "/models"' '"target": "/home/me"'
}

@test "advanced/web-dev-nodejs, without the hooks that fetch Node.js and bun: sources on the host, dependencies in a volume" {
    local web
    web=$(free_port)
    example advanced/web-dev-nodejs -e '/install-nvm|install-bun/d' -e "s|9229:9229|$(free_port):9229|"
    build stage-2
    WEB_PORT=$web up
    LOGIN=dev login_says $'development\n3000\n1000' 'printenv NODE_ENV PORT; id -u'
    must in_c -- sh -c 'touch /soft/workspace/index.js /soft/workspace/node_modules/lib'
    [[ -e $PROJECT/workspace/index.js ]] || fail 'the sources are not on the host'
    [[ ! -e $PROJECT/workspace/node_modules/lib ]] || fail 'the dependencies are on the host'
    has "$(docker port "$(container)")" "3000/tcp -> 127.0.0.1:$web"
}

@test "advanced/web-app: pages that one branch has packed, served by the Python of the other" {
    local web
    web=$(free_port)
    example advanced/web-app -e "s|8000:8000|$web:8000|"
    build
    up
    within 30 curl -fsS -o "$BATS_TEST_TMPDIR/app.js" "http://127.0.0.1:$web/app.js"
    equal '// production' "$(head -n 1 "$BATS_TEST_TMPDIR/app.js")"
    has "$(<"$BATS_TEST_TMPDIR/app.js")" 'greet("web-app")'
    must_fail in_c -- ls /app
}

@test "the guide's program, compiled in a stage, runs in stage-2, where no compiler is" {
    project compiled
    hook stages/compiler/make.sh <<'SCRIPT'
#!/bin/bash
set -Eeuo pipefail
apt-get install -y --no-install-recommends gcc libc6-dev
mkdir /out
gcc "$@" -o /out/hello -x c "$(dirname "$0")/hello.c"
SCRIPT
    hook stages/compiler/hello.c <<<$'#include <stdio.h>\nint main(void) { puts("hello"); return 0; }'
    config <<YAML
stage_1:
  $(image_1 "$LOCAL")
stages:
  compiler: {custom: {on_build: ['stages/compiler/make.sh -O2']}}
stage_2:
  $(image_2)
  copy: [{from: compiler, path: /out/hello, to: /usr/local/bin/hello}]
YAML
    build
    must drun --entrypoint sh "$(image 2)" -c 'hello; command -v gcc cc || echo none'
    equal $'hello\nnone' "$output"
}

@test "advanced/team-dev-environment, without the hooks that fetch tools: three keys, shared data, homes that last" {
    new_key "$BATS_TEST_TMPDIR/dev2" -t ed25519 -C ''
    DEV1_KEY=$(<"$WORK/key.pub") DEV2_KEY=$(<"$BATS_TEST_TMPDIR/dev2.pub") \
        example advanced/team-dev-environment -e '/install-dev-tools|install-uv/d' -e "s|team-data|$ID-team-data|"
    must docker volume create "$ID-team-data"
    export TAG=2026.1
    build
    must docker image inspect "$ID-team-dev:2026.1" "$ID-team-dev:2026.1-base"
    TEAM=blue up
    wait_for_ssh "$PORT"
    must ssh_by_key dev1 "$WORK/key" "$PORT" 'id -u; id -g; printenv TEAM; touch ~/kept /soft/data/shared'
    equal $'2001\n2000\nblue' "$output"
    must_fail ssh_by_key dev2 "$WORK/key" "$PORT" true
    must ssh_by_key dev2 "$BATS_TEST_TMPDIR/dev2" "$PORT" 'id -u; ls /soft/data'
    equal $'2002\nshared' "$output"
    has "$(logs)" 'check-health=true'
    must compose up --detach --no-build --pull never --force-recreate --timeout 0 stage-2
    wait_for_ssh "$PORT"
    must ssh_by_key dev1 "$WORK/key" "$PORT" 'ls ~/kept'
}

@test "advanced/china-corporate-proxy, without the hooks that fetch tools: through the proxy to the mirror, and neither kept" {
    forget_logs
    # The proxy is the one that has to know the mirror.
    must docker exec "$ID-stand-in" sh -c 'grep -q aliyun /etc/hosts || echo "127.0.0.1 mirrors.aliyun.com" >>/etc/hosts'
    # A cache of packages goes by the base's name.
    must docker tag "$ID-almost" "$ID-almost-too"
    PROXY_HOST=$STAND_IN PROXY_PORT=8888 example advanced/china-corporate-proxy -e "s|^( *base: ).*|\1$ID-almost-too|" \
        -e '/install-miniconda|install-uv|install-nvm/d'
    build
    has "$(proxy_log)" mirrors.aliyun.com
    has "$(web_log)" 'mirrors.aliyun.com GET /debian/pool/'
    must drun "$ID-china-corporate-proxy:stage-2" sh -c 'env; cat /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null; true'
    lacks "$output" http_proxy=
    has "$output" http://mirrors.aliyun.com/debian
    has_line "$output" "PEI_HTTP_PROXY_1=http://$STAND_IN:8888"
    up
    wait_for_ssh "$PORT"
    must ssh_as me 123456 "$PORT" 'bash -lc "echo \$http_proxy"'
    has_line "$output" "http://$STAND_IN:8888"
}

@test "advanced/ros2-robotics, without the hooks that fetch ROS: workspace on the host, a display, and a domain" {
    example advanced/ros2-robotics -e '/setup-ros2-repo|install-ros2|init-rosdep|setup-locale/d'
    build stage-2
    ROS_DOMAIN_ID=7 DISPLAY=:3 up
    LOGIN=ros login_says $'7\nrmw_cyclonedds_cpp\n:3\n1000' 'printenv ROS_DOMAIN_ID RMW_IMPLEMENTATION DISPLAY; id -u'
    must in_c -- touch /soft/workspace/src
    [[ -e $PROJECT/ros2_ws/src ]] || fail 'the workspace is not on the host'
    has_line "$(mounts_of)" 'bind /tmp/.X11-unix'
}

@test "advanced/vision-opengl, without the hooks that fetch libraries: GPUs, and the display of Windows" {
    example advanced/vision-opengl -e '/setup-opengl|install-vision/d'
    build
    gpus_are_asked_for stage-1 stage-2
    must compose config --format json
    has "$output" '"NVIDIA_DRIVER_CAPABILITIES": "all"'
    in_order "$output" '"target": "/hard/volume/data"' '"target": "/hard/volume/workspace"' '"target": "/tmp/.X11-unix"' \
        '"target": "/mnt/wslg"' '"target": "/usr/lib/wsl"'
}

@test "advanced/closed-network: builds without any network, and a tool that cannot be had spoils no start" {
    # After the closed network's server it asks the vendor's, whose names may take long to be known by nobody.
    BASE=$ID-fresh FILES=http://$STAND_IN example advanced/closed-network \
        -e "s|^( *)PEI_DOWNLOAD_MIRROR:.*|&\n\1PEI_DOWNLOAD_RETRIES: '1'|"
    # The server of the closed network is on the engine's own bridge, which the project's would not reach.
    printf 'services:\n  stage-1: {build: {network: none}}\n  stage-2: {build: {network: none}, network_mode: bridge}\n' \
        >"$PROJECT/docker-compose.override.yml"
    forget_logs
    build
    up
    login_says "http://$STAND_IN" printenv PEI_DOWNLOAD_MIRROR
    wait_for_start
    # It has asked the server of the closed network, which has nothing.
    has "$(web_log)" 'GET /github.com/'
    has "$(logs)" install-pixi
    equal 'running 0' "$(state_of "$(container)")"
}

# ---- quick templates

@test "quick minimal: two images and a login; a new container has a new password and the old one's work" {
    WARNINGS=1 quick minimal
    build
    up
    login_says me 'echo kept | tee ~/file /soft/data/file /soft/workspace/file >/dev/null; id -un'
    sed -i "s/'123456'/a-new-password/" "$PROJECT/user_config.yml"
    must "$PEI_BIN" configure -p "$PROJECT"
    lacks "$output" warning
    down
    build stage-2
    up
    PASSWORD=a-new-password login_says $'kept\nkept\nkept' 'cat ~/file /soft/data/file /soft/workspace/file'
    must_fail ssh_as me 123456 "$PORT" true
}

@test "quick stage-1-only: one image, started by up, with a home that lasts" {
    quick stage-1-only
    build stage-1
    must compose up --detach --no-build --pull never
    login_says /home/me/kept 'touch ~/kept; ls ~/kept'
    must compose up --detach --no-build --pull never --force-recreate --timeout 0
    login_says /home/me/kept 'ls ~/kept'
    equal stage-1 "$(compose ps --services)"
}

@test "quick secure: the user's own key logs in, and nothing else does" {
    HOME=$WORK/home quick secure
    build stage-2
    up
    wait_for_ssh "$PORT"
    must ssh_by_key me "$WORK/key" "$PORT" 'touch /soft/data/x && id -un'
    equal me "$output"
    must_fail ssh_as me '' "$PORT" true
    must_fail ssh_by_key root "$WORK/key" "$PORT" true
    equal "22/tcp -> 127.0.0.1:$PORT" "$(docker port "$(container)")"
    must in_c -- /usr/sbin/sshd -T
    has_line "$output" 'permitrootlogin no'
    must in_c -- sh -c 'getent shadow me root | cut -d: -f2 | grep -c "^[*!]"'
    equal 2 "$output" 'the number of accounts without a password'
    # Another key takes effect, and the home that is a volume stays.
    must ssh_by_key me "$WORK/key" "$PORT" 'touch ~/kept'
    mkdir -p "$BATS_TEST_TMPDIR/home/.ssh"
    new_key "$BATS_TEST_TMPDIR/home/.ssh/id_ed25519" -t ed25519 -C ''
    must env HOME="$BATS_TEST_TMPDIR/home" "$PEI_BIN" configure -p "$PROJECT"
    build stage-2
    up
    wait_for_ssh "$PORT"
    must ssh_by_key me "$BATS_TEST_TMPDIR/home/.ssh/id_ed25519" "$PORT" 'ls ~/kept'
    must_fail ssh_by_key me "$WORK/key" "$PORT" true
}

@test "quick cn-demo, without the hooks that fetch pixi and uv: port 333, two users, three kinds of storage" {
    quick cn-demo -e '/install-pixi|install-uv/d' -e "s|3333:|$PORT:|"
    point_mirrors
    build
    up
    login_says $'/hard/image/app\n/hard/volume/data\n/hard/volume/workspace' \
        'touch /soft/app/x /soft/workspace/x ~/x && readlink /soft/app /soft/data /soft/workspace'
    LOGIN=root PASSWORD=root login_says 0 id -u
    equal "333/tcp -> 127.0.0.1:$PORT" "$(docker port "$(container)")"
    must in_c -- touch /soft/data/x
    [[ -e $PROJECT/data/x ]] || fail 'the data are not on the host'
    has "$(in_c -- sh -c 'cat /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null')" http://mirrors.aliyun.com/debian
}

@test "quick cn-dev, without the hooks that fetch tools: a mirror, three volumes and no proxy" {
    # Its tools from the distribution are those that apt-mirrors installs.
    quick cn-dev -e '/install-dev-tools|install-pixi|install-uv/d'
    point_mirrors
    build
    up
    login_says me 'touch /soft/app/x /soft/data/x /soft/workspace/x ~/x && id -un'
    equal $'volume /hard/volume/app\nvolume /hard/volume/data\nvolume /hard/volume/workspace\nvolume /home/me\nvolume /pei-init/ssh-host-keys' \
        "$(mounts_of)"
    must in_c -- bash -lc env
    lacks "$output" http_proxy=
    has "$(in_c -- sh -c 'cat /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null')" mirrors.tuna.tsinghua.edu.cn
}

@test "quick cn-ml, without the hooks that fetch tools: cn-dev with GPUs" {
    quick cn-ml -e '/install-dev-tools|install-vision|install-pixi|install-uv/d'
    point_mirrors
    build
    gpus_are_asked_for stage-1 stage-2
}

# ---- the catalogue

@test "every example and every quick template has a test here" {
    local file name
    for file in "$REPO"/examples/*/*/user_config.yml; do
        name=${file#"$REPO/examples/"}
        grep -q "^@test \"${name%/user_config.yml}[:,]" "$BATS_TEST_FILENAME" || fail "no test of ${name%/user_config.yml}"
    done
    for file in "$REPO"/templates/config/quick/*.yml; do
        name=$(basename "$file" .yml)
        grep -q "^@test \"quick ${name}[:,]" "$BATS_TEST_FILENAME" || fail "no test of the quick template $name"
    done
}
