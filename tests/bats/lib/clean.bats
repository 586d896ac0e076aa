#!/usr/bin/env bats
# What a build step does not leave behind (installation/stage-1/lib/clean.sh).

load ../support/common

setup() {
    source "$LIB/clean.sh"
    FILE=$BATS_TEST_TMPDIR/gitconfig
}

# written KEY...: the settings of git-lfs in this order, between others.
written() {
    local key
    git config --file "$FILE" user.name 'A  B'
    for key; do git config --file "$FILE" "filter.lfs.$key" "git-lfs $key -- %f"; done
    git config --file "$FILE" core.editor nano
}

@test "the settings of git-lfs have one order, and the others stay" {
    written smudge required clean process
    pei_sort_git_lfs "$FILE"
    run git config --file "$FILE" --list
    [[ $output == 'user.name=A  B
core.editor=nano
filter.lfs.clean=git-lfs clean -- %f
filter.lfs.process=git-lfs process -- %f
filter.lfs.required=git-lfs required -- %f
filter.lfs.smudge=git-lfs smudge -- %f' ]]
    local before
    before=$(stat -c %i "$FILE")
    pei_sort_git_lfs "$FILE"
    [[ $(stat -c %i "$FILE") == "$before" ]]
}

@test "a file without git-lfs is not touched, and none is made" {
    written
    local before
    before=$(stat -c %i "$FILE")
    pei_sort_git_lfs "$FILE"
    [[ $(stat -c %i "$FILE") == "$before" ]]
    pei_sort_git_lfs "$FILE.missing"
    [[ ! -e $FILE.missing ]]
}
