#!/usr/bin/env bats
# Further stages: built in parallel, joined by copies, each a target.
#
# shellcheck disable=SC2016,SC2030,SC2031 # texts for other shells; bats runs each test in a subshell

load support/load
load support/merged

setup_file() {
    begin_file
    PASSWORD=$(sentinel)
    export PASSWORD
    derive_full full
    derive tools <<'DOCKERFILE'
RUN apt-get -q update && DEBIAN_FRONTEND=noninteractive apt-get -q install -y --no-install-recommends busybox-static redis-server redis-tools
DOCKERFILE
    derive_tiny tiny "$ID-tools"
    project tree
    write_app
    write_scripts
    write_config
    build
    cp "$PROJECT.log" "$WORK/first.log"
}

teardown_file() {
    forget_podman
    end_file
}

setup() {
    project tree
}

# The sources of copies: beside the project, with files that must not be copied.
write_app() {
    mkdir -p "$WORK/app/.git" "$WORK/app/.pei" "$WORK/app/src" "$WORK/app/dist"
    echo '{}' >"$WORK/app/package.json"
    echo page >"$WORK/app/src/it's a \"page\" \$HOME #1 é.html"
    echo ignored >"$WORK/app/left-out.txt"
    echo left-out.txt >"$WORK/app/.dockerignore"
    echo x | tee "$WORK/app/.git/config" "$WORK/app/.pei/hash" "$WORK/app/id_ed25519" "$WORK/app/dist/none" \
        "$WORK/app/src/store.p12" "$WORK/app/src/user_config.yml" >/dev/null
    new_key "$WORK/app/src/some key" -t ed25519 -C ''
    { echo && cat "$WORK/app/src/some key"; } >"$WORK/app/src/below-a-blank"
    echo A=x >"$WORK/app/.env"
    echo x >"$WORK/app/src/id_utils.js"
}

write_scripts() {
    # Names a program that the stage does not have: it only has sh.
    hook stages/npm/install.sh <<<$'#!/usr/bin/env bash\necho "hook-npm $#:$1 $MODE $script $line"; echo sentinel-npm >/sentinel-npm; read -r _ </app/package.json'
    hook stages/assets/build.sh <<'SCRIPT'
set -e
echo "hook-assets $0 $*"
. "${0%/*}/part.sh"
for file in /app/.git/config /app/.pei/hash /app/id_ed25519 "/app/src/some key" /app/src/below-a-blank /app/.env /app/left-out.txt \
    /app/src/store.p12 /app/src/user_config.yml; do
  [ ! -e "$file" ] || { echo "$file is there"; exit 1; }
done
[ -e "/app/src/some key.pub" ]
[ -e /app/src/id_utils.js ]
echo "$part" >/app/dist/index.html
SCRIPT
    hook stages/assets/part.sh <<<'part=one'
    hook stages/python/p.sh <<<'#!/usr/bin/perl
print "hook-python in perl $ENV{MODE} $ENV{TREE} $ENV{script}|\n"; open F, ">", "/sentinel-python"; print F "sentinel-python\n";'
    hook stages/python/b.sh <<<'[[ -e /sentinel-python ]] && echo hook-python in bash'
    hook stages/kept/k.sh <<<'echo hook-kept'
    hook stage-2/custom/two.sh <<<'echo "hook-two $(cat /hard/image/app/www/index.html) [${MODE-}]"; ls /sentinel-python'
    hook stage-1/custom/given.txt <<<'given'
}

write_config() {
    config "$@" <<YAML
stage_1:
  $(image_1 "$ID-full")
  ssh: {users: {me: {password: '$PASSWORD'}}}
contexts: {app: ../app}
stages:
  npm:
    image: {base: $ID-tiny}
    copy: [{from: app, path: package.json, to: /app/}]
    # Names that pei's own scripts may use for other variables.
    environment: {MODE: "a \$HOME 'b' \"c\" #d", script: s, line: l, IFS: n}
    custom: {on_build: ['stages/npm/install.sh "one word" two']}
  assets:
    from: npm
    copy: [{from: app, path: ., to: /app/}]
    custom: {on_build: ['stages/assets/build.sh --mode \$HOME']}
    image: {output: $ID-assets}
  python:
    environment: [MODE=quick, TREE=t, script=s, IFS=n]
    custom: {on_build: [stages/python/p.sh, stages/python/b.sh]}
  kept:
    image: {base: $ID-tiny, output: $ID-kept}
    custom: {on_build: [stages/kept/k.sh]}
stage_2:
  from: python
  $(image_2)
  hostname: in-a-tree
  copy:
    - {from: assets, path: /app/dist, to: /hard/image/app/www, owner: me, mode: '0750'}
    - {from: assets, path: '/app/src/it''s a "page" \$HOME #1 é.html', to: '/hard/image/app/a \$b "c" #d é'}
    - {from: $ID-tiny, path: /bin/sh, to: /opt/tiny/}
    - {path: stage-1/custom/given.txt, to: /opt/, owner: '7:8'}
    - {from: stage-1, path: /etc/pei-test-run, to: /opt/}
  custom: {on_build: [stage-2/custom/two.sh]}
services:
  db:
    image: $ID-tools
    volumes: ['db:/db']
    environment: {DB_PASSWORD: '{{DB_PASSWORD:-nobody}}'}
    command: [sh, -c, 'exec redis-server --dir /db --protected-mode no --requirepass "\$\$DB_PASSWORD"']
YAML
}

