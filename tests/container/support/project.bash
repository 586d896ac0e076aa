# A project directory, from `pei create` to `docker compose`.
#
# shellcheck shell=bash

# project NAME: the directory of that name is the one that the other functions work on. It is made when it is missing.
project() {
    PROJECT=$WORK/$ID-$1
    export PROJECT
    [[ -d $PROJECT ]] || new_project "$PROJECT"
}

# new_project DIR
new_project() {
    printf '%s\n' "${1##*/}" >>"$WORK/projects"
    must "$PEI_BIN" create -p "$1" -q minimal --no-examples --name "${1##*/}"
}

# configure [ARG...]
configure() {
    must "$PEI_BIN" configure -p "$PROJECT" "$@"
}

# config [ARG...]: the text on stdin becomes the project's config; configure.
config() {
    cat >"$PROJECT/user_config.yml"
    configure "$@"
}

# hook STAGE/PATH: a script of the project from stdin, relative to installation/.
hook() {
    mkdir -p "$(dirname "$PROJECT/installation/$1")"
    cat >"$PROJECT/installation/$1"
}

compose() {
    (cd "$PROJECT" && timeout --foreground 900 docker compose "$@")
}

# build [ARG...]: both services in one command, or what is named. The log is kept in $PROJECT.log.
build() {
    (($#)) || set -- stage-1 stage-2
    note_images
    __logged "$PROJECT.log" compose build "$@"
}

# build_fails [ARG...]: the log is kept in $PROJECT.log.
build_fails() {
    (($#)) || set -- stage-1 stage-2
    if compose build "$@" >"$PROJECT.log" 2>&1; then
        fail "the build succeeded, but should not have" "$(tail -n 40 "$PROJECT.log")"
    fi
}

# bake [ARG...]: both images by the other tool that reads docker-compose.yml. The log is kept in $PROJECT.log.
bake() {
    (cd "$PROJECT" && __logged "$PROJECT.log" docker buildx bake -f docker-compose.yml "$@")
}

# __logged FILE CMD...: the end of the log is shown when the command fails.
__logged() {
    local log=$1
    shift
    "$@" >"$log" 2>&1 || fail "failed: $(__shown "$@")" "--- the end of its log" "$(tail -n 60 "$log")" "---"
}

# up [SERVICE]: start it, or recreate it if its settings changed.
up() {
    must compose up --detach --no-build --pull never "${1:-stage-2}"
}

# down [ARG...]: with a short timeout, because bash as the first process on a terminal ignores TERM.
down() {
    must compose --profile build-helper down --timeout 0 "$@"
}

# The container of a service [stage-2].
container() {
    printf '%s-%s-1\n' "${PROJECT##*/}" "${1:-stage-2}"
}

# image N: the name that the projects of the tests give stage N's image.
image() {
    printf '%s:%s\n' "${PROJECT##*/}" "stage-$1"
}

# The two image sections, for a config. $1 is the base.
image_1() {
    printf 'image: {base: %s, output: %s}' "$(yaml_text "${1:-$BASE}")" "$(yaml_text "$(image 1)")"
}

image_2() {
    printf 'image: {output: %s}' "$(yaml_text "$(image 2)")"
}
