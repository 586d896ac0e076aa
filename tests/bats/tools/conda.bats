#!/usr/bin/env bats
# shellcheck disable=SC2016 # texts for another shell
load ../support/common
load contract

setup() {
  quick_downloads
  unset PEI_STAGE_DIR_1 PEI_STAGE_DIR_2
  CONDA="$SYSTEM/conda"
  ME="$(id -un)"
  DIR="$BATS_TEST_TMPDIR/opt/conda"
  SCRATCH="$BATS_TEST_TMPDIR/scratch"
  fake_home "$ME"
  export HOME="$FAKE_HOME"
  start_server
  export PEI_DOWNLOAD_MIRROR="$SERVER"
}

teardown() { stop_server; }

# An installer with the vendor's options. $1 is what it does at its end.
fake_installer() {
  cat <<'TEXT'
#!/bin/bash
while getopts bup: option; do
  case $option in u) update=yes ;; p) dir=$OPTARG ;; esac
done
[ ! -e "$dir" ] || [ "${update-}" = yes ] || { echo "File or directory already exists: $dir"; exit 1; }
mkdir -p "$dir/bin" "$dir/etc/profile.d"
cat >"$dir/bin/conda" <<CONDA
#!/bin/sh
[ "\$2" != hook ] || cat "$dir/etc/profile.d/conda.sh" - <<'HOOK'
conda activate base
HOOK
CONDA
cat >"$dir/etc/profile.d/conda.sh" <<CONDA
conda() { PATH="$dir/bin:\$PATH"; export PATH CONDA_PREFIX="$dir"; }
CONDA
chmod +x "$dir/bin/conda"
TEXT
  printf '%s\n' "${1-}"
}

# The vendor's file names for this machine.
machine() { uname -m | sed -e 's/amd64/x86_64/' -e 's/arm64/aarch64/'; }

install() { run bash "$CONDA/install-miniconda.sh" --user "$ME" --install-dir "$DIR" --tmp-dir "$SCRATCH" "$@"; }

# Serves the fake under a URL of its own and installs from there.
install_fake() {
  fake_installer "${1-}" | serve example.org/fake.sh
  install --installer-url https://example.org/fake.sh "${@:2}"
}

no_trace() {
  [ ! -e "$DIR" ]
  [ ! -e "$SCRATCH" ]
  [ -z "$(ls -A "$HOME")" ]
}

@test "usage of every script" {
  local name
  for name in "$CONDA/install-miniconda.sh" "$REPO"/installation/stage-2/system/conda/auto-install-mini{conda,forge}.sh; do
    check_usage "$name" --install-dir --version --installer-url --sha256 --cache-dir --tmp-dir --user --conda-repo --pip-repo
    run bash "$name" --install-dir relative
    [ "$status" -eq 2 ]
    run bash "$name" --installer-url nowhere
    [ "$status" -eq 2 ]
    run bash "$name" --pip-repo=nowhere
    [ "$status" -eq 2 ]
  done
  check_usage "$CONDA/configure-conda-repo.sh"
  check_usage "$CONDA/configure-pip-repo.sh"
}

@test "dry run: both installers, every place" {
  local place script
  for script in "$CONDA/install-miniconda.sh" "$REPO"/installation/stage-2/system/conda/auto-install-mini{conda,forge}.sh; do
    for place in official tuna https://example.org/x.sh; do
      check_dry_run "$script" --user "$ME" --install-dir "$DIR" --installer-url "$place"
      [[ "$output" == *"into $DIR"* ]]
    done
  done
  [ ! -s "$SERVER_LOG" ]
  unset PEI_DOWNLOAD_MIRROR
  check_dry_run "$CONDA/install-miniconda.sh" --user "$ME" --version latest
  [[ "$output" == *"https://repo.anaconda.com/miniconda/Miniconda3-latest-Linux-$(machine).sh"* ]]
  check_dry_run "$REPO/installation/stage-2/system/conda/auto-install-miniforge.sh" --user "$ME" --version latest --installer-url tuna
  [[ "$output" == *"/LatestRelease/Miniforge3-Linux-$(machine).sh"* ]]
}

@test "needs root for all users; unknown user" {
  check_needs_root "$CONDA/install-miniconda.sh"
  run bash "$CONDA/install-miniconda.sh" --user no-such-user
  [ "$status" -eq 1 ]
  [[ "$output" == *'user `no-such-user` does not exist'* ]]
}

