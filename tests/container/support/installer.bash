# Tools that hooks install: the base and the config of such a project, and who finds the tool in which shell.
#
# shellcheck shell=bash
# shellcheck disable=SC2154 # attempt and must set output

# derive_for_tools NAME BASE: an image $ID-NAME that asks the stand-in for every download, and builds quickly, as BASE has
# the packages that every build installs.
derive_for_tools() {
    derive "$1" "$2" <<<"ENV PEI_DOWNLOAD_MIRROR=http://$STAND_IN PEI_DOWNLOAD_RETRIES=1"
}

# tool_project NAME: the project; its container is on the engine's own network, where the stand-in is.
tool_project() {
    project "$1"
    printf 'services:\n  stage-1: {network_mode: bridge}\n' >"$PROJECT/docker-compose.override.yml"
    PORT=$(free_port)
    export PORT
}

# hooked KIND HOOK...: the project's config has these hooks and no others; configured and built. KIND is on_build or
# on_first_run, the base is $TOOL_BASE.
hooked() {
    local kind=$1 hook
    shift
    {
        cat <<YAML
stage_1:
  $(image_1 "$TOOL_BASE")
  ssh:
    users:
      me: {password: me-Pw-123456, uid: 1234}
      other: {password: other-Pw-123456}
      root: {password: root-Pw-123456}
  ports: ['127.0.0.1:$PORT:22']
  custom:
    $kind:
YAML
        for hook; do printf '      - %s\n' "$(yaml_text "$hook")"; done
    } | config || return
    build stage-1
}

# start_hooked: recreates the project's container, and waits until the entrypoint has finished.
start_hooked() {
    must compose up --detach --no-build --pull never --force-recreate --timeout 0 stage-1 || return
    within "${1:-60}" has_started "$(container stage-1)" 1
}

# finds COMMAND USER...: each of them runs it by its name in `docker exec bash -lc` and in an ssh session on a terminal.
finds() {
    local command=$1 user name
    name=$(container stage-1)
    shift
    wait_for_ssh "$PORT" || return
    for user; do
        must docker exec --user "$user" "$name" bash -lc "$command" || return
        # A busy machine may let a login wait for too long.
        within 60 __runs_in_session "$user" "$command" || return
    done
}

# lacks_tool COMMAND USER...: it is not theirs.
lacks_tool() {
    local command=$1 user
    shift
    for user; do
        must_fail_to_find "$user" "$command" || return
    done
}

must_fail_to_find() {
    must_end_with 1 docker exec --user "$1" "$(container stage-1)" bash -lc "command -v $2"
}

# What the person types comes back on the terminal too; only the answer holds the number.
__runs_in_session() {
    attempt ssh_typing "$1" "$1-Pw-123456" "$PORT" < <(printf '%s\n' "$2; echo tool-status:\$?" exit)
    has "$output" tool-status:0
}

# owns_home USER: whatever root has put there is the user's.
owns_home() {
    must docker exec "$(container stage-1)" sh -c "find ~$1 ! -user $1 -print -quit"
    equal '' "$output" "what is not $1's in the home of $1" || fail "$output"
}

# size_of IMAGE: the kilobytes of all its files.
size_of() {
    drun --network none --entrypoint du "$1" -sxk --exclude=/proc --exclude=/sys --exclude=/dev / | cut -f 1
}
