//! Secrets stay out of all that pei says and writes, whatever mistake stands beside them. `tests/config/slips.rs` has the
//! usual mistakes, one by one.

use proptest::prelude::*;

use crate::cases::cases;
use crate::edits::{edit, edited};
use crate::made::Made;

/// Two halves, so that a slip between them does not hide what is left.
const SECRET: [&str; 2] = ["Qw3rty9u", "Zx8cvb7n"];
const PRIVATE_KEY: &str = include_str!("../config/keys/ed25519-256");

/// Everything below `users` is the last of the file; PASSWORD and KEY stand for the secrets.
const HEAD: &str = "\
stage_2:
  image: {output: 'demo:stage-2'}
  environment: ['A=b']
stage_1:
  image: {base: 'ubuntu:24.04', output: 'demo:stage-1'}
  ssh:
    host_port: 2222
    users:
";
const USERS: &str = "\
      me:
        password: PASSWORD
        uid: 1000
      you:
        password: 'PASSWORD' # mine
      her: {password: \"PASSWORD\", gid: 100}
      key:
        privkey_text: |
          KEY
";

/// The config with its secrets.
fn config(users: &str) -> String {
    let key: Vec<&str> = PRIVATE_KEY.lines().collect();
    HEAD.to_owned()
        + &users
            .replace("PASSWORD", &SECRET.concat())
            .replace("KEY", &key.join("\n          "))
}

/// Whether a text shows a half of the password, or a line of the key.
fn shown(text: &str) -> Option<&'static str> {
    let key = PRIVATE_KEY
        .lines()
        .filter(|line| line.len() > 16 && !line.starts_with("-----"));
    SECRET
        .into_iter()
        .chain(key)
        .find(|secret| text.contains(secret))
}

/// Where a secret is shown by a run on this config, in what pei says or in what it writes.
fn leak(yaml: &str) -> Option<String> {
    let project = Made::bare();
    project.write("user_config.yml", yaml);
    for arguments in [
        &["configure", "--diff", "--color", "always"][..],
        &["configure", "--format", "json"],
        &["configure", "--with-merged", "--full-compose", "-v"],
    ] {
        let output = project.pei(arguments).output().unwrap();
        for text in [output.stdout, output.stderr] {
            let text = String::from_utf8_lossy(&text);
            if let Some(secret) = shown(&text) {
                return Some(format!(
                    "pei {} shows {secret}:\n{text}",
                    arguments.join(" ")
                ));
            }
        }
    }
    project.files().into_iter().find_map(|path| {
        let is_secret = path == "user_config.yml" || path.starts_with(".pei/");
        let secret = shown(&project.text(&path)).filter(|_| !is_secret)?;
        Some(format!("{path} shows {secret}"))
    })
}

proptest! {
    #![proptest_config(cases(8))]

    #[test]
    fn no_mistake_shows_a_secret(edits in proptest::collection::vec(edit(), 1..3)) {
        let users = config(USERS).split_off(HEAD.len());
        let yaml = HEAD.to_owned() + &edited(&users, &edits);
        let leak = leak(&yaml);
        prop_assert!(leak.is_none(), "{}\n{}", yaml, leak.unwrap_or_default());
    }
}
