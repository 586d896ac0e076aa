#!/usr/bin/env bats
# What the images hold: what each layer adds, what must not be among it, and how large it all may be.
#
# Sizes were measured on pei-base:bookworm (126 MB), where both images have 270 MB: the packages add 144.3 MB in one layer
# (git 45 MB, perl, which git needs, 54 MB, micro 12 MB, sudo and openssh 6 MB each), the scripts of stage-1 0.31 MB and
# those of stage-2 0.05 MB, all other steps together less than 0.03 MB.
#
# shellcheck disable=SC2016,SC2030,SC2031 # texts for other shells; bats runs each test in a subshell

load support/load

setup_file() {
    begin_file
    project content
    # Installers leave what installers leave; the essential packages alone would hide it.
    hook stage-1/custom/packages.sh <<'SH'
apt-get install -y --no-install-recommends file
SH
    hook stage-2/custom/mine.sh <<'SH'
mkdir -p /opt/mine && echo mine >/opt/mine/file
SH
    config <<YAML
stage_1:
  $(image_1)
  ssh: {users: {me: {password: content-Pw1, uid: 1234}, root: {password: content-Pw2}}}
  custom: {on_build: [stage-1/custom/packages.sh]}
stage_2:
  $(image_2)
  custom: {on_build: [stage-2/custom/mine.sh]}
YAML
    build
    local image stage
    for stage in 1 2; do
        image=$(image "$stage")
        list_layers "$image" "$WORK/$stage"
    done
    list_layers "$BASE" "$WORK/base"
}

teardown_file() {
    end_file
}

setup() {
    project content
}

# list_layers IMAGE DIR: DIR/layers names its layers, the lowest first, by the digest of their content; DIR/DIGEST
# lists the files of one: type and mode, size, path.
list_layers() {
    local part layer sum
    mkdir -p "$2/parts"
    docker save "$1" | tar -x -C "$2/parts"
    # Engines name the parts in ways of their own; the manifest has them in order.
    layer_names <"$2/parts/manifest.json" | while IFS= read -r part; do
        layer=$2/parts/$part
        if [[ $(head -c 2 "$layer" | od -An -tx1) == ' 1f 8b' ]]; then
            zcat "$layer" >"$layer.plain"
            layer=$layer.plain
        fi
        sum=$(sha256sum "$layer" | cut -c 1-16)
        printf '%s\n' "$sum" >>"$2/layers"
        tar -t -v --numeric-owner -f "$layer" | awk '{
            path = $0
            # mode owner size date time path
            sub(/^[^ ]+ +[^ ]+ +[^ ]+ +[^ ]+ +[^ ]+ /, "", path)
            print $1, $3, path
        }' >"$2/$sum"
    done
    rm -r "$2/parts"
    [[ -s $2/layers ]] || fail "found no layers in $1"
}

# The names of the layers in the manifest of `docker save` on stdin.
layer_names() {
    tr -d '\n' | sed 's/.*"Layers":\[\([^]]*\)\].*/\1\n/' | tr ',' '\n' | tr -d '" '
}

# added STAGE: what the stage's own layers list, behind the layer's number. The base's layers are left out, and so are
# the marks (.wh.) by which a layer takes something away.
added() {
    local sum number=0
    while IFS= read -r sum; do
        number=$((number + 1))
        grep -qx "$sum" "$WORK/base/layers" || sed "s/^/$number /" "$WORK/$1/$sum"
    done <"$WORK/$1/layers" | grep -vE '(^| |/)\.wh\.'
}

# added_paths STAGE: paths alone, without a link's target.
added_paths() {
    added "$1" | cut -d' ' -f 4- | sed 's/ -> .*//; s/ link to .*//'
}

