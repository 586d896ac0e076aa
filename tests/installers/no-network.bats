#!/usr/bin/env bats
# Every installer in a container without any network: it fails, and the container is as it was.
#
# shellcheck disable=SC2016,SC2154 # texts for other shells; attempt sets output

load ../container/support/load

setup_file() {
    begin_file
    # What one script needs of another is there, or it would fail before it asks the network for anything.
    derive_full full
    derive offline "$ID-full" <<'DOCKERFILE'
RUN useradd -m -s /bin/bash me && useradd -m -s /bin/bash other && mkdir -p /home/me/.local/bin /home/me/.nvm \
 && printf '#!/bin/sh\ncase "$1" in --version) echo 1.0 ;; -e) exit 0 ;; *) exit 1 ;; esac\n' >/home/me/.local/bin/bun && chmod 755 /home/me/.local/bin/bun \
 && cp /home/me/.local/bin/bun /home/me/.local/bin/uv && cp /home/me/.local/bin/bun /home/me/.local/bin/pixi \
 && printf 'nvm() { [ "$1" != version ] || echo N/A; return 3; }\n' >/home/me/.nvm/nvm.sh && chown -R me: /home/me
DOCKERFILE
}

teardown_file() {
    end_file
}

# Those that fetch something, by the words at their heads.
fetching() {
    local file
    while IFS= read -r file; do
        [[ $(head -n 1 "$file") == '#!'*bash ]] || continue
        ! grep -q 'Stage-2 entry for' "$file" || continue
        if grep -E '^# .*Network: ' "$file" | grep -qvE 'Network: +(no|none)\b'; then printf '%s\n' "$file"; fi
    done < <(find "$REPO"/installation/stage-[12]/{system,utilities,custom} -name '*.sh' -o -name '*.bash' | sort)
}

@test "no script succeeds, or changes anything" {
    local files=() file
    mapfile -t files < <(fetching)
    ((${#files[@]} >= 30)) || fail "only ${#files[@]} were found"
    attempt timeout --foreground 1200 docker run --rm --interactive --pull never --label "pei-test=$ID" --network none \
        --volume "$REPO/installation:/pei-from-host:ro" -e PEI_STAGE_DIR_1=/pei-from-host/stage-1 -e PEI_DOWNLOAD_RETRIES=1 \
        -e PEI_APT_RETRY_DELAY=0 "$ID-offline" bash -s -- "${files[@]#"$REPO/installation/"}" <<'SCRIPT'
# What apt leaves in its caches and logs is no change.
tree() {
    find / -xdev \( -path /proc -o -path /sys -o -path /dev -o -path /tmp -o -path /run -o -path /var/log -o -path /var/cache -o -path /var/lib/apt \
        -o -path /pei-from-host \) -prune -o -type d -printf '%p %m %u\n' -o -printf '%p %m %u %s %T@ %l\n' | sort
}
before=$(tree)
for script; do
    words=()
    ! bash "/pei-from-host/$script" --help | grep -q -e '--user' || words=(--user me)
    # Who has it already needs no network.
    case $script in */install-bun.sh | */install-uv.sh | */install-pixi.bash | */install-nvm.sh) words=(--user other) ;; esac
    case $script in */set-locale.sh | */setup-locale.sh) words=(--locale de_DE.UTF-8) ;; esac
    [[ $script != */ros2/setup-locale.sh ]] || words=()
    said=$(timeout 200 bash "/pei-from-host/$script" "${words[@]}" 2>&1 </dev/null)
    status=$?
    after=$(tree)
    if [[ $status != 1 || $after != "$before" || $said == '' ]]; then
        printf '%s\n' "WRONG: $script ${words[*]}: status $status" "$said" "$(diff <(echo "$before") <(echo "$after") | head)"
    fi
    before=$after
    echo "tried: $script, $(tail -n 1 <<<"$said")"
done
SCRIPT
    lacks "$output" WRONG
    count_is "${#files[@]}" "$output" '^tried: '
}
