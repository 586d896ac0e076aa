//! The record of an image: what its build took, as the steps of the build have noted it.

mod sbom;
mod tar;

use std::fmt::Write;
use std::path::Path;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::engine::Image;

/// Where an image has its record.
pub const FOLDER: &str = "/usr/share/pei/record";

/// What the build of an image took.
#[derive(Debug, Serialize)]
pub struct Record {
    /// As the user names it.
    image: String,
    /// The engine's identifier.
    id: String,
    /// The pei that wrote its Dockerfile.
    #[serde(skip_serializing_if = "Option::is_none")]
    pei: Option<String>,
    /// The name of the image that it was built on.
    #[serde(skip_serializing_if = "Option::is_none")]
    base: Option<String>,
    /// A package, download, tool and so on each, sorted.
    #[serde(rename = "record")]
    entries: Vec<Entry>,
}

/// One line of the record. Its values are texts.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Entry(Map<String, Value>);

impl Record {
    /// Reads a copy of [`FOLDER`].
    ///
    /// # Errors
    /// The name and the line of what makes no sense.
    pub fn read(name: &str, image: &Image, archive: &[u8]) -> Result<Self, String> {
        let files = tar::files(archive).ok_or("the archive of it is damaged")?;
        let mut lines = Vec::new();
        for (file, content) in files {
            if Path::new(&file).extension() != Some("jsonl".as_ref()) {
                continue;
            }
            let text = String::from_utf8_lossy(content);
            for (number, line) in text.lines().enumerate() {
                let entry = Entry::read(line)
                    .ok_or_else(|| format!("line {} of {file} is damaged", number + 1))?;
                lines.push((line.to_owned(), entry));
            }
        }
        lines.sort_by(|a, b| a.0.cmp(&b.0));
        let label = |name: &str| image.labels.get(name).cloned();
        Ok(Self {
            image: name.to_owned(),
            id: image.id.clone(),
            pei: label("io.pei.version"),
            base: label("org.opencontainers.image.base.name"),
            entries: lines.into_iter().map(|(_, entry)| entry).collect(),
        })
    }

    /// What it lists, sorted.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// For a person: the entries under their kinds.
    pub fn text(&self) -> String {
        let mut text = self.image.clone();
        if let Some(base) = &self.base {
            let _ = write!(text, ", built on {base}");
        }
        if let Some(version) = &self.pei {
            let _ = write!(text, ", by pei {version}");
        }
        text.push('\n');
        let mut kind = "";
        for entry in &self.entries {
            if entry.kind() != kind {
                kind = entry.kind();
                let number = self.entries.iter().filter(|other| other.kind() == kind);
                let _ = writeln!(text, "\n{} ({})", heading(kind), number.count());
            }
            let _ = write!(text, "  {} {}", entry.name(), entry.value("version"));
            for (name, value) in entry.details() {
                // Packages of apt have no more than this, and there are hundreds.
                let _ = if name == "architecture" {
                    write!(text, " {value}")
                } else {
                    write!(text, "\n    {name}: {value}")
                };
            }
            text.push('\n');
        }
        text
    }

    /// For another program.
    pub fn json(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string_pretty(self).map(|text| text + "\n")
    }

    /// A list of components as `CycloneDX` has it.
    pub fn sbom(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string_pretty(&sbom::of(self)).map(|text| text + "\n")
    }
}

impl Entry {
    fn read(line: &str) -> Option<Self> {
        let entry = Self(serde_json::from_str(line).ok()?);
        let is_whole = entry.0.values().all(Value::is_string)
            && !entry.kind().is_empty()
            && !entry.name().is_empty();
        is_whole.then_some(entry)
    }

    /// One of its values; empty if it has none of that name.
    pub fn value(&self, name: &str) -> &str {
        self.0.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    /// Such as `apt` or `download`.
    pub fn kind(&self) -> &str {
        self.value("kind")
    }

    /// The names and values of all that it tells.
    pub fn values(&self) -> impl Iterator<Item = (&str, &str)> {
        let texts = self.0.iter();
        texts.filter_map(|(name, value)| Some((name.as_str(), value.as_str()?)))
    }

    /// A clone has no name of its own.
    fn name(&self) -> &str {
        let name = self.value("name");
        if name.is_empty() {
            self.value("url")
        } else {
            name
        }
    }

    /// What tells more than name and version.
    fn details(&self) -> impl Iterator<Item = (&str, &str)> {
        self.values().filter(|(name, value)| {
            !["kind", "name", "version"].contains(name) && *value != self.name()
        })
    }
}

fn heading(kind: &str) -> &str {
    match kind {
        "apt" => "packages of apt",
        "conda" => "packages of conda",
        "download" => "downloads",
        "git" => "clones",
        "npm" => "packages of npm",
        "os" => "distribution",
        "pypi" => "packages of PyPI",
        "tool" => "tools",
        other => other,
    }
}
