//! Suggestions for "did you mean".

/// The candidate most similar to `word`, if one is similar enough to be a typo.
pub fn nearest<'c>(word: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    // No key or name is this long, and comparing a long word is slow.
    const LONGEST: usize = 64;
    if word.chars().count() > LONGEST {
        return None;
    }
    let word = word.to_lowercase().replace('-', "_");
    candidates
        .into_iter()
        .map(|candidate| {
            let plain = candidate.to_lowercase().replace('-', "_");
            (strsim::osa_distance(&word, &plain), candidate)
        })
        .filter(|(distance, candidate)| *distance <= slips_allowed(candidate))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// One wrong letter in three may be a typo. With more, it is another word.
fn slips_allowed(candidate: &str) -> usize {
    (candidate.chars().count() / 3).clamp(1, 3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_similar_words_are_suggested() {
        let keys = ["host_path", "volume_name", "type"];
        assert_eq!(nearest("hostpath", keys), Some("host_path"));
        assert_eq!(nearest("host-path", keys), Some("host_path"));
        assert_eq!(nearest("tpye", keys), Some("type"));
        assert_eq!(nearest("colour", keys), None);
        assert_eq!(nearest(&"x".repeat(100_000), keys), None);
    }
}
