//! Packs the files that pei carries: one block of LZ4 for each directory, which src/assets.rs unpacks.

use std::env;
use std::fs;
use std::io::{Error, Result};
use std::path::{Path, PathBuf};

fn main() -> Result<()> {
    for folder in ["templates", "installation", "examples"] {
        println!("cargo::rerun-if-changed={folder}");
        let files = files(Path::new(folder))?;
        pack(folder, Path::new(folder), &files)?;
    }
    let explanations = "docs/diagnostics.md";
    println!("cargo::rerun-if-changed={explanations}");
    pack("diagnostics", Path::new("docs"), &[explanations.into()])
}

/// The files of a directory by name, followed by those of each directory in it.
fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut entries = fs::read_dir(folder)?
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<Vec<_>>>()?;
    entries.sort();
    let (folders, mut found): (Vec<_>, Vec<_>) =
        entries.into_iter().partition(|path| path.is_dir());
    for inner in folders {
        found.extend(files(&inner)?);
    }
    Ok(found)
}

/// Each file is a line with its size and its path below `root`, and then its content.
fn pack(name: &str, root: &Path, files: &[PathBuf]) -> Result<()> {
    let mut packed = Vec::new();
    for file in files {
        let path = file.strip_prefix(root).map_err(Error::other)?;
        // The same on every system.
        let path: Vec<_> = path.iter().map(|part| part.to_string_lossy()).collect();
        let content = fs::read(file)?;
        packed.extend(format!("{} {}\n", content.len(), path.join("/")).into_bytes());
        packed.extend(content);
    }
    let out = env::var_os("OUT_DIR").ok_or_else(|| Error::other("no OUT_DIR"))?;
    let out = Path::new(&out).join(name).with_extension("lz4");
    fs::write(out, lz4_flex::compress_prepend_size(&packed))
}