@test "one command builds what both images need, each stage once, and nothing else" {
    local log=$WORK/first.log
    equal 1 "$(ran "$log" 'hook-npm')"
    equal 1 "$(ran "$log" 'hook-assets')"
    equal 1 "$(ran "$log" 'hook-python in perl')"
    equal 1 "$(ran "$log" 'hook-python in bash')"
    equal 1 "$(ran "$log" 'hook-two')"
    equal 0 "$(ran "$log" 'hook-kept')"
}

@test "hooks run by their first line, else with bash, else with sh, and get what was typed" {
    local log=$WORK/first.log
    equal 1 "$(ran "$log" "hook-npm 2:one word a \$HOME 'b' \"c\" #d s l")"
    equal 1 "$(ran "$log" 'hook-assets /pei-from-host/stages/assets/build.sh --mode /')"
    equal 1 "$(ran "$log" 'hook-python in perl quick t s|')"
    equal 1 "$(ran "$log" 'hook-two one []')"
}

@test "copies have their place, owner and mode; names mean themselves" {
    must drun --entrypoint sh "$(image 2)" -c 'cd /hard/image/app && stat -c "%n %U %a" www/index.html && cat "a \$b \"c\" #d é" &&
        stat -c "%n %u:%g" /opt/given.txt && ls /opt/tiny /opt/pei-test-run && stat -c "%U %a" /opt/tiny/sh'
    equal $'www/index.html me 750\npage\n/opt/given.txt 7:8\n/opt/pei-test-run\n\n/opt/tiny:\nsh\nroot 755' "$output"
}

@test "nothing of a stage is in stage-2 but what was copied or what it builds on" {
    unpack_image "$(image 2)" "$WORK/image-2"
    # Except the names of the steps in the history.
    equal '' "$(files_holding "$WORK/image-2" 'sentinel-npm')" 'files that hold the text of another stage'
    must grep -q '^sentinel-python$' "$WORK/image-2/layers.txt"
    must_fail grep -E '^(app/|sentinel-npm|pei-from-host/stages)' "$WORK/image-2/layers.txt"
    must docker image inspect --format '{{json .Config.Env}}' "$(image 2)"
    lacks "$output" MODE
}

@test "no credential is in a further stage" {
    local image hash
    build python assets
    hash=$(grep -o '\$6\$[^$]*\$[^:]*' "$PROJECT/.pei/secrets/ssh-credentials" | head -n 1)
    [[ -n $hash ]] || fail 'found no hash to look for'
    for image in "$ID-assets" "${PROJECT##*/}-python"; do
        unpack_image "$image" "$WORK/unpacked"
        equal '' "$(files_holding "$WORK/unpacked" "$hash")" "files of $image that hold the hash"
        equal '' "$(files_holding "$WORK/unpacked" "$PASSWORD")" "files of $image that hold the password"
        rm -r "$WORK/unpacked"
    done
}

@test "a stage is a target, can be looked into, and is kept where it has a name" {
    local context="pei-context-app=$WORK/app"
    must docker build -q -f "$PROJECT/stages.Dockerfile" --target npm --build-context "$context" -t "$ID-npm" "$PROJECT"
    must drun "$ID-npm" /bin/sh -c 'read -r line </sentinel-npm; echo "$line"'
    equal sentinel-npm "$output"
    must docker build -q -f "$PROJECT/stage-2.Dockerfile" --target assets --build-context "$context" -t "$ID-target" "$PROJECT"
    must compose run --build --rm --no-deps -T npm /bin/sh -c 'read -r line </sentinel-npm; echo "$line"'
    has "$output" sentinel-npm
    build kept
    equal 1 "$(ran "$PROJECT.log" hook-kept)"
    must docker image inspect "$ID-kept"
}

@test "an edit of a leaf's script rebuilds that stage, the copies, and what follows" {
    hook stages/assets/part.sh <<<'part=two'
    configure
    build
    equal 0 "$(ran "$PROJECT.log" 'hook-npm')"
    equal 0 "$(ran "$PROJECT.log" 'hook-python')"
    equal 1 "$(ran "$PROJECT.log" 'hook-assets')"
    equal 1 "$(ran "$PROJECT.log" 'hook-two two')"
    no_step_matches "$PROJECT.log" '^\[([^ ]+ )?(stage-1-core|stage-1|pei-files-app|npm|python) '
    build
    no_step_ran "$PROJECT.log"
}

