//! The `ssh` section.

use std::collections::HashMap;

use super::port::{Mapping, Protocol};
use super::ports::Published;
use super::user::{self, ReadUser};
use super::weak_password::is_weak;
use crate::config::raw::{self, entries, is_extension, named_entries};
use crate::config::read::{Context, Field, Place, Read, Site, or};
use crate::config::yaml::{Content, Entry};
use crate::diagnostic::{Code, Diagnostic};
use crate::model::{ComposeText, Id, Part, Ssh};

const DEFAULT_PORT: u16 = 22;

/// sshd as the file describes it, even if it is disabled.
pub(super) struct ReadSsh {
    pub(super) enabled: bool,
    port: u16,
    host_port: Option<(ComposeText, Site)>,
    /// The position of `port`, if `host_port` is missing: people often confuse the two.
    only_port: Option<Site>,
    users: Vec<ReadUser>,
}

pub(super) fn read(
    cx: &mut Context<'_>,
    field: Option<Field<'_>>,
    stage: &Place<'_>,
) -> Option<ReadSsh> {
    let field = field.filter(|field| !field.node.is_null());
    let (section, at) = raw::Ssh::of(cx, field, stage)?;
    let enabled = or(cx.boolean(section.enable, &at), true);
    let port = or(cx.port(section.port, &at), DEFAULT_PORT);
    let host_port = host_port(cx, section.host_port, &at).ok().flatten();
    let users = users(cx, section.users, &at);
    let no_users = section.users.is_none_or(|users| is_empty(&users));
    if enabled && no_users && !cx.is_misspelt(&at, "users") {
        cx.report(
            at.warning(
                Code::NoSshUsers,
                at.name_span(),
                "ssh is enabled, but nobody can log in",
            )
            .help("add a user below `users:`, or write `enable: false`"),
        );
    }
    let only_port = section.port.filter(|_| section.host_port.is_none());
    let only_port = only_port.filter(|_| enabled && port != DEFAULT_PORT);
    Some(ReadSsh {
        enabled,
        port,
        only_port: only_port.map(|field| field.place(&at).site(field.key_span.clone())),
        host_port,
        users,
    })
}

fn is_empty(users: &Field<'_>) -> bool {
    match &*users.node.content {
        Content::Map(entries) => entries.iter().all(|entry| is_extension(&entry.key)),
        _ => users.node.is_null(),
    }
}

/// A port number, or text with a marker that Compose turns into one.
fn host_port(
    cx: &mut Context<'_>,
    field: Option<Field<'_>>,
    at: &Place<'_>,
) -> Read<(ComposeText, Site)> {
    let Some(text) = cx.compose_text(field, at)? else {
        return Ok(None);
    };
    let Some(field) = field else { return Ok(None) };
    let site = field.place(at).site(field.node.span.clone());
    if text.is_literal() {
        let number = cx.port(Some(field), at)?;
        return Ok(number.map(|number| (ComposeText::literal(number.to_string()), site)));
    }
    // In `HOST:CONTAINER`, Compose reads a host part that is not a number as an address.
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !text.parts.iter().filter_map(Part::known).all(digits) {
        let message = "a host port is a number, even as a marker's default".to_owned();
        let help = "write a number such as 2222, or `{{SSH_PORT:-2222}}`";
        return Err(cx.bad_value(Some(field), at, Code::InvalidNumber, message, help));
    }
    Ok(Some((text, site)))
}