@test "installs, every kind of shell sees it, a second run changes nothing" {
  install_fake
  [ "$status" -eq 0 ] || fail_with install
  [ -x "$DIR/bin/conda" ]
  [ ! -e "$SCRATCH" ]
  [[ "$output" == *'(not pinned)'* ]]

  run env -i HOME="$HOME" PATH=/usr/bin:/bin bash -lc 'command -v conda'
  [ "$output" = "$DIR/bin/conda" ]
  run env -i HOME="$HOME" PATH=/usr/bin:/bin PS1=x bash -ic 'echo "$CONDA_PREFIX"; type -t conda' 2>/dev/null
  [[ "$output" == *"$DIR"*function* ]]
  run env -i HOME="$HOME" PATH=/usr/bin:/bin sh -c '. "$HOME/.profile"; command -v conda'
  [ "$output" = "$DIR/bin/conda" ]

  local before requests
  before="$(
    snapshot "$BATS_TEST_TMPDIR/opt"
    snapshot "$HOME"
  )"
  requests="$(wc -l <"$SERVER_LOG")"
  install
  [ "$status" -eq 0 ]
  [[ "$output" == *'already installed'* ]]
  [ "$before" = "$(
    snapshot "$BATS_TEST_TMPDIR/opt"
    snapshot "$HOME"
  )" ]
  [ "$requests" = "$(wc -l <"$SERVER_LOG")" ]

  install --force --installer-url https://example.org/fake.sh
  [ "$status" -eq 0 ] || fail_with force
  [ -x "$DIR/bin/conda" ]
}

@test "no mirror and no pip setting unless asked for" {
  install_fake '' --pip-repo ''
  [ "$status" -eq 0 ]
  [ ! -e "$HOME/.condarc" ]
  [ ! -e "$DIR/.condarc" ]
  [ ! -e "$HOME/.config" ]
  [ "$(stat -c %a "$DIR")" = 755 ]
}

@test "mirrors on request" {
  stub pip 'case " $* " in *" get "*) exit 1 ;; esac'
  install_fake '' --conda-repo tuna --pip-repo tuna
  [ "$status" -eq 0 ] || fail_with mirrors
  cmp "$HOME/.condarc" "$CONDA/conda-tsinghua.txt"
  grep -qx 'pip config --user set global.index-url https://pypi.tuna.tsinghua.edu.cn/simple' "$CALLS"
}

@test "a directory that exists: empty is used, full is refused, conda in it is kept" {
  mkdir -p "$DIR"
  install_fake
  [ "$status" -eq 0 ] || fail_with empty
  [ -x "$DIR/bin/conda" ]
  rm -rf "$DIR" && mkdir -p "$DIR" && echo mine >"$DIR/file"
  install_fake
  [ "$status" -eq 1 ]
  [ "$(ls "$DIR")" = file ]
}

@test "failures leave nothing: no file, wrong sum, broken installer, an installer that makes no conda" {
  install --installer-url https://example.org/missing.sh
  [ "$status" -eq 1 ]
  no_trace

  # The default version has a pinned sum, which a fake cannot have.
  fake_installer | serve "repo.anaconda.com/miniconda/Miniconda3-py313_26.1.1-1-Linux-$(machine).sh"
  PEI_DOWNLOAD_CONNECT_TIMEOUT=1 http_proxy=http://127.0.0.1:9 https_proxy=http://127.0.0.1:9 install
  [ "$status" -eq 1 ]
  [[ "$output" == *'sha256 is'*expected* ]]
  no_trace

  install_fake 'exit 3'
  [ "$status" -eq 1 ]
  [[ "$output" == *'installer of the vendor failed'* ]]
  no_trace

  install_fake 'rm "$dir/bin/conda"'
  [ "$status" -eq 1 ]
  no_trace

  mkdir -p "$DIR"
  install_fake 'exit 3'
  [ "$status" -eq 1 ]
  [ -z "$(ls -A "$DIR")" ]
}

@test "--force over a working conda that fails keeps it" {
  install_fake
  fake_installer 'exit 3' | serve example.org/fake.sh
  install --force --installer-url https://example.org/fake.sh
  [ "$status" -eq 1 ]
  [ -x "$DIR/bin/conda" ]
}

@test "latest is checked against the published sum" {
  local file sum
  file="Miniconda3-latest-Linux-$(machine).sh"
  fake_installer | serve "repo.anaconda.com/miniconda/$file"
  sum="$(sha256sum "$SERVED/repo.anaconda.com/miniconda/$file" | cut -d' ' -f1)"
  printf '<table>\n<tr><td><a href="x">other.sh</a></td><td>%064d</td></tr>\n<tr>\n<td><a href="%s">%s</a></td>\n<td>%s</td></tr>\n' \
    0 "$file" "$file" "$sum" | serve repo.anaconda.com/miniconda/index.html
  install --version latest
  [ "$status" -eq 0 ] || fail_with latest
  [ -x "$DIR/bin/conda" ]

  rm -rf "$DIR"
  echo '# changed' >>"$SERVED/repo.anaconda.com/miniconda/$file"
  PEI_DOWNLOAD_CONNECT_TIMEOUT=1 http_proxy=http://127.0.0.1:9 https_proxy=http://127.0.0.1:9 install --version latest
  [ "$status" -eq 1 ]
  [ ! -e "$DIR" ]
}

