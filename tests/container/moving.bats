#!/usr/bin/env bats
# A project that PeiDocker 2.0.1 made: pei configures it, and its owner's scripts work as before.
#
# shellcheck disable=SC2016,SC2030,SC2031 # texts for other shells; bats runs each test in a subshell

load support/load

PASSWORD=moving-Pw1

setup_file() {
    begin_file
    PORT=$(free_port)
    export PORT
    PROJECT=$WORK/$ID-moving
    export PROJECT
    printf '%s\n' "$ID-moving" >>"$WORK/projects"
    make_old_project
    cp -a "$PROJECT" "$WORK/before"
    "$PEI_BIN" configure -p "$PROJECT" >"$WORK/said" 2>&1 || fail "$(<"$WORK/said")"
    cp -a "$PROJECT" "$WORK/after"
}

teardown_file() {
    end_file
}

setup() {
    PROJECT=$WORK/$ID-moving
}

# ---- the project as the older tool and its owner have left it

# old PATH: a file of the project from stdin, noted as one of the older tool that pei has its own of.
old() {
    mine "$1"
    printf '%s\n' "$1" >>"$WORK/old-files"
}

# generated PATH: a file of the project from stdin that the older tool rewrites at each configure.
generated() {
    mine "$1"
    printf '%s\n' "$1" >>"$WORK/generated-files"
}

# mine PATH: a file of the project from stdin.
mine() {
    mkdir -p "$PROJECT/$(dirname "$1")"
    cat >"$PROJECT/$1"
}

# with_crlf: stdin as an editor on Windows would save it.
with_crlf() {
    sed 's/$/\r/'
}

make_old_project() {
    old_tools_files
    owners_files
}

old_tools_files() {
    local stage name
    old docker-compose.yml <<YAML
services:
  stage-1:
    image: $(image 1)
    stdin_open: true
    tty: true
    command: /bin/bash
    profiles:
    - build-helper
    build:
      context: .
      dockerfile: stage-1.Dockerfile
      extra_hosts:
      - host.docker.internal:host-gateway
      args:
        BASE_IMAGE: $BASE
        WITH_ESSENTIAL_APPS: true
        PEI_STAGE_HOST_DIR_1: ./installation/stage-1
        PEI_STAGE_DIR_1: /pei-from-host/stage-1
        WITH_SSH: true
        SSH_USER_NAME: me
        SSH_USER_PASSWORD: $PASSWORD
        SSH_PUBKEY_FILE: ''
        SSH_PRIVKEY_FILE: ''
        ROOT_PASSWORD: ''
  stage-2:
    image: $(image 2)
    build:
      context: .
      dockerfile: stage-2.Dockerfile
      args:
        BASE_IMAGE: $(image 1)
    volumes:
    - app:/hard/volume/app
volumes:
  app: {}
YAML
    old compose-template.yml <<'YAML'
x-paths:
  container:
    hard: /hard
    soft: /soft
x-cfg-stage-1:
  build:
    base_image: ubuntu:24.04
services:
  stage-1:
    image: ${x-cfg-stage-1.build.output_image}
    build:
      context: .
      args:
        BASE_IMAGE: ${x-cfg-stage-1.build.base_image}
        PEI_PATH_HARD: ${x-paths.container.hard}
  stage-2:
    image: ${x-cfg-stage-2.build.output_image}
    labels: {mine: "an addition of the owner's"}
YAML
    old stage-1.Dockerfile <<'DOCKERFILE'
ARG BASE_IMAGE
FROM ${BASE_IMAGE}
ARG PEI_STAGE_HOST_DIR_1
ARG PEI_STAGE_DIR_1
COPY ${PEI_STAGE_HOST_DIR_1} ${PEI_STAGE_DIR_1}
RUN find $PEI_STAGE_DIR_1 -type f -name "*.sh" -exec chmod +x {} \;
RUN $PEI_STAGE_DIR_1/internals/install-essentials.sh
ENTRYPOINT ["/entrypoint.sh"]
DOCKERFILE
    old stage-2.Dockerfile <<'DOCKERFILE'
ARG BASE_IMAGE
FROM ${BASE_IMAGE} AS base
ENTRYPOINT ["/entrypoint.sh"]
DOCKERFILE
    for stage in 1 2; do
        # Stage-2's are not pei's: they stay, and the image has links in their place.
        for name in on-entry on-first-run on-every-run; do
            printf '#!/bin/bash\necho "of the older tool"\nexit 99\n' |
                "$([[ $stage == 1 ]] && echo old || echo mine)" "installation/stage-$stage/internals/$name.sh"
        done
        for name in on-build on-first-run on-every-run on-user-login; do
            printf 'DIR="$( cd "$( dirname "${BASH_SOURCE[0]}" )" && pwd )"\necho "Executing $DIR/_custom-%s.sh"\n' "$name" |
                generated "installation/stage-$stage/generated/_custom-$name.sh"
        done
        printf 'OLD=%s\n' "$stage" | generated "installation/stage-$stage/generated/_etc_environment.sh"
    done
    # Names that pei does not use are in nobody's way.
    printf 'exit 98\n' | mine installation/stage-1/internals/install-essentials.sh
    printf '#!/bin/bash\n# changed in place by its owner\n' | old installation/stage-1/system/pixi/install-pixi.bash
}

