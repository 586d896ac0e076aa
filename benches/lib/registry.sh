# shellcheck shell=bash
# Sourced by run.sh, which sets what this file reads and reads what it sets.
# shellcheck disable=SC2034,SC2154
# A registry on loopback, as the cache of a team.

registry_pid=''

# start_registry: sets registry, HOST:PORT. Fails where Debian's docker-registry is not installed.
start_registry() {
  local attempt
  command -v docker-registry >/dev/null || return 1
  for attempt in {1..10}; do
    registry="127.0.0.1:$((20000 + RANDOM % 12000))"
    cat >"${work}/registry.yml" <<YAML
version: 0.1
storage: {filesystem: {rootdirectory: '${work}/registry'}}
http: {addr: '${registry}'}
YAML
    docker-registry serve "${work}/registry.yml" </dev/null >"${work}/registry.log" 2>&1 &
    registry_pid=$!
    for _ in {1..50}; do
      sleep 0.1
      # Another program may have the port; then the registry has ended.
      kill -0 "${registry_pid}" 2>/dev/null || break
      ! curl -s -f -o "${work}/answer" "http://${registry}/v2/" || return 0
    done
    end_registry
  done
  pei_die 'the registry does not start' "$(tail -n 5 -- "${work}/registry.log")"
}

end_registry() {
  [[ -n "${registry_pid}" ]] || return 0
  kill "${registry_pid}" 2>/dev/null || true
  wait "${registry_pid}" 2>/dev/null || true
  registry_pid=''
}
