#!/usr/bin/env bash
# Installs the Claude Code command line for one user, with that user's bun.
#
# Reads: CLAUDE_CODE_API_KEY and CLAUDE_CODE_BASE_URL (only whether they are set), PEI_DOWNLOAD_MIRROR, proxies.
# Root: only for another user. Network: the npm registry that bun is configured for.
set -Eeuo pipefail
shopt -s inherit_errexit
# shellcheck source=../../lib/pei.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/../../lib/pei.sh"

PACKAGE='@anthropic-ai/claude-code'

declare_options() {
  pei_args_begin install-claude-code.sh "Install the Claude Code command line for one user, with that user's bun."
  pei_args_value user NAME '' 'who gets it (default: the caller)'
  pei_args_value version VERSION "$(pei_version claude-code)" 'which version, or latest'
  pei_args_switch with-alias 'define claude-custom-api even if its variables are not set now'
  pei_args_note 'If CLAUDE_CODE_API_KEY and CLAUDE_CODE_BASE_URL are set, ~/.bashrc gets the alias claude-custom-api, which reads both'
  pei_args_note 'from the environment each time it is used. Neither value is written anywhere.'
  pei_args_note 'Needs bun; install-bun.sh brings it.'
}

# onboarding MODE: with `check` only whether ~/.claude.json can be read, with `set` marks the first-run questions as
# answered. Keeps other keys; never replaces a file that is not JSON, which somebody may have written.
onboarding() {
  local program
  program='
    const fs = require("fs"), path = require("path");
    let file = path.join(process.env.HOME, ".claude.json"), text = "", mode = 0o600;
    try { file = fs.realpathSync(file); text = fs.readFileSync(file, "utf8"); mode = fs.statSync(file).mode & 0o777; }
    catch (error) { if (error.code !== "ENOENT") throw error; }
    const settings = text.trim() === "" ? {} : JSON.parse(text);
    if (settings === null || typeof settings !== "object" || Array.isArray(settings)) throw new Error("not an object");
    if (process.env.PEI_MODE === "set" && settings.hasCompletedOnboarding !== true) {
      settings.hasCompletedOnboarding = true;
      const temp = `${file}.pei-${process.pid}`;
      fs.writeFileSync(temp, JSON.stringify(settings, null, 2) + "\n", { mode });
      fs.renameSync(temp, file);
    }'
  pei_in_login_shell "${USER_NAME}" PEI_MODE="$1" "${BUN}" -e "${program}" >/dev/null
}

configure_alias() {
  if ! pei_arg_on with-alias && [[ -z "${CLAUDE_CODE_API_KEY-}" || -z "${CLAUDE_CODE_BASE_URL-}" ]]; then
    pei_log_info 'alias claude-custom-api skipped: CLAUDE_CODE_API_KEY and CLAUDE_CODE_BASE_URL are not both set'
    return 0
  fi
  # shellcheck disable=SC2016 # expands when the alias is used
  printf '%s\n' \
    '# The key and the address are read from the environment at each use.' \
    'alias claude-custom-api='\''ANTHROPIC_API_KEY="${CLAUDE_CODE_API_KEY:?is not set}" ANTHROPIC_BASE_URL="${CLAUDE_CODE_BASE_URL:?is not set}" claude --dangerously-skip-permissions'\' \
    | pei_block_set "${USER_HOME}/.bashrc" claude-code-alias || pei_die 'cannot write ~/.bashrc'
}

installed_version() {
  local said
  said="$(pei_in_login_shell "${USER_NAME}" "${BIN}/claude" --version 2>/dev/null)" || return 1
  [[ "${said}" =~ [0-9]+(\.[0-9]+)+ ]] && printf '%s\n' "${BASH_REMATCH[0]}"
}

is_satisfied() {
  local found
  ! pei_arg_on force || return 1
  found="$(installed_version)" || return 1
  ! pei_arg_given version || [[ "${VERSION}" == latest || "${found}" == "${VERSION}" ]]
}

configure() {
  onboarding set || pei_die "cannot write ${USER_HOME}/.claude.json"
  pei_env_path_line "${BIN}" | pei_env_for_user "${USER_NAME}" claude-code || pei_die 'cannot write the rc files'
  configure_alias
}

main() {
  declare_options
  pei_args_parse "$@"
  pei_install_err_trap
  USER_NAME="$(pei_resolve_target_user "$(pei_arg user)")"
  USER_HOME="$(pei_user_home "${USER_NAME}")"
  VERSION="$(pei_arg version)"
  pei_require_version "${VERSION}"
  # A word such as `latest`; nothing for a version.
  REQUESTED="${VERSION/#[v0-9]*/}"
  VERSION="$(pei_locked_request "${PACKAGE}" "${VERSION#v}")"
  if pei_arg_on dry-run; then
    pei_plan "let bun install ${PACKAGE}@${VERSION} for ${USER_NAME} from $(pei_mirrored https://registry.npmjs.org/) or the registry that bun is configured for"
    pei_plan "set hasCompletedOnboarding in ${USER_HOME}/.claude.json"
    return 0
  fi
  BUN="$(pei_find_bun "${USER_NAME}")"
  BIN="$(pei_bun_global_bin "${USER_NAME}" "${BUN}")"
  onboarding check || pei_die "${USER_HOME}/.claude.json cannot be read as JSON; nothing is changed"
  if is_satisfied; then
    pei_log_info "Claude Code $(installed_version) is installed already for ${USER_NAME}; nothing to download"
    configure
    return 0
  fi
  pei_tmp_dir_init
  pei_undo_note "${BIN}/claude" "${BIN%/bin}/install/global"
  pei_bun_add "${USER_NAME}" "${BUN}" "${PACKAGE}" "${VERSION}" || pei_die 'Claude Code is not installed'
  installed_version >/dev/null || pei_die "${BIN}/claude does not run"
  pei_record npm name="${PACKAGE}" user="${USER_NAME}" -- version="$(installed_version)" requested="${REQUESTED}"
  configure
  pei_log_info "Claude Code $(installed_version) is installed for ${USER_NAME}"
}

if [[ "${BASH_SOURCE[0]}" == "$0" ]]; then
  main "$@"
fi
