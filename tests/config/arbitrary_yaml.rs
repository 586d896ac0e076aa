//! No text makes the loader panic or hang, and large configs load quickly.

use std::fmt::Write;
use std::time::{Duration, Instant};

use crate::fake::FakeHost;
use crate::fuzz::load_config;
use proptest::prelude::*;

/// Words that mean something to YAML 1.1 or to a key.
const WORDS: &[&str] = &[
    "yes",
    "No",
    "'on'",
    "OFF",
    "y",
    "true",
    "'FALSE'",
    "22",
    "'22'",
    "0x16",
    "1_000",
    "1e3",
    "1.5",
    "-1",
    "22:22",
    "2001-01-01",
    "cpu",
    "gpu",
    "tuna",
    "163",
    "/d",
    "./d",
    "'/{{D}}'",
    "A=1",
    "''",
    "[]",
    "{}",
    "'${A:-80}'",
    "'${NONE:-80}'",
    "'${NONE:-gpu}'",
    "'${NONE:-}'",
    "!!str 5",
];

/// A scalar that some key or other may like, or not.
fn scalar() -> impl Strategy<Value = String> {
    prop_oneof![
        proptest::sample::select(WORDS).prop_map(str::to_owned),
        Just("null".to_owned()),
        Just("~".to_owned()),
        Just("'~'".to_owned()),
        Just("auto-volume".to_owned()),
        Just("host".to_owned()),
        Just("'80-90:80-90/udp'".to_owned()),
        Just("'{{A:-b}}'".to_owned()),
        Just("'${A}${B:-x}'".to_owned()),
        Just("*x".to_owned()),
        Just("&x y".to_owned()),
        Just("\"stage-1/a.sh 'x y' $(z)\"".to_owned()),
        Just("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDFFy2Dps".to_owned()),
        Just(
            "\"-----BEGIN PRIVATE KEY-----\\nMC4CAQAwBQYDK2Vw\\n-----END PRIVATE KEY-----\""
                .to_owned()
        ),
        (-10_i64..70_000).prop_map(|number| number.to_string()),
        "[a-zä/:.'\"$(){}# -]{0,12}",
        "'[a-zA-Z0-9ß/:.=$(){}#`; -]{0,16}'",
    ]
}

/// Keys of a config that is good but for one value, which may be good too.
const PLACES: &[&str] = &[
    "  proxy: {port: VALUE}",
    "  proxy: {use_https: VALUE, address: p}",
    "  proxy: {address: VALUE}",
    "  device: {type: VALUE}",
    "  apt: {repo_source: VALUE}",
    "  environment: [VALUE]",
    "  environment: {K: VALUE}",
    "  environment: VALUE",
    "  ports: [VALUE]",
    "  ports: VALUE",
    "  ssh: {host_port: VALUE, users: {me: {password: correct-horse}}}",
    "  ssh: {enable: VALUE, users: {me: {password: correct-horse}}}",
    "  ssh: {users: {me: {password: VALUE, uid: 5}}}",
    "  ssh: {users: {me: {password: correct-horse, gid: VALUE}}}",
    "  ssh: {users: {me: {password: correct-horse, pubkey_text: VALUE}}}",
    "  ssh: {users: VALUE}",
    "  mount: {m: {type: VALUE, host_path: /h, volume_name: v, dst_path: /d}}",
    "  mount: {m: {type: host, host_path: VALUE, dst_path: /d}}",
    "  mount: {m: {type: auto-volume, host_path: VALUE, dst_path: VALUE}}",
    "  mount: VALUE",
    "  custom: {on_build: [VALUE]}",
    "  custom: {on_build: VALUE, on_entry: VALUE}",
    "stage_2: VALUE",
    "stage_2: {image: {output: c, base: VALUE}}",
    "stage_2: {image: {output: VALUE}, storage: {app: VALUE}}",
];

fn key() -> impl Strategy<Value = String> {
    const KEYS: &[&str] = &[
        "stage_1",
        "stage_2",
        "image",
        "base",
        "output",
        "ssh",
        "enable",
        "port",
        "host_port",
        "users",
        "me",
        "root",
        "password",
        "pubkey_file",
        "pubkey_text",
        "privkey_file",
        "privkey_text",
        "uid",
        "gid",
        "proxy",
        "address",
        "use_https",
        "apt",
        "repo_source",
        "environment",
        "ports",
        "device",
        "type",
        "storage",
        "app",
        "mount",
        "dst_path",
        "host_path",
        "volume_name",
        "custom",
        "on_build",
        "on_entry",
        "<<",
        "x-a",
        "? [a]",
    ];
    proptest::sample::select(KEYS).prop_map(str::to_owned)
}

