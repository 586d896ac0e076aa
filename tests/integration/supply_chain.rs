//! pei's dependencies, as far as its own files show. Licences, sources and known vulnerabilities: `scripts/supply-chain.sh`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::skip::skipped;

/// Of `cargo`, for this machine: other systems' crates are not there without a network.
fn metadata() -> Value {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let said = |args: &[&str]| {
        let output = Command::new(&cargo)
            .args(args)
            .current_dir(root())
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "cargo {}: {}",
            args.join(" "),
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).unwrap()
    };
    let version = said(&["-vV"]);
    let host = version
        .lines()
        .find_map(|line| line.strip_prefix("host: "))
        .unwrap();
    let args = [
        "metadata",
        "--format-version=1",
        "--locked",
        "--offline",
        "--filter-platform",
        host,
    ];
    serde_json::from_str(&said(&args)).unwrap()
}

#[test]
fn no_dependency_needs_a_newer_rust() {
    let metadata = metadata();
    let stated = release(env!("CARGO_PKG_RUST_VERSION"));
    let packages = metadata["packages"].as_array().unwrap();
    assert!(packages.len() > 50, "only {} packages", packages.len());
    let newer: Vec<_> = packages
        .iter()
        .filter(|package| {
            package["rust_version"]
                .as_str()
                .is_some_and(|needed| release(needed) > stated)
        })
        .map(|package| format!("{} needs {}", package["id"], package["rust_version"]))
        .collect();
    assert!(newer.is_empty(), "{}", newer.join("\n"));
}

/// `1.85` and `1.85.0` are the same.
fn release(version: &str) -> Vec<u32> {
    let mut numbers: Vec<_> = version
        .split('.')
        .map(|number| number.parse().unwrap())
        .collect();
    numbers.resize(3, 0);
    numbers
}

#[test]
fn unsafe_code_is_forbidden() {
    let lints = section("lints.rust");
    assert!(
        lints.iter().any(|line| line == "unsafe_code = \"forbid\""),
        "{lints:#?}"
    );
}

#[test]
fn every_dependency_has_its_reason_beside_it() {
    for name in ["dependencies", "dev-dependencies"] {
        let lines = section(name);
        assert!(!lines.is_empty(), "[{name}] is empty");
        let mut above = "";
        for line in &lines {
            assert!(
                line.starts_with('#') || above.starts_with('#'),
                "[{name}] does not say what this is for: {line}"
            );
            above = line;
        }
    }
}

/// The lines of a section of Cargo.toml, but for empty ones.
fn section(name: &str) -> Vec<String> {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    manifest
        .lines()
        .skip_while(|line| *line != format!("[{name}]"))
        .skip(1)
        .take_while(|line| !line.starts_with('['))
        .filter(|line| !line.is_empty())
        .map(str::to_owned)
        .collect()
}

#[test]
fn pei_opens_no_connection() {
    // The C library's functions for connections. Rust uses a pair of sockets to start processes; that is no connection.
    let doors = ["bind", "connect", "getaddrinfo", "sendto", "socket"];
    let output = Command::new("nm")
        .args(["--dynamic", "--undefined-only"])
        .arg(assert_cmd::cargo::cargo_bin!("pei"))
        .output();
    let Ok(output) = output else {
        return skipped("nm is missing");
    };
    assert!(output.status.success());
    let listed = String::from_utf8(output.stdout).unwrap();
    let mut asked_for = listed
        .lines()
        .filter_map(|line| line.split_whitespace().last()?.split('@').next());
    assert!(
        asked_for
            .clone()
            .any(|name| name == "openat64" || name == "openat"),
        "{listed}"
    );
    assert_eq!(asked_for.find(|name| doors.contains(name)), None);
}

#[test]
fn no_script_pipes_a_download_into_a_shell() {
    let mut scripts = files(&root().join("installation"), "sh");
    scripts.extend(files(&root().join("installation"), "bash"));
    assert!(scripts.len() > 50, "only {} scripts", scripts.len());
    for file in scripts {
        let text = fs::read_to_string(&file).unwrap().replace("\\\n", " ");
        for (number, line) in text.lines().enumerate() {
            assert!(
                !pipes_into_a_shell(line),
                "{}:{}: {line}",
                file.display(),
                number + 1
            );
        }
    }
    assert!(pipes_into_a_shell("curl -fsSL https://x | sudo bash -s --"));
    assert!(!pipes_into_a_shell("curl -fsSL https://x | tar -x"));
}

fn pipes_into_a_shell(line: &str) -> bool {
    let mut parts = line.split('|');
    let first = parts.next().unwrap_or_default();
    let fetches = ["curl ", "wget ", "pei_download"]
        .iter()
        .any(|program| first.contains(program));
    fetches
        && parts.any(|part| {
            part.split_whitespace()
                .find(|word| *word != "sudo" && !word.starts_with('-'))
                .is_some_and(|word| matches!(word.rsplit('/').next(), Some("sh" | "bash")))
        })
}

/// All files below a directory that have this extension.
fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path, extension));
        } else if path.extension().is_some_and(|it| it == extension) {
            found.push(path);
        }
    }
    found
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
