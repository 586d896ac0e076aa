#!/usr/bin/env bats
# Bases of other shapes than Debian's plain one: each works, or the build stops at its first step and says what the base
# lacks. They are Debian in another's clothes, since Ubuntu's archive is not in everybody's reach: the files that decide
# what a build does are Ubuntu's, and a stand-in for its hosts hands out Debian's packages.
#
# shellcheck disable=SC2016,SC2030,SC2031 # texts for other shells; bats runs each test in a subshell

load support/load

PASSWORD=bases-Pw1
HOSTS=(archive.ubuntu.com security.ubuntu.com mirrors.ustc.edu.cn mirrors.163.com)

setup_file() {
    begin_file
    start_stand_in
    SUITE=$(base_suite)
    export SUITE
    # The slow part of most builds is done once, here; what is missing afterwards is what a test is about.
    derive_full full
    ubuntu_24 | derive noble
    { ubuntu_24 && echo 'RUN dpkg --purge unzip'; } | derive noble-full "$ID-full"
    { ubuntu_22 && echo 'RUN dpkg --purge unzip'; } | derive jammy "$ID-full"
}

teardown_file() {
    end_file
}

# ---- the shapes

# What every image of Docker's own library has.
docker_apt() {
    cat <<'DOCKERFILE'
RUN echo 'DPkg::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb /var/cache/apt/archives/partial/*.deb /var/cache/apt/*.bin || true"; };' \
      >/etc/apt/apt.conf.d/docker-clean \
 && echo 'APT::Update::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb /var/cache/apt/*.bin || true"; };' >>/etc/apt/apt.conf.d/docker-clean \
 && echo 'Dir::Cache::pkgcache ""; Dir::Cache::srcpkgcache "";' >>/etc/apt/apt.conf.d/docker-clean \
 && echo 'Acquire::GzipIndexes "true";' >/etc/apt/apt.conf.d/docker-gzip-indexes \
 && echo 'Acquire::Languages "none";' >/etc/apt/apt.conf.d/docker-no-languages
DOCKERFILE
}

# ubuntu_release VERSION CODENAME
ubuntu_release() {
    printf '%s\n' "RUN rm -f /etc/apt/sources.list /etc/apt/sources.list.d/* && sed -i -e 's/^ID=.*/ID=ubuntu\\nID_LIKE=debian/' \\" \
        " -e 's/^VERSION_ID=.*/VERSION_ID=\"$1\"/' -e 's/^VERSION_CODENAME=.*/VERSION_CODENAME=$2/' /etc/os-release"
}

ubuntu_24() {
    ubuntu_release 24.04 noble
    docker_apt
    cat <<DOCKERFILE
RUN groupadd --gid 1000 ubuntu && useradd --create-home --uid 1000 --gid 1000 --groups adm,audio,video --shell /bin/bash ubuntu \\
 && echo kept >/home/ubuntu/file && chown ubuntu:ubuntu /home/ubuntu/file
RUN printf '%s\\n' '# See http://help.ubuntu.com/community/UpgradeNotes' 'Types: deb' 'URIs: http://archive.ubuntu.com/ubuntu/' \\
    'Suites: $SUITE $SUITE-updates' 'Components: main' 'Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg' '' \\
    'Types: deb' 'URIs: http://security.ubuntu.com/ubuntu/' 'Suites: $SUITE' 'Components: main' \\
    'Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg' >/etc/apt/sources.list.d/ubuntu.sources
DOCKERFILE
}

ubuntu_22() {
    ubuntu_release 22.04 jammy
    docker_apt
    cat <<DOCKERFILE
RUN printf '%s\\n' '# deb-src http://archive.ubuntu.com/ubuntu/ $SUITE main' 'deb http://archive.ubuntu.com/ubuntu/ $SUITE main' \\
    'deb http://security.ubuntu.com/ubuntu/ $SUITE-updates main' >/etc/apt/sources.list
DOCKERFILE
}

# ---- helpers

# flow NAME BASE [SETTINGS]: both stages are built and started, and two users log in. SETTINGS are lines of stage_1.
flow() {
    project "$1"
    PORT=$(free_port)
    notes_sources
    config <<YAML
stage_1:
  $(image_1 "$ID-$2")
  ssh: {host_port: $PORT, users: {me: {password: $PASSWORD, uid: 1000}, other: {password: $PASSWORD}}}
  custom: {on_build: [stage-1/custom/look.sh]}
  ${3:-}
stage_2:
  $(image_2)
YAML
    point_at_stand_in "${HOSTS[@]}"
    build
    up
    wait_for_ssh "$PORT"
    must ssh_as me "$PASSWORD" "$PORT" 'id -un; id -u'
    equal $'me\n1000' "$output"
    must ssh_as other "$PASSWORD" "$PORT" id -un
    equal other "$output"
}

