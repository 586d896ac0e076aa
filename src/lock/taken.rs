//! Makes a lock from the records of images.

use std::collections::{BTreeMap, BTreeSet};

use super::{Digest, Download, Locked, LockedImage, LockedStage, Other, Query, Text, Url};
use crate::record::{Entry, Record};
use crate::state::Identity;

impl Locked {
    /// Adds an image that a stage begins with or copies from.
    ///
    /// # Errors
    /// A value that a lock cannot hold.
    pub fn add_image(&mut self, name: &str, identity: Identity) -> Result<(), String> {
        let image = LockedImage {
            digest: identity.digest.map(Digest::try_from).transpose()?,
            identity: identity.sum.try_into()?,
        };
        self.images.insert(name.to_owned().try_into()?, image);
        Ok(())
    }

    /// Adds a stage: the entries in the record of its image that the record of the image below it does not have.
    ///
    /// # Errors
    /// A value that a lock cannot hold.
    pub fn add_stage(
        &mut self,
        name: &str,
        from: &str,
        hooks: Vec<String>,
        record: Option<&Record>,
        below: Option<&Record>,
    ) -> Result<(), String> {
        let hooks = hooks.into_iter().map(Text::try_from);
        let mut stage = LockedStage::new(from.to_owned().try_into()?);
        stage.hooks = hooks.collect::<Result<_, _>>()?;
        let below = below.map_or(&[][..], Record::entries);
        for entry in record.map_or(&[][..], Record::entries) {
            if !below.contains(entry) {
                stage.add(entry)?;
            }
        }
        self.stages.insert(name.to_owned().try_into()?, stage);
        Ok(())
    }
}

impl Locked {
    /// Whether another one has the same images and stages.
    pub fn has_entries_of(&self, other: &Self) -> bool {
        (&self.images, &self.stages) == (&other.images, &other.stages)
    }

    /// Gives a stage what another lock has for it, but for what the config says: its base and hooks.
    pub fn keep(&mut self, name: &str, old: &LockedStage) {
        if let Some(stage) = self.stages.get_mut(name) {
            *stage = LockedStage {
                from: stage.from.clone(),
                hooks: stage.hooks.clone(),
                ..old.clone()
            };
        }
    }

    /// Moves what a stage took into one that it builds on.
    pub fn join(&mut self, above: &str, below: &str) {
        let Some(stage) = self.stages.get_mut(above) else {
            return;
        };
        let apt = std::mem::take(&mut stage.apt);
        let downloads = std::mem::take(&mut stage.downloads);
        let others = std::mem::take(&mut stage.others);
        if let Some(stage) = self.stages.get_mut(below) {
            stage.apt.extend(apt);
            stage.downloads.extend(downloads);
            stage.others.extend(others);
        }
    }
}

impl LockedStage {
    fn new(from: Text) -> Self {
        Self {
            from,
            hooks: Vec::new(),
            apt: BTreeMap::new(),
            downloads: BTreeSet::new(),
            others: BTreeSet::new(),
        }
    }

    fn add(&mut self, entry: &Entry) -> Result<(), String> {
        let text = |name: &str| entry.value(name).to_owned();
        match entry.kind() {
            "apt" => {
                let package = format!("{}:{}", text("name"), text("architecture"));
                let version = text("version").try_into()?;
                self.apt.insert(package.try_into()?, version);
            }
            "download" => {
                let version = Some(text("version")).filter(|version| !version.is_empty());
                let query = Some(text("query")).filter(|query| !query.is_empty());
                self.downloads.insert(Download {
                    name: text("name").try_into()?,
                    url: Url::without_secrets(entry.value("url"))?,
                    query: query.map(Query::try_from).transpose()?,
                    version: version.map(Text::try_from).transpose()?,
                    sha256: text("sha256").try_into()?,
                });
            }
            "tool" | "git" | "npm" | "pypi" | "conda" => {
                self.others.insert(other(entry)?);
            }
            // Not locked: the distribution, and entries of other kinds, which a user's hook may have recorded.
            _ => {}
        }
        Ok(())
    }
}

fn other(entry: &Entry) -> Result<Other, String> {
    let mut values = BTreeMap::new();
    for (name, value) in entry.values() {
        let value = match name {
            // The mirror that served it. A lock leaves it out: any mirror may serve the same.
            "from" => continue,
            "url" => Url::without_secrets(value)?.to_string(),
            _ => value.to_owned(),
        };
        if !value.is_empty() {
            values.insert(name.to_owned().try_into()?, value.try_into()?);
        }
    }
    Ok(Other(values))
}

/// The versions that the installers of a project install by default: the rows of `versions.sh`. If a row has no number,
/// such as `lts`, the version is the installed one, if exactly one version was installed.
///
/// # Errors
/// A value that a lock cannot hold.
pub fn default_versions(table: &str, taken: &Locked) -> Result<BTreeMap<Text, Text>, String> {
    let rows = table
        .lines()
        .skip_while(|line| !line.ends_with("<<'TABLE'"));
    let rows = rows.skip(1).take_while(|line| *line != "TABLE");
    let mut versions = BTreeMap::new();
    for row in rows {
        let Some((tool, version)) = row.split_once(' ') else {
            continue;
        };
        // A prefix is enough: the row `nodejs` belongs to the tool `node`.
        let is_it = |other: &&Other| {
            other.value("kind") == "tool"
                && tool.starts_with(other.name())
                && !other.name().is_empty()
        };
        let others = taken.stages.values().flat_map(|stage| &stage.others);
        let installed: BTreeSet<&str> = others
            .filter(is_it)
            .map(|other| other.value("version"))
            .collect();
        let version = match (version.trim(), installed.first()) {
            (named, Some(one))
                if installed.len() == 1
                    && !one.is_empty()
                    && !named.contains(|c: char| c.is_ascii_digit()) =>
            {
                one
            }
            (version, _) => version,
        };
        versions.insert(tool.to_owned().try_into()?, version.to_owned().try_into()?);
    }
    Ok(versions)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_without_a_number_is_what_was_installed() {
        let table = "a() {\n  cat <<'TABLE'\nbun      1.4\nnodejs   lts\nTABLE\n}\nnodejs 3\n";
        let text = |text: &str| Text::try_from(text.to_owned()).unwrap();
        let case = |installed: &[&str], expected: &str| {
            let mut stage = LockedStage::new(text("debian:12"));
            for version in installed {
                let values = [("kind", "tool"), ("name", "node"), ("version", version)];
                let values = values.map(|(name, value)| (text(name), text(value)));
                stage.others.insert(Other(values.into()));
            }
            let mut locked = Locked::default();
            locked.stages.insert(text("stage-1"), stage);
            let versions = default_versions(table, &locked).unwrap();
            assert_eq!(versions["bun"].as_str(), "1.4");
            assert_eq!(versions["nodejs"].as_str(), expected);
        };
        case(&["22.1"], "22.1");
        case(&["22.1", "20.2"], "lts");
        case(&[], "lts");
    }

    #[test]
    fn the_table_is_found_in_the_shipped_script() {
        let file =
            crate::assets::installation().find(|(path, _)| path.ends_with("lib/versions.sh"));
        let (_, content) = file.unwrap();
        let table = String::from_utf8(content.into_owned()).unwrap();
        let versions = default_versions(&table, &Locked::default()).unwrap();
        assert!(
            versions.contains_key("bun") && versions.contains_key("uv"),
            "{versions:?}"
        );
    }
}
