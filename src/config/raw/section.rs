//! Reads a mapping with known keys.

use super::Spec;
use crate::config::read::{Context, Field, Place, Reported};
use crate::config::yaml::{Content, Entry, Node, key_without_blank};
use crate::diagnostic::{Code, list, nearest, quoted};

/// Declares sections. Each gets a struct with one field per key, its [`Spec`] and its reader.
///
/// Doc comments become the descriptions of the JSON Schema.
macro_rules! sections {
    ($(
        $(#[doc = $about:literal])+
        $section:ident $(requires $required:expr)?; $(misplaced $misplaced:expr;)? {
            $($(#[doc = $doc:literal])+ $key:ident: $shape:expr,)*
        }
    )*) => {$(
        $(#[doc = $about])+
        #[derive(Debug, Default)]
        #[allow(clippy::struct_field_names, reason = "the fields are the keys of the file")]
        pub(crate) struct $section<'n> {
            $($(#[doc = $doc])+ pub(crate) $key: Option<Field<'n>>,)*
        }

        impl<'n> $section<'n> {
            /// The declaration of this section.
            pub(crate) const SPEC: Spec = Spec {
                name: stringify!($section),
                about: concat!($($about,)+),
                all_keys: &[$(Key {
                    name: section::plain_name(stringify!($key)),
                    about: concat!($($doc,)+),
                    shape: $shape,
                },)*],
                required: sections!(@or_none $($required)?),
                misplaced: sections!(@or_none $($misplaced)?),
                elsewhere: None,
            };

            /// Reads the section that is the value of a key. Null is a section without keys.
            #[allow(dead_code, reason = "some are read from nodes")]
            pub(crate) fn of(
                cx: &mut Context<'_>,
                field: Option<Field<'n>>,
                around: &'n Place<'n>,
            ) -> Option<(Self, Place<'n>)> {
                let field = field?;
                let at = field.place(around);
                let section = Self::read(cx, field.node, &at).ok()?;
                Some((section, at))
            }

            /// Reads the section from a node. Null is a section without keys.
            #[allow(dead_code, reason = "stages are read by specs of their own")]
            pub(crate) fn read(
                cx: &mut Context<'_>,
                node: &'n Node,
                at: &Place<'_>,
            ) -> Result<Self, Reported> {
                Self::read_as(cx, node, at, &Self::SPEC)
            }

            /// Reads it with another declaration, in which some of the keys belong elsewhere.
            pub(crate) fn read_as(
                cx: &mut Context<'_>,
                node: &'n Node,
                at: &Place<'_>,
                spec: &Spec,
            ) -> Result<Self, Reported> {
                let mut section = Self::default();
                for field in section::fields(cx, node, at, spec)? {
                    let slot = match field.name {
                        $(name if name == section::plain_name(stringify!($key)) => {
                            &mut section.$key
                        })*
                        _ => continue,
                    };
                    *slot = Some(field);
                }
                Ok(section)
            }
        }
    )*};
    (@or_none) => { &[] };
    (@or_none $some:expr) => { $some };
}

pub(super) use sections;

/// The key of a field whose name is a Rust keyword: `r#type` is `type`.
pub(super) const fn plain_name(field: &'static str) -> &'static str {
    match field.as_bytes() {
        [b'r', b'#', ..] => field.split_at(2).1,
        _ => field,
    }
}

/// The known keys of a mapping. All others are reported, except `x-` keys.
pub(super) fn fields<'n>(
    cx: &mut Context<'_>,
    node: &'n Node,
    at: &Place<'_>,
    spec: &Spec,
) -> Result<Vec<Field<'n>>, Reported> {
    let Some(entries) = entries(cx, node, at, Some(spec))? else {
        return Ok(Vec::new());
    };
    let mut fields = Vec::with_capacity(entries.len());
    for (order, entry) in entries.iter().enumerate() {
        if spec.has(&entry.key) {
            fields.push(Field {
                name: &entry.key,
                key_span: &entry.key_span,
                node: &entry.value,
                order,
            });
        } else if !is_extension(&entry.key) {
            report_unknown(cx, entry, at, spec);
        }
    }
    Ok(fields)
}

/// The entries of a mapping; `None` for null. If `spec` is `None`, the user chooses the names of the keys.
pub(crate) fn entries<'n>(
    cx: &mut Context<'_>,
    node: &'n Node,
    at: &Place<'_>,
    spec: Option<&Spec>,
) -> Result<Option<&'n [Entry]>, Reported> {
    match &*node.content {
        Content::Map(entries) => Ok(Some(entries)),
        Content::Broken => Err(Reported),
        _ if node.is_null() => Ok(None),
        _ => {
            let example = spec.and_then(|spec| spec.keys().next());
            let example = example.map_or("name", |key| key.name);
            let is_key = |key: &&str| spec.is_none_or(|spec| spec.has(key));
            let key = match &*node.content {
                Content::Scalar(scalar) if !at.is_private() => {
                    key_without_blank(&scalar.text).filter(is_key)
                }
                _ => None,
            };
            let help = match key {
                Some(key) => format!("write a space after the colon: `{key}: …`"),
                None if matches!(&*node.content, Content::List(_)) => {
                    format!("leave out the dashes or brackets: write `{example}: …`")
                }
                None if spec.is_some_and(|spec| spec.name == "Image") => {
                    "write `{base: …, output: …}`: the image to build on, and the name of the new image"
                        .to_owned()
                }
                None => format!("write keys below it, such as `{example}: …`"),
            };
            Err(cx.wrong_type(at, node, "a mapping", Some(&help)))
        }
    }
}

/// The entries whose keys are names that the user chose. One that begins with `x-` is ignored, as everywhere, with
/// a warning: only an entry with an anchor is meant to be ignored.
pub(crate) fn named_entries<'n>(
    cx: &mut Context<'_>,
    entries: &'n [Entry],
    at: &Place<'_>,
) -> Vec<&'n Entry> {
    let (ignored, named): (Vec<&Entry>, _) =
        entries.iter().partition(|entry| is_extension(&entry.key));
    for entry in ignored {
        if !entry.value.is_null() && !cx.is_anchored(&entry.key_span, &entry.value) {
            let shown = at.entry(entry).quoted_name();
            let message = format!("{shown} is ignored, as every key that begins with `x-`");
            let span = entry.key_span.clone();
            let warning = at.entry(entry).warning(Code::IgnoredEntry, span, message);
            cx.report(warning.help("choose a name that does not begin with `x-`"));
        }
    }
    named
}