owners_files() {
    mine notes.txt <<<'to be kept'
    mine .env <<<'SOME=thing'
    mine installation/stage-1/custom/settings.txt < <(printf 'key = value\r\n')
    head -c 3000 /dev/urandom | mine installation/stage-1/tmp/payload.bin
    mine installation/stage-2/tmp/.gitkeep </dev/null
    mine installation/stage-1/custom/lib.sh <<'SH'
lib_says() { echo "lib for $1"; }
SH
    mine installation/stage-1/custom/build.sh <<'SH'
#!/bin/bash
set -e
mkdir -p /opt/old
printf '<%s>' "$@" > /opt/old/arguments
echo "made in the build" > "$PEI_STAGE_DIR_1/tmp/made-at-build"
cat /pei-from-host/stage-1/custom/settings.txt > /opt/old/settings
cat /pei-init/stage-1/custom/settings.txt > /opt/old/settings-by-pei-init
cksum < "$PEI_STAGE_DIR_1/tmp/payload.bin" > /opt/old/payload
source "$PEI_STAGE_DIR_1/custom/lib.sh"
lib_says stage-1 > /opt/old/lib-1
DIR="$( cd "$( dirname "${BASH_SOURCE[0]}" )" && pwd )"
bash "$DIR/crlf.sh" stage-1
touch "$PEI_DOCKER_DIR/owners-mark"
SH
    with_crlf <<'SH' | mine installation/stage-1/custom/crlf.sh
#!/bin/bash
for word in "$@"; do
    echo "crlf $word" >> /opt/old/crlf
done
SH
    mine installation/stage-1/custom/again.sh <<'SH'
#!/bin/bash
# Files that the hook before this one left.
cat "$PEI_STAGE_DIR_1/tmp/made-at-build" > /opt/old/made-at-build
SH
    mine installation/stage-2/custom/build.sh <<'SH'
#!/bin/bash
set -e
echo "$PEI_STAGE_DIR_2 $PEI_PATH_HARD/$PEI_PREFIX_IMAGE/$PEI_PREFIX_APPS" > /opt/old/stage-2
echo "from the build" > "$PEI_PATH_HARD/$PEI_PREFIX_IMAGE/$PEI_PREFIX_APPS/built"
source /pei-from-host/stage-1/custom/lib.sh
lib_says stage-2 > /opt/old/lib-2
SH
    mine installation/stage-2/custom/first-run.sh <<'SH'
#!/bin/bash
echo "first run" >> "$PEI_SOFT_DATA/log"
cp "$PEI_STAGE_DIR_1/tmp/made-at-build" "$PEI_SOFT_WORKSPACE/from-tmp"
bash /pei-init/stage-1/custom/crlf.sh first-run
SH
    with_crlf <<'SH' | mine installation/stage-2/custom/every-run.bash
#!/bin/bash
if [ -d "$PEI_SOFT_APPS" ]; then
    echo "start in $PEI_SOFT_APPS" >> /soft/data/log
fi
SH
    mine installation/stage-2/custom/login.sh <<'SH'
export OLD_LOGIN="login from $PEI_STAGE_DIR_2"
alias oldalias='echo alias'
SH
    # The owner has made a sample his own.
    mine installation/stage-2/custom/my-build-1.sh <<<'echo mine >/opt/old/sample'
    mine user_config.yml <<YAML
# all paths are relative to /installation directory
stage_1:
  image:
    base: $BASE
    output: $(image 1)
  ssh:
    enable: true
    port: 22  # port in container
    host_port: $PORT  # port in host
    users:
      me:
        password: '$PASSWORD'
        pubkey_file: null
        uid: null
  proxy:
    address: host.docker.internal
    port: 7890
    enable_globally: false
    remove_after_build: false
    use_https: false
  apt:
    repo_source: ''
    keep_repo_after_build: true
    use_proxy: false
    keep_proxy_after_build: false
  environment:
    - 'OLD_VAR=of stage-1'
  ports: []
  device:
    type: cpu
  custom:
    on_build:
      - 'stage-1/custom/build.sh --name="two  blanks" --home=\$HOME'
      - 'stage-1/custom/again.sh'
    on_first_run: []
stage_2:
  image:
    base: null
    output: $(image 2)
  environment:
    - 'OLD_VAR_2=of stage-2'
  ports: []
  proxy:
    address: null
    port: null
    enable_globally: null
    remove_after_build: null
    use_https: null
  storage:
    app:
      type: auto-volume
      host_path: null
      volume_name: null
    data:
      type: auto-volume
      host_path: null
      volume_name: null
    workspace:
      type: image
      host_path: null
      volume_name: null
  mount:
  custom:
    on_build:
      - 'stage-2/custom/build.sh'
      - 'stage-2/custom/my-build-1.sh'
    on_first_run:
      - 'stage-2/custom/first-run.sh'
    on_every_run:
      - 'stage-2/custom/every-run.bash'
    on_user_login:
      - 'stage-2/custom/login.sh'
YAML
}

