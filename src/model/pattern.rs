//! Patterns of file names.

/// Whether a name matches a pattern, in which `*` is any text and `?` one character.
pub(crate) fn matches(pattern: &str, name: &str) -> bool {
    let mut signs = pattern.chars();
    match signs.next() {
        None => name.is_empty(),
        Some('*') => {
            let ends = name.char_indices().map(|(at, _)| at).chain([name.len()]);
            ends.into_iter()
                .any(|at| matches(signs.as_str(), &name[at..]))
        }
        Some(sign) => {
            let mut rest = name.chars();
            rest.next().is_some_and(|c| sign == '?' || sign == c)
                && matches(signs.as_str(), rest.as_str())
        }
    }
}
