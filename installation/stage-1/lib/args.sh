# shellcheck shell=bash
# One declarative option parser for every script. A script declares its options; parsing, checking and the
# --help text all come from the declaration.
#
#   pei_args_begin 'install-thing.sh' 'Install thing for one user.'
#   pei_args_value  user NAME '' 'who gets it (default: the caller)'
#   pei_args_path   install-dir '' 'where it goes (default: ~/.thing)'
#   pei_args_choice mirror official 'official|tuna|URL' 'where it comes from'
#   pei_args_switch keep 'keep the build tree'
#   pei_args_note   'Needs root: no.'
#   pei_args_parse "$@"
#   dir="$(pei_arg install-dir)"; if pei_arg_on keep; then …
#
# --dry-run, --force, --verbose, --quiet and -h/--help are always there. Both `--flag VALUE` and `--flag=VALUE` work.

# The parser's state; pei_args_begin resets it.
__pei_args_reset() {
  declare -gA __PEI_ARG_KIND=() __PEI_ARG_META=() __PEI_ARG_TEXT=() __PEI_ARG_CHOICES=()
  declare -gA __PEI_ARG_VALUE=() __PEI_ARG_GIVEN=()
  declare -ga __PEI_ARG_ORDER=() __PEI_OPERAND_ORDER=() __PEI_ARG_NOTES=()
}

# pei_args_begin SCRIPT SENTENCE
pei_args_begin() {
  __pei_args_reset
  PEI_LOG_NAME="$1"
  __PEI_ARGS_SUMMARY="$2"
}

# __pei_args_declare KIND NAME META DEFAULT TEXT
__pei_args_declare() {
  __PEI_ARG_ORDER+=("$2")
  __PEI_ARG_KIND["$2"]="$1"
  __PEI_ARG_META["$2"]="$3"
  __PEI_ARG_VALUE["$2"]="$4"
  __PEI_ARG_TEXT["$2"]="$5"
}

# pei_args_value NAME META DEFAULT TEXT: --NAME META, any text that is not empty.
pei_args_value() { __pei_args_declare value "$1" "$2" "$3" "$4"; }

# pei_args_path NAME DEFAULT TEXT: --NAME DIR, an absolute path.
pei_args_path() { __pei_args_declare path "$1" DIR "$2" "$3"; }

# pei_args_url NAME DEFAULT TEXT: --NAME URL, http or https.
pei_args_url() { __pei_args_declare url "$1" URL "$2" "$3"; }

# pei_args_choice NAME DEFAULT 'a|b|URL' TEXT: --NAME, one of the words (any case); the word URL stands for
# any http(s) URL. The value comes back in lower case unless it is a URL.
pei_args_choice() {
  __pei_args_declare choice "$1" "$3" "$2" "$4"
  __PEI_ARG_CHOICES["$1"]="$3"
}

# pei_args_switch NAME TEXT
pei_args_switch() { __pei_args_declare switch "$1" '' '' "$2"; }

# pei_args_operand NAME DEFAULT TEXT [CHOICES]: an optional word without a flag, in the order declared.
pei_args_operand() {
  __PEI_OPERAND_ORDER+=("$1")
  __PEI_ARG_KIND["$1"]=operand
  __PEI_ARG_VALUE["$1"]="$2"
  __PEI_ARG_TEXT["$1"]="$3"
  __PEI_ARG_CHOICES["$1"]="${4-}"
}

# pei_args_note LINE: a line below the options in the help text.
pei_args_note() { __PEI_ARG_NOTES+=("$1"); }

# pei_arg NAME: the value given, or the default.
pei_arg() { printf '%s\n' "${__PEI_ARG_VALUE["$1"]-}"; }

# pei_arg_on NAME: whether a switch was given.
pei_arg_on() { [[ "${__PEI_ARG_VALUE["$1"]-}" == 1 ]]; }

# pei_arg_given NAME: whether the caller gave it at all.
pei_arg_given() { [[ "${__PEI_ARG_GIVEN["$1"]-}" == 1 ]]; }

