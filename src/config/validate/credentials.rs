//! A user's keys, from a file, from the host's home directory or as text.

use super::project_path::{did_you_mean, file_diagnostic, normalise, outside};
use crate::config::FileProblem;
use crate::config::keys::{PublicKey, PublicKeyProblem, parse_private};
use crate::config::raw;
use crate::config::read::{Context, Field, Place, Read, Reported, Site};
use crate::config::yaml::Content;
use crate::diagnostic::Code;
use crate::model::PrivateKey;

/// The key files of a home directory, in the order of preference.
const HOME_KEYS: [&str; 4] = ["id_rsa", "id_dsa", "id_ecdsa", "id_ed25519"];

/// A key's text and its origin.
struct Found<'n> {
    text: String,
    field: Field<'n>,
    /// The name of the key's file, if it is in one.
    file_name: Option<String>,
    /// Its path: absolute, below `~/`, or relative to `installation/`.
    path: Option<String>,
}

/// A key with the path of the file that the config names for it.
pub(super) struct NamedKey<T> {
    pub(super) key: T,
    pub(super) path: Option<String>,
}

/// Which of a user's two keys.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Half {
    Public,
    Private,
}

impl Found<'_> {
    /// Whether the text is the name of a file and not a key.
    fn is_path(&self) -> bool {
        let text = self.text.trim();
        let begins = ["/", "~", "./", "stage-"];
        let is_path = begins.iter().any(|start| text.starts_with(start));
        self.file_name.is_none() && is_path && !text.contains(char::is_whitespace)
    }
}

impl Half {
    fn help_with_text(self) -> &'static str {
        match self {
            Self::Public => "write the key under `pubkey_text`",
            Self::Private => "write the key under `privkey_text`",
        }
    }
}

fn is_key_text(text: &str) -> bool {
    let (first, rest) = text.split_once(' ').unwrap_or((text, ""));
    let is_public = ["ssh-", "ecdsa-", "sk-"]
        .iter()
        .any(|start| first.starts_with(start));
    text.contains("-----BEGIN") || is_public && rest.starts_with("AAAA")
}

/// The key that can log in, and the position for findings about it. `key_files` receives the paths of its file below
/// `installation/`.
pub(super) fn public_key(
    cx: &mut Context<'_>,
    section: &raw::User<'_>,
    at: &Place<'_>,
    key_files: &mut Vec<String>,
) -> Read<NamedKey<(PublicKey, Site)>> {
    let fields = (section.pubkey_file, section.pubkey_text);
    let Some(found) = key_text(cx, fields, at, Half::Public, key_files)? else {
        return Ok(None);
    };
    match PublicKey::parse(&found.text) {
        Ok(key) => {
            let site = found.field.place(at).site(found.field.node.span.clone());
            Ok(Some(NamedKey {
                key: (key, site),
                path: found.path,
            }))
        }
        Err(_) if found.is_path() => Err(report_path(cx, &found, at, Half::Public)),
        Err(problem) => Err(report_public(cx, &found, at, &problem)),
    }
}

/// The user's own identity. `key_files` receives the paths of its file below `installation/`.
pub(super) fn private_key(
    cx: &mut Context<'_>,
    section: &raw::User<'_>,
    at: &Place<'_>,
    key_files: &mut Vec<String>,
) -> Read<NamedKey<PrivateKey>> {
    let fields = (section.privkey_file, section.privkey_text);
    let Some(found) = key_text(cx, fields, at, Half::Private, key_files)? else {
        return Ok(None);
    };
    match parse_private(&found.text, found.file_name.as_deref()) {
        Ok(key) => Ok(Some(NamedKey {
            key,
            path: found.path,
        })),
        Err(_) if found.is_path() => Err(report_path(cx, &found, at, Half::Private)),
        Err(problem) => {
            let message = format!("this is not a private key: {}", problem.what);
            Err(report_key(
                cx,
                found.field,
                at,
                (Code::InvalidPrivateKey, message, problem.help),
            ))
        }
    }
}

