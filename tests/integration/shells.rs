//! Texts of pei that other programs read: completions in the shells that they are for, manual pages in `man`, wrappers in
//! shellcheck.

use std::fs;
use std::process::Command;

use crate::project::Project;
use crate::skip::skipped;

/// What a program says to a script that is made of pei's completions at `PATH`; `None` where it is not installed.
fn said(program: &str, arguments: &[&str], shell: &str, script: &str) -> Option<String> {
    let project = Project::none();
    let file = project.run_beside(["completions", shell]).succeeds().stdout;
    let path = project.beside("_pei");
    fs::write(&path, file).unwrap();
    let script = script.replace("PATH", path.to_str().unwrap());
    run(Command::new(program).args(arguments).arg(script))
}

fn run(command: &mut Command) -> Option<String> {
    let output = command.env("LC_ALL", "C.UTF-8").output();
    let Ok(output) = output else {
        skipped(&format!("{} is missing", command.get_program().display()));
        return None;
    };
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let (stdout, stderr) = (text(output.stdout), text(output.stderr));
    assert!(output.status.success() && stderr.is_empty(), "{stderr}");
    Some(stdout)
}

#[test]
fn bash_completes_commands_and_flags() {
    let script = "source PATH
        complete -p pei
        COMP_WORDS=(pei conf) COMP_CWORD=1; _pei pei conf pei; echo \"${COMPREPLY[*]}\"
        COMP_WORDS=(pei configure --di) COMP_CWORD=2; _pei pei --di configure; echo \"${COMPREPLY[*]}\"
        COMP_WORDS=(pei explain unknown-k) COMP_CWORD=2; _pei pei unknown-k explain; echo \"${COMPREPLY[*]}\"
        COMP_WORDS=(pei man conf) COMP_CWORD=2; _pei pei conf man; echo \"${COMPREPLY[*]}\"";
    if let Some(said) = said("bash", &["--norc", "-c"], "bash", script) {
        assert!(
            said.ends_with(" -F _pei pei\nconfigure\n--diff\nunknown-key\nconfigure\n"),
            "{said}"
        );
    }
}

#[test]
fn fish_completes_commands_flags_and_values() {
    let script = "source PATH
        complete -C 'pei conf'
        complete -C 'pei configure --di'
        complete -C 'pei create --quick c'
        complete -C 'pei explain unknown-k'
        complete -C 'pei man conf'
        complete -C 'pei completions fi'";
    if let Some(said) = said("fish", &["--no-config", "-c"], "fish", script) {
        let words: Vec<_> = said
            .lines()
            .map(|line| line.split('\t').next().unwrap())
            .collect();
        assert_eq!(
            words,
            [
                "configure",
                "--diff",
                "cn-demo",
                "cn-dev",
                "cn-ml",
                "unknown-key",
                "configure",
                "fish"
            ],
            "{said}"
        );
    }
}

#[test]
fn zsh_finds_the_function_and_gets_the_flags_of_it() {
    let script = "fpath=(${$(echo PATH):h} $fpath)
        autoload -Uz compinit && compinit -D -u
        print $_comps[pei]
        _arguments() { print -l -- \"$@\" }
        autoload +X -Uz _pei && _pei";
    if let Some(said) = said("zsh", &["-f", "-c"], "zsh", script) {
        assert!(said.starts_with("_pei\n"), "{said}");
        assert!(said.contains("\n--verbose[Print more"), "{said}");
    }
    let script = "source PATH 2>/dev/null; print -r -- $functions[_pei]";
    if let Some(said) = self::said("zsh", &["-f", "-c"], "zsh", script) {
        assert!(said.contains(" unknown-key "), "{said}");
    }
}

#[test]
fn elvish_completes_commands() {
    // The module of the editor is there only at a terminal.
    let script = "fn complex-candidate {|text @rest &display='' &code-suffix=''| put $text }
        var completion: = (ns [&arg-completer=[&]])
        var edit: = (ns [&completion:=$completion: &complex-candidate~=$complex-candidate~])
        eval &ns=(ns [&edit:=$edit:]) (slurp < PATH)
        echo (str:join ' ' [($completion:arg-completer[pei] pei configure '')])";
    let script = format!("use str\n{script}");
    if let Some(said) = said("elvish", &["-norc", "-c"], "elvish", &script) {
        assert!(said.contains(" --dry-run "), "{said}");
    }
}

#[test]
fn man_shows_every_page_without_a_warning() {
    let project = Project::none();
    project.run_beside(["man", "--out", "pages"]).succeeds();
    for page in fs::read_dir(project.beside("pages")).unwrap() {
        let path = page.unwrap().path();
        let mut man = Command::new("man");
        man.args(["--warnings", "--encoding=UTF-8", "--local-file"])
            .arg(&path)
            .env("MANPAGER", "cat")
            .env("MANWIDTH", "80");
        let Some(said) = run(&mut man) else { return };
        assert!(said.contains("SYNOPSIS"), "{}", path.display());
    }
}

#[test]
fn shellcheck_is_silent_about_wrappers_with_odd_but_legal_values() {
    let project = Project::configured();
    project.write(
        "user_config.yml",
        r#"
stage_1:
  image: {base: 'ubuntu:24.04', output: 'demo:stage-1'}
  environment: {A: "it's \\ \" $X `id`", a.b: x, IFS: "\\n\\", PATH: /x, on: "-\\'", BASH_ENV: '#!', '"': '('}
  custom:
    on_build: &hooks
      - stage-1/custom/my-build-1.sh \\ \' "a'b" 'x\' $'it\'s\n' $(date "+%F") `id` ${NONE:-a} $((1+2)) $[3] “x” é
      - stage-1/custom/my-build-1.sh "$@" $* [a-z]* ~ {a,b} !x * ? a=b -- 'fi' "done" x#y
    on_first_run: *hooks
    on_every_run: *hooks
    on_user_login: *hooks
    on_entry: "stage-1/custom/my-build-1.sh \\\\ 'x\\' $'\\u2028' \\' \"a'b\""
"#,
    );
    project.run(["configure"]).succeeds();
    let folder = project.path("installation/stage-1/generated");
    let scripts = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let scripts: Vec<_> = scripts.collect();
    assert_eq!(scripts.len(), 6);
    run(Command::new("shellcheck").args(scripts));
}