/// Whether tools ignore a key, by Compose's convention.
pub(crate) fn is_extension(key: &str) -> bool {
    key.starts_with("x-")
}

/// Names that other tools have for a key, with the name here.
const OTHER_NAMES: [(&str, &str); 14] = [
    ("container_path", "dst_path"),
    ("env", "environment"),
    ("gpus", "device"),
    ("name", "project"),
    ("on_login", "on_user_login"),
    ("on_start", "on_every_run"),
    ("path", "host_path"),
    ("privkey", "privkey_file"),
    ("pubkey", "pubkey_text"),
    ("secrets", "build_secrets"),
    ("source", "host_path"),
    ("target", "dst_path"),
    ("volume", "volume_name"),
    ("volumes", "mount"),
];

fn report_unknown(cx: &mut Context<'_>, entry: &Entry, at: &Place<'_>, spec: &Spec) {
    let here = at.entry(entry);
    let span = entry.key_span.clone();
    let mut misplaced = spec.misplaced.iter().copied();
    let misplaced = misplaced.find(|(key, _)| *key == &*entry.key);
    if misplaced.is_some() && entry.value.is_null() {
        // Null is the same as no key, so there is nothing to move.
        return;
    }
    let misplaced = misplaced.or_else(|| spec.elsewhere(&entry.key));
    let known: Vec<&str> = spec.keys().map(|key| key.name).collect();
    let other_name = OTHER_NAMES
        .iter()
        .find(|(other, key)| *other == &*entry.key && spec.has(key));
    let meant = nearest(&entry.key, known.iter().copied()).or(other_name.map(|(_, key)| *key));
    let diagnostic = if let Some((key, home)) = misplaced {
        here.error(
            Code::MisplacedSection,
            span,
            format!("`{key}` does not belong here"),
        )
        .help(home)
    } else {
        let help = match meant {
            Some(key) => {
                cx.misspelt(at, key);
                format!("did you mean `{key}`?")
            }
            None if spec.has("users") && matches!(&*entry.value.content, Content::Map(_)) => {
                cx.misspelt(at, "users");
                "indent the name of a user below `users:`, and the user's keys below the name"
                    .to_owned()
            }
            None => format!("the keys here are {}", list(&known, "and")),
        };
        if meant.is_none() && cx.hides(&span) {
            // This may be the rest of a password and not a key: `{password: a,b}`.
            at.error(Code::UnknownKey, span, "unknown key").help(help)
        } else {
            let message = format!("unknown key {}", quoted(&entry.key));
            here.error(Code::UnknownKey, span, message).help(help)
        }
    };
    cx.report(diagnostic);
}
