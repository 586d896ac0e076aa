#!/usr/bin/env bats
# shellcheck disable=SC2016 # texts for another shell
load ../support/common

DECLARE='pei_args_begin tool.sh "Does a thing."
pei_args_value name TEXT "" "any text"
pei_args_path dir /opt/x "a folder"
pei_args_choice mirror official "official|tuna|URL" "where from"
pei_args_switch keep "keep it"
pei_args_operand folder /here "a place"
pei_args_parse "$@"
'

args() { lib_run "$DECLARE"'printf "%s\n" "$(pei_arg name)" "$(pei_arg dir)" "$(pei_arg mirror)" "$(pei_arg keep)" "$(pei_arg folder)"' "$@"; }

@test "defaults" {
  run args
  [ "$status" -eq 0 ]
  [ "$output" = "$(printf '%s\n' '' /opt/x official '' /here)" ]
}

@test "both forms of a value, switches, operands, end of options" {
  run args --name 'a b  c' --dir=/y --mirror TUNA --keep -- /there
  [ "$output" = "$(printf '%s\n' 'a b  c' /y tuna 1 /there)" ]
  run args --name=--x --mirror=https://Host/Path
  [ "$output" = "$(printf '%s\n' --x /opt/x https://Host/Path '' /here)" ]
}

@test "usage errors end with 2, a message and a hint" {
  local -a case
  while read -r -a case; do
    run args "${case[@]}"
    [ "$status" -eq 2 ]
    [ "${#lines[@]}" -eq 2 ]
    [[ "${lines[1]}" == *"tool.sh --help"* ]]
  done <<'CASES'
--nope
--nope=1
-x
--name
--name --keep
--name=
--keep=1
--dir relative
--mirror sohu
--mirror ftp://host/x
--folder x
a b
CASES
}

@test "help lists every option and ends with 0, even before a bad option" {
  run args --help --nope
  [ "$status" -eq 0 ]
  local word
  for word in '--name TEXT' '--dir DIR' '(default: /opt/x)' '--mirror official|tuna|URL' --keep FOLDER --dry-run --force --verbose --quiet '-h, --help'; do
    [[ "$output" == *"$word"* ]]
  done
}

@test "values stay what they are" {
  run args --name '$(touch /tmp/never) * " '\'' \n'
  [ "${lines[0]}" = '$(touch /tmp/never) * " '\'' \n' ]
}

@test "reading without ending the shell" {
  run lib_run 'pei_args_begin t.sh x; s=0; pei_args_read --nope 2>/dev/null || s=$?; echo "$s"; pei_args_begin t.sh x; s=0; pei_args_read -h >/dev/null || s=$?; echo "$s"'
  [ "$output" = $'2\n100' ]
}

@test "given is not the same as default" {
  run lib_run 'pei_args_begin t x; pei_args_value a A 1 x; pei_args_value b B 1 x; pei_args_parse --a 1; pei_arg_given a && ! pei_arg_given b && echo right'
  [ "$output" = right ]
}