# pei_args_parse "$@": ends the script with 2 on a usage error and with 0 after --help.
pei_args_parse() {
  local status=0
  pei_args_read "$@" || status=$?
  case "${status}" in
    0) return 0 ;;
    100) exit 0 ;;
    *) exit "${status}" ;;
  esac
}

# pei_args_read "$@": the same for scripts that are sourced and must not end the shell:
# 0 parsed, 2 usage error (message printed), 100 help printed.
pei_args_read() {
  __pei_args_add_common
  local operand_index=0 word name value
  while (($# > 0)); do
    word="$1"
    shift
    case "${word}" in
      -h | --help)
        pei_args_help
        return 100
        ;;
      --)
        break
        ;;
      --*)
        name="${word#--}"
        name="${name%%=*}"
        if [[ -z "${name}" || -z "${__PEI_ARG_KIND["${name}"]-}" || "${__PEI_ARG_KIND["${name}"]}" == operand ]]; then
          __pei_args_complain "unknown option \`--${name}\`"
          return 2
        fi
        if [[ "${__PEI_ARG_KIND["${name}"]}" == switch ]]; then
          if [[ "${word}" == *=* ]]; then
            __pei_args_complain "option \`--${name}\` takes no value"
            return 2
          fi
          value=1
        elif [[ "${word}" == *=* ]]; then
          value="${word#*=}"
        else
          # Treat a word with two dashes as the next option, not as this option's value.
          if (($# == 0)) || [[ "$1" == --* ]]; then
            __pei_args_complain "option \`--${name}\` needs a value"
            return 2
          fi
          value="$1"
          shift
        fi
        __pei_args_store "${name}" "${value}" || return 2
        ;;
      -?*)
        __pei_args_complain "unknown option \`${word}\`"
        return 2
        ;;
      *)
        __pei_args_store_operand "${operand_index}" "${word}" || return 2
        operand_index=$((operand_index + 1))
        ;;
    esac
  done
  for word in "$@"; do
    __pei_args_store_operand "${operand_index}" "${word}" || return 2
    operand_index=$((operand_index + 1))
  done
  __pei_args_apply_common
}

__pei_args_add_common() {
  [[ -z "${__PEI_ARG_KIND["dry-run"]-}" ]] || return 0
  pei_args_switch dry-run 'say what would be done; no network, no change'
  pei_args_switch force 'do it again even if it is done already'
  [[ -n "${__PEI_ARG_KIND["verbose"]-}" ]] || pei_args_switch verbose 'say more'
  [[ -n "${__PEI_ARG_KIND["quiet"]-}" ]] || pei_args_switch quiet 'warnings and errors only'
}

__pei_args_apply_common() {
  # shellcheck disable=SC2034 # log.sh reads both
  if pei_arg_on verbose; then PEI_VERBOSE=1; fi
  # shellcheck disable=SC2034
  if pei_arg_on quiet; then PEI_QUIET=1; fi
}

__pei_args_complain() {
  pei_log_error "$@"
  printf "Try '%s --help'.\n" "${PEI_LOG_NAME}" >&2
}

