# What the tests of a file make, and its removal. Every name begins with $ID; what cannot bear a name bears the
# label pei-test=$ID. Processes are ended by the ids that were noted.
#
# shellcheck shell=bash

begin_file() {
    ID=pei-t-$(od -An -N4 -tx4 /dev/urandom | tr -d ' ')
    export ID
    WORK=$BATS_FILE_TMPDIR
    export WORK
    [[ -x $PEI_BIN ]] || fail "no such program: $PEI_BIN (build it, or set PEI_BIN)"
    docker image inspect "$BASE" >/dev/null || fail "no base image $BASE: scripts/engine.sh base"
}

end_file() {
    local pid name port
    [[ -n ${ID:-} ]] || return 0
    if [[ -f $WORK/pids ]]; then
        while read -r pid; do kill "$pid" 2>/dev/null || true; done <"$WORK/pids"
    fi
    __each_id "docker container rm --force --volumes" \
        docker container ls --all --quiet --filter "name=$ID"
    __each_id "docker container rm --force --volumes" \
        docker container ls --all --quiet --filter "label=pei-test=$ID"
    __each_id "docker network rm" docker network ls --quiet --filter "name=$ID"
    __each_id "docker volume rm --force" docker volume ls --quiet --filter "name=$ID"
    __each_id "docker image rm --force" docker image ls --quiet --filter "reference=$ID*"
    __each_id "docker image rm --force" docker image ls --quiet --filter "label=pei-test=$ID"
    # A rebuilt tag leaves its former image without a name. Compose's label tells whose it was; the others were noted.
    if [[ -f $WORK/projects ]]; then
        while read -r name; do
            __each_id "docker image rm --force" \
                docker image ls --quiet --filter "label=com.docker.compose.project=$name"
        done < <(sort -u "$WORK/projects")
    fi
    if [[ -f $WORK/images ]]; then
        __each_id "docker image rm --force" cat "$WORK/images"
    fi
    if [[ -f $WORK/ports ]]; then
        while read -r port; do rmdir "${TMPDIR:-/tmp}/pei-test-port-$port" 2>/dev/null || true; done <"$WORK/ports"
    fi
}

# note_images: the images that the project's names mean now.
note_images() {
    docker image ls --quiet --no-trunc --filter "reference=${PROJECT##*/}" >>"$WORK/images"
}

# __each_id REMOVE LIST...: what is already gone is fine.
__each_id() {
    local remove=$1 ids
    shift
    mapfile -t ids < <("$@" | sort -u)
    ((${#ids[@]} == 0)) || $remove "${ids[@]}" >/dev/null 2>&1 || true
}

# A random text that occurs nowhere else.
sentinel() {
    printf 'sentinel%s' "$(od -An -N8 -tx8 /dev/urandom | tr -d ' ')"
}

# A free TCP port of the machine that no other test got: files run in parallel.
free_port() {
    local port
    for _ in {1..100}; do
        port=$((20000 + RANDOM % 12000))
        mkdir "${TMPDIR:-/tmp}/pei-test-port-$port" 2>/dev/null || continue
        (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null && continue
        printf '%s\n' "$port" >>"$WORK/ports"
        printf '%s\n' "$port"
        return
    done
    fail "found no free port"
}
