#!/usr/bin/env bats
# Storage, mounts and ports: what is kept where, and what answers from outside.
#
# shellcheck disable=SC2016,SC2030,SC2031 # texts for other shells; bats runs each test in a subshell

load support/load

setup_file() {
    begin_file
    local name
    for name in WEB RANGE LOCAL UDP; do
        printf -v "$name" '%s' "$(free_port)"
        export "${name?}"
    done
    mkdir -p "$WORK/host folder" "$WORK/shared"
    chmod 777 "$WORK/host folder" "$WORK/shared"
    must docker volume create "$ID-team"
    must docker volume create "$ID-models"
    project storage
    write_config image
    build
}

teardown_file() {
    end_file
}

# write_config TYPE: app's storage is of this type.
write_config() {
    config <<YAML
stage_1:
  $(image_1)
  ssh: {users: {me: {password: storage-Pw1}}}
  ports: ['$WEB:8080']
  mount:
    below: {type: auto-volume, dst_path: /below}
stage_2:
  $(image_2)
  ports: ['127.0.0.1:$LOCAL:8081', '$((RANGE))-$((RANGE + 1)):9000-9001', '$UDP:5353/udp']
  storage:
    app: {type: $1}
    data: {type: manual-volume, volume_name: $ID-team}
    workspace: {type: host, host_path: '$WORK/host folder'}
  mount:
    own: {type: auto-volume, dst_path: /custom/own}
    models: {type: manual-volume, volume_name: $ID-models, dst_path: /models}
    shared: {type: host, host_path: $WORK/shared, dst_path: /shared}
YAML
}

setup() {
    project storage
    C=$(container)
}

# recreate: a new container, and the entrypoint at its end.
recreate() {
    must compose up --detach --no-build --pull never --force-recreate --timeout 0 stage-2
    wait_for_start
}

link_is() {
    equal "$2" "$(in_c -- readlink "$1")" "where $1 leads"
}

@test "the storage links lead to what each type stands for" {
    recreate
    link_is /soft/app /hard/image/app
    link_is /soft/data /hard/volume/data
    link_is /soft/workspace /hard/volume/workspace
    must_fail in_c -- test -e /hard/volume/app
}

@test "a manual volume is the one that was named" {
    must in_c -- sh -c 'echo kept >/soft/data/file'
    must drun --volume "$ID-team:/there" --entrypoint cat "$(image 2)" /there/file
    equal kept "$output"
}

@test "host storage is the directory of the host, both ways" {
    must in_c -- sh -c 'echo from-container >/soft/workspace/out'
    equal from-container "$(<"$WORK/host folder/out")"
    echo from-host >"$WORK/host folder/in"
    equal from-host "$(in_c -- cat /soft/workspace/in)"
}

@test "volumes and host directories are kept without the container, the image's storage does not" {
    must in_c -- sh -c 'echo x | tee /soft/app/file /soft/data/file /soft/workspace/file /custom/own/file >/dev/null'
    recreate
    must in_c -- cat /soft/data/file /soft/workspace/file /custom/own/file
    must_fail in_c -- test -e /soft/app/file
}

@test "changing a type from image to volume and back moves the link, and builds nothing" {
    write_config auto-volume
    build
    no_step_ran "$PROJECT.log"
    recreate
    link_is /soft/app /hard/volume/app
    must in_c -- sh -c 'echo in-the-volume >/soft/app/file'
    write_config image
    recreate
    link_is /soft/app /hard/image/app
    must_fail in_c -- test -e /soft/app/file
    write_config auto-volume
    recreate
    equal in-the-volume "$(in_c -- cat /soft/app/file)"
    write_config image
    recreate
}

@test "an auto volume is the project's own" {
    must docker volume ls --quiet --filter "name=${PROJECT##*/}_"
    has_line "$output" "${PROJECT##*/}_app"
    has_line "$output" "${PROJECT##*/}_mount_own"
}

@test "a restart finds the links as they are" {
    restart
    link_is /soft/data /hard/volume/data
    must in_c -- sh -c 'ls -A /hard/volume/data'
    lacks_line "$output" data
    must in_c -- ls -A /soft
    equal $'app\ndata\nworkspace' "$output"
}

@test "a real directory instead of a link is left alone, and the log says so" {
    must in_c -- sh -c 'rm /soft/data && mkdir /soft/data && echo precious >/soft/data/file'
    restart
    equal precious "$(in_c -- cat /soft/data/file)"
    must_fail in_c -- test -L /soft/data
    has "$(logs)" /soft/data
    equal 'running 0' "$(state_of "$C")"
    link_is /soft/workspace /hard/volume/workspace
    recreate
    link_is /soft/data /hard/volume/data
}

