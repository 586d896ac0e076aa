//! The texts in a lock. Each type holds legal texts only, so that a reader of a lock need not check them again.

use std::borrow::Borrow;
use std::fmt;

use serde::Serialize;

use crate::diagnostic::{escaped, is_harmful};

macro_rules! texts {
    ($($(#[$about:meta])* $name:ident, $noun:literal, $is_legal:expr;)*) => {$(
        $(#[$about])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl TryFrom<String> for $name {
            type Error = String;

            fn try_from(text: String) -> Result<Self, String> {
                let is_legal: fn(&str) -> bool = $is_legal;
                if is_legal(&text) {
                    Ok(Self(text))
                } else {
                    Err(format!(concat!("`{}` is not ", $noun), escaped(&text)))
                }
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )*};
}

texts! {
    /// Any text in one line.
    Text, "a text in one line", |text| !text.is_empty() && !text.chars().any(is_harmful);
    /// A package of apt with its architecture: `libc6:amd64`, `adduser:all`.
    Package, "NAME:ARCHITECTURE of a package", |text| {
        text.split_once(':').is_some_and(|(name, architecture)| {
            is_made_of(name, "+.-") && is_made_of(architecture, "-")
        })
    };
    /// The version of a package of apt.
    Version, "the version of a package", |text| {
        text.starts_with(|first: char| first.is_ascii_alphanumeric()) && is_made_of(text, "+.:~-")
    };
    /// A SHA-256, as 64 hex digits.
    Sum, "a SHA-256", is_sum;
    /// The beginning of a SHA-256, as hex digits: a word of a row.
    Query, "the sum of a query", |text| text.len() == 12 && is_hex(text);
    /// The digest of an image's manifest.
    Digest, "a digest such as sha256:…", |text| text.strip_prefix("sha256:").is_some_and(is_sum);
    /// The address of a download, without what may be a secret.
    Url, "a URL without a login, a query and a fragment", |text| {
        !text.chars().any(|c| is_harmful(c) || c == '?' || c == '#')
            && text.split_once("://").is_some_and(|(scheme, rest)| {
                let host = rest.split('/').next().unwrap_or_default();
                is_made_of(scheme, "+") && !host.contains('@')
            })
    };
}

/// Whether a text has letters and digits of ASCII, and of the rest only these characters.
fn is_made_of(text: &str, others: &str) -> bool {
    let is_one = |c: char| c.is_ascii_alphanumeric() || others.contains(c);
    !text.is_empty() && text.chars().all(is_one)
}

fn is_sum(text: &str) -> bool {
    text.len() == 64 && is_hex(text)
}

fn is_hex(text: &str) -> bool {
    let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    text.bytes().all(is_digit)
}

impl Text {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Package {
    /// Without the architecture.
    pub fn name(&self) -> &str {
        self.0.split_once(':').map_or(&*self.0, |(name, _)| name)
    }
}

impl Url {
    /// The address without what may be a secret.
    pub(super) fn without_secrets(text: &str) -> Result<Self, String> {
        let plain = text.split(['?', '#']).next().unwrap_or_default();
        let plain = plain.split_once("://").map(|(scheme, rest)| {
            let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
            let host = host.rsplit('@').next().unwrap_or_default();
            format!("{scheme}://{host}{path}")
        });
        plain.unwrap_or_default().try_into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is<T: TryFrom<String>>(text: &str) -> bool {
        T::try_from(text.to_owned()).is_ok()
    }

    #[test]
    fn only_legal_texts_are_read() {
        let sum = "0a".repeat(32);
        assert!(is::<Text>("Größe 1") && !is::<Text>("a\nb") && !is::<Text>("\u{202e}"));
        assert!(is::<Package>("libstdc++6:amd64") && is::<Package>("a:all"));
        for bad in ["a", "a:", ":all", "a b:all", "a:all;", "$(a):all"] {
            assert!(!is::<Package>(bad), "{bad}");
        }
        assert!(is::<Version>("1:12.2~rc+deb12u1-1"));
        for bad in ["", "-1", "1 2", "1*", "1\n"] {
            assert!(!is::<Version>(bad), "{bad}");
        }
        assert!(is::<Sum>(&sum) && !is::<Sum>(&sum[1..]) && !is::<Sum>(&sum.to_uppercase()));
        assert!(is::<Digest>(&format!("sha256:{sum}")) && !is::<Digest>(&sum));
    }

    #[test]
    fn an_address_holds_no_secret() {
        for (given, plain) in [
            (
                "https://me:SENTINEL@a.example/b?c=SENTINEL#SENTINEL",
                "https://a.example/b",
            ),
            ("https://SENTINEL@a.example", "https://a.example"),
            (
                "https://a.example/@scope/b c",
                "https://a.example/@scope/b c",
            ),
        ] {
            assert_eq!(Url::without_secrets(given).unwrap().to_string(), plain);
            assert_eq!(is::<Url>(given), given == plain);
        }
        for bad in ["", "a", "://a", "https://a\nb"] {
            assert!(Url::without_secrets(bad).is_err(), "{bad}");
        }
    }
}