__pei_args_store_operand() {
  local index="$1" value="$2"
  if ((index >= ${#__PEI_OPERAND_ORDER[@]})); then
    __pei_args_complain "unexpected word \`${value}\`"
    return 2
  fi
  __pei_args_store "${__PEI_OPERAND_ORDER[index]}" "${value}"
}

# Checks a value by the kind of its option, then keeps it.
__pei_args_store() {
  local name="$1" value="$2" shown="--$1"
  if [[ "${__PEI_ARG_KIND["${name}"]}" == operand ]]; then
    shown="${name^^}"
  fi
  if [[ -z "${value}" ]]; then
    __pei_args_complain "option \`${shown}\` needs a value that is not empty"
    return 2
  fi
  case "${__PEI_ARG_KIND["${name}"]}" in
    path)
      if [[ "${value}" != /* ]]; then
        __pei_args_complain "option \`${shown}\`: expected an absolute path, found \`${value}\`"
        return 2
      fi
      ;;
    url)
      if ! pei_is_url "${value}"; then
        __pei_args_complain "option \`${shown}\`: expected an http(s) URL, found \`${value}\`"
        return 2
      fi
      ;;
    choice | operand)
      if [[ -n "${__PEI_ARG_CHOICES["${name}"]-}" ]]; then
        value="$(__pei_args_choose "${value}" "${__PEI_ARG_CHOICES["${name}"]}")" || {
          __pei_args_complain "option \`${shown}\`: expected one of ${__PEI_ARG_CHOICES["${name}"]//|/, }, found \`$2\`"
          return 2
        }
      fi
      ;;
  esac
  __PEI_ARG_VALUE["${name}"]="${value}"
  __PEI_ARG_GIVEN["${name}"]=1
}

# __pei_args_choose VALUE 'a|b|URL': prints the settled value, or fails.
__pei_args_choose() {
  local value="$1" choice
  local -a choices
  IFS='|' read -r -a choices <<<"$2"
  for choice in "${choices[@]}"; do
    if [[ "${choice}" == URL ]]; then
      if pei_is_url "${value}"; then
        printf '%s\n' "${value}"
        return 0
      fi
    elif [[ "${value,,}" == "${choice,,}" ]]; then
      printf '%s\n' "${choice}"
      return 0
    fi
  done
  return 1
}

pei_is_url() { [[ "$1" =~ ^https?://[^/[:space:]]+(/[^[:space:]]*)?$ ]]; }

# pei_args_help: the help text, on stdout.
pei_args_help() {
  __pei_args_add_common
  local name operands=''
  for name in ${__PEI_OPERAND_ORDER[@]+"${__PEI_OPERAND_ORDER[@]}"}; do
    operands+=" [${name^^}]"
  done
  printf 'Usage: %s [OPTIONS]%s\n\n%s\n' "${PEI_LOG_NAME}" "${operands}" "${__PEI_ARGS_SUMMARY}"
  if [[ -n "${operands}" ]]; then
    printf '\nArguments:\n'
    for name in "${__PEI_OPERAND_ORDER[@]}"; do
      __pei_args_help_line "${name^^}" "$(__pei_args_describe "${name}")"
    done
  fi
  printf '\nOptions:\n'
  for name in "${__PEI_ARG_ORDER[@]}"; do
    __pei_args_help_line "--${name}${__PEI_ARG_META["${name}"]:+ ${__PEI_ARG_META["${name}"]}}" "$(__pei_args_describe "${name}")"
  done
  __pei_args_help_line '-h, --help' 'this text'
  if ((${#__PEI_ARG_NOTES[@]} > 0)); then
    printf '\n'
    printf '%s\n' "${__PEI_ARG_NOTES[@]}"
  fi
}

__pei_args_describe() {
  local text="${__PEI_ARG_TEXT["$1"]}" default="${__PEI_ARG_VALUE["$1"]}"
  if [[ "${__PEI_ARG_KIND["$1"]}" == operand && -n "${__PEI_ARG_CHOICES["$1"]-}" ]]; then
    text+=": ${__PEI_ARG_CHOICES["$1"]//|/, }"
  fi
  if [[ -n "${default}" && "${__PEI_ARG_KIND["$1"]}" != switch && "${text}" != *'(default'* ]]; then
    text+=" (default: ${default})"
  fi
  printf '%s\n' "${text}"
}

# Two columns; text wraps at 100. script-docs.sh reads this layout.
__pei_args_help_line() {
  local left="$1" text="$2" line='' word
  local -a words
  if ((${#left} > 26)); then
    printf '  %s\n' "${left}"
    left=''
  fi
  read -r -a words <<<"${text}"
  for word in "${words[@]}"; do
    if ((${#line} + ${#word} + 1 > 70)); then
      printf '  %-26s  %s\n' "${left}" "${line}"
      left=''
      line="${word}"
    else
      line+="${line:+ }${word}"
    fi
  done
  printf '  %-26s  %s\n' "${left}" "${line}"
}