/// The key's text from the `_file` or the `_text` key. Only one of them may be set.
fn key_text<'n>(
    cx: &mut Context<'_>,
    (file, text): (Option<Field<'n>>, Option<Field<'n>>),
    at: &Place<'_>,
    half: Half,
    key_files: &mut Vec<String>,
) -> Read<Found<'n>> {
    let set = |field: Option<Field<'n>>| field.filter(|field| !field.node.is_null());
    if let Some(field) = file.filter(Field::is_bare_tilde) {
        let here = field.place(at);
        cx.report(
            here.warning(
                Code::BareTilde,
                field.node.span.clone(),
                "a bare `~` is YAML's null, so no key is used",
            )
            .help("write `'~'` for your own key, or null for none"),
        );
    }
    let (file, text) = (set(file), set(text));
    if let (Some(file), Some(text)) = (file, text) {
        let (first, second) = if file.order < text.order {
            (file, text)
        } else {
            (text, file)
        };
        let here = second.place(at);
        let diagnostic = here
            .error(
                Code::ConflictingKeys,
                second.key_span.clone(),
                format!("`{}` and `{}` exclude each other", first.name, second.name),
            )
            .label("this one too")
            .also(first.key_span.clone(), "this one")
            .help("keep one of them");
        return Err(cx.report(diagnostic));
    }
    if let Some(field) = text {
        let key = key_in_place(cx, field, at)?;
        return Ok(key.map(|text| Found {
            text,
            field,
            file_name: None,
            path: None,
        }));
    }
    let Some(field) = file else { return Ok(None) };
    if let Content::Scalar(scalar) = &*field.node.content
        && is_key_text(&scalar.text)
    {
        let problem = (
            Code::FileNotFound,
            "this is a key, but the name of a file is expected".to_owned(),
            half.help_with_text(),
        );
        return Err(report_key(cx, field, at, problem));
    }
    let Some(path) = cx.text(Some(field), at)?.filter(|path| !path.is_empty()) else {
        return Ok(None);
    };
    let Some((bytes, file)) = key_file(cx, field, at, &path, half, key_files)? else {
        return Ok(None);
    };
    let Ok(text) = String::from_utf8(bytes) else {
        let (code, help) = match half {
            Half::Public => (Code::InvalidPublicKey, "name the file that ends in `.pub`"),
            Half::Private => (
                Code::InvalidPrivateKey,
                "keys in DER form need `openssl pkey -inform DER`",
            ),
        };
        let message = "the file is binary, not a key's text".to_owned();
        return Err(cx.bad_value(Some(field), at, code, message, help));
    };
    let file_name = path.rsplit('/').next().map(str::to_owned);
    Ok(Some(Found {
        text,
        field,
        file_name,
        path: Some(file),
    }))
}

/// A key that is written in the config. It may have line breaks.
fn key_in_place(cx: &mut Context<'_>, field: Field<'_>, at: &Place<'_>) -> Read<String> {
    let text = cx.text_where(Some(field), at, |c| matches!(c, '\n' | '\r' | '\t'))?;
    Ok(text.filter(|text| !text.is_empty()))
}

fn key_file(
    cx: &mut Context<'_>,
    field: Field<'_>,
    at: &Place<'_>,
    path: &str,
    half: Half,
    key_files: &mut Vec<String>,
) -> Read<(Vec<u8>, String)> {
    let here = field.place(at);
    let span = field.node.span.clone();
    let is_wanted = cx.lookup().wants_credentials();
    if path == "~" {
        let key = home_key(cx, half);
        if key.is_some() || !is_wanted {
            return Ok(key);
        }
        let names: Vec<String> = HOME_KEYS.iter().map(|name| candidate(name, half)).collect();
        let message = format!(
            "`~/.ssh` holds none of {}",
            crate::diagnostic::list(&names, "and")
        );
        let help = "make a key with `ssh-keygen`, or name the key's file";
        return Err(cx.report(here.error(Code::FileNotFound, span, message).help(help)));
    }
    if path.starts_with("~/") {
        let message = "`~/` is not replaced in the name of a key's file";
        let help = "write `${HOME}/` in its place, or `'~'` alone for your own key";
        return Err(cx.report(here.error(Code::FileNotFound, span, message).help(help)));
    }
    if path.starts_with('/') {
        let places = cx.lookup().places_inside(path);
        note_places(cx, field, at, places, key_files);
        let found = if_there(cx.lookup().host_file(path), is_wanted).map_err(|problem| {
            let diagnostic = file_diagnostic(&here, span, path, &problem);
            let help = "check the path; one that begins with `/` is a path of the host";
            cx.report(diagnostic.help(help))
        });
        return found.map(|bytes| Some((bytes?, path.to_owned())));
    }
    let inside = match normalise(path) {
        Ok(inside) => inside,
        Err(problem) => {
            let diagnostic = outside(&here, span, problem, "stage-1/custom/NAME");
            let help = "write a path relative to `installation/`, an absolute path, or `'~'`";
            return Err(cx.report(diagnostic.help(help)));
        }
    };
    match if_there(cx.lookup().project_file(&inside), is_wanted) {
        Ok(bytes) => {
            let mut places = cx.lookup().places_inside(&inside);
            if places.is_empty() {
                // In a clone the file is missing, but the generated lists must hold it all the same.
                places.push(inside.clone());
            }
            note_places(cx, field, at, places, key_files);
            Ok(bytes.map(|bytes| (bytes, inside)))
        }
        Err(problem) => {
            let mut diagnostic = file_diagnostic(&here, span, &inside, &problem);
            let meant = did_you_mean(cx.lookup(), &inside);
            diagnostic.help = Some(meant.unwrap_or_else(|| {
                "a key's file is relative to `installation/`, absolute, or `'~'` for your own key"
                    .into()
            }));
            Err(cx.report(diagnostic))
        }
    }
}

