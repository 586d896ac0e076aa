//! Rebuilds when an embedded file changes; the embedding macro does not watch the folders itself.

fn main() {
    for folder in ["templates", "installation", "examples"] {
        println!("cargo::rerun-if-changed={folder}");
    }
}