/// Mappings and lists in flow style, so that any nesting is YAML.
fn value() -> impl Strategy<Value = String> {
    scalar().prop_recursive(5, 60, 6, |inner| {
        prop_oneof![
            proptest::collection::vec((key(), inner.clone()), 0..6).prop_map(|entries| {
                let entries: Vec<String> = entries
                    .iter()
                    .map(|(key, value)| format!("{key}: {value}"))
                    .collect();
                format!("{{{}}}", entries.join(", "))
            }),
            proptest::collection::vec(inner, 0..4)
                .prop_map(|items| format!("[{}]", items.join(", "))),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn structured_yaml_never_panics(one in value(), two in value()) {
        load_config::check_text(&format!("x-b: &x {{base: a}}\nstage_1: {one}\nstage_2: {two}\n"));
    }

    #[test]
    fn values_of_a_real_config_never_panic(
        port in value(), users in value(), hook in value(), mount in value(), variable in value(),
    ) {
        load_config::check_text(&format!(
            "x-b: &x y\nstage_1:\n  image: {{base: a, output: b}}\n  ssh:\n    users: {users}\n  ports: [{port}]\n\
             \x20 environment: {variable}\nstage_2:\n  image: {{output: c}}\n  mount: {{m: {mount}}}\n\
             \x20 custom: {{on_build: [{hook}], on_entry: {hook}}}\n"
        ));
    }

    #[test]
    fn a_single_odd_value_never_panics(
        place in proptest::sample::select(PLACES), value in prop_oneof![4 => scalar(), 1 => value()],
    ) {
        let keys = place.replace("VALUE", &value);
        load_config::check_text(&format!("x-b: &x y\nstage_1:\n  image: {{base: a, output: b}}\n{keys}\n"));
    }

    #[test]
    fn text_never_panics(text in "[ \\-:?{}\\[\\],&*!|>'\"%@`#a-z0-9$~\\n\\t\\\\ä€\u{1f600}\u{0}]{0,80}") {
        load_config::check_text(&text);
        load_config::check_text(&format!("stage_1:\n  image: {{base: a, output: b}}\n  {text}"));
    }

    #[test]
    fn bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
        load_config::check(&bytes);
    }
}

/// A debug build on a busy machine is many times slower than a release one.
const PATIENCE: Duration = Duration::from_secs(20);

#[track_caller]
fn loads_in_time(name: &str, yaml: &str) {
    let start = Instant::now();
    let outcome = FakeHost::default().load(yaml);
    assert!(
        start.elapsed() < PATIENCE,
        "{name} took {:?}",
        start.elapsed()
    );
    if let Err(found) = outcome {
        panic!("{name}: {:?}", found.first());
    }
}

fn entries(head: &str, entry: impl Fn(usize) -> String) -> String {
    let mut text = format!("stage_1:\n  image: {{base: a, output: b}}\n  {head}:\n");
    for n in 0..10_000 {
        writeln!(text, "    {}", entry(n)).expect("a string takes all");
    }
    text
}

#[test]
fn many_markers_in_one_value_load() {
    for part in ["{{A}}", "${A:-x}", "{{A:-${B:-c}}}"] {
        let many = part.repeat(50_000);
        let yaml =
            format!("stage_1:\n  image: {{base: a, output: b}}\n  environment: ['K={many}']\n");
        loads_in_time(part, &yaml);
    }
}

#[test]
fn many_entries_load() {
    loads_in_time(
        "ports",
        &entries("ports", |n| {
            format!(
                "- '127.{}.{}.{}:1-65535:1-65535'",
                n >> 16,
                (n >> 8) & 255,
                n & 255
            )
        }),
    );
    loads_in_time(
        "environment",
        &entries("environment", |n| format!("- A{n}={{{{B{n}}}}}")),
    );
    loads_in_time(
        "mounts",
        &entries("mount", |n| {
            format!("m{n}: {{type: host, host_path: /h, dst_path: /m/{n}}}")
        }),
    );
    loads_in_time(
        "users",
        &entries("ssh:\n    users", |n| {
            format!("  u{n}: {{password: correct-horse, uid: {}}}", n + 1000)
        }),
    );
}