@test "every user may write to the storage of the image, and to /mnt" {
    must in_c -- stat -c '%a %n' /hard/image/app /hard/image/data /hard/image/workspace /mnt
    equal $'1777 /hard/image/app\n1777 /hard/image/data\n1777 /hard/image/workspace\n1777 /mnt' "$output"
    must in_c -- su me -c 'touch /soft/app/by-me /mnt/by-me'
}

@test "an empty host directory that the engine has made is open to all, what is somebody's stays, and who may not write is reported" {
    local dir=$WORK/hosts
    mkdir -p "$dir/theirs"
    touch "$dir/theirs/file"
    chown 4242 "$dir/theirs"
    chmod 755 "$dir/theirs"
    start hosts --volume "$dir/fresh:/hard/volume/app" --volume "$dir/theirs:/hard/volume/data" \
        --volume "$dir/theirs:/hard/volume/workspace:ro" "$(image 2)"
    wait_for_start "$ID-hosts"
    equal '1777 0' "$(stat -c '%a %u' "$dir/fresh")"
    equal '755 4242' "$(stat -c '%a %u' "$dir/theirs")"
    must docker exec "$ID-hosts" su me -c 'touch /soft/app/file'
    has "$(logs "$ID-hosts")" 'no user of user_config.yml can write to /soft/data: its directory on the host belongs to uid 4242, mode 755'
    lacks "$(logs "$ID-hosts")" /soft/workspace
    lacks "$(logs "$ID-hosts")" /soft/app
    discard hosts
}

@test "mounts are where their dst_path says" {
    must in_c -- sh -c 'echo m >/models/m; echo s >/shared/s; echo o >/custom/own/o'
    equal s "$(<"$WORK/shared/s")"
    must drun --volume "$ID-models:/there" --entrypoint cat "$(image 2)" /there/m
    equal m "$output"
    must drun --volume "${PROJECT##*/}_mount_own:/there" --entrypoint cat "$(image 2)" /there/o
    equal o "$output"
}

@test "stage-1's mounts are stage-1's alone" {
    must_fail in_c -- test -e /below
    must compose run --rm -T --no-deps stage-1 sh -c 'grep " /below " /proc/mounts; test ! -e /shared && test ! -e /models'
    has "$output" /below
}

@test "plain docker run has the same links" {
    must drun --volume "$ID-team:/hard/volume/data" "$(image 2)" sh -c 'readlink /soft/app /soft/data /soft/workspace'
    has "$output" $'/hard/image/app\n/hard/volume/data\n/hard/image/workspace'
}

@test "a removed project keeps what is in manual volumes and host directories" {
    down --volumes
    must docker volume inspect "$ID-team" "$ID-models"
    [[ -e "$WORK/host folder/in" ]] || fail 'the host folder lost a file'
    recreate
}

# ---- ports

# answer PORT [udp]: something in the container that says its port to whoever comes.
answer() {
    must docker exec --detach "$C" perl -MIO::Socket::INET -e '
        my ($port, $udp) = @ARGV;
        if ($udp) {
            my $s = IO::Socket::INET->new(LocalPort => $port, Proto => "udp") or die;
            while (my $from = $s->recv(my $text, 100)) { $s->send("udp $port") }
        }
        my $s = IO::Socket::INET->new(LocalPort => $port, Listen => 5, ReuseAddr => 1) or die;
        while (my $c = $s->accept) { print $c "tcp $port\n"; close $c }' "$@"
}

# says ADDRESS PORT TEXT
says() {
    local text=''
    { read -r -t 2 text <&3; } 3<>"/dev/tcp/$1/$2"
    [[ $text == "$3" ]] || {
        echo "it says: $text"
        return 1
    }
}

udp_says() {
    local text
    text=$({
        printf x >&3
        timeout 1 dd bs=100 count=1 status=none <&3
    } 3<>"/dev/udp/127.0.0.1/$1")
    [[ $text == "$2" ]] || {
        echo "it says: $text"
        return 1
    }
}

@test "the published ports of both stages answer, ranges, udp and a bound address too" {
    local port
    for port in 8080 8081 9000 9001; do answer "$port"; done
    answer 5353 udp
    within 10 says 127.0.0.1 "$WEB" 'tcp 8080'
    within 10 says 127.0.0.1 "$LOCAL" 'tcp 8081'
    within 10 says 127.0.0.1 "$RANGE" 'tcp 9000'
    within 10 says 127.0.0.1 "$((RANGE + 1))" 'tcp 9001'
    within 10 udp_says "$UDP" 'udp 5353'
}

@test "a port is bound as it is written" {
    local address
    must docker port "$C" 8081
    equal "127.0.0.1:$LOCAL" "$output"
    address=$(hostname -I 2>/dev/null | cut -d' ' -f1)
    [[ -n $address && $address != 127.* && $address != *:* ]] || skip 'this machine has no other address'
    within 5 says "$address" "$WEB" 'tcp 8080'
    must_fail says "$address" "$LOCAL" 'tcp 8081'
}
