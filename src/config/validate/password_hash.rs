//! `password_hash`: a crypt(3) hash, used as it is.

use crate::config::raw;
use crate::config::read::{Context, Place, Read};
use crate::diagnostic::Code;

/// Reads a user's `password_hash`. As with a password, no finding shows it.
pub(super) fn read(cx: &mut Context<'_>, section: &raw::User<'_>, at: &Place<'_>) -> Read<String> {
    let Some(field) = section.password_hash else {
        return Ok(None);
    };
    let Some(text) = cx.text_where(Some(field), at, |_| true)? else {
        return Ok(None);
    };
    let here = field.place(at);
    let span = field.key_span.clone();
    if let Some(other) = section.password.filter(|other| !other.node.is_null()) {
        let message = "only one of `password` and `password_hash` can be set";
        let diagnostic = here.error(Code::ConflictingKeys, span, message);
        let diagnostic = diagnostic.also(other.key_span.clone(), "the other one");
        return Err(cx.report(diagnostic.help("keep one of them")));
    }
    if is_hash(&text) {
        return Ok(Some(text));
    }
    let message = "this is not a hash of crypt(3) in the form `$6$…`, `$5$…`, `$y$…` or `$2b$…`";
    let help = "`pei hash-password` makes one; write a password itself under `password`";
    Err(cx.report(
        here.error(Code::InvalidPasswordHash, span, message)
            .help(help),
    ))
}

/// Whether a text is a complete hash in a form that the login programs of Debian and Ubuntu accept.
pub(super) fn is_hash(text: &str) -> bool {
    let mut parts = text.split('$');
    if parts.next() != Some("") {
        return false;
    }
    let parts: Vec<&str> = parts.collect();
    match parts[..] {
        ["6", ref rest @ ..] => is_sha_crypt(rest, 86),
        ["5", ref rest @ ..] => is_sha_crypt(rest, 43),
        ["y", settings, salt, hash] => {
            !settings.is_empty()
                && [settings, salt, hash].iter().all(|part| is_encoded(part))
                && salt.len() <= 86
                && hash.len() == 43
        }
        ["2b", cost, rest] => {
            cost.len() == 2
                && cost.parse().is_ok_and(|cost| (4..=31).contains(&cost))
                && is_encoded(rest)
                && rest.len() == 53
        }
        _ => false,
    }
}

/// Whether the parts have the form `[rounds=N$]SALT$HASH`, with a hash of `length` characters.
fn is_sha_crypt(parts: &[&str], length: usize) -> bool {
    let (salt, hash) = match parts {
        [salt, hash] => (salt, hash),
        [rounds, salt, hash] => {
            let number = rounds.strip_prefix("rounds=").unwrap_or_default();
            if !number
                .parse()
                .is_ok_and(|n: u32| (1000..=999_999_999).contains(&n))
            {
                return false;
            }
            (salt, hash)
        }
        _ => return false,
    };
    (1..=16).contains(&salt.len()) && is_encoded(salt) && is_encoded(hash) && hash.len() == length
}

/// Whether all characters are of crypt's base64.
fn is_encoded(text: &str) -> bool {
    text.bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"./".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::is_hash;

    #[test]
    fn only_complete_hashes_are_accepted() {
        let (long, short, blowfish) = ("x".repeat(86), "x".repeat(43), "x".repeat(53));
        for hash in [
            format!("$6$salt${long}"),
            format!("$6$rounds=5000$./9Az${long}"),
            format!("$5$salt${short}"),
            format!("$y$j9T$salt${short}"),
            format!("$2b$12${blowfish}"),
        ] {
            assert!(is_hash(&hash), "{hash}");
            assert!(!is_hash(&hash[..hash.len() - 1]), "{hash}");
            assert!(!is_hash(&format!("{hash}x")), "{hash}");
            assert!(!is_hash(&hash[1..]), "{hash}");
        }
        for text in [
            "correct-horse".to_owned(),
            "$6$".to_owned(),
            format!("$6$${long}"),
            format!("$6$a b${long}"),
            format!("$6$rounds=1$salt${long}"),
            format!("$1$salt${}", "x".repeat(22)),
            format!("$2b$99${blowfish}"),
        ] {
            assert!(!is_hash(&text), "{text}");
        }
    }
}
