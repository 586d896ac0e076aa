# shellcheck shell=bash
# The one table of default versions and pinned sums. A sum of `-` is not known here: the vendor's own sum
# file is then asked, or, where the vendor publishes none, the sum of what came is logged. What npm, uv, nvm and apt fetch
# they check themselves, so for these the version is all there is to pin.
#
# Columns: tool, version, build as the vendor names it, sha256. The first row of a tool holds its default version.
__pei_versions_table() {
  cat <<'TABLE'
angular      22.2.7    any           -
bun          1.4.5     x64           -
bun          1.4.5     x64-baseline  -
bun          1.4.5     aarch64       -
clang        20        any           -
claude-code  2.1.329   any           -
codex-cli    0.169.0   any           -
litellm      1.106.2   any           -
nodejs       lts       any           -
nvm          0.40.3    any           -
pixi         0.50.2    x86_64        -
pixi         0.50.2    aarch64       -
pnpm         12.21.0   any           -
uv           0.13.8    x86_64        -
uv           0.13.8    aarch64       -
TABLE
}

# pei_version TOOL: its default version; fatal for a tool that is not in the table.
pei_version() {
  local tool version
  while read -r tool version _; do
    if [[ "${tool}" == "$1" ]]; then
      printf '%s\n' "${version}"
      return 0
    fi
  done < <(__pei_versions_table)
  pei_die "no version of \`$1\` in the table"
}

# pei_pinned_sha256 TOOL VERSION BUILD: the pinned sum, or an empty line.
pei_pinned_sha256() {
  local tool version build sum
  while read -r tool version build sum; do
    if [[ "${tool} ${version} ${build}" == "$1 $2 $3" && "${sum}" != - ]]; then
      printf '%s\n' "${sum}"
      return 0
    fi
  done < <(__pei_versions_table)
  printf '\n'
}
