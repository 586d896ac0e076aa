//! Characters that look like syntax but are part of the value, or the other way round.

use crate::config::read::{Context, Field, Place};
use crate::config::yaml::{Content, Node};
use crate::diagnostic::{Code, quoted};

/// Typographic quotes, which no program reads as quotes.
const TYPOGRAPHIC: [char; 9] = ['‘', '’', '‚', '“', '”', '„', '«', '»', '′'];

/// Warns of a password that the user probably did not mean: in typographic quotes, after an anchor, or changed by the
/// syntax of `.env`.
pub(super) fn check_password(cx: &mut Context<'_>, field: Field<'_>, at: &Place<'_>, text: &str) {
    let warning = |code, message: &str| at.warning(code, field.key_span.clone(), message);
    if text.starts_with(TYPOGRAPHIC) && text.ends_with(TYPOGRAPHIC) {
        let message =
            "this password begins and ends with typographic quotes, which are a part of it";
        let found = warning(Code::LiteralText, message);
        cx.report(found.help("write `'` or `\"` around the password"));
    }
    if cx.has_unused_anchor(&field) {
        let message = "YAML reads the `&` before this password as an anchor, which nothing uses";
        let found = warning(Code::CutOffValue, message);
        cx.report(found.help("quote the password if the `&` is part of it"));
    }
    let Content::Scalar(scalar) = &*field.node.content else {
        return;
    };
    for part in scalar.text.split("${").skip(1) {
        let name = part.split(['}', ':']).next().unwrap_or_default();
        if cx.lookup().is_changed_in_env_file(name) {
            let message = format!(
                "this password differs from the text of `{name}` in `.env`, where `$`, ` #` and quotes have a meaning"
            );
            let found = warning(Code::CutOffValue, &message);
            cx.report(found.help(format!("write it in single quotes in `.env`: `{name}='…'`")));
        }
    }
}

/// Warns of text that a shell would replace, but that Compose passes on unchanged.
pub(super) fn check_variable(cx: &mut Context<'_>, node: &Node, at: &Place<'_>, name: &str) {
    let Content::Scalar(scalar) = &*node.content else {
        return;
    };
    let is_item = scalar.text.split_once('=').filter(|(key, _)| *key == name);
    let value = is_item.map_or(scalar.text.as_str(), |(_, value)| value);
    let itself = format!("${name}");
    let goes_on = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let is_itself = |(at, _)| !value[at + itself.len()..].starts_with(goes_on);
    let quote = value.chars().next().filter(|c| "'\"".contains(*c));
    let in_quotes = quote.is_some_and(|quote| value.len() > 1 && value.ends_with(quote));
    let (message, help) = if value.match_indices(&itself).any(is_itself) {
        (
            format!(
                "{} is not replaced here: the container gets these characters",
                quoted(&itself)
            ),
            format!("write the whole value, or a login hook with the line `export {name}=…`"),
        )
    } else if scalar.plain && is_item.is_some() && in_quotes {
        let message = format!("the quotes are a part of the value of {}", quoted(name));
        (
            message,
            format!("write `- {name}=…` without them; spaces need none"),
        )
    } else {
        return;
    };
    let span = node.used_at.as_ref().unwrap_or(&node.span);
    cx.report(
        at.warning(Code::LiteralText, span.clone(), message)
            .help(help),
    );
}
