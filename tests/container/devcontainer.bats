#!/usr/bin/env bats
# .devcontainer/devcontainer.json, read by the tool that the editors share.
#
# shellcheck disable=SC2016,SC2030,SC2031,SC2034 # texts for other shells; bats runs each test in a subshell; in_c reads C

load support/load

# Nobody of this machine, and nobody in the image.
DEVELOPER=12345

setup_file() {
    begin_file
    command -v devcontainer >/dev/null || cannot_be_tested "there is no devcontainer: scripts/install-test-tools.sh installs it"
    ((EUID == 0)) || cannot_be_tested "root alone can become another person"
    mkdir -p "$WORK/home" "$WORK/bin"
    # Both may lie where that person is not let in.
    cp "$PEI_BIN" "$WORK/bin/pei"
    cp -r "$(dirname "$(readlink -f "$(command -v devcontainer)")")" "$WORK/cli"
    # The tool asks for the name of a person who has none here.
    printf '%s\n' '#!/bin/sh' '[ "$*" != "-u -n" ] || { echo developer; exit; }' 'exec /usr/bin/id "$@"' >"$WORK/bin/id"
    chmod +x "$WORK/bin/id"
    project editor
    mkdir "$PROJECT/mounted"
    config --with-devcontainer <<YAML
stage_1:
  $(image_1)
  ssh: {users: {me: {password: devcontainer-Pw1, uid: 1000}}}
stage_2:
  $(image_2)
  storage: {workspace: {type: host, host_path: ./mounted}}
YAML
    local file=$PROJECT/.devcontainer/devcontainer.json
    { sed '$d' "$file" && printf '%s\n' '  "remoteEnv": {"OWN": "kept"}, // mine' '}'; } >"$WORK/new"
    cp "$WORK/new" "$file"
    chown -R "$DEVELOPER:$DEVELOPER" "$PROJECT" "$WORK/home"
    chmod a+x "$WORK" "$BATS_RUN_TMPDIR" "$BATS_RUN_TMPDIR/file"
    note_images
    # The start runs `pei configure`, and the config has changed since.
    sed -i 's/devcontainer-Pw1/devcontainer-Pw2/' "$PROJECT/user_config.yml"
    __logged "$PROJECT.log" devcontainer_as_developer up --workspace-folder "$PROJECT"
}

teardown_file() {
    docker image ls --quiet --filter "reference=vsc-*" --filter "label=com.docker.compose.project=$ID-editor" >>"$WORK/images"
    end_file
}

setup() {
    project editor
    C=$(container)
}

devcontainer_as_developer() {
    setpriv --reuid "$DEVELOPER" --regid "$DEVELOPER" --groups "$(stat -c %g "${DOCKER_SOCKET:-/var/run/docker.sock}")" \
        env HOME="$WORK/home" TMPDIR="$WORK/home" PATH="$WORK/bin:$PATH" timeout 300 node "$WORK/cli/devcontainer.js" "$@"
}

in_editor() {
    devcontainer_as_developer exec --workspace-folder "$PROJECT" "$@"
}

@test "the editor's tool configures, builds and starts the container" {
    has "$(<"$PROJECT.log")" '"outcome":"success"'
    has "$(<"$PROJECT.log")" 'ssh-credentials'
    # The image's entrypoint has run, so that sshd answers.
    within 20 in_c -- test -s /run/sshd.pid
}

@test "commands run as the user, in the workspace, with a person's own keys" {
    must in_editor sh -c 'id -un; pwd -P; echo "$OWN"'
    equal $'me\n/hard/volume/workspace\nkept' "$output"
}

@test "the user has the caller's uid, and what it writes is the caller's" {
    must in_editor sh -c 'id -u && echo text >written'
    has "$output" "$DEVELOPER"
    equal "$DEVELOPER text" "$(stat -c %u "$PROJECT/mounted/written") $(<"$PROJECT/mounted/written")"
}