# nothing_matches REGEX WHAT [EXCEPT]: no path that a layer of either image adds.
nothing_matches() {
    local stage found
    for stage in 1 2; do
        found=$(added "$stage" | awk -v bad="$1" -v fine="${3:-^$}" '
            { path = $0; sub(/^[^ ]+ [^ ]+ [^ ]+ /, "", path); sub(/ (->|link to) .*/, "", path) }
            path ~ bad && path !~ fine { print "  layer " $1 ": " path " (" $3 " bytes)" }' | head -n 20)
        [[ -z $found ]] || fail "stage-$stage adds $2:" "$found"
    done
}

# size_of STAGE: the bytes of the files that it adds to the base.
size_of() {
    added "$1" | awk '$2 ~ /^-/ { sum += $3 } END { printf "%d", sum }'
}

# layer_sizes STAGE: a line each: bytes, number of files, the largest.
layer_sizes() {
    local sum
    while IFS= read -r sum; do
        ! grep -qx "$sum" "$WORK/base/layers" || continue
        awk '$1 ~ /^-/ { sum += $2; n++; if ($2 > most) { most = $2; name = $3 } }
            END { printf "%d %d %s %s\n", sum, n, name, most }' "$WORK/$1/$sum"
    done <"$WORK/$1/layers"
}

# at_most BYTES SEEN WHAT
at_most() {
    (($2 <= $1)) || fail "$3: $2 bytes, more than $1"
}

@test "no lists, archives or caches of apt" {
    nothing_matches '^var/lib/apt/lists/.+' 'package lists' '^var/lib/apt/lists/(auxfiles|partial)/$'
    nothing_matches '^var/cache/apt/(archives/)?.+[.](deb|bin)$' 'archives or caches of apt'
    nothing_matches '^var/cache/pei-apt/.+' "pei's apt cache"
    nothing_matches '^var/cache/debconf/.+-old$' 'backups of debconf'
}

@test "no logs" {
    nothing_matches '^var/log/.*[^/]$' logs '^var/log/(lastlog|faillog|wtmp|btmp)$'
}

@test "the records of logins stay small" {
    # A large uid would make them gigabytes.
    local stage found
    for stage in 1 2; do
        found=$(added "$stage" | awk '$4 ~ /^var\/log\/(lastlog|faillog)$/ && $3 > 400000')
        [[ -z $found ]] || fail "stage-$stage:" "$found"
    done
}

@test "no bytecode" {
    nothing_matches '(^|/)__pycache__(/|$)|[.]py[co]$' bytecode
}

@test "no leftovers of the build" {
    nothing_matches '^pei-build(/|$)' 'a folder of the build'
    # Places that the engine makes for what a step mounts.
    nothing_matches '^etc/apt/apt[.]conf[.]d/zz-pei-cache' "the build's apt configuration"
    nothing_matches '^(tmp|var/tmp)/.+' 'temporary files'
    nothing_matches '^run/(secrets|pei)' 'secrets of the build'
    nothing_matches '^root/[.](cache|npm|local|config)(/|$)' "a program's cache in root's home"
    nothing_matches '^pei-init/apt-original(/|$)' 'saved apt sources'
}

@test "no host keys of ssh" {
    nothing_matches 'ssh_host_[a-z0-9]+_key' 'ssh host keys'
}

@test "no backups of the account databases or of dpkg" {
    nothing_matches '^etc/(passwd|group|shadow|gshadow|subuid|subgid)-$' 'backups of account databases'
    nothing_matches '^var/lib/dpkg/.*-old$' 'backups of dpkg'
    nothing_matches '[.](dpkg-(old|dist|new|tmp)|ucf-(old|dist))$' 'left-overs of packages'
}

@test "no file is in two layers of an image, but those that steps have to change" {
    local stage found
    # Account and package databases grow with each step, and so does pei's record; ld.so's cache with libraries; the rest is pei's blocks in them.
    local changing='^(etc/(passwd|group|shadow|gshadow|subuid|subgid|ld\.so\.cache|bash\.bashrc|skel/\.bashrc|mailcap|services)'
    changing+='|(root|home/[^/]+)/\.bashrc|var/lib/(dpkg|apt)/|var/cache/debconf/|usr/share/pei/record/|var/log/(lastlog|faillog)$'
    changing+='|etc/ssh/sshd_config$)'
    for stage in 1 2; do
        found=$(added "$stage" | awk '$2 ~ /^-/ && $3 > 0' | cut -d' ' -f 4- | sort | uniq -d | grep -vE -e "$changing" || true)
        [[ -z $found ]] || fail "in two layers of stage-$stage:" "$found"
    done
}

@test "the scripts are there once" {
    local stage twice
    for stage in 1 2; do
        must count_is 1 "$(added_paths "$stage")" '^pei-from-host/stage-1/internals/entrypoint\.sh$'
        # A copy under another name would be another tree of them.
        twice=$(added_paths "$stage" | grep -E '/entrypoint\.sh$' | grep -v '^pei-from-host/stage-[12]/internals/' || true)
        [[ -z $twice ]] || fail "more copies in stage-$stage:" "$twice"
    done
}

@test "no .git, no secrets of the project, no user_config.yml" {
    nothing_matches '(^|/)([.]git|[.]pei|user_config[.]yml|docker-compose[.]yml)(/|$)' "the project's own files"
    nothing_matches '(^|/)[^/]*[.](bak|orig|rej|swp)$|~$' 'copies that editors leave'
}

@test "the sizes are what they were measured to be" {
    local stage size sizes
    for stage in 1 2; do
        sizes=$(layer_sizes "$stage")
        printf 'stage-%s: bytes, files, the largest of each layer\n%s\n' "$stage" "$sizes" >&2
        size=$(size_of "$stage")
        # A tenth above the measure, for newer packages.
        at_most 159000000 "$size" "what stage-$stage adds to its base"
        # The packages', and no second one of 10 MB.
        count_is 1 "$sizes" '^[0-9]{8,} '
    done
}

@test "a stage's scripts stay below half a megabyte" {
    local stage size
    for stage in 1 2; do
        size=$(added 2 | awk -v tree="pei-from-host/stage-$stage/" '
            $2 ~ /^-/ && index($4, tree) == 1 { sum += $3 } END { printf "%d", sum }')
        at_most 500000 "$size" "installation/stage-$stage in stage-2"
    done
}

@test "both images share what is large" {
    local shared one two
    shared=$(comm -12 <(sort "$WORK/1/layers") <(sort "$WORK/2/layers") | wc -l)
    ((shared > $(wc -l <"$WORK/base/layers"))) || fail 'no layer but the base is in both images'
    one=$(comm -23 <(sort "$WORK/1/layers") <(sort "$WORK/2/layers") |
        while read -r sum; do cat "$WORK/1/$sum"; done | awk '$1 ~ /^-/ { sum += $2 } END { printf "%d", sum }')
    two=$(comm -13 <(sort "$WORK/1/layers") <(sort "$WORK/2/layers") |
        while read -r sum; do cat "$WORK/2/$sum"; done | awk '$1 ~ /^-/ { sum += $2 } END { printf "%d", sum }')
    # The scripts of one and of two stages, login hooks and credentials.
    at_most 700000 "$one" "what stage-1 has for itself"
    at_most 900000 "$two" "what stage-2 has for itself"
}

@test "what a person closed stays closed; a script runs whatever its mode, and a umask closes nothing" {
    local custom
    project closed
    custom=$PROJECT/installation/stage-1/custom
    mkdir -p "$custom/vault" "$custom/open" "$PROJECT/installation/shared" "$PROJECT/installation/odd name"
    printf 'true\n' | tee "$custom"/{secret,own.sh,plain.sh,ready.sh,read-only,vault/inner,open/inner} \
        "$PROJECT"/installation/{shared/secret,shared/call.sh,'odd name/secret','odd name/call.sh'} \
        "$PROJECT/installation/stage-2/custom/mine" >/dev/null
    printf '#!/usr/bin/perl\n' >"$custom/own"
    config <<YAML
stage_1:
  $(image_1)
  custom: {on_every_run: [shared/call.sh, '"odd name/call.sh"']}
stage_2:
  $(image_2)
YAML
    chmod 600 "$custom"/{secret,own,own.sh} "$PROJECT"/installation/{shared,'odd name'}/secret "$PROJECT/installation/stage-1/lib/log.sh"
    chmod 400 "$custom/read-only"
    chmod 644 "$custom/plain.sh"
    chmod 755 "$custom/ready.sh"
    chmod 700 "$custom/vault"
    # As a clone under umask 077 has it.
    chmod -R go= "$PROJECT/installation/stage-2"
    build
    must drun --entrypoint bash "$(image 2)" -c 'cd /pei-from-host && stat -c "%a %n" stage-1/custom/{secret,own,own.sh,read-only,vault} \
        shared/secret "odd name/secret" stage-1/custom/{plain.sh,ready.sh,open,open/inner} shared/call.sh stage-1/lib/log.sh \
        stage-2 stage-2/custom stage-2/custom/mine'
    equal '600 stage-1/custom/secret
700 stage-1/custom/own
700 stage-1/custom/own.sh
400 stage-1/custom/read-only
700 stage-1/custom/vault
600 shared/secret
600 odd name/secret
755 stage-1/custom/plain.sh
755 stage-1/custom/ready.sh
755 stage-1/custom/open
755 stage-1/custom/open/inner
755 shared/call.sh
755 stage-1/lib/log.sh
755 stage-2
755 stage-2/custom
755 stage-2/custom/mine' "$output" 'the modes in the image'
    must drun --entrypoint bash "$(image 2)" -c 'runuser -u nobody -- cat /pei-from-host/stage-1/custom/open/inner'
    must_fail drun --entrypoint bash "$(image 2)" -c 'runuser -u nobody -- cat /pei-from-host/stage-1/custom/vault/inner'
    # What no choice has closed is in one layer alone.
    list_layers "$(image 2)" "$WORK/2-closed"
    must awk '$2 > 0 && $3 ~ /^pei-from-host/ && $1 ~ /^-/ { print $3, $4 }' "$WORK"/2-closed/????????????????
    equal 'pei-from-host/odd name/secret
pei-from-host/shared/secret
pei-from-host/stage-1/custom/own
pei-from-host/stage-1/custom/own.sh
pei-from-host/stage-1/custom/read-only
pei-from-host/stage-1/custom/secret' "$(sed 's/ $//' <<<"$output" | sort | uniq -d)" 'what is in two layers'
}
