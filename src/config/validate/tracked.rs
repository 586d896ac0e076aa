//! What git would keep for ever: secrets in clear text, and a local file's values in files that everybody has.

use crate::config::read::{Context, Place};
use crate::config::yaml::{Content, Entry, Node};
use crate::diagnostic::{Code, Diagnostic, token};
use crate::model::{ComposeText, Part};

/// Warnings of users' secrets in a file that git would commit, whether or not another file replaces them.
pub(in crate::config) fn secrets_of_users(root: &Node) -> Vec<Diagnostic> {
    let nowhere = 0..0;
    let at = Place::root(&nowhere);
    let Some(stage) = entry(root, "stage_1") else {
        return Vec::new();
    };
    let at = at.entry(stage);
    let Some(ssh) = entry(&stage.value, "ssh") else {
        return Vec::new();
    };
    let at = at.entry(ssh);
    let Some(users) = entry(&ssh.value, "users") else {
        return Vec::new();
    };
    let at = at.entry(users);
    let mut found = Vec::new();
    for user in entries(&users.value) {
        let at = at.entry(user);
        for (key, what, help) in SECRETS {
            let Some(secret) = entry(&user.value, key).filter(|entry| is_clear(&entry.value))
            else {
                continue;
            };
            let message = format!("git would commit this {what} in clear text");
            let here = at.entry(secret);
            let warning = here.warning(Code::SecretInGit, secret.key_span.clone(), message);
            found.push(warning.help(help));
        }
    }
    found
}

const SECRETS: [(&str, &str, &str); 2] = [
    (
        "password",
        "password",
        "write its hash, which `pei hash-password` makes, under `password_hash`, or move it to the file \
            `user_config.local.yml` or, as `${NAME}`, to `.env`: git ignores both",
    ),
    (
        "privkey_text",
        "private key",
        "name the key's file with `privkey_file`, or move it to the file `user_config.local.yml`: git ignores both",
    ),
];

fn entries(node: &Node) -> &[Entry] {
    match &*node.content {
        Content::Map(entries) => entries,
        _ => &[],
    }
}

fn entry<'n>(node: &'n Node, key: &str) -> Option<&'n Entry> {
    entries(node).iter().find(|entry| &*entry.key == key)
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
fn is_clear(node: &Node) -> bool {
    let Content::Scalar(scalar) = &*node.content else {
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