# ---- configure

@test "a look beforehand writes nothing: --check, --dry-run and --diff name what would change" {
    cp -a "$WORK/before" "$BATS_TEST_TMPDIR/p"
    must_end_with 4 "$PEI_BIN" configure -p "$BATS_TEST_TMPDIR/p" --check
    must "$PEI_BIN" configure -p "$BATS_TEST_TMPDIR/p" --dry-run
    has "$output" docker-compose.yml
    has "$output" installation/stage-2/custom/every-run.bash
    must "$PEI_BIN" configure -p "$BATS_TEST_TMPDIR/p" --diff
    has "$output" docker-compose.yml
    must diff -r "$WORK/before" "$BATS_TEST_TMPDIR/p"
}

@test "a config with a mistake is refused, and the project stays as it was" {
    cp -a "$WORK/before" "$BATS_TEST_TMPDIR/p"
    sed 's/^  mount:$/  mounts:/' "$WORK/before/user_config.yml" >"$BATS_TEST_TMPDIR/p/user_config.yml"
    must_end_with 1 "$PEI_BIN" configure -p "$BATS_TEST_TMPDIR/p"
    has "$output" 'mount'
    cp "$WORK/before/user_config.yml" "$BATS_TEST_TMPDIR/p/"
    must diff -r "$WORK/before" "$BATS_TEST_TMPDIR/p"
}

@test "the owner's files are untouched, and scripts lose nothing but CRLF line ends" {
    local number=0 file crlf=(installation/stage-1/custom/crlf.sh installation/stage-2/custom/every-run.bash)
    cd "$WORK/before"
    while IFS= read -r file; do
        case " ${crlf[*]} " in
            *" $file "*)
                must tr -d '\r' <"$file"
                equal "$output" "$(<"$WORK/after/$file")" "$file"
                ;;
            *) same_bytes "$file" "$WORK/after/$file" || fail "$file has changed" ;;
        esac
        number=$((number + 1))
    done < <(find user_config.yml notes.txt .env installation/*/custom installation/*/tmp -type f)
    equal 15 "$number" 'the number of files that were compared'
    same_bytes installation/stage-1/internals/install-essentials.sh "$WORK/after/installation/stage-1/internals/install-essentials.sh"
}

@test "the scripts whose line ends were changed are named, and no other" {
    must cat "$WORK/said"
    has "$output" '`installation/stage-1/custom/crlf.sh` had CRLF line endings'
    has "$output" '`installation/stage-2/custom/every-run.bash` had CRLF line endings'
    count_is 2 "$output" 'CRLF'
}

