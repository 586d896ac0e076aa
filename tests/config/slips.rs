//! Mistakes in the `ssh` section: whatever a person typed there, no message repeats it, as text or as JSON.

use crate::config::SourceFile;
use crate::diagnostic::{Diagnostic, render, to_json};

use crate::fuzz::fake::FakeHost;

/// A word that is neither a key of pei nor similar to one.
const SECRET: &str = "hunter2Xq";

/// What stands in the entry of a user, in lines of their own; `X` is the secret.
const LINES: &[&str] = &[
    "Password: X",
    "PASSWORD: X",
    "pasword: X",
    "passwd: X",
    "pass: X",
    "pw: X",
    "secret: X",
    "kennwort: X",
    "password = X",
    "password=X",
    "password:X",
    "password X",
    "password : X",
    "passwordX: a",
    "- password: X",
    "- X",
    "X",
    "X:",
    "X: a",
    "? X",
    "password: 'it's X'",
    "password: 'it's X",
    "password: 'X",
    "password: \"X",
    "password: \"a\" X",
    "password: 'a' 'X'",
    "password: a: X",
    "password: X: a",
    "password: 'a': X",
    "password: \"\\q X\"",
    "password: \"a\\X\"",
    "password: *X",
    "password: &X",
    "password: &a *X",
    "password: !X a",
    "password: !!X a",
    "password: !X",
    "password: %X",
    "password: @X",
    "password: `X",
    "password: `X`",
    "password: a`b`X",
    "password: ${X}",
    "password: '${X}'",
    "password: a${X",
    "password: a${X-b}",
    "password: a${b:-${X}}",
    "password: {{X}}",
    "password: '{{X}}'",
    "password: '{{X'",
    "password: '{{a:-X}}'",
    "password: 'X,'",
    "password: 'X X'",
    "password: a X",
    "password: abc #X",
    "password: 'a' #X",
    "password: a # X",
    "password: # X",
    "password: [X]",
    "password: [X",
    "password: [a, X]",
    "password: {X}",
    "password: {a: X}",
    "password: {X: a}",
    "password: {a: X, a: X}",
    "password: {X: a, X: b}",
    "password: |X",
    "password: |\n          X",
    "password: |\n          X X",
    "password: >\n      X",
    "password: >\nX",
    "password:\n        X",
    "password:\n        - X",
    "password:\n          X Y",
    "password:\n  X",
    "password:\n  X: a",
    "password:\nX",
    "password:\nX: a",
    "password:\n  - X",
    "password: a\n          X: b",
    "password: a\n          X,",
    "password: a,\n         X",
    "password: a\n       X: b",
    "password: a\n\tX: b",
    "password: a\npassword: X",
    "password: a\n        password: X",
    "password: X\n        password: a",
    "X: a\n        X: b",
    "uid: X",
    "gid: 'X'",
    "uid: ${X}",
    "gid: '{{X}}'",
    "uid: *X",
    "pubkey_file: X",
    "pubkey_file: /X",
    "pubkey_file: ../X",
    "privkey_file: 'X/id'",
    "privkey_file: /X",
    "privkey_file: ~/X",
    "privkey_file: [X]",
    "pubkey_text: X",
    "pubkey_text: ssh-ed25519 X",
    "privkey_text: X",
    "privkey_text: |\n          -----BEGIN RSA PRIVATE KEY-----\n          X\n          -----END RSA PRIVATE KEY-----",
    "password: a, uid: X",
    "password: 'a', uid: X",
    "password: a\u{1}X",
    "password: \"a\\tX\"",
    "password: X\u{7f}",
    "<<: X",
    "<<: [X]",
    "<<: *X",
    "<<: {X: a}",
    "{password: X}",
    "[X]",
    "password: ''X''",
    "password: 'a'X",
    "password: \"X\"a",
    "'password': X",
    "\"password\": 'X,'",
    "pass word: X",
    "password：X",
    "пароль: X",
    "password: X\n---\nX: X",
    "password: X\n...\nX",
];

