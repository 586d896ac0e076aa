//! One entry of `ssh.users`.

use std::cell::OnceCell;

use super::credentials::{self, NamedKey};
use super::{literal, password_hash};
use crate::config::keys::PublicKey;
use crate::config::raw;
use crate::config::read::{Context, Field, Place, Read, Reported, Site};
use crate::config::yaml::Entry;
use crate::diagnostic::{Code, Diagnostic, quoted};
use crate::model::{Id, NameForm, Password, PrivateKey, SshUser};

/// The public key of the example key pair that pei ships.
const EXAMPLE_KEY: &str = "stage-1/system/ssh/keys/example-pubkey.pub";

/// A user with the positions that later checks need.
pub(super) struct ReadUser {
    pub(super) user: SshUser,
    pub(super) password: Option<(String, Site)>,
}

/// The example public key. It is read when it is first compared with a user's.
#[derive(Default)]
pub(super) struct ExampleKey(OnceCell<Option<PublicKey>>);

impl ExampleKey {
    fn is(&self, cx: &Context<'_>, key: &PublicKey) -> bool {
        let example = self.0.get_or_init(|| {
            let bytes = cx.lookup().project_file(EXAMPLE_KEY).ok()?;
            PublicKey::parse(&String::from_utf8(bytes).ok()?).ok()
        });
        example.as_ref().is_some_and(|example| example.is_same(key))
    }
}

/// Reads a user. Returns it with its uid and the uid's position.
pub(super) fn read(
    cx: &mut Context<'_>,
    entry: &Entry,
    users: &Place<'_>,
    example: &ExampleKey,
) -> Result<(ReadUser, Option<(Id, Site)>), Reported> {
    let name = &*entry.key;
    let at = users.entry(entry);
    check_name(cx, name, &at);
    let shown = at.quoted_name();
    let section = raw::User::read(cx, &entry.value, &at)?;

    let password = password(cx, &section, &at);
    let hash = password_hash::read(cx, &section, &at);
    let (mut key_files, mut public_key_files) = (Vec::new(), Vec::new());
    let public = credentials::public_key(cx, &section, &at, &mut public_key_files);
    let private = credentials::private_key(cx, &section, &at, &mut key_files);
    let uid = id(cx, section.uid, &at, name, &shown);
    let gid = id(cx, section.gid, &at, name, &shown);

    if cx.lookup().wants_credentials()
        && let (Ok(None), Ok(None), Ok(None), Ok(None)) = (&password, &hash, &public, &private)
    {
        missing_credential(cx, &section, &at, &shown);
    }
    let (public, private) = (public.ok().flatten(), private.ok().flatten());
    let login_keys = login_keys(public.as_ref(), private.as_ref());
    let public = public.map(|named| named.key);
    if let Some((key, site)) = &public
        && example.is(cx, key)
    {
        let message = format!("{shown} logs in with the key that is shipped as an example");
        cx.report(
            Diagnostic::warning(Code::ExampleKey, site.span.clone(), message)
                .label("its private half is public")
                .path(site.path.clone())
                .help("make a key of your own with `ssh-keygen -t ed25519`"),
        );
    }

    let password = password.ok().flatten();
    let user = SshUser {
        name: name.to_owned(),
        password: match (&password, hash) {
            (Some((text, _)), _) => Some(Password::Clear(text.clone())),
            (None, hash) => hash.ok().flatten().map(Password::Hash),
        },
        public_key: public.map(|(key, _)| key.line),
        private_key: private.map(|named| named.key),
        uid: uid
            .as_ref()
            .ok()
            .and_then(|uid| uid.as_ref().map(|(uid, _)| *uid)),
        gid: gid.ok().flatten().map(|(gid, _)| gid),
        key_files,
        public_key_files,
        login_keys,
    };
    Ok((ReadUser { user, password }, uid.ok().flatten()))
}

/// The paths of files that may hold the private half of a user's public key. Empty without a public key.
fn login_keys(
    public: Option<&NamedKey<(PublicKey, Site)>>,
    private: Option<&NamedKey<PrivateKey>>,
) -> Vec<String> {
    let Some(public) = public else {
        return Vec::new();
    };
    let half = public
        .path
        .as_deref()
        .and_then(|path| path.strip_suffix(".pub"));
    let own = private.and_then(|private| private.path.as_deref());
    let paths = half.into_iter().chain(own.filter(|own| half != Some(own)));
    paths.map(str::to_owned).collect()
}

/// Accounts that services of an image run as or that own its files. Other service accounts begin with `_` or
/// `systemd-`.
const SERVICES: [&str; 8] = [
    "bin",
    "daemon",
    "messagebus",
    "nobody",
    "polkitd",
    "sshd",
    "sync",
    "sys",
];

/// Checks the name: `useradd` must accept it on every distribution.
fn check_name(cx: &mut Context<'_>, name: &str, at: &Place<'_>) {
    let plain = name.strip_prefix('_').unwrap_or(name);
    let is_service = plain != name || SERVICES.contains(&name) || name.starts_with("systemd-");
    let (message, help) = if !NameForm::USER.fits(plain) {
        (
            format!("{} cannot be the name of a user", at.quoted_name()),
            "use up to 32 of `a`–`z`, `0`–`9`, `_` and `-`, with a letter first; write a password below the name",
        )
    } else if is_service {
        (
            format!("{} is the account of a service of the image", quoted(name)),
            "choose another name: this user would take over the service's account",
        )
    } else {
        return;
    };
    let diagnostic = at.error(Code::InvalidUserName, at.name_span(), message);
    cx.report(diagnostic.help(help));
}

