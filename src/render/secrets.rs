//! The secrets of build hooks, as Compose and `docker build` take them.

use serde_json::{Map, Value, json};

use super::quote::word_in_quotes as word;
use crate::model::{BuildAccess, BuildSecret, ComposeText, SecretSource};

/// The word after `--secret`, for a shell.
pub(super) fn option(BuildSecret { name, source }: &BuildSecret) -> String {
    match source {
        SecretSource::Variable(variable) => format!("id={name},env={variable}"),
        SecretSource::File(path) => word(&format!("id={name},src={path}")),
        SecretSource::HomeFile(path) => format!("id={name},src=\"${{HOME}}\"/{}", word(path)),
    }
}

/// The options of a build that give it what its hooks get, each with a space in front.
pub(super) fn options(access: &BuildAccess, secrets: &[BuildSecret]) -> String {
    let used = secrets
        .iter()
        .filter(|secret| access.secrets.contains(&secret.name));
    let mut options = String::new();
    for secret in used {
        options.extend([" --secret ", &option(secret)]);
    }
    if access.ssh_agent {
        options.push_str(" --ssh default");
    }
    options
}

/// The entries of Compose's top-level `secrets`.
pub(super) fn declared(secrets: &[BuildSecret]) -> Map<String, Value> {
    let declared = secrets.iter().map(|BuildSecret { name, source }| {
        let path = |path: &str| ComposeText::literal(path).for_compose();
        let source = match source {
            SecretSource::Variable(variable) => json!({"environment": variable}),
            SecretSource::File(file) => json!({"file": path(file)}),
            // Not `~`: Compose replaces that only in some versions.
            SecretSource::HomeFile(file) => json!({"file": format!("${{HOME}}/{}", path(file))}),
        };
        (name.clone(), source)
    });
    declared.collect()
}
