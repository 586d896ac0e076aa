# Examples and quick templates: a project made of one, as its README tells, with the base, names and port of the test.
#
# shellcheck shell=bash
# shellcheck disable=SC2154 # attempt and must set output

# example FOLDER/NAME [SED_ARGUMENT...]: a project with the example's scripts and its config, changed by sed; configured.
example() {
    local name=$1
    shift
    made_by "${name#*/}"
    [[ ! -d $PROJECT/examples/$name/installation ]] || cp -r "$PROJECT/examples/$name/installation" "$PROJECT"
    cp "$PROJECT/examples/$name/user_config.yml" "$PROJECT/user_config.yml"
    [[ $name != basic/build-secrets ]] || make_secrets
    settle "$@"
}

# make_secrets: what the README of basic/build-secrets makes. The token is $INDEX_TOKEN where that is set.
make_secrets() {
    local token=${INDEX_TOKEN:-only-to-try}
    printf 'INDEX_TOKEN=%s\n' "$token" >"$PROJECT/.env"
    mkdir "$PROJECT/secrets"
    printf 'machine downloads.example\nlogin me\npassword %s\n' "$token" >"$PROJECT/secrets/netrc"
}

# quick NAME [SED_ARGUMENT...]: a project of a quick template, likewise.
quick() {
    local name=$1
    shift
    made_by "$name" --quick "$name"
    settle "$@"
}

# made_by NAME [ARGUMENT...]
made_by() {
    PROJECT=$WORK/$ID-$1
    export PROJECT
    shift
    printf '%s\n' "${PROJECT##*/}" >>"$WORK/projects"
    must "$PEI_BIN" create -p "$PROJECT" --name "${PROJECT##*/}" "$@"
}

# settle [SED_ARGUMENT...]: base ($LOCAL), image names and ssh port ($PORT) are this test's; configure finds nothing to
# say. The project's directory stands in a variable that an example reads for its own ends.
settle() {
    local file=$PROJECT/user_config.yml
    sed -i -E -e "s|^( *base: )(ubuntu:24\.04\|nvidia/cuda:.*)$|\1$LOCAL|" \
        -e "s|^( *output: '?)|\1$ID-|" -e "s|2222|$PORT|" "$@" "$file"
    must_fail grep -E '^ *base: (ubuntu|nvidia)' "$file"
    must env -u PROJECT "$PEI_BIN" configure -p "$PROJECT" || return
    equal "${WARNINGS:-0}" "$(grep -c '^warning' <<<"$output" || true)" 'the number of warnings' || fail "$output"
}

# The mirrors' names lead to the stand-in, for this project's builds.
point_mirrors() {
    local host n
    {
        printf 'services:\n'
        for n in 1 2; do
            printf '  stage-%s:\n    build:\n      extra_hosts:\n' "$n"
            for host in mirrors.tuna.tsinghua.edu.cn mirrors.aliyun.com; do printf '        - "%s:%s"\n' "$host" "$STAND_IN"; done
        done
    } >"$PROJECT/docker-compose.override.yml"
}

# login_says TEXT CMD...: by password, as me.
login_says() {
    local wanted=$1
    shift
    wait_for_ssh "$PORT"
    must ssh_as "${LOGIN:-me}" "${PASSWORD:-123456}" "$PORT" "$@"
    equal "$wanted" "$output"
}