@test "every file of the older tool that somebody may have edited is kept as .bak, and named" {
    local file
    [[ $(wc -l <"$WORK/old-files") == 8 ]] || fail 'the number of old files' "$(wc -l <"$WORK/old-files")"
    must cat "$WORK/said"
    while IFS= read -r file; do
        same_bytes "$WORK/before/$file" "$WORK/after/$file.bak" || fail "$file.bak is not what $file was"
        ! cmp -s "$WORK/before/$file" "$WORK/after/$file" || fail "$file is still the older tool's"
        has "$output" "\`$file\`"
        has "$output" "\`$file.bak\`"
    done <"$WORK/old-files"
    has "$output" "this was a project of PeiDocker: pei has replaced 10 files that PeiDocker wrote"
    while IFS= read -r file; do
        ! cmp -s "$WORK/before/$file" "$WORK/after/$file" || fail "$file is still the older tool's"
        lacks "$output" "\`$file\`"
    done <"$WORK/generated-files"
    equal "$(sed 's/$/.bak/' "$WORK/old-files" | sort)" \
        "$(cd "$WORK/after" && find . -name '*.bak*' -printf '%P\n' | sort)" 'the backups'
}

@test "the older template is said not to have been used" {
    must cat "$WORK/said"
    has "$output" '`compose-template.yml` was not made by pei'
    lacks "$(<"$WORK/after/docker-compose.yml")" "an addition of the owner's"
    lacks "$(<"$WORK/after/docker-compose.yml")" x-cfg-stage
}

@test "what the new files say is valid for Compose, and holds no password" {
    must compose --profile '*' config --quiet
    must_fail grep -rlF -e "$PASSWORD" --exclude '*.bak' --exclude user_config.yml "$WORK/after"
    must grep -lF -e "$PASSWORD" "$WORK/after/docker-compose.yml.bak"
}

@test "a second configure has nothing to do, and saves nothing again" {
    cp -a "$WORK/after" "$BATS_TEST_TMPDIR/p"
    must "$PEI_BIN" configure -p "$BATS_TEST_TMPDIR/p"
    has "$output" 'nothing to do'
    must diff -r "$WORK/after" "$BATS_TEST_TMPDIR/p"
    must "$PEI_BIN" configure -p "$BATS_TEST_TMPDIR/p" --check
}

@test "create --force brings what is new, and leaves the owner's files alone" {
    cp -a "$WORK/after" "$BATS_TEST_TMPDIR/p"
    must_end_with 1 "$PEI_BIN" create -p "$BATS_TEST_TMPDIR/p"
    must diff -r "$WORK/after" "$BATS_TEST_TMPDIR/p"
    must "$PEI_BIN" create -p "$BATS_TEST_TMPDIR/p" --force
    local name
    for name in PEI-DOCKER-USAGE-GUIDE.md user_config.schema.json reference_config.yml .gitignore examples/basic; do
        [[ -e $BATS_TEST_TMPDIR/p/$name ]] || fail "create has not made $name"
    done
    cd "$WORK/after"
    while IFS= read -r name; do
        same_bytes "$name" "$BATS_TEST_TMPDIR/p/$name" || fail "$name has changed"
    done < <(find user_config.yml notes.txt .env installation/*/custom installation/*/tmp -type f)
    for name in docker-compose.yml stage-1.Dockerfile stage-2.Dockerfile .dockerignore; do
        same_bytes "$name" "$BATS_TEST_TMPDIR/p/$name" || fail "$name is not the config's any more"
    done
    must "$PEI_BIN" configure -p "$BATS_TEST_TMPDIR/p"
    must diff "$WORK/after/docker-compose.yml" "$BATS_TEST_TMPDIR/p/docker-compose.yml"
}

# ---- build and run

@test "both images build in one command" {
    build stage-1 stage-2
    must docker image inspect "$(image 1)" "$(image 2)"
}

@test "the container starts, and the old password logs in" {
    up
    wait_for_ssh "$PORT"
    wait_for_start
    must ssh_as me "$PASSWORD" "$PORT" id -un
    equal me "$output"
    lacks "$(logs)" 'of the older tool'
}