/// The same for values after `users:`.
const USERS: &[&str] = &[
    "X",
    "'X",
    "[X]",
    "{me: X}",
    "{me: 'X'}",
    "{me: {Password: X}}",
    "{me: {password: a,X}}",
    "{me: {password: a}, X}",
    "{me: {password: a}X}",
    "{me: {password: 'a'X}}",
    "{me: {password: a, b: X}}",
    "{me: {password: 'it's X'}}",
    "{me: {password: {X}}}",
    "{me: {password: *X}}",
    "{me: {password: !X a}}",
    "{me: {password:\nX}}",
    "{me: {password:\nX: a}}",
    "{me: {password:\n  'X}}",
    "{me: {pasword: X,\n  uid: 5}}",
    "{me: {password:! \"X\"}}",
    "{me: {password:!X, uid: 5}}",
    "\n    me: X",
    "\n    me: *X",
    "\n    me: ${X}",
    "\n    - me: X",
    "\n    me\n      password: X",
    "\n    me:\n    password: X",
    "\n    me:\n    Password: X",
    "\n  me:\n    Password: X",
    "\nme:\n  Password: X",
    "\n    me: {password: X\n",
    "\n      X:\n        uid: 5",
    "\n      X: me",
    "\n      X: {password: a, uid: 5}",
    "\n      X: {password: a}\n      X: {password: a}",
    "\n      me:X:\n        uid: 5",
    "\n      me:X: {password: a, pubkey_text: b, gid: c}",
    "\n      me, X:\n        uid: 5",
    "\n      me/X:\n        uid: 0",
    "\n      x-X: me",
    "|\n      X:",
    "*X",
    "&X",
    "!X {me: a}",
];

/// Whole texts below `stage_1`, with mistakes around the section, and secrets that come from an alias.
const SECTIONS: &[&str] = &[
    "  ssh: X",
    "  ssh: [X]",
    "  ssh: {X}",
    "  ssh: {me: X}",
    "  ssh:\n    me: X",
    "  ssh:\n    me: {password: X}",
    "  ssh:\n    user: {me: {psw: X}}",
    "  ssh:\n    usrs:\n      me: X",
    "  ssh:\n    users me: X",
    "  ssh:\n    Users:\n      me:\n        psw: X",
    "  ssh:\n    host_port: 22\n    users:\n      me: X\n  prots: []",
    "  SSH:\n    users: {me: X}",
    "  sssh:\n    users:\n      me: {a: X}",
    "  users:\n    me: {a: X}",
    "  users: {me: X}",
    "  ssh: {users: {me: {password: X}}, prots: 5}",
    "  ssh: {users: {me: *p}}\nx-p: &p X",
    "  x-p: &p X\n  ssh: {users: {me: *p}}",
    "  x-p: &p X\n  ssh: {users: {me: {pasword: *p}}}",
    "  x-p: &p {Pwd: X}\n  ssh: {users: {me: *p}}",
    "  x-p: &p {a: X, a: X}\n  ssh: {users: {me: *p}}",
    "  x-p: &p {me: X}\n  ssh: {users: *p}",
    "  x-p: &p\n    me: X\n  ssh: {users: {<<: *p}}",
    "  x-p: &p {users: {me: X}}\n  ssh: *p",
    "  x-p: &p '${X}'\n  ssh: {users: {me: {password: *p}}}",
    "  x-p: &p [X]\n  ssh: {users: {me: {password: *p}}}",
    "  x-p: &p {uid: X}\n  ssh: {users: {me: {<<: *p, password: a}}}",
    "  x-p: &p X\n  x-q: &q {me: *p}\n  ssh: {users: *q}",
    "  proxy: {address: 'user:X@host'}",
    "  proxy: {address: 'X@host'}",
    "  proxy: {address: 'http://user:X@host:1/'}",
    "  proxy:\n    address: user:a X@b@host",
    "  proxy: {address: '${NO:-user:X@host}'}",
    "  proxy: {address: '{{P:-user:X@host}}'}",
    "  proxy: {adress: 'user:X@host'}",
    "  proxy: {port: 'user:X'}",
    "  proxy:\n    port: user:X",
    "  environment: ['A B=http://user:X@host']",
    "  environment: ['DB_PASSWORD =X']",
    "  proxy: {address: 'u:X@h u:b@h'}",
    "  proxy: {address: 'http://u:X@h,http://u:X@h'}",
    "  environment: [A=X, A=X]",
    "  environment: {A: X, A: X}",
    "  environment: {A=X}",
    "  environment: A=X",
    "  environment: X",
    "  environment:\n    - A=X\n    - A=X",
    "  environment:\n    - A: X",
    "  environment:\n    - A X",
    "  environment:\n    - A B=X",
    "  environment:\n    - 'A=X",
    "  environment:\n    - A=${X",
    "  environment:\n    - A=${b-X}",
    "  environment:\n    - A={{b:-X{}}",
    "  environment:\n    - A='X'b'",
    "  environment:\n    - A=b\n     X: c",
    "  environment:\n    A: X\n    A: X",
    "  environment:\n    A B: X",
    "  environment:\n    A=b: X",
    "  environment:\n    A: [X]",
    "  environment:\n    A: {b: X}",
    "  environment:\n    A: *X",
    "  environment:\n    A: 'b' X",
    "  environment:\n    A: \"b\\q X\"",
    "  environment:\n    A: >\n   X",
    "  environment:\n  A: X",
    "  environment:\nA: X",
    "  environment\n    A: X",
    "  enviroment:\n    - A=X",
    "  env:\n    - A=X",
    "  - A=X",
    "  x-e: &e [A=X]\n  environment: *e\n  prots: 5",
    "  x-e: &e {A B: X}\n  environment: {<<: *e}",
    "  custom: {on_build: ['stage-1/a.sh --token X;']}",
    "  custom:\n    on_build:\n      - stage-1/a.sh --api-key=X | b",
    "  custom:\n    on_build:\n      - stage-1/a.sh -H 'Authorization: Bearer X",
    "  custom:\n    on_build:\n      - stage-1/a.sh -H 'A: Bearer X' & b",
    "  custom:\n    on_build:\n      - 'stage-1/a.sh --password X > b'",
    "  custom:\n    on_build:\n      - stage-1/a.sh --pasword \"X",
    "  custom:\n    on_build:\n      - stage-1/a.sh --tokn X (",
    "  custom:\n    on_build:\n      - stage-1/a.sh https://u:X@h;",
    "  custom:\n    on_build:\n      - stage-1/a.sh --token\n        X;",
    "  custom:\n    on_build:\n      - a --token X",
    "  custom:\n    on_build:\n      - GH_TOKEN=X stage-1/a.sh",
    "  custom: {on_entry: [stage-1/a.sh --github-pat X, b]}",
    "  custom: {on_build: [stage-1/a.sh -pX]}",
    "  custom: {on_build: ['stage-1/a.sh -pX;']}",
    "  custom:\n    on_build:\n      - curl -u ann:X http://h",
    "  custom:\n    on_build:\n      - stage-1/a.sh --user=ann:X | b",
];

