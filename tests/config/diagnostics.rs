//! What the loader says about bad configs: one case and more for each code, in
//! `bad_configs/`, and the look of the output.

use std::collections::BTreeSet;
use std::fmt::Write;

use crate::config::{FileProblem, SourceFile};
use crate::diagnostic::{Code, Diagnostic, LineIndex, Severity, explain, render, to_json};
use crate::fuzz::fake::FakeHost;

const CASES: [&str; 8] = [
    include_str!("bad_configs/loading.txt"),
    include_str!("bad_configs/text.txt"),
    include_str!("bad_configs/shapes.txt"),
    include_str!("bad_configs/values.txt"),
    include_str!("bad_configs/users.txt"),
    include_str!("bad_configs/hooks.txt"),
    include_str!("bad_configs/stages.txt"),
    include_str!("bad_configs/secrets.txt"),
];

/// A config, the code it gets, the key path, and a part of the help.
struct Case {
    code: String,
    path: String,
    help: String,
    yaml: String,
}

/// The cases of the files, and those that only a program can write.
fn cases() -> Vec<Case> {
    let mut cases: Vec<Case> = CASES.iter().flat_map(|text| parse(text)).collect();
    let mut add = |code: &str, help: &str, yaml: String| {
        cases.push(Case {
            code: code.into(),
            path: String::new(),
            help: help.into(),
            yaml,
        });
    };
    let open = "[".repeat(64);
    let many = "[".repeat(100_000);
    add(
        "nested-too-deeply",
        "brackets",
        format!("a: {open}§[{many}"),
    );
    add("too-many-aliases", "multiply", bomb());
    cases
}

fn parse(text: &str) -> Vec<Case> {
    let key = include_str!("keys/ed25519-256.pub").trim();
    let example = include_str!("keys/example.pub").trim();
    let text = text
        .replace("<SOH>", "\u{1}")
        .replace("<ED25519>", key)
        .replace("<ED25519_CUT>", &key[..60])
        .replace("<ED25519_AS_RSA>", &key.replace("ssh-ed25519 ", "ssh-rsa "))
        .replace("<EXAMPLE>", example);
    let text = format!("\n{text}");
    text.split("\n#### ")
        .skip(1)
        .map(|case| {
            let (head, yaml) = case.split_once('\n').expect("a case has a config");
            let head: Vec<&str> = head.split('|').map(str::trim).collect();
            let [code, path, help] = head[..] else {
                panic!("a case's head has three parts: {head:?}")
            };
            Case {
                code: code.into(),
                path: path.into(),
                help: help.into(),
                yaml: yaml.trim_end_matches('\n').into(),
            }
        })
        .collect()
}

/// Each line stands for ten times the one before: the eighth alias of the sixth is too many.
fn bomb() -> String {
    let mut text = String::from("x-0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for n in 1..40 {
        let mut aliases = vec![format!("*a{}", n - 1); 10];
        if n == 5 {
            aliases[7].insert(0, '§');
        }
        let aliases = aliases.join(", ");
        writeln!(text, "x-{n}: &a{n} [{aliases}]").expect("a string takes all");
    }
    text
}

fn host() -> FakeHost {
    FakeHost::default()
        .variable("SET", "value")
        .variable("PATH_AT_RUN_TIME", "/soft/app")
        .project("stage-1/custom/ok.sh", ":")
        .project("stage-2/custom/ok.sh", ":")
        .project("stages/web/ok.sh", ":")
        .project("stage-1/custom/my own.sh", ":")
        .project("stage-1/custom/empty.sh", " \n")
        .project("stage-1/custom/utf16.sh", "e\0c\0h\0o\0")
        .project(
            "stage-1/system/uv/install-uv.sh",
            include_str!("../../installation/stage-1/system/uv/install-uv.sh"),
        )
        .project(
            "stage-1/custom/me.pub",
            include_str!("keys/ed25519-256.pub"),
        )
        .project("stage-1/custom/me", include_str!("keys/ed25519-256"))
        .project(
            "stage-1/system/ssh/keys/example-pubkey.pub",
            include_str!("keys/example.pub"),
        )
        .broken("stage-1/custom", FileProblem::NotAFile)
        .broken("stage-1/custom/link", FileProblem::Outside)
        .broken("stage-1/custom/huge", FileProblem::TooLarge)
        .broken(
            "stage-1/custom/locked",
            FileProblem::Unreadable("permission denied".into()),
        )
        .home("id_rsa", include_str!("keys/rsa-2048"))
}

