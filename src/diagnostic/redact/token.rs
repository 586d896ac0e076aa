//! Texts that must be secrets by their form: tokens of well-known services and private keys.

use super::is_word;

/// The prefixes of well-known services' tokens.
const TOKENS: &str = "ghp_ gho_ ghs_ github_pat_ glpat- sk- AKIA xoxb- xoxp- hf_ npm_ pypi- dckr_pat_ glsa_ AIza eyJ";

/// The shortest token, without its prefix.
const TOKEN: usize = 16;

/// A base64 line at least this long is taken for a part of a private key.
const KEY_LINE: usize = 60;

/// The position of a text that must be a secret by its form: a token or a private key.
pub(crate) fn token(text: &str) -> Option<usize> {
    // Most values are shorter than any token and than the first line of a key.
    if text.len() < TOKEN {
        return None;
    }
    let starts = TOKENS
        .split(' ')
        .flat_map(|prefix| text.match_indices(prefix));
    let is_token = |(at, prefix): &(usize, &str)| {
        let rest = &text[at + prefix.len()..];
        let secret = &rest[..rest.find(|c| !is_word(c)).unwrap_or(rest.len())];
        !text[..*at].ends_with(is_word)
            && secret.len() >= TOKEN
            && secret.contains(|c: char| c.is_ascii_digit())
    };
    let key = text
        .find("-----BEGIN")
        .filter(|at| text[*at..].contains("PRIVATE KEY"));
    starts.filter(is_token).map(|(at, _)| at).chain(key).min()
}

/// Whether a line without its indentation can be a part of a private key.
pub(super) fn is_key_data(body: &str) -> bool {
    let is_base64 = |b: u8| b.is_ascii_alphanumeric() || b"+/=".contains(&b);
    body.len() >= KEY_LINE && body.bytes().all(is_base64)
}
