//! No message and no written file shows a secret, whatever mistake is near it. `tests/config/slips.rs` has the
//! usual mistakes, one by one.

use proptest::prelude::*;
use proptest::sample::select;

use crate::cases::cases;
use crate::edits::{edit, edited};
use crate::made::{Made, said};

/// Two halves, so that a mistake between them does not hide the rest.
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

/// Secrets outside of `ssh`; BOTH stands for the two halves, PW and DOT are variables of the
/// environment and of `.env`. Each name speaks twice, so that no slip takes all of it. What looks like a name of a variable is shown, so that a sign keeps the halves from it.
const OUTSIDE: &str = "\
stage_1:
  image: {base: 'ubuntu:24.04', output: 'demo:stage-1'}
  custom:
    on_build:
      - stage-1/custom/a.sh --token-or-secret BOTH --keep
      - 'stage-1/custom/a.sh --api-key-or-token=BOTH'
      - \"stage-1/custom/a.sh -H 'Authorization: Bearer BOTH'\"
    on_first_run: ['stage-1/custom/a.sh --password-or-pwd BOTH']
    on_every_run:
      - stage-1/custom/a.sh https://u:BOTH@h1/x https://v:BOTH@h2/y https://a@h3
      - stage-1/custom/a.sh --db-secret-token \"$X\" --github-pat BOTH
      - \"stage-1/custom/a.sh --header 'Authorization: Token BOTH'\"
  ports: ['8080:80']
stage_2:
  image: {output: 'demo:stage-2'}
  environment:
    - API_TOKEN=BOTH
    - PLAIN=BOTH
    - 'QUOTED=BOTH'
    - URLS=http://u:BOTH@h1,http://u:BOTH@h2
    - FROM_ENV=${PW}
    - FROM_FILE=a ${DOT}
  ports: ['9090:90']
";

/// A variable whose value is a secret, in texts that are wrong by it.
const VARIABLES: &str = "\
stage_1:
  image: {base: 'ubuntu:24.04', output: 'demo:stage-1'}
  ports: ['PW:80', '80:PW']
  proxy: {port: 'PW', address: 'u:PW@h1 v:PW@h2'}
  device: {type: 'PW'}
  mount:
    m: {type: 'PW', dst_path: 'PW'}
    n: {type: host, host_path: 'PW', dst_path: 'PW'}
  environment: ['PW b=PW']
  custom: {on_build: ['stage-1/custom/a.sh PW;']}
";

const SIGNED: [&str; 2] = ["Qw3+ty9u", "Zx8+vb7n"];

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
        .chain(SIGNED)
        .chain(key)
        .find(|secret| text.contains(secret))
}

/// Where a secret is shown by a run on this config, in what pei says or, but for values that are meant to be written,
/// in what it writes.
fn leak(yaml: &str, is_written: bool) -> Option<String> {
    let project = Made::bare();
    project.write("user_config.yml", yaml);
    project.write("installation/stage-1/custom/a.sh", "#!/bin/bash\n:\n");
    let secret = SIGNED.concat();
    project.write(".env", &format!("DOT={secret}\n"));
    for arguments in [
        &["configure", "--diff", "--color", "always"][..],
        &["configure", "--show-config"],
        &["configure", "--format", "json"],
        // Now against files that are there.
        &["configure", "--diff", "-f"],
        &["configure", "--with-merged", "--full-compose", "-v"],
    ] {
        if is_written && arguments.contains(&"--show-config") {
            continue;
        }
        let mut command = project.pei(arguments);
        let output = command.env("PW", &secret).output().unwrap();
        for text in [output.stdout, output.stderr] {
            let text = String::from_utf8_lossy(&text);
            if let Some(secret) = shown(&text) {
                let lines = text.lines().filter(|line| line.contains(secret));
                let lines: Vec<_> = lines.collect();
                return Some(format!(
                    "pei {} shows {secret}:\n{}",
                    arguments.join(" "),
                    lines.join("\n")
                ));
            }
        }
    }
    if is_written {
        return None;
    }
    project.files().into_iter().find_map(|path| {
        let is_secret =
            ["user_config.yml", ".env"].contains(&path.as_str()) || path.starts_with(".pei/");
        let secret = shown(&project.text(&path)).filter(|_| !is_secret)?;
        Some(format!("{path} shows {secret}"))
    })
}

#[test]
fn a_diff_shows_the_names_and_not_the_values() {
    let project = Made::bare();
    // The merged build takes no variable of `.env`.
    let yaml = OUTSIDE
        .replace("BOTH", &SIGNED.concat())
        .replace("${DOT}", "${PW}");
    project.write("user_config.yml", &yaml);
    project.write("installation/stage-1/custom/a.sh", "#!/bin/bash\n:\n");
    let pei = |arguments: &[&str]| {
        let mut command = project.pei(arguments);
        said(command.env("PW", SIGNED.concat()))
    };
    let diff = pei(&["configure", "--diff", "--with-merged"]);
    for part in [
        "API_TOKEN: ***",
        "+URLS=***",
        "a.sh' '--token-or-secret ***",
        "+RUN_ENV_VARS=***",
        "FROM_FILE: ***",
    ] {
        assert!(diff.contains(part), "{part}\n{diff}");
    }
    pei(&["configure", "--with-merged"]);
    assert_eq!(pei(&["configure", "--diff", "--with-merged"]), "");
    project.write("user_config.yml", &yaml.replace(SIGNED[1], "other"));
    let diff = pei(&["configure", "--diff"]);
    assert!(diff.contains("-      PLAIN: ***"), "{diff}");
    assert!(diff.contains("+      PLAIN: ***"), "{diff}");
    assert_eq!(shown(&diff), None);
}

proptest! {
    #![proptest_config(cases(8))]

    #[test]
    fn no_mistake_shows_a_secret(edits in proptest::collection::vec(edit(), 1..3)) {
        let users = config(USERS).split_off(HEAD.len());
        let yaml = HEAD.to_owned() + &edited(&users, &edits);
        let leak = leak(&yaml, false);
        prop_assert!(leak.is_none(), "{}\n{}", yaml, leak.unwrap_or_default());
    }

    #[test]
    fn no_mistake_shows_a_secret_outside_of_ssh(edits in proptest::collection::vec(edit(), 0..2)) {
        let yaml = edited(&OUTSIDE.replace("BOTH", &SIGNED.concat()), &edits);
        let leak = leak(&yaml, true);
        prop_assert!(leak.is_none(), "{}\n{}", yaml, leak.unwrap_or_default());
    }

    #[test]
    fn no_mistake_shows_the_value_of_a_variable(
        (name, edits) in (select(&["${PW}", "${DOT}", "a ${PW}", "${PW}:1"][..]), proptest::collection::vec(edit(), 0..3))
    ) {
        let yaml = edited(&VARIABLES.replace("PW", name), &edits);
        let leak = leak(&yaml, true);
        prop_assert!(leak.is_none(), "{}\n{}", yaml, leak.unwrap_or_default());
    }
}