/// Texts below `stage_1` that are wrong by the value of a variable, which is the secret.
const VARIABLES: &[&str] = &[
    "  ports: ['${PW}']",
    "  ports: ['80:${PW}']",
    "  ports: ['${PW}:80', '${PW}:80']",
    "  ports: ['${PORT}:${PW}']",
    "  proxy: {address: '${PW}'}",
    "  proxy: {address: 'a ${PW}'}",
    "  proxy: {port: '${PW}'}",
    "  proxy: {enable_globally: '${PW}'}",
    "  apt: {repo_source: '${PW}'}",
    "  device: {type: '${PW}'}",
    "  ssh: {host_port: '${PW}'}",
    "  ssh: {users: {me: {password: a, uid: '${PW}'}}}",
    "  ssh: {users: {me: {pubkey_file: '${PW}'}}}",
    "  mount: {m: {type: host, host_path: '${PW}', dst_path: '/d'}}",
    "  mount: {m: {type: host, host_path: './a', dst_path: '${PW}'}}",
    "  mount: {m: {type: host, host_path: './a', dst_path: '/${PW}'}, n: {type: host, host_path: './a', dst_path: '/${PW}'}}",
    "  mount: {m: {type: '${PW}'}}",
    "  mount: {m: {type: manual-volume, volume_name: '-${PW}', dst_path: /a}}",
    "  environment: ['${PW} b']",
    "  environment: ['${PW} =b']",
    "  custom: {on_build: ['${PW}']}",
    "  custom: {on_build: ['a/${PW}']}",
    "  custom: {on_build: ['stage-1/a.sh ${PW};']}",
    "  image: {base: '${PW}:', output: b}",
    "  image: {base: 'a:${PW}', output: 'a:${PW}'}",
];

/// Values of that variable, with what is looked for in a message.
const VALUES: &[(&str, &str)] = &[
    (SECRET, SECRET),
    ("hunter2Xq b", SECRET),
    ("b=hunter2Xq", SECRET),
    ("/hunter2Xq", SECRET),
    ("hunter2Xq`b", SECRET),
    ("hunter2Xq\u{1b}", SECRET),
    ("http://u:hunter2Xq@h", SECRET),
    // A message cuts long texts.
    (
        "hunter2Xqhunter2Xqhunter2Xqhunter2Xqhunter2Xqhunter2Xqhunter2Xqhunter2Xqhunter2Xqhunter2Xq",
        "hunter2",
    ),
];

