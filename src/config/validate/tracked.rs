//! What git would keep for ever: secrets in clear text, and a local file's values in files that everybody has.

use crate::config::raw::User;
use crate::config::read::{Context, Field, Place};
use crate::config::yaml::{Content, Node};
use crate::diagnostic::{Code, token};
use crate::model::{ComposeText, Part};

/// Warns of a user's secrets in a file that git would commit.
pub(super) fn check_user(cx: &mut Context<'_>, section: &User<'_>, at: &Place<'_>) {
    let password = "write its hash, which `pei hash-password` makes, under `password_hash`, or move it to the file \
        `user_config.local.yml` or, as `${NAME}`, to `.env`: git ignores both";
    let key = "name the key's file with `privkey_file`, or move it to the file `user_config.local.yml`: git ignores both";
    for (field, what, help) in [
        (section.password, "password", password),
        (section.privkey_text, "private key", key),
    ] {
        let Some(field) = field.filter(is_clear) else {
            continue;
        };
        if !cx.lookup().is_in_git() || cx.is_local(field.node.span.start) {
            continue;
        }
        let message = format!("git would commit this {what} in clear text");
        let here = field.place(at);
        let warning = here.warning(Code::SecretInGit, field.key_span.clone(), message);
        cx.report(warning.help(help));
    }
}

/// Warns of a token in a variable's value: it reaches docker-compose.yml, from a local file too.
pub(super) fn check_variable(
    cx: &mut Context<'_>,
    node: &Node,
    at: &Place<'_>,
    value: &ComposeText,
) {
    let mut texts = value.parts.iter().filter_map(Part::known);
    if texts.any(|text| token(text).is_some()) {
        let help = "write `{{NAME}}` in its place and set `NAME` in `.env`, which git ignores: Compose replaces it";
        report_token(cx, node, at, help);
    }
}

/// The same for a hook's arguments, which reach the Dockerfiles and the history of the image.
pub(super) fn check_arguments(cx: &mut Context<'_>, node: &Node, at: &Place<'_>, arguments: &str) {
    if token(arguments).is_some() || has_secret_option(arguments) {
        let help = "let a run-time hook read it from a mounted file, or from a variable whose name alone stands in `environment`; \
            `pei` has no way for a secret of a build hook";
        report_token(cx, node, at, help);
    }
}

fn report_token(cx: &mut Context<'_>, node: &Node, at: &Place<'_>, help: &str) {
    if cx.lookup().is_in_git() {
        let message = "git would commit this secret in clear text, in the files that pei writes";
        let span = node.used_at.as_ref().unwrap_or(&node.span);
        cx.report(
            at.warning(Code::SecretInGit, span.clone(), message)
                .help(help),
        );
    }
}

/// `--token x`, where `x` is neither a variable nor a file.
fn has_secret_option(arguments: &str) -> bool {
    const OPTIONS: &str = "--password --passwd --passphrase --token --secret --api-key";
    let words: Vec<&str> = arguments.split([' ', '\t', '\n', '=']).collect();
    words.windows(2).any(|pair| {
        let value = pair[1].trim_matches(['"', '\'']);
        let is_other = value.is_empty() || value.starts_with(['-', '/', '.', '~']);
        let is_secret = OPTIONS.split(' ').any(|option| option == pair[0]);
        is_secret && !is_other && !value.contains(['$', '`'])
    })
}

/// A value that stands in the file itself, not one that a variable brings.
fn is_clear(field: &Field<'_>) -> bool {
    let Content::Scalar(scalar) = &*field.node.content else {
        return false;
    };
    let variable = scalar
        .text
        .strip_prefix("${")
        .and_then(|rest| rest.strip_suffix('}'));
    !scalar.is_null()
        && !scalar.text.is_empty()
        && variable.is_none_or(|name| name.contains([':', '}']))
}
