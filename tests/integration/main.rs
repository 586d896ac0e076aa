//! The tests that run the binary, in one program.

#![expect(
    clippy::unwrap_used,
    reason = "a helper of a test fails the test like the test itself"
)]

mod bad_configs;
mod bad_files;
mod build;
mod build_secrets;
mod bundle;
#[path = "../hostile/cases.rs"]
mod cases;
mod catalogue;
mod cli;
mod configure;
mod create;
mod devcontainer;
mod docs;
mod doctor;
mod examples;
mod findings_json;
mod golden;
mod gpu;
mod hash_password;
mod hostile_text;
mod kills;
mod layers;
mod left_out;
mod lock;
mod locked;
mod merged;
mod moving;
mod naming;
mod project;
mod record;
mod reference;
mod remove;
mod safety;
mod security;
mod shells;
mod skip;
mod ssh_config;
mod stages;
mod start_hooks;
mod status;
mod supply_chain;
mod template;
mod tmpfs;
mod tracked;

/// Otherwise a file that is not named above would not run, and nobody would notice.
#[test]
fn no_file_is_forgotten() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/integration");
    let index = include_str!("main.rs");
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap();
        if path.extension().is_some_and(|extension| extension == "rs") && name != "main" {
            assert!(
                index.contains(&format!("mod {name};")),
                "{name}.rs is not in main.rs"
            );
        }
    }
}
