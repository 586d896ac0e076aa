#!/usr/bin/env bats
# Every example and every quick template, with the hooks that fetch, is built twice without cache: the images are the same.
# What the registries have is the real thing, for the rest a server stands in (../bats/support/releases.bash).
#
# shellcheck disable=SC2030,SC2031,SC2154 # bats runs each test in a subshell; attempt and must set output

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
    mkdir -p "$WORK/home/.ssh"
    cp "$WORK/key.pub" "$WORK/home/.ssh/id_ed25519.pub"
}

teardown_file() {
    end_file
}

setup() {
    PORT=$(free_port)
    SUM="--sha256 $(<"$WORK/conda-sum")"
}

teardown() {
    note_images
}

# reproduces: two builds of the project are identical.
reproduces() {
    note_images
    attempt "$PEI_BIN" build -p "$PROJECT" --reproduce -- --quiet
    printf '%s\n' "$output" >"$PROJECT.log"
    equal 0 "$status" 'the exit status' || fail "$(tail -n 40 "$PROJECT.log")"
}

@test "basic/minimal-ssh" { example basic/minimal-ssh && reproduces; }
@test "basic/gpu-container" { example basic/gpu-container && reproduces; }
@test "basic/host-mount" {
    export HOME=$WORK/home
    example basic/host-mount
    reproduces
}
@test "basic/docker-volume" { example basic/docker-volume && reproduces; }
@test "basic/custom-script" { example basic/custom-script && reproduces; }
@test "basic/port-mapping" { example basic/port-mapping && reproduces; }
@test "basic/proxy-setup" { example basic/proxy-setup -e "s|host.docker.internal|$STAND_IN|" -e 's|7890|8888|' && reproduces; }
@test "basic/env-variables" {
    # The variable of the example has the name that the helpers keep the project's directory in.
    export BASE_IMAGE=$LOCAL STAGE=production TZ=Asia/Tokyo USER=ann
    example basic/env-variables -e 's|\$\{PROJECT[^}]*\}|shop|'
    reproduces
}
@test "basic/env-passthrough" { example basic/env-passthrough && reproduces; }
@test "basic/pixi-environment" { example basic/pixi-environment && reproduces; }
@test "basic/build-secrets, without its secrets" {
    example basic/build-secrets -e '/^build_secrets:/,/^$/d' -e '/^  custom:/,$d'
    reproduces
}
@test "basic/conda-environment" { example basic/conda-environment -e "s|install-miniconda.sh|& $SUM|" && reproduces; }
@test "basic/multi-user-ssh" {
    DEV_KEY=$(<"$WORK/key.pub")
    export DEV_KEY TESTER_KEY=$DEV_KEY TESTER_PASSWORD=tester-Pw-1 OPS_PASSWORD=ops-Pw-1
    example basic/multi-user-ssh
    reproduces
}
@test "basic/apt-mirrors" { example basic/apt-mirrors && point_mirrors && reproduces; }
@test "advanced/ml-dev-gpu" { example advanced/ml-dev-gpu && reproduces; }
@test "advanced/web-dev-nodejs" { example advanced/web-dev-nodejs && reproduces; }
@test "advanced/web-app" { example advanced/web-app && reproduces; }
@test "advanced/team-dev-environment" {
    DEV1_KEY=$(<"$WORK/key.pub")
    export DEV1_KEY DEV2_KEY=$DEV1_KEY
    example advanced/team-dev-environment
    reproduces
}
@test "advanced/china-corporate-proxy" {
    must docker exec "$ID-stand-in" sh -c 'grep -q aliyun /etc/hosts || echo "127.0.0.1 mirrors.aliyun.com" >>/etc/hosts'
    export PROXY_HOST=$STAND_IN PROXY_PORT=8888
    example advanced/china-corporate-proxy -e "s|install-miniconda.sh|& $SUM|"
    reproduces
}
@test "advanced/ros2-robotics, without the hooks that fetch ROS" {
    example advanced/ros2-robotics -e '/setup-ros2-repo|install-ros2|init-rosdep|setup-locale/d'
    reproduces
}
@test "advanced/vision-opengl" { example advanced/vision-opengl && reproduces; }
@test "advanced/closed-network" {
    export BASE=$LOCAL FILES=http://$STAND_IN
    example advanced/closed-network
    reproduces
}
@test "quick minimal" { WARNINGS=1 quick minimal && reproduces; }
@test "quick stage-1-only" { quick stage-1-only && reproduces; }
@test "quick secure" {
    export HOME=$WORK/home
    quick secure
    reproduces
}
@test "quick cn-demo" { quick cn-demo -e "s|3333:|$PORT:|" && point_mirrors && reproduces; }
@test "quick cn-dev" { quick cn-dev && point_mirrors && reproduces; }
@test "quick cn-ml" { quick cn-ml && point_mirrors && reproduces; }

@test "every example and every quick template has a test here" {
    local file name
    for file in "$REPO"/examples/*/*/user_config.yml "$REPO"/templates/config/quick/*.yml; do
        name=${file#"$REPO/examples/"}
        name=${name%/user_config.yml}
        [[ $file == */user_config.yml ]] || name="quick $(basename "$file" .yml)"
        grep -qE "^@test \"${name}[,\"]" "$BATS_TEST_FILENAME" || fail "no test of $name"
    done
}
