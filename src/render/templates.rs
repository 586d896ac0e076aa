//! The template engine: strict, with the quoting rules as filters.

use std::sync::LazyLock;

use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value, value::Serde};

use super::notice;
use super::{quote, yaml};
use crate::assets;
use crate::config::yaml::parse_compose;
use crate::diagnostic::{Code, Diagnostic};
use crate::failure::Failure;

/// The project's `compose-template.yml` does not render, or the result is not YAML.
#[derive(Debug)]
pub struct BrokenComposeTemplate {
    /// Line in the template, from 1, if it is known.
    pub line: Option<usize>,
    /// What is wrong.
    pub message: String,
}

impl std::fmt::Display for BrokenComposeTemplate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "compose-template.yml")?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        write!(
            f,
            ": {}; fix it, or delete the file and `pei configure` writes its own",
            self.message
        )
    }
}

impl std::error::Error for BrokenComposeTemplate {}

/// pei's own templates, each parsed once.
static OWN: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut environment = environment();
    environment.set_loader(|name| Ok(Some(assets::template(name).to_owned())));
    environment
});

/// Renders one of pei's own templates.
pub(super) fn render(name: &str, context: impl serde::Serialize) -> anyhow::Result<String> {
    let rendered = OWN
        .get_template(name)
        .and_then(|template| template.render(Value::from(Serde(context))));
    let text = rendered.map_err(|error| Failure::bug(format!("template {name}: {error:#}")))?;
    Ok(with_one_end(&text))
}

/// Ends the text with exactly one line break.
fn with_one_end(text: &str) -> String {
    format!("{}\n", text.trim_end())
}

/// The template of docker-compose.yml.
pub(super) const COMPOSE: &str = "compose-template.yml";

/// Renders a compose template that a person has extended, and checks that Compose will be able to read the result.
pub(super) fn render_extended(
    template: &str,
    context: impl serde::Serialize,
) -> Result<String, BrokenComposeTemplate> {
    let environment = environment();
    let rendered = environment
        .template_from_str(template)
        .and_then(|template| template.render(Value::from(Serde(context))));
    let text = rendered.map_err(|error| BrokenComposeTemplate {
        line: error.line(),
        message: error
            .detail()
            .map_or_else(|| error.kind().to_string(), str::to_owned),
    })?;
    let text = with_one_end(&text);
    let (_, findings) = parse_compose(&text);
    match findings.into_vec().first() {
        Some(found) => Err(not_yaml(&text, found)),
        None => Ok(text),
    }
}

/// A template of an older version has no place for more than two services.
pub(super) fn lacks_services(name: &str) -> BrokenComposeTemplate {
    BrokenComposeTemplate {
        line: None,
        message: format!(
            "it has no place for the service {name}: `further_services` is missing, which pei's own template has"
        ),
    }
}

/// The user cannot see the rendered text, so the message shows the line instead of its number.
fn not_yaml(text: &str, found: &Diagnostic) -> BrokenComposeTemplate {
    let what = match found.code {
        Code::DuplicateKey => {
            "a key occurs twice in one mapping; put your values below the first one"
        }
        _ => found.message.trim_start_matches("this is not YAML: "),
    };
    // A quoted text or a bracket that is not closed may be missed only at the end, below the last line.
    let at = found.start().min(text.trim_end().len());
    let start = text[..at].rfind('\n').map_or(0, |end| end + 1);
    let line = text[start..].lines().next().unwrap_or_default().trim();
    BrokenComposeTemplate {
        line: None,
        message: format!("the result is not YAML, at `{line}`: {what}"),
    }
}

/// `compose-template.yml` as pei writes it into projects.
pub(super) fn own_compose_template() -> String {
    assets::template(COMPOSE).replace("{{ notice }}", notice::TEMPLATE_NOTICE)
}

fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    environment.add_filter("sh", |text: &str| quote::sh(text));
    environment.add_filter("arg_default", |text: &str| quote::arg_default(text));
    environment.add_filter("copy_form", |paths: Vec<String>| quote::copy_form(&paths));
    environment.add_filter("ignore_pattern", |text: &str| quote::ignore_pattern(text));
    environment.add_filter("exec_form", |words: Vec<String>| quote::exec_form(&words));
    environment.add_filter("yaml", |value: Value, indent: Option<usize>| {
        serde_json::to_value(&value)
            .map(|value| yaml::block(&value, indent.unwrap_or(0)))
            .map_err(|error| {
                minijinja::Error::new(minijinja::ErrorKind::InvalidOperation, error.to_string())
            })
    });
    environment.add_test("endingwith", |text: &str, end: &str| text.ends_with(end));
    environment
}
