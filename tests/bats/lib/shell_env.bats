#!/usr/bin/env bats
# shellcheck disable=SC2016 # texts for another shell
load ../support/common

@test "one user: login, interactive and non-interactive shells see it; twice is once" {
  fake_home someone
  printf 'case $- in *i*) ;; *) return ;; esac\n' >"$FAKE_HOME/.bashrc"
  local round
  for round in 1 2; do
    lib_run 'd="/opt/a b/bin"; { pei_env_var_line V "it'\''s \$x"; pei_env_path_line "$d"; } | pei_env_for_user someone thing'
    [[ "$round" == 2 ]] || first="$(snapshot "$FAKE_HOME")"
  done
  [ "$(snapshot "$FAKE_HOME")" = "$first" ]
  local -a shells=('bash -lc' 'bash -ic' 'sh -lc')
  local shell
  for shell in "${shells[@]}"; do
    # shellcheck disable=SC2086 # two words
    run --separate-stderr env -i HOME="$FAKE_HOME" PATH=/usr/bin:/bin $shell 'echo "$V|$PATH"'
    [[ "$output" == "it's \$x|/opt/a b/bin:"* ]]
  done
  run env -i HOME="$FAKE_HOME" PATH=/usr/bin:/bin BASH_ENV="$FAKE_HOME/.bashrc" bash -c 'echo "$PATH"'
  [ "$output" = '/opt/a b/bin:/usr/bin:/bin' ]
}

@test "one user with a .bash_profile" {
  fake_home someone
  touch "$FAKE_HOME/.bash_profile"
  lib_run 'pei_env_path_line /opt/x | pei_env_for_user someone thing'
  run env -i HOME="$FAKE_HOME" PATH=/usr/bin:/bin bash -lc 'echo "$PATH"'
  [[ "$output" == /opt/x:* ]]
  lib_run 'pei_env_for_user_remove someone thing'
  [ ! -s "$FAKE_HOME/.bashrc" ]
  [ ! -s "$FAKE_HOME/.bash_profile" ]
}

@test "all users: profile.d and bash.bashrc, and back" {
  export PEI_ETC="$BATS_TEST_TMPDIR/etc"
  mkdir "$PEI_ETC"
  printf '[ -z "$PS1" ] && return\n' >"$PEI_ETC/bash.bashrc"
  before="$(snapshot "$PEI_ETC" | grep bashrc)"
  lib_run 'pei_env_path_line /opt/x | pei_env_for_all thing'
  run sh -c 'PATH=/usr/bin; . "$1"; . "$1"; echo "$PATH"' _ "$PEI_ETC/profile.d/pei-thing.sh"
  [ "$output" = /opt/x:/usr/bin ]
  run bash -c 'PATH=/usr/bin; . "$1"; echo "$PATH"' _ "$PEI_ETC/bash.bashrc"
  [ "$output" = '' ] || [[ "$output" == /opt/x:* ]]
  head -1 "$PEI_ETC/bash.bashrc" | grep -qx '# >>> pei thing >>>'
  lib_run 'pei_env_for_all_remove thing'
  [ "$(snapshot "$PEI_ETC" | grep bashrc)" = "$before" ]
  [ ! -e "$PEI_ETC/profile.d/pei-thing.sh" ]
}
