//! `pei hash-password`, checked with crypt(3), and hashes in a config.

use std::io::{Read, Write};
use std::process::{Child, Command, Stdio};

use crate::project::Project;

const PASSWORD: &str = "correct horse, ü:$x";

/// What crypt(3) makes of the password with the settings and the salt of a hash.
fn crypt(password: &str, hash: &str) -> String {
    let script = "print crypt($ARGV[0], $ARGV[1])";
    let said = Command::new("perl")
        .args(["-e", script, password, hash])
        .output()
        .unwrap();
    String::from_utf8(said.stdout).unwrap()
}

fn hash_of(input: &str) -> std::process::Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_pei"))
        .arg("hash-password")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(input.as_bytes())
        .unwrap();
    child.wait_with_output().unwrap()
}

#[test]
fn one_line_of_stdin_becomes_a_hash_that_crypt_knows() {
    for input in [
        format!("{PASSWORD}\n"),
        PASSWORD.to_owned(),
        format!("{PASSWORD}\r\nmore\n"),
    ] {
        let said = hash_of(&input);
        assert!(said.status.success() && said.stderr.is_empty(), "{said:?}");
        let hash = String::from_utf8(said.stdout).unwrap();
        let hash = hash.strip_suffix('\n').unwrap();
        assert!(hash.starts_with("$6$"), "{hash}");
        assert_eq!(crypt(PASSWORD, hash), hash);
    }
    for bad in ["", "\n", "a\u{7}b\n", &"x".repeat(512)] {
        let said = hash_of(bad);
        assert_eq!(said.status.code(), Some(1), "{bad:?}");
        assert!(said.stdout.is_empty());
        assert!(
            String::from_utf8(said.stderr)
                .unwrap()
                .contains("the password")
        );
    }
}

/// pei at a terminal of its own, and the two ends of that.
fn at_a_terminal() -> Child {
    let command = format!("{} hash-password", env!("CARGO_BIN_EXE_pei"));
    Command::new("script")
        .args(["-qec", &command, "/dev/null"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Reads up to a text, and answers it once the terminal's echo is off.
fn answer(child: &mut Child, question: &str, line: &str) -> String {
    let mut seen = String::new();
    let mut byte = [0];
    let from = child.stdout.as_mut().unwrap();
    while !seen.ends_with(question) {
        from.read_exact(&mut byte).unwrap();
        seen.push(byte[0].into());
    }
    // pei prints the question before it turns the echo off, and text that was typed before that is discarded.
    std::thread::sleep(std::time::Duration::from_millis(300));
    child
        .stdin
        .as_mut()
        .unwrap()
        .write_all(line.as_bytes())
        .unwrap();
    seen
}

#[test]
fn a_terminal_is_asked_twice_and_shows_nothing() {
    let mut child = at_a_terminal();
    let mut seen = answer(&mut child, "password: ", "secret-1\r");
    seen += &answer(&mut child, "again: ", "secret-1\r");
    child
        .stdout
        .as_mut()
        .unwrap()
        .read_to_string(&mut seen)
        .unwrap();
    assert!(child.wait().unwrap().success(), "{seen}");
    assert!(!seen.contains("secret-1"), "{seen}");
    let hash = seen.split_whitespace().last().unwrap();
    assert_eq!(crypt("secret-1", hash), hash, "{seen}");

    let mut child = at_a_terminal();
    answer(&mut child, "password: ", "one\r");
    answer(&mut child, "again: ", "two\r");
    let mut seen = String::new();
    child
        .stdout
        .as_mut()
        .unwrap()
        .read_to_string(&mut seen)
        .unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(1));
    assert!(
        seen.contains("the two passwords differ") && !seen.contains("$6$"),
        "{seen}"
    );
}

#[test]
fn a_hash_in_the_config_is_what_the_account_gets() {
    let project = Project::create_minimal();
    let hash = crypt(PASSWORD, "$6$salt");
    for form in [
        &hash,
        &crypt(PASSWORD, "$5$rounds=1000$salt"),
        &crypt(PASSWORD, "$y$j9T$salt"),
    ] {
        project.write(
            "user_config.yml",
            format!("stage_1:\n  image: {{base: a, output: b}}\n  ssh: {{users: {{me: {{password_hash: '{form}'}}}}}}\n"),
        );
        project.run(["configure"]).succeeds();
        let secret = project.read(".pei/secrets/ssh-credentials");
        assert_eq!(secret, format!("password me {form}\n"));
    }
}
