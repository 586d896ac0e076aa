//! Enough of DER to read the type of a PKCS#8 key.

/// The tags that are needed.
const INTEGER: u8 = 0x02;
const OBJECT_ID: u8 = 0x06;
const SEQUENCE: u8 = 0x30;

/// Splits off the first value: returns its content and the bytes after it.
fn value(bytes: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (&found, rest) = bytes.split_first()?;
    let (&length, rest) = rest.split_first()?;
    if found != tag {
        return None;
    }
    let (length, rest) = match length {
        0..=0x7f => (usize::from(length), rest),
        0x81..=0x84 => {
            let (digits, rest) = rest.split_at_checked(usize::from(length & 0x7f))?;
            let number = digits
                .iter()
                .fold(0_usize, |number, digit| (number << 8) | usize::from(*digit));
            (number, rest)
        }
        _ => return None,
    };
    rest.split_at_checked(length)
}

/// Whether the bytes are exactly one sequence, as RSA, DSA and EC keys are.
pub(super) fn is_sequence(bytes: &[u8]) -> bool {
    value(bytes, SEQUENCE).is_some_and(|(content, rest)| !content.is_empty() && rest.is_empty())
}

/// The object identifier of an unencrypted PKCS#8 key's algorithm, still encoded.
pub(super) fn pkcs8_algorithm(bytes: &[u8]) -> Option<&[u8]> {
    let (key, _) = value(bytes, SEQUENCE)?;
    let (_version, rest) = value(key, INTEGER)?;
    let (algorithm, _) = value(rest, SEQUENCE)?;
    value(algorithm, OBJECT_ID).map(|(id, _)| id)
}
