# shellcheck shell=bash
# The one table of default versions: tool, version. conda-installer.bash has the sums of its files. The other installers ask
# for the sum that the vendor publishes beside the file; where there is none, the sum of what came is logged. npm, uv, nvm and
# apt check what they fetch themselves. Magnum has no release that compiles today: the default is the branch that it advises.
__pei_versions_table() {
  cat <<'TABLE'
angular      22.2.7
bun          1.4.5
clang        20
claude-code  2.1.329
codex-cli    0.169.0
litellm      1.106.2
magnum       master
miniconda    py313_26.1.1-1
miniforge    26.1.1-3
nodejs       24.22.3
nvm          0.40.3
opencv       4.12.0
pixi         0.50.2
pnpm         12.21.0
uv           0.13.8
TABLE
}

# pei_version TOOL: its default version; fatal for a tool that is not in the table.
pei_version() {
  local tool version
  ! pei_locked_version "$1" || return 0
  while read -r tool version; do
    if [[ "${tool}" == "$1" ]]; then
      printf '%s\n' "${version}"
      return 0
    fi
  done < <(__pei_versions_table)
  pei_die "no version of \`$1\` in the table"
}
