//! Configs that are not text, not a file, or have no end, through the binary: a place if there is one, a fix, exit status 1,
//! and a directory that does not change, byte for byte.

use std::fmt::Write;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use serde_json::Value;

use crate::project::{PLAIN, Project, Run};

/// What `configure --format json` says about these bytes: code and place, and help.
fn finding(project: &Project, bytes: &[u8]) -> (String, String) {
    project.write("user_config.yml", bytes);
    let before = project.files();
    let run = project.run(["configure", "--format", "json"]).exits(1);
    assert!(project.files() == before, "the folder was changed");
    let document: Value = serde_json::from_str(&run.stdout).unwrap();
    let found = document["diagnostics"].as_array().unwrap();
    let errors: Vec<&Value> = found
        .iter()
        .filter(|one| one["severity"] == "error")
        .collect();
    let [one] = errors[..] else {
        panic!("expected one error, found {found:#?}");
    };
    let text = |key: &str| one[key].as_str().unwrap_or_default().to_owned();
    let place = format!("{} {}:{}", text("code"), one["line"], one["column"]);
    (place, text("help"))
}

/// Each line stands for nine times the one before.
fn alias_bomb() -> String {
    let mut text = String::from("x-0: &a0 [x, x, x, x, x, x, x, x, x]\n");
    for n in 1..12 {
        let aliases = vec![format!("*a{}", n - 1); 9].join(", ");
        writeln!(text, "x-{n}: &a{n} [{aliases}]").unwrap();
    }
    text + PLAIN
}

fn utf_16(bytes_of: fn(u16) -> [u8; 2]) -> Vec<u8> {
    let units = std::iter::once(0xfeff).chain(PLAIN.encode_utf16());
    units.flat_map(bytes_of).collect()
}

#[test]
fn what_is_no_config_at_all_is_named_with_its_place_and_its_cure() {
    let project = Project::configured();
    let nested = format!("{PLAIN}x-deep: {}", "[".repeat(100_000));
    let many = format!("{PLAIN}# {}", "x".repeat(50 * 1024 * 1024));
    let bomb = alias_bomb();
    let cut = |length: usize| PLAIN.as_bytes()[..length].to_vec();
    let utf8 = "save the file as UTF-8";
    let latin = b"stage_1:\n  image: {base: \xe4, output: b}\n".to_vec();
    let tabs = b"stage_1:\n\timage:\n\t\tbase: a\n".to_vec();
    let cases: [(&str, Vec<u8>, &str, &str); 12] = [
        ("50 MB", many.into(), "file-too-large 1:1", "move data"),
        ("UTF-16", utf_16(u16::to_le_bytes), "not-utf8 1:1", utf8),
        ("its twin", utf_16(u16::to_be_bytes), "not-utf8 1:1", utf8),
        ("junk", (0..=255).rev().collect(), "not-utf8 1:1", utf8),
        ("Latin-1", latin, "not-utf8 2:17", utf8),
        ("a zero", b"a: \0".into(), "control-character 1:4", "remove"),
        ("tabs", tabs, "tab-indentation 2:1", "use spaces"),
        ("cut in a key", cut(16), "wrong-type 2:3", "keys below it"),
        (
            "cut in braces",
            cut(40),
            "yaml-syntax 2:10",
            "closing bracket",
        ),
        ("cut to nothing", cut(0), "empty-file 1:1", "pei create"),
        ("a bomb", bomb.into(), "too-many-aliases 7:11", "multiply"),
        (
            "a well",
            nested.into(),
            "nested-too-deeply 5:73",
            "brackets",
        ),
    ];
    let mut wrong = Vec::new();
    for (name, bytes, place, help) in cases {
        let found = finding(&project, &bytes);
        if found.0 != place || !found.1.contains(help) {
            wrong.push(format!("{name}: {found:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_config_that_cannot_be_read_is_named_with_its_cure() {
    let project = Project::configured();
    project.give_to_nobody();
    let config = project.path("user_config.yml");
    fs::set_permissions(&config, fs::Permissions::from_mode(0o000)).unwrap();
    let times = project.times();
    Run::of(&mut project.command_as_nobody(["configure"]))
        .exits(1)
        .prints_nothing()
        .says("cannot read `user_config.yml`: Permission denied")
        .says("help: check its owner and mode");
    assert_eq!(project.times(), times);
}

#[test]
fn a_link_to_a_config_elsewhere_is_read_and_one_to_nowhere_is_named() {
    let project = Project::configured();
    fs::remove_file(project.path("user_config.yml")).unwrap();
    symlink("../mine.yml", project.path("user_config.yml")).unwrap();
    let before = project.files();
    project
        .run(["configure"])
        .exits(1)
        .says("user_config.yml")
        .says("help: ");
    assert_eq!(project.files(), before);
    fs::write(project.beside("mine.yml"), PLAIN).unwrap();
    project.run(["configure"]).succeeds().says("nothing to do");
    fs::write(project.beside("mine.yml"), "stage_1: 5\n").unwrap();
    project
        .run(["configure"])
        .exits(1)
        .says(" --> user_config.yml:1:10");
    assert_eq!(project.files(), before);
}

#[test]
fn a_directory_that_may_not_be_written_to_is_named_and_stays_as_it_is() {
    let project = Project::configured();
    project.write("other.yml", PLAIN.replace("demo:", "other:"));
    project.give_to_nobody();
    project.set_folder_modes(0o555);
    let before = project.files();
    let nothing_to_do = Run::of(&mut project.command_as_nobody(["configure"]));
    let refused = Run::of(&mut project.command_as_nobody(["configure", "-c", "other.yml"]));
    let created = Run::of(&mut project.command_as_nobody(["create", "-p", "inner"]));
    let preview =
        Run::of(&mut project.command_as_nobody(["configure", "-c", "other.yml", "--check"]));
    let after = project.files();
    project.set_folder_modes(0o755);
    nothing_to_do.succeeds().says("nothing to do");
    refused
        .exits(1)
        .says("nothing was changed in `.`")
        .says("Permission denied");
    created.exits(1).says("Permission denied");
    preview.exits(4);
    assert_eq!(after, before);
}