@test "build hooks had their arguments, the stage's files by both paths, and each other's" {
    must in_c -- cat /opt/old/arguments
    equal '<--name=two  blanks><--home=/root>' "$output"
    equal $'key = value\r' "$(in_c -- cat /opt/old/settings)"
    equal $'key = value\r' "$(in_c -- cat /opt/old/settings-by-pei-init)"
    equal "$(cksum <"$PROJECT/installation/stage-1/tmp/payload.bin")" "$(in_c -- cat /opt/old/payload)"
    equal 'lib for stage-1' "$(in_c -- cat /opt/old/lib-1)"
    equal 'made in the build' "$(in_c -- cat /opt/old/made-at-build)"
    equal mine "$(in_c -- cat /opt/old/sample)"
}

@test "stage-2's build hooks had the stage's variables, its storage and stage-1's scripts" {
    equal '/pei-from-host/stage-2 /hard/image/app' "$(in_c -- cat /opt/old/stage-2)"
    equal 'from the build' "$(in_c -- cat /hard/image/app/built)"
    equal 'lib for stage-2' "$(in_c -- cat /opt/old/lib-2)"
}

@test "a script whose line ends were CRLF does its work, in the build and at each start" {
    equal $'crlf stage-1\ncrlf first-run' "$(in_c -- cat /opt/old/crlf)"
    equal $'first run\nstart in /soft/app' "$(in_c -- cat /soft/data/log)"
    restart
    equal $'first run\nstart in /soft/app\nstart in /soft/app' "$(in_c -- cat /soft/data/log)"
}

@test "what a build hook has written into the stage's tmp, and below /pei-init, is in the image" {
    equal 'made in the build' "$(in_c -- cat /pei-from-host/stage-1/tmp/made-at-build)"
    equal 'made in the build' "$(in_c -- cat /soft/workspace/from-tmp)"
    must in_c -- test -e /pei-init/owners-mark
    # What lay there beforehand was for the build alone, unless `keep_tmp` keeps it.
    must_fail in_c -- test -e /pei-init/stage-1/tmp/payload.bin
    # In the image, and not in the project.
    must_fail test -e "$PROJECT/installation/stage-1/tmp/made-at-build"
}

@test "login scripts change the shell, and variables are there" {
    must ssh_as me "$PASSWORD" "$PORT" "bash -lc 'echo \"\$OLD_LOGIN|\$OLD_VAR|\$OLD_VAR_2\"'"
    has_line "$output" 'login from /pei-from-host/stage-2|of stage-1|of stage-2'
    attempt ssh_typing me "$PASSWORD" "$PORT" < <(printf '%s\n' 'oldalias worked' exit)
    has "$output" 'alias worked'
}

@test "what the guide lists is so: modes, package lists, packages, and login hooks of su and of a shell in a shell" {
    must in_c -- sh -c 'stat -c %a /soft /hard/volume; ls -A /var/lib/apt/lists'
    equal $'755\n755' "$output"
    must in_c -- dpkg-query -W -f '${Package}\n'
    local name
    for name in dos2unix xclip ncurses-term systemd dbus libpam-systemd krb5-locales publicsuffix; do
        lacks_line "$output" "$name"
    done
    must in_c -- su - me -c 'echo "$OLD_LOGIN"'
    has_line "$output" 'login from /pei-from-host/stage-2'
    attempt ssh_typing me "$PASSWORD" "$PORT" < <(printf '%s\n' bash 'oldalias in a shell; echo "$OLD_LOGIN"' exit exit)
    has "$output" 'oldalias: command not found'
    has "$output" 'login from /pei-from-host/stage-2'
}

@test "the storage of the old config is where it was" {
    must in_c -- readlink /soft/app /soft/data /soft/workspace
    equal $'/hard/volume/app\n/hard/volume/data\n/hard/image/workspace' "$output"
}

@test "no saved file is in an image, the first backup and a later one" {
    local file=installation/stage-1/internals/on-entry.sh
    echo '# by hand' >>"$PROJECT/$file"
    configure
    [[ -f $PROJECT/$file.bak.1 ]] || fail 'there is no second backup'
    build
    must drun --entrypoint find "$(image 2)" /pei-from-host/ -name '*.bak*'
    equal '' "$output"
    must drun --entrypoint find "$(image 1)" /pei-from-host/ -name '*.bak*'
    equal '' "$output"
    down --volumes
}
