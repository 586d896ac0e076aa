# shellcheck shell=bash
# Sourced by run.sh, which sets what this file reads and reads what it sets.
# shellcheck disable=SC2034,SC2154
# What the engine holds: bases that no cache knows, sizes, marks in images, and the removal of all that was made.

readonly DEFAULT_BASE=pei-base:bookworm
# Where the hooks of a measured project leave a mark each; see project.sh.
readonly MARKS=/var/lib/pei-bench

engine_versions() {
  if wants_builds; then
    printf 'engine %s, Compose %s' "$(docker version --format '{{.Server.Version}}')" "$(docker compose version --short)"
  else
    printf 'no engine used'
  fi
}

# fresh_base NAME: a base with a layer of its own. A label alone would not do: the build cache goes by layers. pei's apt
# cache goes by the base's name, so the archives of no other build are in it.
fresh_base() {
  docker build --quiet --pull=false --tag "$1" - >/dev/null <<DOCKERFILE
FROM ${base}
RUN echo $1 >/etc/pei-bench
DOCKERFILE
}

# image_bytes IMAGE
image_bytes() { docker image inspect --format '{{.Size}}' "$1"; }

# layers IMAGE: a line each, the oldest first: size, time, command.
layers() {
  docker history --no-trunc --human=false --format '{{.Size}} {{.CreatedAt}} {{.CreatedBy}}' "$1" | tac
}

# added_bytes BASE IMAGE_1 IMAGE_2: what both add to the base together; layers that both have count once.
added_bytes() {
  local shared
  shared="$(paste -d '\n' <(layers "$2") <(layers "$3") | awk '
    NR % 2 { one = $0; next }
    one == "" || one != $0 { exit }
    { sum += $1 }
    END { printf "%d", sum }')"
  printf '%d\n' "$(($(image_bytes "$2") + $(image_bytes "$3") - shared - $(image_bytes "$1")))"
}

# marks IMAGE: a line for each costly part of the image; a part that ran again has another line.
marks() {
  docker run --rm --pull never --network none --label "${id}" --entrypoint sh "$1" -c "
    echo \"apt \$(stat -c %.Y /var/lib/dpkg/info/tmux.list)\"
    cd ${MARKS} 2>/dev/null || exit 0
    for mark in *; do echo \"\${mark} \$(cat \"\${mark}\")\"; done"
}

# executed_steps LOG
# shellcheck source=tests/container/support/build_log.bash
source "${repo}/tests/container/support/build_log.bash"

# own_records: the ids of the build cache's records that grew from this run's bases, or name them.
own_records() {
  docker buildx du --verbose | awk -v id="${id}" '
    $1 == "ID:" { record = $2; order[++count] = record }
    $1 ~ /^Parents?:$/ { $1 = ""; parents[record] = $0 }
    $1 == "Description:" && index($0, id) { own[record] = 1 }
    END {
      do {
        grown = 0
        for (i = 1; i <= count; i++) {
          if (order[i] in own) continue
          n = split(parents[order[i]], list, /[ ,]+/)
          for (j = 1; j <= n; j++) if (list[j] in own) { own[order[i]] = 1; grown = 1 }
        }
      } while (grown)
      for (record in own) print record
    }'
}

# each_id REMOVE… -- LIST…: what is gone already is fine.
each_id() {
  local remove=() ids
  while [[ "$1" != -- ]]; do
    remove+=("$1")
    shift
  done
  shift
  mapfile -t ids < <("$@" | sort -u)
  ((${#ids[@]} == 0)) || "${remove[@]}" "${ids[@]}" >/dev/null 2>&1 || true
}

# forget_builds: the engine has neither the images of this run's projects nor what was built for them; the bases stay.
forget_builds() {
  each_id docker image rm --force -- docker image ls --quiet --filter 'label=io.pei.state' --filter "reference=${id}*"
  each_id docker image rm --force -- docker image ls --quiet --filter "reference=*/${id}/*"
  forget_records
}

forget_records() {
  local record
  while IFS= read -r record; do
    docker builder prune --all --force --filter "id=${record}" >/dev/null 2>&1 || true
  done < <(own_records)
}

engine_clean_up() {
  local project
  each_id docker container rm --force --volumes -- docker container ls --all --quiet --filter "label=${id}"
  each_id docker image rm --force -- docker image ls --quiet --filter "reference=${id}*"
  each_id docker image rm --force -- docker image ls --quiet --filter "reference=*/${id}/*"
  # A rebuilt tag leaves its former image without a name; Compose's label tells whose it was.
  for project in "${work}/${id}"-*/; do
    project="${project%/}"
    each_id docker image rm --force -- \
      docker image ls --quiet --filter "label=com.docker.compose.project=${project##*/}"
  done
  forget_records
}
