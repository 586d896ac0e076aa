//! The record as a software bill of materials: `CycloneDX` 1.5, <https://cyclonedx.org/docs/1.5/json/>.
//!
//! It has neither a time nor a serial number, so that the same image gives the same bytes.

use std::fmt::Write;

use serde_json::{Value, json};

use super::{Entry, Record};

pub(super) fn of(record: &Record) -> Value {
    let mut components: Vec<Value> = Vec::new();
    let distribution = record.entries.iter().find(|entry| entry.kind() == "os");
    for entry in &record.entries {
        let component = component(entry, distribution);
        // The form forbids two that are equal.
        if !components.contains(&component) {
            components.push(component);
        }
    }
    let mut image = json!({"type": "container", "name": record.image, "version": record.id});
    if let Some(base) = &record.base {
        image["properties"] = json!([{"name": "pei:base", "value": base}]);
    }
    let mut metadata = json!({"component": image});
    if let Some(version) = &record.pei {
        let pei = json!({"type": "application", "name": "pei", "version": version});
        metadata["tools"] = json!({"components": [pei]});
    }
    json!({
        "$schema": "http://cyclonedx.org/schema/bom-1.5.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": metadata,
        "components": components,
    })
}

fn component(entry: &Entry, distribution: Option<&Entry>) -> Value {
    let kind = entry.kind();
    let form = match kind {
        "os" => "operating-system",
        "download" => "file",
        "tool" => "application",
        _ => "library",
    };
    let mut component = json!({"type": form, "name": entry.name()});
    if !entry.value("version").is_empty() {
        component["version"] = entry.value("version").into();
    }
    if let Some(purl) = purl(entry, distribution) {
        component["purl"] = purl.into();
    }
    if !entry.value("sha256").is_empty() {
        component["hashes"] = json!([{"alg": "SHA-256", "content": entry.value("sha256")}]);
    }
    if !entry.value("url").is_empty() {
        let place = if kind == "git" { "vcs" } else { "distribution" };
        component["externalReferences"] = json!([{"type": place, "url": encoded(entry.value("url"), |byte| {
            byte.is_ascii_graphic() && !b"\"<>\\^`{|}%".contains(&byte) || byte == b'%'
        })}]);
    }
    let more = entry
        .details()
        .filter(|(name, _)| !["sha256", "url", "architecture"].contains(name));
    let more: Vec<Value> = more
        .map(|(name, value)| json!({"name": format!("pei:{name}"), "value": value}))
        .collect();
    if !more.is_empty() {
        component["properties"] = more.into();
    }
    component
}

/// The package URL, <https://github.com/package-url/purl-spec>, of what has one.
fn purl(entry: &Entry, distribution: Option<&Entry>) -> Option<String> {
    let name = |text: &str| {
        encoded(text, |byte| {
            byte.is_ascii_alphanumeric() || b".-_~".contains(&byte)
        })
    };
    let package = match entry.kind() {
        "apt" => {
            let vendor = distribution.map_or("debian", Entry::name);
            format!("deb/{}/{}", name(vendor), name(entry.name()))
        }
        "npm" => {
            let parts: Vec<_> = entry.name().split('/').map(name).collect();
            format!("npm/{}", parts.join("/"))
        }
        "pypi" => format!(
            "pypi/{}",
            name(&entry.name().to_lowercase().replace('_', "-"))
        ),
        "conda" => format!("conda/{}", name(entry.name())),
        "tool" => format!("generic/{}", name(entry.name())),
        _ => return None,
    };
    let mut purl = format!("pkg:{package}");
    if !entry.value("version").is_empty() {
        let _ = write!(purl, "@{}", name(entry.value("version")));
    }
    if entry.kind() == "apt" {
        let _ = write!(purl, "?arch={}", name(entry.value("architecture")));
        if let Some(distribution) = distribution {
            let release = format!("{}-{}", distribution.name(), distribution.value("version"));
            let _ = write!(purl, "&distro={}", name(&release));
        }
    }
    Some(purl)
}

/// The text with all but some bytes as `%XX`.
fn encoded(text: &str, is_plain: impl Fn(u8) -> bool) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        if is_plain(byte) {
            encoded.push(byte.into());
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}
