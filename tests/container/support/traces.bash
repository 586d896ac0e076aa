# What somebody can find in images: their texts (settings, history, attestations) and the files of their
# layers; and the search for a secret in them.
#
# shellcheck shell=bash

# open_images DIR BASE IMAGE...: what the images have beyond BASE. DIR/texts holds all that is no layer, DIR/layers/DIGEST
# the files of a layer, and DIR/modes their modes, a line each: mode, path.
open_images() {
    local dir=$1 base=$2 layer listed
    shift 2
    mkdir -p "$dir/texts" "$dir/layers"
    # All at once: what images share is there once.
    docker save "$base" "$@" | tar -x -C "$dir/texts"
    listed=$(tr '{' '\n' <"$dir/texts/manifest.json")
    __layers_of "$listed" | sort -u >"$dir/all"
    __layers_of "$(grep -F "\"$base:latest\"" <<<"$listed")" | sort -u >"$dir/base"
    [[ -s $dir/base ]] || fail "found no layers of $base"
    while IFS= read -r layer; do
        mkdir "$dir/layers/${layer//\//-}"
        tar -x --no-same-owner --no-same-permissions -f "$dir/texts/$layer" -C "$dir/layers/${layer//\//-}"
        # mode owner size date time path
        tar -t -v --numeric-owner -f "$dir/texts/$layer" |
            sed -E 's/^([^ ]+) +[^ ]+ +[^ ]+ +[^ ]+ +[^ ]+ /\1 /; s/ (->|link to) .*//' >>"$dir/modes"
    done < <(comm -23 "$dir/all" "$dir/base")
    while IFS= read -r layer; do rm "$dir/texts/$layer"; done <"$dir/all"
    [[ -s $dir/modes ]] || fail 'found no layers beyond the base'
    __decompress "$dir/layers"
}

# The layers that lines of a manifest.json name.
__layers_of() {
    sed -nE 's/.*"Layers":\[([^]]*)\].*/\1/p' <<<"$1" | tr ',' '\n' | tr -d '" '
}

# Compressed files get a readable copy beside them.
__decompress() {
    local file
    while IFS= read -r file; do
        { zcat "$file" || xzcat "$file"; } >"$file.plain" 2>/dev/null || true
    done < <(LC_ALL=C grep -rlaP '\A(\x1f\x8b\x08|\xfd7zXZ)' "$1" || true)
}

# forms_of TEXT: the text, how it looks within longer base64 text, and in hexadecimal.
forms_of() {
    local shift hex
    printf '%s\n' "$1"
    for shift in '' x xx; do
        # The signs at the ends depend on the neighbours, too.
        printf '%s%s' "$shift" "$1" | base64 --wrap=0 | sed -E 's/^.{4}//; s/.{4}$//'
        echo
    done
    hex=$(printf '%s' "$1" | od -An -v -tx1 | tr -d ' \n')
    printf '%s\n%s\n' "$hex" "${hex^^}"
}

# traces_of FORMS_FILE PATH...: the files that hold one of the forms.
traces_of() {
    local forms=$1
    shift
    [[ -s $forms ]] || fail 'nothing to look for'
    ! grep -qx '' "$forms" || fail 'an empty text is everywhere'
    LC_ALL=C grep -rlaF -f "$forms" -- "$@" || true
}
