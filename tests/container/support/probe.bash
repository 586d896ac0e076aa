# The probe: a hook that writes down how it was called. Calls are kept apart by the label in its first argument;
# every argument behind it is kept with its exact bytes.
#
# shellcheck shell=bash

# probe PATH: put the probe into the project, at this path below installation/.
probe() {
    hook "$1" <<'SCRIPT'
#!/usr/bin/env bash
# usage: probe LABEL [ARG...]
probe_dir=/var/lib/pei-test
mkdir -p "$probe_dir" 2>/dev/null && chmod 1777 "$probe_dir" 2>/dev/null
printf '%s\n' "$1" >>"$probe_dir/order" && chmod 666 "$probe_dir/order" 2>/dev/null
printf '%s %s %s\n' "$1" "$(id -un)" "$(id -u)" >>"$probe_dir/who" && chmod 666 "$probe_dir/who" 2>/dev/null
if (($# > 1)); then printf '%s\0' "${@:2}"; fi >"$probe_dir/args.$1"
cat /proc/sys/kernel/random/uuid >"$probe_dir/uuid.$1"
# Sourced or executed: both is fine for the caller.
true
SCRIPT
}

# probe_order IMAGE|CONTAINER: the labels, in the order of the calls, on one line.
probe_order() {
    look_at "$1" cat /var/lib/pei-test/order | tr '\n' ' ' | sed 's/ $//'
}

probe_uuid() {
    look_at "$1" cat "/var/lib/pei-test/uuid.$2"
}

# probe_args_are IMAGE|CONTAINER LABEL ARG...: exactly these, byte for byte.
probe_args_are() {
    local place=$1 label=$2
    shift 2
    look_at "$place" cat "/var/lib/pei-test/args.$label" >"$BATS_TEST_TMPDIR/seen" || fail "no call of $label"
    if (($#)); then printf '%s\0' "$@"; fi >"$BATS_TEST_TMPDIR/wanted"
    cmp -s "$BATS_TEST_TMPDIR/wanted" "$BATS_TEST_TMPDIR/seen" ||
        fail "the arguments of $label differ" \
            "  wanted: $(tr '\0' '|' <"$BATS_TEST_TMPDIR/wanted")" \
            "  seen:   $(tr '\0' '|' <"$BATS_TEST_TMPDIR/seen")"
}

# look_at IMAGE|CONTAINER CMD...: in a container that runs, or in a new one of the image, past its entrypoint.
look_at() {
    local place=$1
    shift
    if docker container inspect "$place" >/dev/null 2>&1; then
        docker exec "$place" "$@"
    else
        drun --entrypoint "$1" "$place" "${@:2}"
    fi
}