const OR_A_HASH: &str =
    "leave it out, or give the password's hash as `password_hash`: `pei hash-password` makes one";

/// Reads the password. No finding shows it or its position: because of an anchor, the password may be in another
/// section.
fn password(cx: &mut Context<'_>, section: &raw::User<'_>, at: &Place<'_>) -> Read<(String, Site)> {
    let Some(field) = section.password else {
        return Ok(None);
    };
    let Some(text) = cx.text_where(Some(field), at, |_| true)? else {
        return Ok(None);
    };
    let (what, help) = if text.is_empty() {
        ("is empty", "write null for a user without a password")
    } else if text.contains(['\n', '\r']) {
        ("holds a line break", "write it on one line")
    } else if text.contains('\t') {
        ("holds a tab", "leave the tab out")
    } else if text.contains(char::is_whitespace) {
        ("holds a space", OR_A_HASH)
    } else if text.contains([',', ':']) {
        ("holds a comma or a colon", OR_A_HASH)
    } else if text.contains(char::is_control) {
        ("holds a control character", "leave it out")
    } else if password_hash::is_hash(&text) {
        (
            "is the hash of a password, and would be hashed again",
            "write it under `password_hash`",
        )
    } else if text.len() > Password::LONGEST {
        (
            "is longer than 511 bytes",
            "choose a shorter one: Linux login programs do not accept a longer one",
        )
    } else {
        let here = field.place(at);
        if cx.is_cut_off(field.node) {
            let message = "this password ends before ` #`, where YAML begins a comment";
            let warning = here.warning(Code::CutOffValue, field.key_span.clone(), message);
            let help = "quote the password if ` #` is part of it; if it begins a comment, write a space after the `#`";
            cx.report(warning.help(help));
        }
        literal::check_password(cx, field, &here, &text);
        let site = here.site(field.key_span.clone());
        return Ok(Some((text, site)));
    };
    let here = field.place(at);
    let message = format!("this password {what}");
    let diagnostic = here.error(Code::InvalidPassword, field.key_span.clone(), message);
    Err(cx.report(diagnostic.help(help)))
}

/// Reads a uid or gid. Root must have 0, and no other user may.
fn id(
    cx: &mut Context<'_>,
    field: Option<Field<'_>>,
    at: &Place<'_>,
    user: &str,
    shown: &str,
) -> Read<(Id, Site)> {
    let Some(text) = cx.text(field, at)? else {
        return Ok(None);
    };
    let Some(field) = field else { return Ok(None) };
    let site = field.place(at).site(field.node.span.clone());
    if text == "host" && user != "root" {
        return Ok(Some((Id::Host, site)));
    }
    let Some(number) = cx.number(Some(field), at, &(0..=Id::LARGEST))? else {
        return Ok(None);
    };
    let key = field.name;
    let is_root = user == "root";
    let problem = if is_root && number != 0 {
        Some((
            format!("the {key} of `root` is always 0, found `{number}`"),
            "remove the line",
        ))
    } else if !is_root && number == 0 && key == "uid" {
        Some((
            format!("the uid 0 belongs to `root`, not to {shown}"),
            "choose a uid from 1000 up, or remove the line",
        ))
    } else {
        None
    };
    if let Some((message, help)) = problem {
        return Err(cx.bad_value(Some(field), at, Code::InvalidId, message, help));
    }
    Ok(Some((Id::Number(number), site)))
}

fn missing_credential(cx: &mut Context<'_>, section: &raw::User<'_>, at: &Place<'_>, shown: &str) {
    if raw::CREDENTIALS.iter().any(|key| cx.is_misspelt(at, key)) {
        return;
    }
    let empty = section.password.filter(|field| field.node.span.is_empty());
    let bare_tilde = [section.pubkey_file, section.privkey_file]
        .into_iter()
        .flatten()
        .any(|field| field.is_bare_tilde());
    let help = if bare_tilde {
        "a bare `~` is YAML's null: write `'~'` for your own key"
    } else if section
        .password
        .is_some_and(|field| cx.is_anchored(field.key_span, field.node))
    {
        "quote a password that begins with `&`: YAML takes it for the name of an anchor"
    } else if empty.is_some() {
        "write the password after `password:`"
    } else {
        "add `password`, `password_hash`, `pubkey_file`, `pubkey_text`, `privkey_file` or `privkey_text`"
    };
    let removed = raw::CREDENTIALS.iter().find_map(|key| cx.removed(at, key));
    let label = removed.as_ref().map_or("", |_| "removed here");
    cx.report(
        at.error(
            Code::MissingCredential,
            removed.unwrap_or_else(|| at.name_span()),
            format!("the user {shown} has neither a password nor a key"),
        )
        .label(label)
        .help(help),
    );
}
