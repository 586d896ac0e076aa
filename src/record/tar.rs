//! Reading the tar archives in which engines hand out files.

const BLOCK: usize = 512;

/// The plain files of an archive, with their names; `None` where it is damaged.
pub(super) fn files(archive: &[u8]) -> Option<Vec<(String, &[u8])>> {
    let mut found = Vec::new();
    let mut rest = archive;
    loop {
        let (header, behind) = rest.split_at_checked(BLOCK)?;
        // The mark of the end.
        if header.iter().all(|byte| *byte == 0) {
            return Some(found);
        }
        let size = number(header.get(124..136)?)?;
        let content = behind.get(..size)?;
        // An older form of archive has a zero for a plain file.
        if matches!(header.get(156)?, b'0' | 0) {
            found.push((text(header.get(..100)?), content));
        }
        rest = behind.get(size.checked_next_multiple_of(BLOCK)?..)?;
    }
}

/// A field ends with its first zero.
fn text(field: &[u8]) -> String {
    let end = field.iter().position(|byte| *byte == 0);
    let (text, _) = field.split_at(end.unwrap_or(field.len()));
    String::from_utf8_lossy(text).into_owned()
}

/// Numbers are octal text.
fn number(field: &[u8]) -> Option<usize> {
    usize::from_str_radix(text(field).trim(), 8).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn archive(name: &str, kind: u8, content: &[u8]) -> Vec<u8> {
        let mut archive = vec![0; BLOCK];
        archive[..name.len()].copy_from_slice(name.as_bytes());
        archive[124..136].copy_from_slice(format!("{:011o}\0", content.len()).as_bytes());
        archive[156] = kind;
        archive.extend(content);
        archive.resize(archive.len().next_multiple_of(BLOCK), 0);
        archive
    }

    #[test]
    fn plain_files_are_read_and_others_passed_over() {
        let mut all = archive("record/", b'5', b"");
        all.extend(archive("more", b'x', &[b'a'; 700]));
        all.extend(archive("record/a", b'0', b"one\n"));
        all.extend(archive("record/link", b'2', b""));
        all.extend(archive("record/b", 0, &[b'b'; 512]));
        all.extend([0; 2 * BLOCK]);
        let found = files(&all).unwrap();
        let found: Vec<_> = found
            .iter()
            .map(|(name, content)| (name.as_str(), content.len()))
            .collect();
        assert_eq!(found, [("record/a", 4), ("record/b", 512)]);
    }

    #[test]
    fn a_damaged_archive_is_no_archive() {
        let mut whole = archive("a", b'0', b"one\n");
        whole.extend([0; 2 * BLOCK]);
        assert!(files(&whole).is_some());
        for length in [0, 100, 514, 1024] {
            assert!(files(&whole[..length]).is_none(), "{length}");
        }
        let mut huge = whole.clone();
        huge[124..136].copy_from_slice(b"77777777777\0");
        assert!(files(&huge).is_none());
        huge[124..136].copy_from_slice(b"no number..\0");
        assert!(files(&huge).is_none());
    }
}
