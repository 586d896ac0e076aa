//! The options that Compose starts a stage's container with.

use crate::config::raw;
use crate::config::read::{Context, Field, Place};
use crate::diagnostic::{Code, quoted};
use crate::model::{ComposeText, ContainerOptions};

pub(super) fn read(
    cx: &mut Context<'_>,
    section: &raw::Stage<'_>,
    at: &Place<'_>,
) -> ContainerOptions {
    ContainerOptions {
        restart: option(
            cx,
            section.restart,
            at,
            is_restart,
            "write `no`, `always`, `unless-stopped`, `on-failure` or `on-failure:3`",
        ),
        hostname: option(
            cx,
            section.hostname,
            at,
            is_hostname,
            "use up to 64 ASCII letters, digits, `-` and `.`, with a letter or a digit at both ends",
        ),
        shm_size: option(
            cx,
            section.shm_size,
            at,
            is_size,
            "write a number of bytes, or one with a unit, such as `512mb` or `8gb`",
        ),
    }
}

/// Checks an option. A value with a marker is left to Compose.
fn option(
    cx: &mut Context<'_>,
    field: Option<Field<'_>>,
    at: &Place<'_>,
    is_legal: fn(&str) -> bool,
    help: &str,
) -> Option<ComposeText> {
    let text = cx.compose_text(field, at).ok().flatten()?;
    if text.as_literal().is_none_or(is_legal) {
        return Some(text);
    }
    let name = field.map_or("", |field| field.name);
    let shown = quoted(text.as_literal().unwrap_or_default());
    let message = format!("{shown} is not a value of `{name}`");
    cx.bad_value(field, at, Code::InvalidContainerOption, message, help);
    None
}

/// Whether a restart policy is legal. YAML 1.1 reads an unquoted `no` as false.
fn is_restart(text: &str) -> bool {
    let count = text.strip_prefix("on-failure:");
    matches!(text, "no" | "always" | "unless-stopped" | "on-failure")
        || count.is_some_and(|count| {
            !count.is_empty() && count.len() < 10 && count.bytes().all(|byte| byte.is_ascii_digit())
        })
}

fn is_hostname(text: &str) -> bool {
    let ends = |c: char| c.is_ascii_alphanumeric();
    (1..=64).contains(&text.len())
        && text.starts_with(ends)
        && text.ends_with(ends)
        && text.chars().all(|c| ends(c) || c == '-' || c == '.')
}

fn is_size(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    let number = text.trim_end_matches('b');
    let number = number.strip_suffix(['k', 'm', 'g']).unwrap_or(number);
    let number = number.trim_end();
    text.len() - text.trim_end_matches('b').len() <= 1
        && number.parse::<f64>().is_ok_and(f64::is_finite)
        && number.starts_with(|c: char| c.is_ascii_digit())
        && number
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_those_of_compose() {
        for text in ["1", "64mb", "8gb", "8G", "1.5g", "100b", "2 GB", "10k"] {
            assert!(is_size(text), "{text}");
        }
        for text in ["", "gb", "8gbb", "8 g x", "-1", "1e3", "8t"] {
            assert!(!is_size(text), "{text}");
        }
        for text in ["no", "always", "on-failure:3"] {
            assert!(is_restart(text), "{text}");
        }
        for text in ["never", "on-failure:", "on-failure:x"] {
            assert!(!is_restart(text), "{text}");
        }
        assert!(is_hostname("dev-1.example"));
        assert!(!is_hostname("-dev") && !is_hostname("a_b") && !is_hostname(""));
    }
}