no_uid_is_shared() {
    must in_c -- sh -c 'cut -d: -f3 /etc/passwd | sort | uniq -d'
    equal '' "$output" 'the uids of more than one account'
}

# lacks_only NAME WHAT [LINE]: a build on the base $ID-NAME fails in its first step, which says WHAT. LINE is for stage_2.
lacks_only() {
    project "$1${3:+-2}"
    config <<YAML
stage_1:
  $(image_1 "$([[ -n ${3:-} ]] && echo "$BASE" || echo "$ID-$1")")
stage_2:
  ${3:-$(image_2)}
YAML
    build_fails "stage-$([[ -n ${3:-} ]] && echo 2 || echo 1)"
    has "$(<"$PROJECT.log")" "$2"
    count_is 1 "$(executed_steps "$PROJECT.log")" .
}

# ---- what works

@test "a base like Ubuntu 24.04 builds from nothing, and its own user of uid 1000 makes room" {
    forget_logs
    flow noble noble
    has "$(web_log)" 'archive.ubuntu.com GET /ubuntu/pool/'
    no_uid_is_shared
    must in_c -- sh -c 'id -u ubuntu; stat -c %U /home/ubuntu/file; cat /home/ubuntu/file; command -v sudo'
    in_order "$output" 100 $'\nubuntu\nkept\n' sudo
    sources_are_back noble 1
    sources_are_back noble 2
    down --volumes
}

@test "docker-clean empties no build cache, and stands in the image as it stood in the base" {
    project noble
    (($(file_in_image "$(image 1)" /during/archives) > 20)) || fail 'the archives are not in the build cache'
    equal "$(file_in_image "$ID-noble" /etc/apt/apt.conf.d/docker-clean)" "$(file_in_image "$(image 1)" /etc/apt/apt.conf.d/docker-clean)"
    must drun --entrypoint bash "$(image 1)" -c 'find /var/lib/apt/lists /var/cache/apt -type f ! -name lock'
    equal '' "$output" 'what apt has left'
}

@test "ubuntu.sources: packages come from the mirror of a keyword, and both images have the original back" {
    forget_logs
    flow noble-mirror noble-full 'apt: {repo_source: ustc, keep_repo_after_build: false}'
    has "$(web_log)" 'mirrors.ustc.edu.cn GET /ubuntu/pool/'
    lacks "$(web_log)" ubuntu.com
    down --volumes
}

@test "a base like Ubuntu 22.04: sources.list leads to the mirror of a keyword, and both images have the original back" {
    forget_logs
    flow jammy jammy "apt: {repo_source: '163', keep_repo_after_build: false}"
    has "$(web_log)" 'mirrors.163.com GET /ubuntu/pool/'
    lacks "$(web_log)" ubuntu.com
    no_uid_is_shared
    sources_are_back jammy 1
    sources_are_back jammy 2
    down --volumes
}

@test "a sources file takes the place of ubuntu.sources and of sources.list, and goes away again" {
    local shape
    for shape in noble-full jammy; do
        project "file-$shape"
        notes_sources
        hook stage-1/custom/my.list <<<"deb http://mirrors.ustc.edu.cn/debian $SUITE main"
        config <<YAML
stage_1:
  $(image_1 "$ID-$shape")
  apt: {repo_source: stage-1/custom/my.list, keep_repo_after_build: false}
  custom: {on_build: [stage-1/custom/look.sh]}
YAML
        point_at_stand_in "${HOSTS[@]}"
        build stage-1
        has_line "$(during)" "deb http://mirrors.ustc.edu.cn/debian $SUITE main"
        lacks "$(during)" ubuntu.com
        sources_are_back "$shape"
    done
}

