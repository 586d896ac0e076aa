#!/usr/bin/env bats
# podman of the base image's release, as root and as a user, in a container of its own: the two Dockerfiles and the merged one
# are built, and what runs is what docker runs. docs/engines.md tells what was seen.
#
# shellcheck disable=SC2016,SC2030,SC2031 # texts for other shells; bats runs each test in a subshell

load ../support/load

PASSWORD=podman-Pw1
# Sandboxes refuse limits above their own, which podman asks for by default.
LIMITS=(--ulimit nofile=1024:1024 --ulimit nproc=1024:1024)

setup_file() {
    begin_file
    derive_full full
    derive podman <<'DOCKERFILE'
RUN apt-get -q update && DEBIAN_FRONTEND=noninteractive apt-get -q install -y --no-install-recommends podman podman-compose runc \
    containernetworking-plugins iptables uidmap slirp4netns passt fuse-overlayfs sshpass openssh-client \
 && rm -rf /var/lib/apt/lists/* \
 && printf '[engine]\nruntime = "runc"\n' >/etc/containers/containers.conf \
 && useradd --create-home --uid 1000 person && echo person:100000:65536 | tee /etc/subuid >/etc/subgid
DOCKERFILE
    project pod
    probe stage-1/custom/probe.sh
    probe stage-2/custom/probe.sh
    config --with-merged <<YAML
stage_1:
  $(image_1 "$ID-full")
  ssh: {host_port: 2222, users: {me: {password: $PASSWORD}}}
  custom: {on_first_run: ['stage-1/custom/probe.sh first-1'], on_every_run: ['stage-1/custom/probe.sh every-1']}
stage_2:
  $(image_2)
  environment: {SAID: 'two  blanks'}
  storage: {data: {type: auto-volume}}
  custom: {on_first_run: ['stage-2/custom/probe.sh first-2'], on_every_run: ['stage-2/custom/probe.sh every-2']}
YAML
    echo closed >"$PROJECT/installation/stage-1/custom/closed"
    chmod 600 "$PROJECT/installation/stage-1/custom/closed"
    printf 'RUN_EXTRA_ARGS=%q\n' "${LIMITS[*]}" >>"$PROJECT/merged.env"
    docker save "$ID-full" >"$WORK/base.tar"
    chmod 644 "$WORK/base.tar"
    # Its storage is on volumes: an overlay cannot lie on an overlay.
    start pod --privileged --volume "$WORK:/of-the-test:ro" --volume "$ID-root:/var/lib/containers" --volume "$ID-home:/home/person" \
        "$ID-podman" sleep infinity
    in_c "$ID-pod" -- sh -c 'chmod 666 /dev/net/tun /dev/fuse && install -d -o person /run/user/1000 && mkdir /root/tmp /home/person/tmp
        cp -r "/of-the-test/$1" /root/project && cp -r "/of-the-test/$1" /home/person/project && chown -R person: /home/person' sh "${PROJECT##*/}"
}

teardown_file() {
    end_file
}

setup() {
    project pod
}

# as USER CMD...: in the user's copy of the project. podman 4.3 keeps build caches in TMPDIR, where another user's bar the way,
# and chooses vfs, which holds each layer whole, for a user.
as() {
    local user=$1 home=/home/person
    shift
    [[ $user != root ]] || home=/root
    docker exec --user "$user" --workdir "$home/project" --env HOME="$home" --env XDG_RUNTIME_DIR=/run/user/"$(docker exec "$ID-pod" id -u "$user")" \
        --env TMPDIR="$home/tmp" --env STORAGE_DRIVER=overlay --env CONTAINER_ENGINE=podman --env PODMAN_IGNORE_CGROUPSV1_WARNING=1 "$ID-pod" "$@"
}

# needs_podman USER: the base is loaded for the user, or the test is skipped and says why podman does not run.
needs_podman() {
    as "$1" podman image exists "$ID-full" || must as "$1" podman load --quiet --input /of-the-test/base.tar
    attempt as "$1" podman run --rm "${LIMITS[@]}" --publish 127.0.0.1:2299:80 "$ID-full" true
    ((status == 0)) || cannot_be_tested "podman cannot run containers here as $1: $(tail -n 1 <<<"$output" | head -c 300)"
}

builds_both() {
    local n
    for n in 1 2; do
        __logged "$PROJECT.log" as "$1" podman build "${LIMITS[@]}" --file "stage-$n.Dockerfile" --target "stage-$n" \
            --tag "localhost/$(image "$n")" .
    done
    # The shared part comes from the build before.
    has "$(<"$PROJECT.log")" 'Using cache'
}

builds_merged() {
    __logged "$PROJECT.log" as "$1" ./build-merged.sh -o "localhost/$ID-merged" "${LIMITS[@]}"
}

# runs USER: run-merged.sh gives the login, the hooks in their order, the storage and the environment.
runs() {
    must as "$1" ./run-merged.sh -d -n box --image "localhost/$ID-merged"
    within 60 as "$1" sshpass -p "$PASSWORD" ssh -F none -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -p 2222 me@127.0.0.1 true
    must as "$1" sshpass -p "$PASSWORD" ssh -F none -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR \
        -p 2222 me@127.0.0.1 'id -un; readlink /soft/data; echo "$SAID"; tr "\n" " " </var/lib/pei-test/order'
    equal $'me\n/hard/volume/data\ntwo  blanks\nfirst-1 every-1 first-2 every-2 ' "$output"
    must as "$1" podman rm --force --time 0 box
    must_end_with 7 as "$1" ./run-merged.sh --image "localhost/$ID-merged" -- bash -c 'exit 7'
    must as "$1" podman run --rm --entrypoint stat "${LIMITS[@]}" "localhost/$ID-merged" -c %a /pei-from-host/stage-1/custom/{closed,probe.sh}
    equal $'600\n755' "$output" 'the modes of a closed file and of another one'
    must as "$1" podman run --rm "${LIMITS[@]}" "localhost/$(image 2)" --no-block
    has_line "$output" 'Entrypoint branch: no-block exit'
}

@test "podman as root: both Dockerfiles and the merged one are built, and what runs is what docker runs" {
    needs_podman root
    builds_both root
    builds_merged root
    runs root
}

@test "podman as a user who is not root: the same" {
    needs_podman person
    builds_both person
    builds_merged person
    runs person
}

@test "podman as root takes a stage of the merged build from an image" {
    needs_podman root
    must docker build --quiet --file "$PROJECT/stage-1.Dockerfile" --target stage-1-core --tag "$ID-core" "$PROJECT"
    must docker build --quiet --tag "localhost/$ID-taken" - <<<"FROM $ID-core"$'\nRUN echo taken >/opt/taken'
    docker save --output "$WORK/taken.tar" "localhost/$ID-taken"
    chmod 644 "$WORK/taken.tar"
    docker image rm "localhost/$ID-taken" "$ID-core" >/dev/null
    must as root podman load --quiet --input /of-the-test/taken.tar
    must as root ./build-merged.sh -o "localhost/$ID-merged" "${LIMITS[@]}" \
        --build-context "stage-1-core=docker-image://localhost/$ID-taken"
    lacks "$output" create-users.sh
    has "$output" set-credentials.sh
    must as root podman run --rm "${LIMITS[@]}" --entrypoint cat "localhost/$ID-merged" /opt/taken
    equal taken "$output"
}
