# shellcheck shell=bash
# The scripts of stage-2 that only hand over to stage 1. pei writes them from one list and one text.

# Prints the path below system/ of each.
plain_forwarders() { cat "$REPO/templates/forwarder/list"; }

# write_forwarders DIR: as pei writes them, below DIR/stage-2/system.
write_forwarders() {
  local path file
  while read -r path; do
    file=$1/stage-2/system/$path
    mkdir -p "${file%/*}"
    sed "s|{{ path }}|$path|g; s|{{ name }}|${path##*/}|g" "$REPO/templates/forwarder/script.sh" >"$file"
  done < <(plain_forwarders)
}
