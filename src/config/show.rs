//! Prints the merged config as YAML, with the origin of each value.

use std::borrow::Cow;
use std::fmt::Write as _;

use super::Layers;
use super::raw::is_extension;
use super::yaml::{Content, Node, Scalar};
use crate::diagnostic::{LineIndex, is_secret_name, redact_text};
use crate::model::NameForm;
use crate::yaml_text::double_quoted;

/// Keys of a user whose values are shown. Any other value may be a secret under a misspelt key.
const SHOWN_OF_USERS: [&str; 5] = ["pubkey_file", "pubkey_text", "privkey_file", "uid", "gid"];

/// Keys of a service that are shown. The rest is for Compose, and may hold a secret anywhere.
const SHOWN_OF_SERVICES: [&str; 12] = [
    "image",
    "ports",
    "expose",
    "volumes",
    "restart",
    "depends_on",
    "networks",
    "profiles",
    "user",
    "working_dir",
    "container_name",
    "hostname",
];

/// The prefixes of well-known tokens.
const TOKENS: [&str; 4] = ["ghp_", "github_pat_", "glpat-", "xoxb-"];

const COVERED: &str = "'********'";

impl Layers {
    /// The merged config, with the file and line of each value in a comment. Secrets are covered. Keys without
    /// effect are left out: `extends`, which has been followed, and `x-` keys. `None` if any file is not YAML.
    pub fn show(&self) -> Option<String> {
        let root = self.root()?;
        let source = self.source();
        let mut writer = Writer {
            index: LineIndex::of(source, &source.text),
            text: String::new(),
            path: Vec::new(),
        };
        writer.value(root, 0);
        Some(writer.text.trim_start_matches('\n').to_owned() + "\n")
    }
}

struct Writer<'t> {
    index: LineIndex<'t>,
    text: String,
    /// The keys on the way to the current value. A list item is an empty text.
    path: Vec<String>,
}

impl Writer<'_> {
    /// A value after its key or dash.
    fn value(&mut self, node: &Node, indent: usize) {
        match &*node.content {
            Content::Map(entries) if entries.iter().any(|entry| !is_extension(&entry.key)) => {
                let is_root = self.path.is_empty();
                for entry in entries {
                    if is_extension(&entry.key) || (is_root && &*entry.key == "extends") {
                        continue;
                    }
                    let _ = write!(self.text, "\n{:indent$}{}:", "", self.shown_key(&entry.key));
                    self.path.push(entry.key.to_string());
                    self.value(&entry.value, indent + 2);
                    self.path.pop();
                }
            }
            Content::List(items) if !items.is_empty() => {
                for item in items {
                    let _ = write!(self.text, "\n{:indent$}-", "");
                    self.path.push(String::new());
                    self.value(item, indent + 2);
                    self.path.pop();
                }
            }
            Content::Map(_) => self.scalar("{}", node),
            Content::List(_) => self.scalar("[]", node),
            Content::Broken => self.scalar("null", node),
            Content::Scalar(scalar) if scalar.is_null() => self.scalar("null", node),
            Content::Scalar(scalar) => {
                let text = self.covered(scalar).unwrap_or_else(|| typed(scalar));
                self.scalar(&text, node);
            }
        }
    }

    fn scalar(&mut self, text: &str, node: &Node) {
        let place = node.used_at.as_ref().unwrap_or(&node.span).start;
        let (file, line) = (self.index.file(place), self.index.position(place).line);
        let file = file.replace(char::is_control, "?");
        let _ = write!(self.text, " {text} # {file}:{line}");
    }

    /// The key, or a placeholder for it: in `users` and `environment`, a key that is not a legal name may be a secret.
    fn shown_key(&self, name: &str) -> String {
        let form = match self.path.last().map(String::as_str) {
            Some("users") => Some(NameForm::USER),
            _ if self.is_of_environment() => Some(NameForm::VARIABLE),
            _ => None,
        };
        if form.is_some_and(|form| !form.fits(name)) {
            return COVERED.to_owned();
        }
        key(name)
    }

    fn is_of_environment(&self) -> bool {
        self.path.get(1).is_some_and(|key| key == "environment")
    }

    /// The value with its secrets covered. `None` if it holds none.
    fn covered(&self, scalar: &Scalar) -> Option<String> {
        let name = self.path.last().map_or("", String::as_str);
        let of_users =
            self.path.iter().any(|key| key == "users") && !SHOWN_OF_USERS.contains(&name);
        let of_services = self.path.first().is_some_and(|key| key == "services")
            && self
                .path
                .get(2)
                .is_none_or(|key| !SHOWN_OF_SERVICES.contains(&key.as_str()));
        // Below `build_secrets`, a person may have written the secret itself.
        let of_secrets = self.path.first().is_some_and(|key| key == "build_secrets")
            && !(self.path.len() == 3
                && (name == "file" || name == "env" && NameForm::VARIABLE.fits(&scalar.text)));
        if of_users
            || of_services
            || of_secrets
            || scalar.text.contains("-----BEGIN")
            || TOKENS.iter().any(|start| scalar.text.contains(start))
            || (self.is_of_environment() && self.path.len() > 3)
            || (name != "privkey_file" && is_secret_name(name))
            || (name == "port" && is_login(&scalar.text))
        {
            return Some(COVERED.to_owned());
        }
        let text = scalar.text.as_str();
        // An item of `environment`: `TOKEN=…`.
        let variable = text.split_once('=').map(|(variable, _)| variable);
        let is_variable = |text: &&str| name.is_empty() && !text.contains(char::is_whitespace);
        let variable = variable.filter(is_variable).unwrap_or_default();
        let shown = if !variable.is_empty() && is_secret_name(variable) {
            "=********".into()
        } else {
            redact_text(&text[variable.len()..])
        };
        let is_changed = !text.ends_with(&*shown);
        is_changed.then(|| double_quoted(&format!("{variable}{shown}")))
    }
}

/// Whether a port holds a login instead.
fn is_login(text: &str) -> bool {
    matches!(redact_text(&format!("port: {text}")), Cow::Owned(_))
}

/// The text as typed if YAML reads it back the same, or else in double quotes.
fn typed(scalar: &Scalar) -> String {
    let text = &scalar.text;
    if scalar.plain && !text.contains(char::is_control) {
        return text.clone();
    }
    double_quoted(text)
}

fn key(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_-".contains(c);
    if !text.is_empty() && text.chars().all(is_plain) && !text.starts_with('-') {
        return text.to_owned();
    }
    double_quoted(text)
}
