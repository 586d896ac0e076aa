//! Names that are those of secrets: `password`, `apiKey`, `GH_PAT`.

/// A name that contains one of these is a secret's.
const SECRET_WORDS: [&str; 11] = [
    "pass", "pasw", "psw", "pwd", "privk", "secret", "token", "kennwort", "cred", "bearer",
    "authoriz",
];

/// Parts that make a name a secret's. Parts are separated by `_`, `-` or a capital letter.
const SECRET_PARTS: [&str; 6] = ["key", "keys", "auth", "oauth", "pat", "pw"];

/// Parts that end in `key` and mean no secret.
const NO_KEYS: [&str; 5] = ["pubkey", "monkey", "donkey", "turkey", "hotkey"];

/// Whether the name of a key, a variable or an option is one of a secret.
pub(crate) fn is_secret_name(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    if SECRET_WORDS.iter().any(|word| lower.contains(word)) {
        return true;
    }
    parts(name).any(|part| {
        let part = part.to_ascii_lowercase();
        let part = part.as_str();
        SECRET_PARTS.contains(&part) || part.ends_with("key") && !NO_KEYS.contains(&part)
    })
}

/// Splits a name at punctuation and where a capital follows a lower-case letter: `apiKey`, `GH_PAT`.
pub(super) fn parts(name: &str) -> impl Iterator<Item = &str> {
    name.split(|c: char| !c.is_ascii_alphanumeric())
        .flat_map(|word| {
            let capitals = word.as_bytes().windows(2).enumerate();
            let starts = capitals
                .filter(|(_, pair)| pair[0].is_ascii_lowercase() && pair[1].is_ascii_uppercase());
            let starts: Vec<usize> = starts.map(|(at, _)| at + 1).collect();
            let ends = starts.clone().into_iter().chain([word.len()]);
            std::iter::once(0)
                .chain(starts)
                .zip(ends)
                .map(|(start, end)| &word[start..end])
        })
}
