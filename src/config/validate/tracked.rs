//! Warns of what git should not store: secrets in clear text, and values of a local file that end up in files for
//! everybody.

use crate::config::read::{Context, Place};
use crate::config::yaml::{Content, Entry, Node};
use crate::diagnostic::{Code, Diagnostic, token};
use crate::model::{ComposeText, Part};

/// Warnings for users' secrets in a file that git would commit, even if another file overrides them.
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

/// Warns of a token in a variable's value. The value ends up in docker-compose.yml, even if it comes from a local
/// file.
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

/// Warns of a token in a hook's arguments. They end up in the Dockerfiles and in the history of the image.
pub(super) fn check_arguments(cx: &mut Context<'_>, node: &Node, at: &Place<'_>, arguments: &str) {
    if token(arguments).is_some() || has_secret_option(arguments) {
        let help = "let a build hook read it from `/run/secrets/NAME` (see `build_secrets`), and a run-time hook from a mounted file, \
            or from a variable that `environment` lists without a value";
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

/// Whether there is an option such as `--token x` whose value is neither a variable nor a file.
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

/// Whether the value is in the file itself, and does not come from a variable.
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
