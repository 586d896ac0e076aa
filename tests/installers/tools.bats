#!/usr/bin/env bats
# Each tool by a hook of its own, at build time and at the first start: its users find it in every shell that they open.
# Programs come from Debian, npm and PyPI; where these have none, a stand-in server has one that does what is asked of it
# (../bats/support/releases.bash).
#
# What a tool adds to an image is measured on the way; docs/scripts.md shows it. SIZES=overwrite keeps what was measured.
#
# shellcheck disable=SC2016 # texts for other shells

load ../container/support/load
load ../bats/support/releases

setup_file() {
    begin_file
    start_stand_in
    serve_uv "$WORK"
    serve_bun "$WORK"
    serve_node "$WORK" 22 "$(default_version nodejs)"
    serve_nvm
    serve_pixi
    derive_full full
    derive more "$ID-full" <<'DOCKERFILE'
RUN apt-get -q update && apt-get -q install -y --no-install-recommends python3 python3-pip && rm -rf /var/lib/apt/lists/*
DOCKERFILE
    derive_for_tools tools "$ID-full"
    derive_for_tools python "$ID-more"
}

teardown_file() {
    end_file
}

setup() {
    export TOOL_BASE=$ID-tools
}

teardown() {
    [[ -z ${PROJECT:-} ]] || compose --profile '*' down --volumes --timeout 0 >/dev/null 2>&1 || true
}

# at_build_and_at_start NAME COMMAND USERS HOOK...: the hooks at build time, then at the first start; the users, and nobody
# else, find the tool. What the last hook, a script of the system's, adds to the image is measured. The container of the
# first start stays.
at_build_and_at_start() {
    local name=$1 command=$2 users=$3
    shift 3
    tool_project "$name"
    hooked on_build "$@"
    start_hooked
    belongs_to "$command" "$users"
    measured "$@"
    hooked on_first_run "$@"
    start_hooked 900
    belongs_to "$command" "$users"
}

belongs_to() {
    local user
    # shellcheck disable=SC2086 # a list of names
    finds "$1" $2 || return
    for user in me other root; do
        [[ " $2 " == *" $user "* ]] || lacks_tool "$(first_word "$1")" "$user" || return
    done
    owns_home me && owns_home other
}

# first_word COMMAND: the tool in it.
first_word() {
    local words=${1#command -v }
    printf '%s\n' "${words%% *}"
}

# measured HOOK...: what the last one has added to the image that the others make is what the table says, give or take a
# tenth. Tools that are stood in for are as big as the table says.
measured() {
    local script=${!#} table=$REPO/scripts/script-sizes.txt size said
    script=${script%% *}
    [[ -z ${STOOD_IN:-} ]] || return 0
    size=$((($(size_of "$(image 1)") - $(size_without "${@:1:$#-1}") + 512) / 1024))
    echo "# $script: $size MB" >&3
    if [[ ${SIZES:-} == overwrite ]]; then
        awk -v script="$script" -v size="$size" '
            $1 == script { $2 = size; seen = 1 }
            { print }
            END { if (!seen) print script, size }' "$table" >"$WORK/sizes"
        cat "$WORK/sizes" >"$table"
    fi
    said=$(awk -v script="$script" '$1 == script { print $2 }' "$table")
    if [[ -z $said ]] || ((size > said + said / 10 + 1 || size < said - said / 10 - 1)); then
        fail "$script adds $size MB, scripts/script-sizes.txt says ${said:-nothing}; SIZES=overwrite writes it anew"
    fi
}

# size_without HOOK...: the size of an image with these hooks, or none, on the same base.
size_without() (
    (($#)) || set -- stage-1/custom/my-build-1.sh
    tool_project "without-${PROJECT##*-}" && hooked on_build "$@" >&2 && size_of "$(image 1)"
)

@test "uv" {
    at_build_and_at_start uv 'uv --version && uvx --version' 'root me other' stage-1/system/uv/install-uv.sh
}

@test "uv, for everyone" {
    at_build_and_at_start uv-all 'uv --version' 'root me other' stage-1/system/uv/install-uv-for-everyone.bash
}

@test "pixi, stood in for, in a directory of its own; and its common environment" {
    TOOL_BASE=$ID-python STOOD_IN=1 at_build_and_at_start pixi 'pixi --version && python-common --version' me \
        'stage-1/system/pixi/install-pixi.bash --user me --install-dir=/opt/pixi' stage-1/system/pixi/create-env-common.bash
}

@test "bun" {
    at_build_and_at_start bun 'bun --version && bunx --version' me 'stage-1/system/bun/install-bun.sh --user me'
}

@test "Claude Code" {
    at_build_and_at_start claude-code 'claude --version' me \
        'stage-1/system/bun/install-bun.sh --user me' 'stage-1/system/claude-code/install-claude-code.sh --user me'
}

@test "Codex" {
    at_build_and_at_start codex-cli 'codex --version' me \
        'stage-1/system/bun/install-bun.sh --user me' 'stage-1/system/codex-cli/install-codex-cli.sh --user me'
}

@test "LiteLLM" {
    # It takes its time to start, so that it is run once only.
    TOOL_BASE=$ID-python at_build_and_at_start litellm 'command -v litellm && command -v litellm-proxy' me \
        stage-1/system/uv/install-uv.sh 'stage-1/system/litellm/install-litellm.sh --user me'
    must docker exec --user me "$(container stage-1)" bash -lc 'litellm --version'
}

@test "Node.js, by an nvm that is stood in for: nvm for its user; as root put it there, node, npm and npx for all" {
    at_build_and_at_start nodejs 'nvm version default && node --version && npm --version && npx --version' me \
        'stage-1/system/nodejs/install-nvm-nodejs.sh --user me'
    finds 'node --version && npm --version && npx --version' root other
}

@test "Node.js of a version asked for, by the nvm that is there" {
    at_build_and_at_start nodejs-22 'nvm version default | grep ^v22 && node --version | grep ^v22' me \
        'stage-1/system/nodejs/install-nvm-nodejs.sh --user me --nodejs-version 24' \
        'stage-1/system/nodejs/install-nodejs.sh --user me --version 22'
}

@test "Angular and pnpm" {
    at_build_and_at_start angular 'pnpm --version && ng version' me \
        'stage-1/system/nodejs/install-nvm-nodejs.sh --user me' 'stage-1/system/nodejs/install-angular.sh --user me'
}

@test "Miniconda, stood in for: for every user, and for root when that is asked for" {
    local sum file
    file=Miniconda3-py313_26.1.1-1-Linux-$(uname -m).sh
    sum=$(serve_conda "repo.anaconda.com/miniconda/$file")
    TOOL_BASE=$ID-python
    STOOD_IN=1 at_build_and_at_start conda 'conda --version' 'me other' \
        "stage-1/system/conda/install-miniconda.sh --sha256 $sum"
    hooked on_build "stage-1/system/conda/install-miniconda.sh --sha256 $sum --include-root --pip-repo aliyun"
    start_hooked
    finds 'conda --version && pip config get global.index-url | grep aliyun' root me other
}

@test "Clang of the distribution, and as the default compiler" {
    at_build_and_at_start clang 'clang-14 --version && clangd-14 --version && ld.lld-14 --version' 'root me other' \
        'stage-1/system/clang/install-clang.sh --version 14 --source distro'
    hooked on_build 'stage-1/system/clang/install-clang.sh --version 14 --source distro' \
        stage-1/system/clang/setup-latest-clang-as-default.sh
    start_hooked
    finds 'cc --version | grep clang && c++ --version | grep clang' root me other
}

@test "the sample of development tools" {
    at_build_and_at_start dev-tools 'cmake --version && git lfs version && python3 --version && command -v mc' 'root me other' \
        stage-1/custom/install-dev-tools.sh
}

@test "libraries and Python packages for computer vision" {
    at_build_and_at_start vision 'ffmpeg -version && pkg-config --modversion opencv4 && python3 -c "import cv2, scipy, omegaconf"' \
        'root me other' stage-1/system/vision-dev/install-vision-dev.bash
}

@test "OpenGL for Windows" {
    at_build_and_at_start opengl 'command -v glxinfo && command -v Xvfb' 'root me other' \
        'stage-1/system/opengl/setup-opengl-win32.sh --nvidia'
}

@test "a locale" {
    at_build_and_at_start locale 'locale charmap | grep -x UTF-8 && echo "$LANG" | grep -x en_US.UTF-8' 'root me other' \
        stage-1/system/set-locale.sh
}

@test "OpenCV, with sources that are stood in for" {
    serve_opencv "$WORK"
    STOOD_IN=1 at_build_and_at_start opencv 'pkg-config --modversion opencv4' 'root me other' \
        stage-1/system/opencv/install-opencv-cpu.sh
    must docker exec "$(container stage-1)" sh -c 'ldconfig -p | grep /usr/local/lib/libopencv_core.so'
}

@test "Magnum, with sources that are stood in for" {
    serve_magnum "$WORK"
    STOOD_IN=1 at_build_and_at_start magnum 'test -f /usr/include/Magnum/Magnum.h' 'root me other' \
        stage-1/system/magnum/install-magnum-gl.sh
}

@test "an image of NVIDIA's NGC: what its shells read is mended, once" {
    derive ngc "$ID-tools" <<<'RUN touch /etc/shinit_v2 && echo ". /etc/shinit_v2" >>/etc/bash.bashrc && echo ". /etc/shinit_v2" >>/etc/profile'
    TOOL_BASE=$ID-ngc STOOD_IN=1 at_build_and_at_start ngc 'echo "$LD_LIBRARY_PATH" | grep -x /usr/local/cuda/compat/lib:.*' 'root me other' \
        stage-1/system/ngc/fix-shinit.sh
    must docker exec "$(container stage-1)" grep -c '>>> pei' /etc/shinit_v2
    equal 1 "$output"
}
