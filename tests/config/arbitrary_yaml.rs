//! No text makes the loader panic or hang, and large configs load quickly.

use std::fmt::Write;
use std::time::{Duration, Instant};

use crate::fuzz;
use crate::fuzz::fake::FakeHost;
use proptest::prelude::*;

use super::generator::cases::cases;
use super::generator::config::{Wanted, config};
use super::generator::edits::{edit, edited};

const WANTED: Wanted = Wanted {
    markers: true,
    passwords: true,
};

proptest! {
    #![proptest_config(cases(64))]

    #[test]
    fn a_config_with_slips_never_panics(config in config(WANTED), edits in proptest::collection::vec(edit(), 0..4)) {
        fuzz::check_text(&edited(&config.yaml(), &edits));
    }

    #[test]
    fn a_small_config_with_slips_never_panics(edits in proptest::collection::vec(edit(), 1..4)) {
        fuzz::check_text(&edited(SMALL, &edits));
    }

    #[test]
    fn text_never_panics(text in "[ \\-:?{}\\[\\],&*!|>'\"%@`#a-z0-9$~\\n\\t\\\\ä€\u{1f600}\u{0}]{0,80}") {
        fuzz::check_text(&text);
        fuzz::check_text(&format!("stage_1:\n  image: {{base: a, output: b}}\n  {text}"));
    }

    #[test]
    fn bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
        fuzz::check(&bytes);
    }
}

/// Every section once, so that an edit meets a value of each kind.
const SMALL: &str = "\
x-b: &x {base: a}
stage_1:
  image: {<<: *x, output: b}
  ssh: {port: 22, host_port: 2222, enable: yes, users: {me: {password: correct-horse, uid: 1000, gid: 5}}}
  proxy: {address: p, port: 80, use_https: on}
  apt: {repo_source: tuna, use_proxy: false}
  environment: {A: x, B: null}
  ports: ['80-90:80-90/udp', 22]
  device: {type: cpu}
  mount: {m: {type: host, host_path: /h, volume_name: v, dst_path: /d}}
  custom: {on_build: ['stage-1/a.sh x'], on_entry: stage-1/a.sh}
stage_2:
  image: {output: c, base: null}
  environment: ['A={{A:-b}}', B]
  storage: {app: {type: auto-volume}, data: {type: image}}
";

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