/// `None` if the file is missing and is not required.
fn if_there(
    found: Result<Vec<u8>, FileProblem>,
    is_wanted: bool,
) -> Result<Option<Vec<u8>>, FileProblem> {
    match found {
        Err(FileProblem::Missing) if !is_wanted => Ok(None),
        found => found.map(Some),
    }
}

/// Records the paths of a key below `installation/`, and warns if a local file names it: builds and commits leave
/// such files out by lists in files that git tracks.
fn note_places(
    cx: &mut Context<'_>,
    field: Field<'_>,
    at: &Place<'_>,
    places: Vec<String>,
    key_files: &mut Vec<String>,
) {
    let span = field.node.span.clone();
    if !places.is_empty() && cx.is_local(span.start) && cx.lookup().is_in_git() {
        let message = "this key file from the local file is listed in `.gitignore` and `.dockerignore`, which git tracks";
        let warning = field
            .place(at)
            .warning(Code::LocalValueTracked, span, message);
        cx.report(
            warning.help(
                "put the key outside of `installation/`, and write its absolute path or `'~'`",
            ),
        );
    }
    key_files.extend(places);
}

/// The file of one half of a key pair: for a public key never the private file.
fn candidate(name: &str, half: Half) -> String {
    match half {
        Half::Public => format!("{name}.pub"),
        Half::Private => name.to_owned(),
    }
}

fn home_key(cx: &Context<'_>, half: Half) -> Option<(Vec<u8>, String)> {
    HOME_KEYS.iter().find_map(|name| {
        let name = candidate(name, half);
        let bytes = cx.lookup().home_key(&name).ok()?;
        Some((bytes, format!("~/.ssh/{name}")))
    })
}

fn report_path(cx: &mut Context<'_>, found: &Found<'_>, at: &Place<'_>, half: Half) -> Reported {
    let (code, help) = match half {
        Half::Public => (Code::InvalidPublicKey, "write it under `pubkey_file`"),
        Half::Private => (Code::InvalidPrivateKey, "write it under `privkey_file`"),
    };
    let message = "this is the name of a file, but the text of a key is expected".to_owned();
    report_key(cx, found.field, at, (code, message, help))
}

fn report_public(
    cx: &mut Context<'_>,
    found: &Found<'_>,
    at: &Place<'_>,
    problem: &PublicKeyProblem,
) -> Reported {
    let (code, message, help) = match problem {
        PublicKeyProblem::IsPrivate => (
            Code::PrivateKeyAsPublic,
            "this is a private key, but a public key is expected".to_owned(),
            "name the `.pub` file; a private key belongs in `privkey_file` or `privkey_text`",
        ),
        PublicKeyProblem::Invalid { what, help } => (
            Code::InvalidPublicKey,
            format!("this is not a public key of OpenSSH: {what}"),
            *help,
        ),
    };
    report_key(cx, found.field, at, (code, message, help))
}

/// Points at the key in the config and not at its value, which may be a secret.
fn report_key(
    cx: &mut Context<'_>,
    field: Field<'_>,
    at: &Place<'_>,
    (code, message, help): (Code, String, &str),
) -> Reported {
    let here = field.place(at);
    let diagnostic = here.error(code, field.key_span.clone(), message);
    cx.report(diagnostic.help(help))
}
