//! The secrets of a build, checked by the machine's own crypt(3), and the context that they stay out of.

use std::process::Command;

use proptest::prelude::*;

use crate::cases::cases;
use crate::config::{Wanted, config};
use crate::made::{Made, said};
use crate::text::Text;

const WANTED: Wanted = Wanted {
    markers: true,
    passwords: true,
};

proptest! {
    #![proptest_config(cases(3))]

    #[test]
    fn typed_passwords_open_the_accounts(config in config(WANTED)) {
        let project = Made::of(&config, []);
        if config.users.is_empty() {
            return Ok(());
        }
        let text = project.text(".pei/secrets/ssh-credentials");
        let lines: Vec<&str> = text.lines().collect();
        prop_assert_eq!(lines.len(), config.users.len());
        for (line, user) in lines.into_iter().zip(&config.users) {
            let fields: Vec<&str> = line.split(' ').collect();
            let ["password", name, hash] = fields[..] else { panic!("{line}") };
            prop_assert_eq!(name, user.name.as_str());
            let password = user.password.as_ref().map(Text::meant).unwrap();
            let script = "print crypt($ARGV[0], $ARGV[1])";
            let again = said(Command::new("perl").args(["-e", script, "--", &password, hash]));
            prop_assert_eq!(again, hash, "the password {:?}", password);
        }
    }
}

proptest! {
    #![proptest_config(cases(12))]

    #[test]
    fn key_files_are_kept_out_of_the_build(config in config(Wanted { passwords: false, ..WANTED })) {
        let made = Made::of(&config, []);
        for user in &config.users {
            let file = format!("installation/{}", user.key_file);
            let patterns = made.text(".dockerignore");
            let mut lines = patterns.lines();
            prop_assert!(lines.any(|line| is_pattern_of(line, &file)), "{:?} in\n{}", file, patterns);
        }
    }
}

/// Whether the engine takes a line for the pattern of this file: it removes spaces, and a `^` within what
/// it makes a regular expression of would match nothing.
fn is_pattern_of(line: &str, file: &str) -> bool {
    let mut name = String::new();
    let mut is_expression = false;
    let mut bare_caret = false;
    let mut rest = line.trim().chars();
    while let Some(c) = rest.next() {
        match c {
            '\\' => {
                is_expression = true;
                name.extend(rest.next());
            }
            '[' => {
                is_expression = true;
                name.extend(rest.next());
                if rest.next() != Some(']') {
                    return false;
                }
            }
            ']' | '*' | '?' => return false,
            '^' => {
                bare_caret = true;
                name.push(c);
            }
            _ => name.push(c),
        }
    }
    name == file && !(is_expression && bare_caret)
}
