# Containers: short runs, started ones, and looking into them.
#
# shellcheck shell=bash

# drun ARG...: docker run in the foreground, of an image that is there. What hangs ends with 137: docker would
# hand a milder signal on to the container.
drun() {
    timeout --foreground --signal=KILL 60 docker run --rm --pull never --label "pei-test=$ID" "$@"
}

# start NAME ARG...: docker run in the background, under the name $ID-NAME.
start() {
    local name=$ID-$1
    shift
    must docker run --detach --pull never --label "pei-test=$ID" --name "$name" "$@"
}

# stop_all NAME...: remove what start has started.
discard() {
    local name
    for name in "$@"; do docker container rm --force --volumes "$ID-$name" >/dev/null; done
}

# in_c [CONTAINER] -- CMD...: without a name it is the project's stage-2.
in_c() {
    local name
    name=$(container)
    if [[ $1 != -- ]]; then
        name=$1
        shift
    fi
    shift
    docker exec "$name" "$@"
}

# What a container has printed so far.
logs() {
    docker logs "${1:-$(container)}" 2>&1
}

# health_is STATUS CONTAINER
health_is() {
    [[ $(docker inspect --format '{{.State.Health.Status}}' "$2") == "$1" ]]
}

# starts CONTAINER: how often its entrypoint has come to its end. A prompt may stand before that line.
starts() {
    logs "$1" | grep -o 'Entrypoint branch: ' | wc -l
}

has_started() {
    (($(starts "$1") >= $2))
}

# wait_for_start [CONTAINER]: of a container that is new.
wait_for_start() {
    within 30 has_started "${1:-$(container)}" 1
}

# restart [CONTAINER]: restart it, and wait until its entrypoint has finished again.
restart() {
    local name=${1:-$(container)} before
    before=$(starts "$name")
    must docker restart --time 1 "$name"
    within 30 has_started "$name" "$((before + 1))"
}

# state_of CONTAINER: running or exited, and the exit status.
state_of() {
    docker inspect --format '{{.State.Status}} {{.State.ExitCode}}' "$1"
}

is_exited() {
    [[ $(state_of "$1") == exited* ]]
}

# with_terminal CMD...: run it on a terminal; what it prints goes to stdout, and stdin feeds the terminal.
# The shell is named, as script takes the one of $SHELL, and %q writes for bash; exec keeps CMD in the terminal's
# foreground. A CMD that starts with timeout has to say --foreground, or reading the terminal would stop it.
with_terminal() {
    local text
    printf -v text '%q ' exec "$@"
    SHELL=$BASH script --quiet --return --flush --command "$text" /dev/null
}
