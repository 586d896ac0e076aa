# The merged build: its two scripts, and podman beside docker.
#
# shellcheck shell=bash

# merged_build ARG...: the project's build-merged.sh, called from elsewhere. The log is kept in $PROJECT.log.
merged_build() {
    __logged "$PROJECT.log" timeout --foreground 240 "$PROJECT/build-merged.sh" "$@" </dev/null
}

# merged_run ARG...: the project's run-merged.sh, called from elsewhere. What hangs ends with 124.
merged_run() {
    timeout --foreground 60 "$PROJECT/run-merged.sh" "$@"
}

# set_value KEY VALUE: a hand edit of merged.env, after the lines of pei.
set_value() {
    printf '%s=%q\n' "$1" "$2" >>"$PROJECT/merged.env"
}

# without_branch: stdin without the entrypoint's line, which may span several where the command does.
without_branch() {
    sed -z '1s/^Entrypoint branch: [^\n]*\n//'
}

# remove_containers: all that bear this file's name, at once.
remove_containers() {
    __each_id "docker container rm --force --volumes" docker container ls --all --quiet --filter "name=$ID"
}

# ---- podman: with a storage of its own, so that nothing of the machine's is touched

# use_podman: makes `podman` the one with that storage, or skips and says why it cannot be used.
use_podman() {
    local dir=$WORK/podman
    if [[ ! -f $dir/why-not ]]; then
        mkdir -p "$dir/bin" "$dir/tmp"
        __try_podman "$dir" >"$dir/log" 2>&1 || [[ -s $dir/why-not ]] || tail -n 1 "$dir/log" >"$dir/why-not"
        touch "$dir/why-not"
    fi
    [[ ! -s $dir/why-not ]] || cannot_be_tested "podman cannot run containers here: $(head -c 300 "$dir/why-not")"
    export PATH=$dir/bin:$PATH CONTAINER_ENGINE=podman
}

# Sandboxes refuse limits above their own, which podman asks for by default.
PODMAN_LIMITS=(--ulimit nofile=1024:1024 --ulimit nproc=1024:1024)

__try_podman() {
    local dir=$1 real
    if ! real=$(command -v podman); then
        echo 'it is not installed' >"$dir/why-not"
        return 1
    fi
    # crun 1.8 refuses hosts that have both versions of cgroups.
    echo '[engine]' >"$dir/containers.conf"
    ! command -v runc >/dev/null || echo 'runtime = "runc"' >>"$dir/containers.conf"
    cat >"$dir/bin/podman" <<SH
#!/bin/sh
TMPDIR=$dir/tmp CONTAINERS_CONF=$dir/containers.conf exec $real --root $dir/root --runroot $dir/run "\$@"
SH
    chmod 755 "$dir/bin/podman"
    docker save "$BASE" | "$dir/bin/podman" load &&
        timeout 60 "$dir/bin/podman" run --rm --pull never "${PODMAN_LIMITS[@]}" --publish "127.0.0.1:$(free_port):80" \
            "$BASE" true
}

# forget_podman: removes its storage, with all that is in it.
forget_podman() {
    local podman=$WORK/podman/bin/podman
    [[ -x $podman ]] || return 0
    {
        "$podman" container rm --all --force --time 0
        "$podman" image rm --all --force
        "$podman" volume rm --all --force
        umount "$WORK/podman/root/overlay"
        rm -rf -- "$WORK/podman"
    } >/dev/null 2>&1 || true
}