/// Errors and warnings of a config.
fn findings(yaml: &str) -> Vec<Diagnostic> {
    match host().load(yaml) {
        Ok(loaded) => loaded.warnings,
        Err(found) => {
            let error = |diagnostic: &Diagnostic| diagnostic.severity == Severity::Error;
            assert!(found.iter().any(error), "no error among {found:#?}");
            found
        }
    }
}

#[test]
fn each_problem_is_found_at_its_place() {
    let wrong: Vec<String> = cases().iter().filter_map(difference).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

/// How the finding differs from the case's.
fn difference(case: &Case) -> Option<String> {
    let mark = case.yaml.find('§').expect("each case has a mark");
    let yaml = case.yaml.replace('§', "");
    let shown: String = yaml.chars().take(500).collect();
    let found = findings(&yaml);
    let codes: Vec<&str> = found.iter().map(|one| one.code.name()).collect();
    let [one] = found.as_slice() else {
        return Some(format!("{shown}\nexpected {}, found {codes:?}", case.code));
    };
    assert_style(one);
    let index = LineIndex::new(&yaml);
    let (place, expected) = (index.position(one.start()), index.position(mark));
    let path = one.path.as_deref().unwrap_or_default();
    let help = one.help.as_deref().unwrap_or_default();
    let same = codes == [case.code.as_str()]
        && place == expected
        && path == case.path
        && help.contains(&case.help);
    (!same).then(|| {
        format!(
            "{shown}\nexpected {} at {expected:?}, {}, {}\nfound {codes:?} at {place:?}, {path}, {help}",
            case.code, case.path, case.help
        )
    })
}

/// Lower case, no full stop, one line, printable.
fn assert_style(diagnostic: &Diagnostic) {
    let texts = [Some(&diagnostic.message), diagnostic.help.as_ref()];
    for text in texts.into_iter().flatten() {
        let proper_name = ["Compose", "YAML"]
            .iter()
            .any(|word| text.starts_with(word));
        assert!(
            proper_name || !text.starts_with(char::is_uppercase),
            "{text}"
        );
        assert!(!text.ends_with('.'), "{text}");
        assert!(!text.contains(char::is_control), "{text}");
    }
    for label in &diagnostic.labels {
        assert!(!label.text.ends_with('.'), "{}", label.text);
    }
}

#[test]
fn every_code_has_a_case() {
    let cases = cases();
    // These have tests of their own.
    let mut seen = BTreeSet::from([
        "not-utf8",
        "file-too-large",
        "too-many-findings",
        "secret-in-git",
        "local-value-tracked",
    ]);
    seen.extend(cases.iter().map(|case| case.code.as_str()));
    for code in Code::ALL {
        assert!(seen.contains(code.name()), "no case for {}", code.name());
    }
}

#[test]
fn what_is_no_text_is_refused() {
    let code = |bytes: Vec<u8>| SourceFile::decode("c", bytes).unwrap_err().1.code;
    assert_eq!(code(b"a: \xff".to_vec()), Code::NotUtf8);
    let too_large = SourceFile::MAX_BYTES + 1;
    assert_eq!(code(vec![b'a'; too_large]), Code::FileTooLarge);
    assert_eq!(findings(&"#".repeat(too_large))[0].code, Code::FileTooLarge);
}

#[test]
fn the_list_of_findings_has_an_end() {
    let many = "x, ".repeat(15_000);
    let yaml = format!(
        "stage_1:\n  image: {{base: a, output: b}}\n  environment: [{}]\n  ports: [{many}]\n",
        "A=1, ".repeat(15_000)
    );
    let found = findings(&yaml);
    let count = |code| found.iter().filter(|one| one.code == code).count();
    assert_eq!(count(Code::InvalidPort), 10_000);
    assert_eq!(count(Code::DuplicateVariable), 10_000);
    assert_eq!(count(Code::TooManyFindings), 2);
}

#[test]
fn all_problems_of_a_file_come_in_one_run() {
    let yaml = "\
stage_1:
  image: {base: 'a b'}
  ssh: {port: x, users: {Me: {password: 'a,b'}}}
  prots: []
  proxy: [5]
  apt: {use_proxy: perhaps}
  environment: ['A B=1', 'C=${NONE}']
  ports: ['x', {target: 5}]
  mount: {m: {type: host, dst_path: d}}
  custom: {on_build: ['/x', \"a 'b\"]}
stage_2:
  image: {output: 'B'}
  ssh: {}
  storage: {app: {type: host, host_path: d}}
  device: {type: tpu}
";
    let found = findings(yaml);
    let codes: Vec<&str> = found.iter().map(|one| one.code.name()).collect();
    let expected = [
        "missing-key",
        "invalid-image-name",
        "invalid-number",
        "invalid-user-name",
        "invalid-password",
        "unknown-key",
        "wrong-type",
        "invalid-boolean",
        "invalid-variable-name",
        "unset-variable",
        "invalid-port",
        "wrong-type",
        "missing-key",
        "invalid-path",
        "path-outside-installation",
        "invalid-hook",
        "unbalanced-quotes",
        "invalid-image-name",
        "misplaced-section",
        "invalid-path",
        "invalid-choice",
    ];
    assert_eq!(codes, expected);
    assert!(found.iter().map(Diagnostic::start).is_sorted());
}

#[test]
fn no_output_shows_a_secret() {
    const SECRET: &str = "hunter2hunter2";
    let user = |fields: &str| {
        format!(
            "stage_1:\n  image: {{base: a, output: b}}\n  ssh: {{users: {{me: {{{fields}}}}}}}\n"
        )
    };
    let pem = format!("-----BEGIN RSA PRIVATE KEY-----\\n{SECRET}\\n-----END RSA PRIVATE KEY-----");
    for yaml in [
        user(&format!("password: '{SECRET},'")),
        user(&format!("password: {SECRET}, uid: x, gid: y")),
        user(&format!("password: {{a: {SECRET}}}")),
        user(&format!("password: [{SECRET}]")),
        user(&format!("password: &p '{SECRET} ', uid: x")),
        user(&format!("privkey_text: {SECRET}")),
        user(&format!("privkey_text: \"{pem}\"")),
        user(&format!("pubkey_text: \"{pem}\"")),
        format!("x-p: &p '{SECRET}:'\n{}", user("password: *p")),
        format!("x-p: &p {SECRET}\n{}", user("privkey_text: *p")),
        format!("x-p: &p [{SECRET}]\n{}", user("password: *p")),
        format!("x-p: &p '${{NO}}{SECRET}'\n{}", user("password: *p")),
        format!("stage_1:\n  ssh:\n    users:\n      me:\n        password:\n        - {SECRET}\n"),
        format!(
            "stage_1:\n  ssh:\n    users:\n      me:\n        password: |\n          {SECRET}\n         x: ["
        ),
        user(&format!("password: '${{A:-x${{B}}{SECRET}'")),
        user(&format!("password: '${{A-{SECRET}}}'")),
        user(&format!("password: '{{{{A:-{SECRET}{{{{}}}}'")),
        user("password:\n      |\n  SECRET x\n").replace("SECRET", SECRET),
        user("\n    password: |\n").replace("}}}", "") + &format!("      {SECRET}\n  }}}}}}\n"),
    ] {
        let source = SourceFile::new("user_config.yml", yaml);
        let found = host().load(&source.text).unwrap_err();
        for text in [render(&found, &source, false), to_json(&found, &source)] {
            assert!(!text.contains(SECRET), "{}\n{text}", source.text);
        }
    }
}

#[test]
fn the_text_looks_like_that_of_rustc() {
    let yaml = "\
stage_1:
  image: {base: a, output: b}
  ssh: {host_port: 2222, users: {me: {password: correct-horse}}}
  ports:
    - '2222:80'
    - '{{P}}:80'
    - x
";
    let source = SourceFile::new("user_config.yml", yaml);
    let found = host().load(&source.text).unwrap_err();
    let expected = "\
warning[duplicate-host-port]: host port `2222` is published twice
 --> user_config.yml:5:7
  |
3 |   ssh: {host_port: 2222, users: ******password: ****************
  |                    ---- first published here, for ssh
4 |   ports:
5 |     - '2222:80'
  |       ^^^^^^^^^ published again here
  |
  = note: at `stage_1.ports[0]`
  = help: choose another host port for one of them

error[invalid-port]: the port `x` is not of the form `[[IP:]HOST:]CONTAINER[/PROTOCOL]`
 --> user_config.yml:7:7
  |
7 |     - x
  |       ^
  |
  = note: at `stage_1.ports[2]`
  = help: write it as Compose does, such as `\"8080:80\"`, `\"127.0.0.1:8080:80\"` or `\"53:53/udp\"`

1 error, 1 warning
";
    assert_eq!(render(&found, &source, false), expected);
    assert!(render(&found, &source, true).contains("\u{1b}["));
    assert_eq!(render(&[], &source, false), "");
}

#[test]
fn the_json_form_is_one_document() {
    let yaml = "stage_1:\n  image: {base: a, output: b}\n  ports: [x]\n  prots: []\n";
    let source = SourceFile::new("c.yml", yaml);
    let found = host().load(&source.text).unwrap_err();
    let json: serde_json::Value = serde_json::from_str(&to_json(&found, &source)).unwrap();
    assert_eq!(json["version"], 1);
    let first = &json["diagnostics"][0];
    assert_eq!(first["code"], "invalid-port");
    assert_eq!(first["severity"], "error");
    assert_eq!(first["file"], "c.yml");
    assert_eq!(first["line"], 3);
    assert_eq!(first["column"], 11);
    assert_eq!(first["path"], "stage_1.ports[0]");
    assert_eq!(first["labels"][0]["end_column"], 12);
    assert_eq!(first["labels"][0]["primary"], true);
    assert_eq!(json["diagnostics"][1]["code"], "unknown-key");
}

#[test]
fn an_alias_is_shown_beside_the_text_it_stands_for() {
    let yaml = "\
x-mount: &mount {type: auto-volume, dst_path: /d}
x-proxy: &proxy {port: no}
stage_1:
  image: {base: a, output: b}
  proxy: *proxy
  mount:
    a: {<<: *mount}
    b: *mount
";
    let found = findings(yaml);
    let index = LineIndex::new(yaml);
    let places: Vec<_> = found
        .iter()
        .flat_map(|one| &one.labels)
        .map(|label| (index.position(label.span.start).line, label.text.as_str()))
        .collect();
    let expected = [
        (2, ""),
        (5, "used here"),
        (8, "again here"),
        (7, "first here"),
    ];
    assert_eq!(places, expected, "{found:#?}");
}

#[test]
fn a_quote_that_is_open_is_shown_where_it_opens() {
    let found = findings("a: 'x'\nb: [\"it's\", 'y']\nc: \"don't\nd: 'z'\n");
    let opened = &found[0].labels[1];
    assert_eq!(
        (opened.span.clone(), opened.text.as_str()),
        (27..28, "opened here")
    );
}

#[test]
fn the_examples_of_the_catalogue_get_their_codes() {
    // Codes that a short example cannot show, or that depend on the host.
    const NOT_SHOWN: [&str; 9] = [
        "too-many-findings",
        "not-utf8",
        "file-too-large",
        "too-many-aliases",
        "unreadable-file",
        "private-key-as-public",
        "script-outside-stage",
        "secret-in-git",
        "local-value-tracked",
    ];
    for code in Code::ALL {
        let text = explain(*code);
        let (_, example) = text.split_once("```yaml\n").expect("an example");
        let (example, _) = example.split_once("\n```").expect("its end");
        let found = findings(example);
        let shown = found.iter().any(|one| one.code == *code);
        assert_ne!(
            shown,
            NOT_SHOWN.contains(&code.name()),
            "{example}\n{found:#?}"
        );
        let severity = found
            .iter()
            .find(|one| one.code == *code)
            .map(|one| one.severity);
        if let Some(severity) = severity {
            let word = format!("*{}.*", severity.name());
            assert!(text.to_lowercase().starts_with(&word), "{text}");
        }
    }
}