fn texts() -> Vec<String> {
    const HEAD: &str = "stage_1:\n  image: {base: a, output: b}\n";
    const TAIL: &str = "\n  ports: [x]\nstage_2:\n  image: {output: c}\n";
    let whole = |section: String| format!("{HEAD}{section}{TAIL}").replace('X', SECRET);
    let lines = LINES.iter().flat_map(|line| {
        [
            format!("  ssh:\n    host_port: 2222\n    users:\n      me:\n        {line}\n      you:\n        password: b"),
            format!("  ssh:\n    users:\n      me:\n        uid: 1000\n        {line}"),
        ]
    });
    let users = USERS
        .iter()
        .map(|users| format!("  ssh:\n    users: {users}"));
    let sections = SECTIONS.iter().map(|&section| section.to_owned());
    lines.chain(users).chain(sections).map(whole).collect()
}

fn findings(source: &SourceFile) -> Vec<Diagnostic> {
    let host = FakeHost::default();
    match host.load(&source.text) {
        Ok(loaded) => loaded.warnings,
        Err(found) => found,
    }
}

#[test]
fn no_slip_makes_a_message_that_shows_the_secret() {
    let mut shown = Vec::new();
    for text in texts() {
        let source = SourceFile::new("user_config.yml", text);
        let found = findings(&source);
        for text in [render(&found, &source, false), to_json(&found, &source)] {
            if text.contains(SECRET) {
                shown.push(format!("{}\n{text}", source.text));
            }
        }
    }
    assert!(
        shown.is_empty(),
        "{} of {}:\n{}",
        shown.len(),
        2 * texts().len(),
        shown.join("\n====\n")
    );
}

#[test]
fn no_message_shows_the_value_of_a_variable() {
    let mut shown = Vec::new();
    for (section, (value, secret)) in VARIABLES
        .iter()
        .flat_map(|section| VALUES.iter().map(move |value| (section, *value)))
    {
        let image = if section.contains("image:") {
            ""
        } else {
            "  image: {base: a, output: b}\n"
        };
        let text = format!("stage_1:\n{image}{section}\n");
        let source = SourceFile::new("user_config.yml", text);
        let host = FakeHost::default()
            .variable("PW", value)
            .variable("PORT", "80");
        let found = match host.load(&source.text) {
            Ok(loaded) => loaded.warnings,
            Err(found) => found,
        };
        for text in [render(&found, &source, false), to_json(&found, &source)] {
            if text.contains(secret) {
                shown.push(format!("{}\n{text}", source.text));
            }
        }
    }
    assert!(
        shown.is_empty(),
        "{}:\n{}",
        shown.len(),
        shown.join("\n====\n")
    );
}

#[test]
fn a_message_shows_a_variable_as_it_was_typed() {
    let text = "\
stage_1:
  image: {base: a, output: b}
  ports: ['${PORT}:99999', '${PW}']
  device: {type: 'x${PW}'}
";
    let source = SourceFile::new("user_config.yml", text);
    let host = FakeHost::default()
        .variable("PW", "hunter2Xq")
        .variable("PORT", "8");
    let found = host.load(&source.text).unwrap_err();
    let shown = render(&found, &source, false);
    for part in [
        "the port `${PORT}:99999` holds",
        "the port `${PW}` is not of the form `[[IP:]",
        "found `x${PW}`",
        "3 |   ports: ['${PORT}:99999', '${PW}']",
    ] {
        assert!(shown.contains(part), "{part}\n{shown}");
    }
}

#[test]
fn names_and_options_that_are_no_secret_are_shown() {
    let text = "\
stage_1:
  image: {base: a, output: b}
  environment:
    - FOO=hunter2Xq
    - FOO=b
    - BAR B
  custom:
    on_build:
      - stage-1/a.sh --path b --author c;
";
    let source = SourceFile::new("user_config.yml", text);
    let shown = render(&findings(&source), &source, false);
    for part in [
        "the variable `FOO` is set twice",
        "4 |     - FOO=*********",
        "the variable's name `BAR…` holds a space",
        "at `stage_1.environment[2]`",
        "- stage-1/a.sh --path b --author c;",
    ] {
        assert!(shown.contains(part), "{part}\n{shown}");
    }
}

#[test]
fn what_is_no_secret_is_shown_and_lines_keep_their_numbers() {
    let text = "\
stage_1:
  image: {base: a, output: b}
  ssh:
    hostport: 2222
    users:
      me:
        pasword: hunter2Xq
        uid: x
  prots: []
";
    let source = SourceFile::new("user_config.yml", text);
    let shown = render(&findings(&source), &source, false);
    for part in [
        "4 |     hostport: 2222",
        "7 |         ******************",
        "did you mean `password`?",
        "8 |         uid: *",
        "9 |   prots: []",
    ] {
        assert!(shown.contains(part), "{part}\n{shown}");
    }
}
