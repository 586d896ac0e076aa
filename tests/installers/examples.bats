#!/usr/bin/env bats
# The hooks of every example and quick template really run; ../container/examples.bats leaves out those that download.
# What the registries have is the real thing, for the rest a server stands in (../bats/support/releases.bash).
#
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # texts for other shells; bats runs each test in a subshell

load ../container/support/load
load ../bats/support/releases

MINICONDA=Miniconda3-py313_26.1.1-1-Linux-$(uname -m).sh

setup_file() {
    begin_file
    start_stand_in
    serve_uv "$WORK"
    serve_bun "$WORK"
    serve_node "$WORK" 22 "$(default_version nodejs)"
    serve_nvm
    serve_pixi
    mkdir -p "$SERVED/npmmirror.com/mirrors"
    ln -s ../../nodejs.org/dist "$SERVED/npmmirror.com/mirrors/node"
    serve_conda "repo.anaconda.com/miniconda/$MINICONDA" >"$WORK/conda-sum"
    serve_conda "mirrors.tuna.tsinghua.edu.cn/anaconda/miniconda/$MINICONDA"
    derive_full full
    derive more "$ID-full" <<'DOCKERFILE'
RUN apt-get -q update && apt-get -q install -y --no-install-recommends python3 python3-pip && rm -rf /var/lib/apt/lists/*
DOCKERFILE
    derive_for_tools tools "$ID-more"
    export LOCAL=$ID-tools
    new_key "$WORK/key" -t ed25519 -C ''
}

teardown_file() {
    end_file
}

setup() {
    PORT=$(free_port)
    SUM="--sha256 $(<"$WORK/conda-sum")"
}

teardown() {
    if [[ -n ${PROJECT:-} && -f ${PROJECT:-}/docker-compose.yml ]]; then
        compose --profile '*' down --volumes --timeout 0 >/dev/null 2>&1 || true
    fi
}

# found USER COMMAND: in a login shell of stage-2's image.
found() {
    must drun --user "$1" --entrypoint bash "$(compose config --images stage-2 | head -n 1)" -lc "$2"
}

@test "basic/pixi-environment" {
    example basic/pixi-environment
    build
    found me 'pixi --version && python-common --version && pixi global list | grep scipy'
}

@test "basic/conda-environment: each login has conda's base active" {
    example basic/conda-environment -e "s|install-miniconda.sh|& $SUM|"
    build
    found me 'conda --version'
    up
    wait_for_ssh "$PORT"
    # conda's own lines would make base active too.
    must docker exec --user me "$(container)" sh -c 'echo "auto_activate_base: false" >~/.condarc'
    attempt ssh_typing me 123456 "$PORT" < <(printf '%s\n' 'echo "in:$CONDA_PREFIX"' exit)
    has "$output" in:/opt/miniconda3
}

@test "advanced/ml-dev-gpu" {
    example advanced/ml-dev-gpu
    build
    found me 'cmake --version && git lfs version && pixi --version && uv --version'
}

@test "advanced/web-dev-nodejs" {
    example advanced/web-dev-nodejs
    build
    found dev 'node --version | grep ^v22 && npm --version && bun --version'
}

@test "advanced/team-dev-environment" {
    DEV1_KEY=$(<"$WORK/key.pub") DEV2_KEY=$(<"$WORK/key.pub") example advanced/team-dev-environment
    build
    found dev2 'cmake --version && uv --version'
}

@test "advanced/china-corporate-proxy: every tool by its mirror in China, through the proxy" {
    # The proxy is the one that has to know the mirror of the packages.
    must docker exec "$ID-stand-in" sh -c 'grep -q aliyun /etc/hosts || echo "127.0.0.1 mirrors.aliyun.com" >>/etc/hosts'
    forget_logs
    PROXY_HOST=$STAND_IN PROXY_PORT=8888 example advanced/china-corporate-proxy -e "s|install-miniconda.sh|& $SUM|"
    build
    found me 'conda --version && uv --version && node --version && npm --version'
    found me 'pip config get global.index-url'
    has "$output" mirrors.aliyun.com
    found me 'cat ~/.condarc ~/.config/uv/uv.toml ~/.npmrc'
    has "$output" mirrors.tuna.tsinghua.edu.cn
    has "$output" mirrors.aliyun.com/pypi/simple
    has "$output" registry.npmmirror.com
    has "$(web_log)" "/mirrors.tuna.tsinghua.edu.cn/anaconda/miniconda/$MINICONDA"
    has "$(web_log)" /gitee.com/mirrors/nvm/raw/
    has "$(web_log)" /npmmirror.com/mirrors/node/
    has "$(proxy_log)" "$STAND_IN"
}

@test "advanced/ros2-robotics: on a base that calls itself Ubuntu, with empty packages and a rosdep that notes its call" {
    local rosdep=$WORK/contents/ros-dev-tools/usr/bin/rosdep rosdistro=raw.githubusercontent.com/ros/rosdistro/master
    derive ubuntu "$LOCAL" <<'DOCKERFILE'
RUN rm /etc/os-release && printf '%s\n' ID=ubuntu 'VERSION_ID="24.04"' VERSION_CODENAME=noble UBUNTU_CODENAME=noble >/etc/os-release
DOCKERFILE
    mkdir -p "${rosdep%/*}" "$SERVED/$rosdistro/rosdep/sources.list.d"
    printf '#!/bin/sh\n[ "$1" = update ] && mkdir -p ~/.ros/rosdep/sources.cache && env >~/.ros/rosdep/sources.cache/index\n' >"$rosdep"
    chmod 755 "$rosdep"
    echo 'yaml https://raw.githubusercontent.com/ros/rosdistro/master/rosdep/base.yaml' \
        >"$SERVED/$rosdistro/rosdep/sources.list.d/20-default.list"
    serve_packages "$WORK" packages.ros.org/ros2/ubuntu noble main "$rosdistro/ros.key" ros-dev-tools \
        ros-jazzy-{ros-base,rmw-cyclonedds-cpp,cyclonedds,nav2-lifecycle-manager,nav2-util,rviz2,rqt}
    LOCAL=$ID-ubuntu example advanced/ros2-robotics -e "s|setup-ros2-repo.sh|& --key-fingerprint $FINGERPRINT|"
    build
    found ros 'dpkg-query --show ros-jazzy-ros-base ros-jazzy-rviz2 && locale charmap | grep -x UTF-8'
    found ros 'cat ~/.ros/rosdep/sources.cache/index /etc/ros/rosdep/sources.list.d/20-default.list'
    has_line "$output" "ROSDISTRO_INDEX_URL=http://$STAND_IN/$rosdistro/index-v4.yaml"
    has_line "$output" "yaml http://$STAND_IN/$rosdistro/rosdep/base.yaml"
}

@test "advanced/vision-opengl" {
    example advanced/vision-opengl
    build
    found root 'python3 -c "import cv2, numpy, scipy" && ffmpeg -version && command -v glxinfo'
}

@test "advanced/closed-network: the tool comes from the closed network's server, at the first start" {
    BASE=$LOCAL FILES=http://$STAND_IN example advanced/closed-network
    printf 'services:\n  stage-1: {build: {network: none}}\n  stage-2: {build: {network: none}, network_mode: bridge}\n' \
        >"$PROJECT/docker-compose.override.yml"
    build
    up
    wait_for_start
    login_says /soft/app/pixi/bin/pixi 'bash -lc "command -v pixi"'
}

@test "quick cn-demo" {
    quick cn-demo -e "s|3333:|$PORT:|"
    point_mirrors
    build
    found me 'pixi --version && uv --version && cat /hard/image/app/pixi/config.toml ~/.config/uv/uv.toml'
    has "$output" https://mirrors.tuna.tsinghua.edu.cn/anaconda/cloud/conda-forge
    has "$output" https://pypi.tuna.tsinghua.edu.cn/simple
}

@test "quick cn-dev" {
    quick cn-dev
    point_mirrors
    build
    found me 'cmake --version && pixi --version && uv --version'
}

@test "quick cn-ml: Python packages by the mirror's index" {
    forget_logs
    quick cn-ml
    point_mirrors
    build
    found me 'cmake --version && pixi --version && uv --version && python3 -c "import cv2, numpy, scipy"'
    has "$(web_log)" 'GET /pypi.tuna.tsinghua.edu.cn/simple/numpy/'
}

@test "every example and quick template whose hooks download has a test here" {
    local file name
    for file in "$REPO"/examples/*/*/user_config.yml "$REPO"/templates/config/quick/*.yml; do
        # Those with hooks of Debian packages and samples alone run whole in the other file.
        grep -qE "^ *- '?stage-[12]/system/" "$file" || continue
        name=${file#"$REPO/examples/"}
        name=${name%/user_config.yml}
        [[ $file != *.yml || $file == */user_config.yml ]] || name="quick $(basename "$file" .yml)"
        grep -qE "^@test \"${name}[:\"]" "$BATS_TEST_FILENAME" || fail "no test of $name"
    done
}