@test "a local installer is used, in the stage's tmp, --cache-dir and --tmp-dir" {
  local stage="$BATS_TEST_TMPDIR/stage-1" file
  file="Miniconda3-latest-Linux-$(machine).sh"
  mkdir -p "$stage/tmp" "$SCRATCH"
  fake_installer >"$stage/tmp/$file"

  PEI_STAGE_DIR_1="$stage" install
  [ "$status" -eq 0 ] || fail_with stage
  [ -x "$DIR/bin/conda" ]
  rm -rf "$DIR"
  install --cache-dir "$stage/tmp"
  [ "$status" -eq 0 ] || fail_with cache-dir
  rm -rf "$DIR"
  cp "$stage/tmp/$file" "$SCRATCH"
  install
  [ "$status" -eq 0 ]
  [ -f "$SCRATCH/$file" ]
  [ ! -s "$SERVER_LOG" ]
}

@test "stage 2: both from their cache, path with spaces and quotes, once" {
  local stage="$BATS_TEST_TMPDIR/stage-2" tool file before
  export PEI_STAGE_DIR_1="$STAGE1" PEI_STAGE_DIR_2="$stage"
  mkdir -p "$stage/tmp"
  for tool in miniforge miniconda; do
    DIR="$BATS_TEST_TMPDIR/it's a \"folder\" of $tool"
    file="$stage/tmp/${tool^}3-Linux-$(machine).sh"
    [ "$tool" = miniforge ] || file="$stage/tmp/Miniconda3-latest-Linux-$(machine).sh"
    fake_installer >"$file"
    # The fake's own quoting is not the matter here.
    sed -i 's|^cat >"$dir/bin/conda".*|cp /bin/true "$dir/bin/conda"; : <<CONDA|' "$file"
    auto_install "$tool"
    [ "$status" -eq 0 ] || fail_with "$tool"
    [ ! -s "$SERVER_LOG" ]
    run env -i HOME="$HOME" PATH=/usr/bin:/bin bash -lc 'command -v conda'
    [ "$output" = "$DIR/bin/conda" ]
    [ "$(cat "$DIR/.condarc")" = 'auto_activate_base: false' ]
    echo 'auto_activate_base: true' >"$DIR/.condarc"
    before="$(snapshot "$DIR"; snapshot "$HOME")"
    auto_install "$tool"
    [[ "$output" == *'already installed'* ]]
    [ "$(snapshot "$DIR"; snapshot "$HOME")" = "$before" ]
  done
}

auto_install() {
  run bash "$REPO/installation/stage-2/system/conda/auto-install-$1.sh" --user "$ME" --install-dir "$DIR" --tmp-dir "$SCRATCH"
}

@test "configure-conda-repo: tuna by default, own settings are kept, and the way back" {
  local script="$CONDA/configure-conda-repo.sh"
  check_dry_run "$script"
  run bash "$script"
  [ "$status" -eq 0 ]
  cmp "$HOME/.condarc" "$CONDA/conda-tsinghua.txt"
  run bash "$script" tuna
  [[ "$output" == *already* ]]
  run bash "$script" official
  [ "$status" -eq 0 ]
  [ ! -e "$HOME/.condarc" ]
  run bash "$script" official
  [ "$status" -eq 0 ]

  echo 'channels: [mine]' >"$HOME/.condarc"
  run bash "$script" tuna
  [ "$status" -eq 1 ]
  run bash "$script" official
  [ "$status" -eq 1 ]
  [ "$(cat "$HOME/.condarc")" = 'channels: [mine]' ]
  run bash "$script" tuna --force
  [ "$status" -eq 0 ]
  [ "$(cat "$HOME/.condarc.old")" = 'channels: [mine]' ]
  cmp "$HOME/.condarc" "$CONDA/conda-tsinghua.txt"
  run bash "$script" nowhere
  [ "$status" -eq 2 ]
}

@test "configure-pip-repo: sets, repeats, removes, complains" {
  local script="$CONDA/configure-pip-repo.sh"
  stub pip "
state='$BATS_TEST_TMPDIR/pip-index'
case \"\$3\" in
  get) cat \"\$state\" 2>/dev/null ;;
  set) echo \"\$5\" >\"\$state\" ;;
  unset) rm \"\$state\" ;;
esac"
  run bash "$script" aliyun
  [ "$status" -eq 0 ]
  [ "$(cat "$BATS_TEST_TMPDIR/pip-index")" = https://mirrors.aliyun.com/pypi/simple ]
  run bash "$script" aliyun
  [[ "$output" == *'already uses'* ]]
  run bash "$script" official
  [ "$status" -eq 0 ]
  [ ! -e "$BATS_TEST_TMPDIR/pip-index" ]
  run bash "$script" official
  [ "$status" -eq 0 ]

  run bash "$script"
  [ "$status" -eq 2 ]
  run bash "$script" nowhere
  [ "$status" -eq 2 ]
  mkdir "$BATS_TEST_TMPDIR/bin"
  ln -s "$(command -v bash)" "$(command -v dirname)" "$BATS_TEST_TMPDIR/bin"
  PATH="$BATS_TEST_TMPDIR/bin" run bash "$script" tuna
  [ "$status" -eq 1 ]
  [[ "$output" == *'missing command: pip'* ]]
}

@test "the stage-2 copy of the template is the same" {
  cmp "$CONDA/conda-tsinghua.txt" "$REPO/installation/stage-2/system/conda/conda-tsinghua.txt"
}
