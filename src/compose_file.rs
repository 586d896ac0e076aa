//! Reads a project's `docker-compose.yml` for `pei remove`.
//!
//! The file may have been edited by hand, so only the keys that matter are read and anything is accepted elsewhere.
//! The output of `docker compose config` is preferred, because names may hold variables or depend on the project's
//! name.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::config::yaml::{Content, Entry, Node, parse_compose};

/// The names in a compose file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ComposeFile {
    /// The project's name, if it is known.
    pub name: Option<String>,
    /// The images that the project builds, each once. Images of later services come first, because they build on
    /// earlier ones. An image that a service only pulls is not in the list.
    pub images: Vec<String>,
    /// The named volumes. If the engine's names for them are known, those.
    pub volumes: Vec<String>,
}

#[derive(Default, Deserialize)]
struct Document {
    name: Option<String>,
    services: Option<BTreeMap<String, Option<ServiceSection>>>,
    volumes: Option<BTreeMap<String, Option<VolumeSection>>>,
}

#[derive(Default, Deserialize)]
struct ServiceSection {
    image: Option<String>,
    build: Option<IgnoredAny>,
}

#[derive(Default, Deserialize)]
struct VolumeSection {
    name: Option<String>,
}

impl ComposeFile {
    /// Reads the text of the file.
    ///
    /// # Errors
    /// What is wrong, if the text is not YAML or does not have the form of a compose file.
    pub fn from_yaml(text: &str) -> Result<Self, String> {
        let (root, findings) = parse_compose(text);
        if let Some(found) = findings.into_vec().first() {
            let line = text[..found.start()].matches('\n').count() + 1;
            return Err(format!("line {line}: {}", found.message));
        }
        let document = root.as_ref().map(Document::read).transpose()?;
        Ok(document.unwrap_or_default().into())
    }

    /// Reads the output of `docker compose config --format json`.
    pub fn from_compose(json: &str) -> Option<Self> {
        let document: Document = serde_json::from_str(json).ok()?;
        Some(document.into())
    }

    /// The images whose names hold a variable.
    pub fn unresolved(&self) -> impl Iterator<Item = &str> {
        self.images
            .iter()
            .map(String::as_str)
            .filter(|image| image.contains('$'))
    }
}

impl Document {
    fn read(root: &Node) -> Result<Self, String> {
        let mut document = Self::default();
        for entry in entries("the file", root)? {
            match &*entry.key {
                "name" => document.name = text(entry)?,
                "services" => document.services = Some(sections(entry, ServiceSection::read)?),
                "volumes" => document.volumes = Some(sections(entry, VolumeSection::read)?),
                _ => {}
            }
        }
        Ok(document)
    }
}

impl ServiceSection {
    fn read(&mut self, entry: &Entry) -> Result<(), String> {
        match &*entry.key {
            "image" => self.image = text(entry)?,
            "build" => self.build = (!entry.value.is_null()).then_some(IgnoredAny),
            _ => {}
        }
        Ok(())
    }
}

impl VolumeSection {
    fn read(&mut self, entry: &Entry) -> Result<(), String> {
        if &*entry.key == "name" {
            self.name = text(entry)?;
        }
        Ok(())
    }
}

/// The sections in a mapping, each filled by `read` from its entries.
fn sections<S: Default>(
    entry: &Entry,
    read: fn(&mut S, &Entry) -> Result<(), String>,
) -> Result<BTreeMap<String, Option<S>>, String> {
    let mut found = BTreeMap::new();
    for named in entries(&format!("`{}`", entry.key), &entry.value)? {
        let mut section = S::default();
        for key in entries(&format!("`{}.{}`", entry.key, named.key), &named.value)? {
            read(&mut section, key)?;
        }
        found.insert(named.key.to_string(), Some(section));
    }
    Ok(found)
}

fn entries<'n>(what: &str, node: &'n Node) -> Result<&'n [Entry], String> {
    match &*node.content {
        Content::Map(entries) => Ok(entries),
        _ if node.is_null() => Ok(&[]),
        _ => Err(format!("{what} must be a mapping, found {}", node.kind())),
    }
}

fn text(entry: &Entry) -> Result<Option<String>, String> {
    if let Content::Scalar(scalar) = &*entry.value.content {
        return Ok((!scalar.is_null()).then(|| scalar.text.clone()));
    }
    let (key, kind) = (&entry.key, entry.value.kind());
    Err(format!("`{key}` must be a text, found {kind}"))
}

impl From<Document> for ComposeFile {
    fn from(document: Document) -> Self {
        let mut images: Vec<String> = Vec::new();
        let services = document.services.unwrap_or_default();
        for (service, section) in services.into_iter().rev() {
            let Some(section) = section.filter(|section| section.build.is_some()) else {
                continue;
            };
            // Compose names an image that the file does not name, if it knows the project's name.
            let named = section.image.filter(|image| !image.is_empty());
            let image = named.or_else(|| Some(format!("{}-{service}", document.name.as_ref()?)));
            images.extend(image.filter(|image| !images.contains(image)));
        }
        let volumes = document.volumes.unwrap_or_default().into_values().flatten();
        let volumes = volumes.filter_map(|volume| volume.name).collect();
        Self {
            name: document.name,
            images,
            volumes,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_are_read_and_the_rest_may_be_anything() {
        let file = ComposeFile::from_yaml(
            "x-a: &a {image: one, build: .}\n\
             services:\n  stage-1: *a\n  stage-2: {<<: *a, image: two, ports: !override [1, {}]}\n  \
             other:\n  again: {image: two, build: {context: x}}\n  db: {image: 'debian:12'}\n\
             volumes:\n  app:\n  data: {external: true, name: mine}\n",
        )
        .unwrap();
        assert_eq!(file.images, ["two", "one"]);
        assert_eq!(file.volumes, ["mine"]);
        assert_eq!(file.name, None);
    }

    #[test]
    fn an_image_without_a_name_gets_the_name_from_compose() {
        let file = ComposeFile::from_yaml("name: p\nservices: {web: {build: .}, db: {image: x}}");
        assert_eq!(file.unwrap().images, ["p-web"]);
    }

    #[test]
    fn a_file_without_services_has_no_names() {
        assert_eq!(
            ComposeFile::from_yaml("{}").unwrap(),
            ComposeFile::default()
        );
        assert_eq!(ComposeFile::from_yaml("").unwrap(), ComposeFile::default());
        let error = |text| ComposeFile::from_yaml(text).unwrap_err();
        assert_eq!(
            error("services: [a]"),
            "`services` must be a mapping, found a list"
        );
        assert_eq!(
            error("services:\n  a: {image: {}}"),
            "`image` must be a text, found a mapping"
        );
        assert_eq!(error("a: b\nc: {"), "line 2: this `{` is not closed");
    }

    #[test]
    fn a_large_project_is_read() {
        let ports = "1, ".repeat(260_000);
        let text = format!("services: {{a: {{image: x, build: ., ports: [{ports}]}}}}");
        assert_eq!(ComposeFile::from_yaml(&text).unwrap().images, ["x"]);
    }

    #[test]
    fn variables_need_compose() {
        let file =
            ComposeFile::from_yaml("services: {a: {build: ., image: 'x:${TAG:-1}'}}").unwrap();
        assert_eq!(file.unresolved().collect::<Vec<_>>(), ["x:${TAG:-1}"]);
    }
}