@test "a base with an sshd of its own: the config's port, users and passwords count, and the host keys are new" {
    derive sshd "$ID-full" <<'DOCKERFILE'
RUN useradd --create-home --uid 1000 admin && ssh-keygen -A && cp /etc/ssh/ssh_host_ed25519_key.pub /base-key \
 && sed -i '1i Port 2200\nListenAddress 127.0.0.1\nPasswordAuthentication no\nAllowUsers admin' /etc/ssh/sshd_config \
 && printf 'Port=2201\nPasswordAuthentication no\nAllowGroups admin\n' >/etc/ssh/sshd_config.d/00-cloud.conf
DOCKERFILE
    flow sshd sshd
    must_fail ssh_as me "not-$PASSWORD" "$PORT" true
    must in_c -- /usr/sbin/sshd -T
    equal 'port 22' "$(grep '^port ' <<<"$output")" 'where sshd listens'
    lacks "$(host_keys "$PORT")" "$(file_in_image "$ID-sshd" /base-key | cut -d' ' -f2)"
    # The base's own account was on the base's list, and is none of the config's.
    in_c -- sh -c 'echo admin:bases-Pw2 | chpasswd'
    must_fail ssh_as admin bases-Pw2 "$PORT" true
    down --volumes
}

# A base whose own account has a password, and whose sshd lets it in in every way.
derive_open() {
    derive open "$ID-full" <<'DOCKERFILE'
RUN useradd --create-home --uid 1000 --shell /bin/bash admin && echo admin:bases-Pw2 | chpasswd \
 && sed -i -E 's/^#?(KbdInteractiveAuthentication|PasswordAuthentication) .*/\1 yes/' /etc/ssh/sshd_config \
 && printf '%s\n' 'AuthenticationMethods any' 'ClientAliveInterval 77' 'Match User admin,me' '  PasswordAuthentication=yes' \
    '  "KbdInteractiveAuthentication" yes' '  Banner none' 'Match all' '  MaxAuthTries 5' >>/etc/ssh/sshd_config \
 && printf 'UsePAM no\nMatch all\nPermitRootLogin yes\n' >/etc/ssh/sshd_config.d/00-cloud.conf
DOCKERFILE
}

# sshd_says LINE...: for a login of me.
sshd_says() {
    local line
    must in_c -- /usr/sbin/sshd -T -C user=me,host=localhost,addr=127.0.0.1
    for line in "$@"; do has_line "$output" "$line" || return; done
}

# by_hand USER PASSWORD: the password by the other way that asks for one.
by_hand() {
    SSHPASS=$2 timeout 30 sshpass -e ssh -F none -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR \
        -o PubkeyAuthentication=no -o PreferredAuthentications=keyboard-interactive -o NumberOfPasswordPrompts=1 \
        -p "$PORT" "$1@127.0.0.1" true </dev/null
}

# write_keys KEYFILE: only keys log in; a hook has its word on sshd in each usual way, and the home is a volume.
write_keys() {
    config <<YAML
stage_1:
  $(image_1 "$ID-open")
  ssh: {host_port: $PORT, users: {me: {pubkey_text: $(yaml_text "$(<"$1.pub")"), uid: 1500}}}
  custom: {on_build: [stage-1/custom/sshd.sh]}
stage_2:
  $(image_2)
  mount: {home: {type: auto-volume, dst_path: /home/me}}
YAML
}

@test "where only keys are configured no password logs in, whatever the base says; what a hook says counts" {
    local key
    derive_open
    project keys
    PORT=$(free_port)
    for key in first second own; do new_key "$WORK/$key" -t ed25519 -C ''; done
    hook stage-1/custom/sshd.sh <<'SCRIPT'
set -e
echo 'MaxStartups 7:30:70' >/etc/ssh/sshd_config.d/50-mine.conf
sed -i -E 's/^#*X11Forwarding .*/X11Forwarding no/' /etc/ssh/sshd_config
printf 'PrintMotd yes\nMatch User other\nPermitTTY no' >>/etc/ssh/sshd_config
# What a program that runs as the user may have left in the home.
su me -c 'ln -sf /root/planted ~/.bashrc'
SCRIPT
    write_keys "$WORK/first"
    build
    up
    wait_for_ssh "$PORT"
    must ssh_by_key me "$WORK/first" "$PORT" id -un
    must in_c -- sh -c 'echo me:bases-Pw3 | chpasswd'
    must_fail ssh_as admin bases-Pw2 "$PORT" true
    must_fail by_hand admin bases-Pw2
    must_fail by_hand me bases-Pw3
    sshd_says 'passwordauthentication no' 'kbdinteractiveauthentication no' 'permitrootlogin no' 'usepam yes' \
        'clientaliveinterval 77' 'maxauthtries 5' 'maxstartups 7:30:70' 'x11forwarding no' 'printmotd yes'
    must_fail in_c -- test -e /root/planted
    has "$(<"$PROJECT.log")" 'me gets login hooks in login shells only'
}