fn users(cx: &mut Context<'_>, field: Option<Field<'_>>, at: &Place<'_>) -> Vec<ReadUser> {
    let Some(field) = field else {
        return Vec::new();
    };
    let at = field.place(at);
    let Ok(Some(entries)) = entries(cx, field.node, &at, None) else {
        return Vec::new();
    };
    let is_key_of_user = |entry: &&Entry| {
        raw::User::SPEC.has(&entry.key) && !matches!(&*entry.value.content, Content::Map(_))
    };
    if let Some(entry) = entries.iter().find(is_key_of_user) {
        let message = format!("`{}` is a key of a user, not a user's name", entry.key);
        let place = at.entry(entry);
        let diagnostic = place.error(Code::WrongType, entry.key_span.clone(), message);
        cx.report(
            diagnostic
                .help("write `NAME:` with the user's name above it, and indent it below that"),
        );
        return Vec::new();
    }
    let example = user::ExampleKey::default();
    let mut uids: HashMap<Id, Site> = HashMap::new();
    let mut users = Vec::with_capacity(entries.len());
    for entry in named_entries(cx, entries, &at) {
        if !cx.has_colon(entry) {
            let message = "this is not a user's name: no colon follows it";
            let diagnostic = at.error(Code::MissingCredential, entry.key_span.clone(), message);
            cx.report(diagnostic.help("write `NAME:` and the keys below it; quote a password that holds a comma or a brace"));
            continue;
        }
        let Ok((user, uid)) = user::read(cx, entry, &at, &example) else {
            continue;
        };
        if let Some((uid, site)) = uid {
            match uids.get(&uid) {
                None => {
                    uids.insert(uid, site);
                }
                Some(first) => {
                    cx.report(duplicate_uid(uid, first, &site));
                }
            }
        }
        users.push(user);
    }
    users
}

fn duplicate_uid(uid: Id, first: &Site, again: &Site) -> Diagnostic {
    let message = format!("two users have the uid `{}`", uid.text());
    let (first_span, again_span) = first.apart(again);
    Diagnostic::error(Code::DuplicateUid, again_span, message)
        .label("again here")
        .also(first_span, "first here")
        .path(again.path.clone())
        .help("give each user a different uid, or remove one of them")
}

/// Warns if no host port is mapped to sshd, and of easy passwords if other machines can reach it.
pub(super) fn check_published(cx: &mut Context<'_>, ssh: &ReadSsh, published: &[Published]) {
    let open = |mapping: &Mapping| {
        mapping.protocol == Protocol::Tcp
            && mapping.is_open_to_all()
            && mapping.container.contains(&ssh.port)
    };
    let leads_to = |port: &Published| {
        let mapping = port.likely_mapping();
        mapping.is_none_or(|mapping| mapping.container.contains(&ssh.port))
    };
    if let Some(site) = &ssh.only_port
        && !published.iter().any(leads_to)
    {
        let message = format!(
            "no port of the host is mapped to sshd: `port: {}` is sshd's port in the container",
            ssh.port
        );
        let warning = Diagnostic::warning(Code::UnpublishedSsh, site.span.clone(), message);
        cx.report(warning.path(site.path.clone()).help(format!(
            "write `host_port: {}` for a port of the host, or `host_port: null` if only other containers log in",
            ssh.port
        )));
    }
    // The ssh mapping has no address, so every machine can reach it.
    let mut by_port = published.iter().filter_map(Published::likely_mapping);
    if !ssh.enabled || (ssh.host_port.is_none() && !by_port.any(|mapping| open(&mapping))) {
        return;
    }
    for user in &ssh.users {
        let Some((password, site)) = &user.password else {
            continue;
        };
        if is_weak(password, &user.user.name) {
            let message = format!(
                "the password of `{}` is easy to guess, and the ssh port is open to every machine that reaches this host",
                user.user.name
            );
            cx.report(
                Diagnostic::warning(Code::WeakPassword, site.span.clone(), message)
                    .path(site.path.clone())
                    .help("choose a longer password or a public key, or publish the port in `ports` on `127.0.0.1`"),
            );
        }
    }
}

impl ReadSsh {
    /// The published port. `None` if it holds a marker.
    pub(super) fn host_port(&self) -> Option<(u16, &Site)> {
        let (text, site) = self.host_port.as_ref()?;
        let port = text.as_literal()?.parse().ok()?;
        Some((port, site))
    }

    pub(super) fn into_model(self) -> Option<Ssh> {
        self.enabled.then(|| Ssh {
            port: self.port,
            host_port: self.host_port.map(|(text, _)| text),
            users: self.users.into_iter().map(|read| read.user).collect(),
        })
    }
}
