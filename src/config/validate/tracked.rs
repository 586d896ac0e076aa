//! What git would keep for ever: secrets in clear text, and a local file's values in files that everybody has.

use crate::config::raw::User;
use crate::config::read::{Context, Field, Place};
use crate::config::yaml::Content;
use crate::diagnostic::Code;

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