@test "a key that is taken out of the config logs in no longer, one that is put in does, and the user's own stays" {
    project keys
    PORT=$(docker port "$(container)" 22 | sed -n '1s/.*://p')
    must ssh_by_key me "$WORK/first" "$PORT" "mkdir -m 700 .ssh && echo '$(<"$WORK/own.pub")' >.ssh/authorized_keys"
    write_keys "$WORK/second"
    build
    up
    wait_for_ssh "$PORT"
    must ssh_by_key me "$WORK/second" "$PORT" true
    must ssh_by_key me "$WORK/own" "$PORT" true
    must_fail ssh_by_key me "$WORK/first" "$PORT" true
    down --volumes
}

@test "X11 is forwarded where the container has no ::1" {
    project sshd
    PORT=$(free_port)
    start x11 --sysctl net.ipv6.conf.all.disable_ipv6=1 --publish "127.0.0.1:$PORT:22" "$(image 2)"
    wait_for_ssh "$PORT"
    must_fail docker exec "$ID-x11" grep -q . /proc/net/if_inet6
    must env DISPLAY=:77 SSHPASS="$PASSWORD" timeout 30 sshpass -e ssh -Y -F none -o StrictHostKeyChecking=no -o LogLevel=ERROR \
        -o UserKnownHostsFile=/dev/null -p "$PORT" me@127.0.0.1 'echo "<$DISPLAY>"'
    has "$output" '<localhost:1'
    discard x11
}

@test "a base made for something else: its entrypoint, command, user, stop signal and shell are in nobody's way" {
    derive odd "$ID-full" <<'DOCKERFILE'
RUN useradd --create-home --uid 1000 app && printf 'FROM_BASE=yes\nLAST=without a line end' >/etc/environment \
 && printf '#!/bin/sh\nexec /bin/false\n' >/entrypoint.sh && chmod 755 /entrypoint.sh && rmdir /mnt
SHELL ["/bin/bash", "-euo", "pipefail", "-c"]
ENV OF_THE_BASE="two  blanks"
STOPSIGNAL SIGQUIT
WORKDIR /home/app
USER 1000:1000
ENTRYPOINT ["/entrypoint.sh"]
CMD ["no-such-command"]
DOCKERFILE
    flow odd odd
    must ssh_as me "$PASSWORD" "$PORT" 'echo "$FROM_BASE, $LAST, $OF_THE_BASE"'
    equal 'yes, without a line end, two  blanks' "$output"
    must in_c -- sh -c 'pwd; stat -c %a /mnt; grep -c . /proc/1/comm'
    in_order "$output" /home/app 777
    down --volumes
    # Without a command, and stopped by what the image names as its signal.
    start odd "$(image 2)"
    wait_for_start "$ID-odd"
    has "$(logs "$ID-odd")" 'Entrypoint branch: sleep fallback'
    must docker stop --time 50 "$ID-odd"
    equal 'exited 0' "$(state_of "$ID-odd")" 'what it ended with'
    discard odd
}

# ---- what cannot work

@test "a base without a shell, bash, apt-get, dpkg or useradd stops the build at its first step, and the message says what it lacks" {
    derive busybox <<'DOCKERFILE'
RUN apt-get -q update && apt-get -q install -y --no-install-recommends busybox-static \
 && mkdir -p /small/bin /small/etc && cp /bin/busybox /small/bin/ && ln -s busybox /small/bin/sh \
 && echo 'root:x:0:0:root:/root:/bin/sh' >/small/etc/passwd && echo root:x:0: >/small/etc/group && printf 'ID=alpine\nNAME="Alpine Linux"\n' >/small/etc/os-release
FROM scratch
COPY --from=0 /small/ /
DOCKERFILE
    derive no-shell <<'DOCKERFILE'
FROM scratch
COPY --from=0 /etc/passwd /etc/group /etc/os-release /etc/
DOCKERFILE
    lacks_only busybox 'the base image has no bash; it must be Debian or Ubuntu'
    lacks_only no-shell '/bin/sh: no such file'
    local tool
    for tool in apt-get dpkg useradd; do
        derive "no-$tool" <<<"RUN rm \"\$(command -v $tool)\""
        lacks_only "no-$tool" "the base image has no $tool; it must be Debian or Ubuntu"
    done
    # The same for a base of stage-2 alone.
    lacks_only busybox 'the base image has no bash' "image: {base: '$ID-busybox', output: '$(image 2)'}"
}
