//! Rebuilds when an embedded file changes: the embedding macro does not watch its directories.

fn main() {
    for folder in ["templates", "installation", "examples"] {
        println!("cargo::rerun-if-changed={folder}");
    }
}