@test "an edit in a context rebuilds the stages that copy the file" {
    echo more >>"$WORK/app/src/new.js"
    build
    equal 0 "$(ran "$PROJECT.log" 'hook-npm')"
    equal 1 "$(ran "$PROJECT.log" 'hook-assets')"
}

@test "a service beside stage-2 is reached by its name, and compose fills its markers in" {
    export DB_PASSWORD=asked
    up db
    up stage-2
    wait_for_start
    answers() {
        in_c -- bash -c 'exec 3<>/dev/tcp/db/6379 && printf "%s\r\n" "AUTH asked" "SET key value" "GET key" QUIT >&3 && cat <&3' |
            tr -d '\r' | grep -qx value
    }
    within 30 answers
    equal in-a-tree "$(in_c -- cat /etc/hostname)"
    down --volumes
}

@test "a stage has the mirror and the apt proxy of stage_1, and those of its base where apt is none" {
    local stage
    project sources
    for stage in with without; do hook "stages/$stage/look.sh" <<<'apt-config dump >/during'; done
    config <<YAML
stage_1:
  $(image_1 "$ID-full")
  proxy: {address: 127.0.0.1, port: 9, enable_globally: false}
  apt: {repo_source: tuna, use_proxy: true}
stages:
  with: {image: {base: $ID-full, output: $ID-with}, custom: {on_build: [stages/with/look.sh]}}
  without: {image: {base: $ID-full, output: $ID-without}, apt: none, custom: {on_build: [stages/without/look.sh]}}
YAML
    build with without
    equal "$(apt_of "$ID-full")" "$(apt_of "$ID-without")" 'the sources and settings of the stage without'
    must drun "$ID-without" cat /during
    lacks "$output" ':9'
    must drun "$ID-with" cat /during
    has "$output" 'Acquire::http::Proxy "http://127.0.0.1:9";'
    has "$(apt_of "$ID-with")" 'mirrors.tuna.tsinghua.edu.cn'
}

# apt_of IMAGE: every file of apt's settings and sources, with its content.
apt_of() {
    must drun --entrypoint sh "$1" -c 'find /etc/apt -type f | sort | xargs tail -n +1; apt-config dump'
    echo "$output"
}

@test "a failing hook is named with its place" {
    hook stages/npm/install.sh <<<'exit 7'
    build_fails stage-2
    has "$(<"$PROJECT.log")" 'the on_build hook stages/npm/install.sh ended with status 7'
    rm "$PROJECT/installation/stages/npm/install.sh"
    configure
    build_fails stage-2
    has "$(<"$PROJECT.log")" 'at `stages.npm.custom.on_build[0]` of user_config.yml'
    write_scripts
    configure
}

@test "an owner that the image lacks fails the build by name" {
    project owner
    config <<YAML
stage_1:
  $(image_1 "$ID-full")
stage_2:
  $(image_2)
  copy: [{from: stage-1, path: /etc/debian_version, to: /opt/, owner: www-data}, {from: stage-1, path: /etc/debian_version, to: /opt/, owner: 'www-data:nobody-here'}]
YAML
    build_fails stage-2
    has "$(<"$PROJECT.log")" 'pei: the image has no nobody-here in /etc/group'
}

@test "the merged build, and bake, have the tree as well" {
    write_config --with-merged
    merged_build -o "$ID-merged"
    must drun --entrypoint cat "$ID-merged" /hard/image/app/www/index.html
    equal one "$output"
    bake stage-1 stage-2
    must drun --entrypoint cat "$(image 2)" /hard/image/app/www/index.html
    equal one "$output"
}

@test "podman builds a stage, its context, an image without accounts, and all of it merged" {
    use_podman
    # podman does not read the ignore file of a context.
    rm "$WORK/app/left-out.txt"
    docker save "$ID-tiny" "$ID-full" | podman load >/dev/null
    __logged "$WORK/podman.log" podman build --pull=never "${PODMAN_LIMITS[@]}" -f "$PROJECT/stages.Dockerfile" \
        --target assets --build-context "pei-context-app=$WORK/app" -t "$ID-assets" "$PROJECT"
    has "$(<"$WORK/podman.log")" "hook-npm 2:one word a \$HOME 'b' \"c\" #d"
    has "$(<"$WORK/podman.log")" 'hook-assets /pei-from-host/stages/assets/build.sh --mode /'
    write_config --with-merged
    merged_build -o "localhost/$ID-merged" "${PODMAN_LIMITS[@]}"
    must podman run --rm --pull never "${PODMAN_LIMITS[@]}" --entrypoint cat "localhost/$ID-merged" /hard/image/app/www/index.html
    equal one "$output"
}
