//! Archives of images, as `docker save` and `podman save` write them.
//!
//! Whoever can write into a shared directory could put other images into an archive, and `docker load` would give them the
//! names of this machine's images. So this filter reads an archive before the engine does. It passes on only the parts of
//! one image with the expected name. Engines differ in how they parse tar and JSON, so the filter is strict: it refuses
//! everything that it does not know, and everything that two parsers could read differently.

use std::collections::HashSet;
use std::io::{self, ErrorKind, Read, Write};

use serde_json::Value;

use crate::state::full_name;

/// A tar consists of blocks of so many bytes.
const BLOCK: usize = 512;

/// The files that name images; they are small.
const MANIFEST: &str = "manifest.json";
const INDEX: &str = "index.json";
const REPOSITORIES: &str = "repositories";

/// No such file is longer.
const SMALL: u64 = 1 << 20;

/// An archive has no more files and headers than this. An image has 127 layers at most, with four files for each.
const MEMBERS: usize = 4096;

/// The annotations of an index that name an image.
const NAMES: [&str; 2] = [
    "io.containerd.image.name",
    "org.opencontainers.image.ref.name",
];

/// The keys of these files that mean something.
const KEYS: [&str; 6] = [
    "RepoTags",
    "Config",
    "Layers",
    "Parent",
    "manifests",
    "annotations",
];

/// Why an archive does not pass.
#[derive(Debug)]
pub enum Refusal {
    /// It is not what its name says, and why.
    Foreign(String),
    /// It cannot be read, or the receiver no longer accepts data.
    Io(io::Error),
}

impl From<io::Error> for Refusal {
    fn from(error: io::Error) -> Self {
        if error.kind() == ErrorKind::UnexpectedEof {
            foreign("the archive is not whole")
        } else {
            Self::Io(error)
        }
    }
}

fn foreign(what: impl Into<String>) -> Refusal {
    Refusal::Foreign(what.into())
}

/// Copies an archive. Each part is checked before it is written.
///
/// # Errors
/// It holds something else than one image of that name, or cannot be read or written.
pub fn copy(from: &mut impl Read, to: &mut impl Write, reference: &str) -> Result<(), Refusal> {
    let mut seen: HashSet<String> = HashSet::new();
    let mut members = 0;
    // The length of the next file, from an extended header (type `x`): the field of a plain header ends at 8 GB.
    let mut long: Option<u64> = None;
    loop {
        let mut block = [0; BLOCK];
        from.read_exact(&mut block)?;
        if block.iter().all(|byte| *byte == 0) {
            return end(from, to);
        }
        members += 1;
        if members > MEMBERS {
            return Err(foreign(format!("it holds more than {MEMBERS} files")));
        }
        let header = Header::read(&block)?;
        if header.kind == b'x' {
            let text = small(from, header.size)?;
            long = Some(length_of(&text)?);
            write(to, &block, &text)?;
            continue;
        }
        let size = long.take().unwrap_or(header.size);
        // Some readers skip the bytes behind a directory, and others do not.
        if !is_part(&header) || !matches!(header.kind, b'0' | 0) && size > 0 {
            return Err(foreign(format!(
                "it holds {:?}, which is no part of an image",
                header.name
            )));
        }
        if header.kind != b'5' && !seen.insert(header.name.clone()) {
            return Err(foreign(format!("it holds {:?} twice", header.name)));
        }
        if [MANIFEST, INDEX, REPOSITORIES].contains(&header.name.as_str()) {
            let text = small(from, size)?;
            judge(&header.name, &text, reference)?;
            write(to, &block, &text)?;
        } else {
            let padded = size.checked_next_multiple_of(BLOCK as u64);
            let padded = padded.ok_or_else(|| foreign("a file in it is too long"))?;
            to.write_all(&block)?;
            if io::copy(&mut from.take(padded), to)? < padded {
                return Err(foreign("the archive is not whole"));
            }
        }
    }
}

/// Checks that only zeros follow the first empty block, and writes the end of the archive.
fn end(from: &mut impl Read, to: &mut impl Write) -> Result<(), Refusal> {
    let mut rest = Vec::new();
    from.take(SMALL).read_to_end(&mut rest)?;
    if rest.len() < BLOCK || rest.len() as u64 == SMALL || rest.iter().any(|byte| *byte != 0) {
        return Err(foreign("there is data after the end of the archive"));
    }
    to.write_all(&[0; 2 * BLOCK])?;
    to.flush()?;
    Ok(())
}

/// A file that is short, without what fills its last block.
fn small(from: &mut impl Read, size: u64) -> Result<Vec<u8>, Refusal> {
    if size > SMALL {
        return Err(foreign("a file in it is longer than such a file can be"));
    }
    let mut text = Vec::new();
    from.take(size.next_multiple_of(BLOCK as u64))
        .read_to_end(&mut text)?;
    if text.len() as u64 != size.next_multiple_of(BLOCK as u64) {
        return Err(foreign("the archive is not whole"));
    }
    text.truncate(usize::try_from(size).unwrap_or(0));
    Ok(text)
}

fn write(to: &mut impl Write, header: &[u8], text: &[u8]) -> io::Result<()> {
    to.write_all(header)?;
    to.write_all(text)?;
    to.write_all(&vec![0; text.len().next_multiple_of(BLOCK) - text.len()])
}

struct Header {
    name: String,
    kind: u8,
    size: u64,
    /// Where a link leads to.
    target: String,
}

impl Header {
    fn read(block: &[u8; BLOCK]) -> Result<Self, Refusal> {
        let text = |place: std::ops::Range<usize>| {
            let field = &block[place];
            let end = field.iter().position(|byte| *byte == 0);
            String::from_utf8_lossy(&field[..end.unwrap_or(field.len())]).into_owned()
        };
        let number = |place: std::ops::Range<usize>| {
            let digits = text(place);
            let digits = digits.trim_matches(' ');
            let is_number = digits.bytes().all(|byte| byte.is_ascii_digit());
            u64::from_str_radix(digits, 8).ok().filter(|_| is_number)
        };
        let spaces = u64::from(b' ') * 8;
        let bytes = block[..148].iter().chain(&block[156..]);
        let sum = bytes.map(|byte| u64::from(*byte)).sum::<u64>() + spaces;
        let is_whole = number(148..156) == Some(sum);
        // Only a longer name uses the `prefix` field and the bytes after it. Archives of images have no such names.
        let is_plain = block[345..].iter().all(|byte| *byte == 0);
        match number(124..136) {
            Some(size) if is_whole && is_plain => Ok(Self {
                name: text(0..100),
                kind: block[156],
                size,
                target: text(157..257),
            }),
            _ => Err(foreign("it is no archive of an image")),
        }
    }
}

/// The length in a header of the kind `x`, which must say nothing else of importance.
fn length_of(text: &[u8]) -> Result<u64, Refusal> {
    let strange = || foreign("it holds an extended header that no engine writes");
    let text = std::str::from_utf8(text).map_err(|_| strange())?;
    let record = text.strip_suffix('\n').ok_or_else(strange)?;
    let (length, field) = record.split_once(' ').ok_or_else(strange)?;
    let size = field.strip_prefix("size=").ok_or_else(strange)?;
    let is_number = size.bytes().all(|byte| byte.is_ascii_digit());
    if length.parse() != Ok(text.len()) || !is_number {
        return Err(strange());
    }
    size.parse().map_err(|_| strange())
}

/// Whether engines write such a file.
fn is_part(header: &Header) -> bool {
    let is_sum = |text: &str| {
        text.len() == 64
            && text
                .bytes()
                .all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
    };
    let parts: Vec<&str> = header.name.split('/').collect();
    match header.kind {
        b'0' | 0 => match parts[..] {
            [MANIFEST | INDEX | REPOSITORIES | "oci-layout"] => true,
            ["blobs", "sha256", sum] | [sum, "VERSION" | "json" | "layer.tar"] => is_sum(sum),
            [file] => {
                let sum = file
                    .strip_suffix(".json")
                    .or_else(|| file.strip_suffix(".tar"));
                sum.is_some_and(is_sum)
            }
            _ => false,
        },
        b'5' => match parts[..] {
            ["blobs", ""] | ["blobs", "sha256", ""] => true,
            [sum, ""] => is_sum(sum),
            _ => false,
        },
        // The same layer in another image.
        b'2' => {
            let target = header.target.strip_prefix("../");
            let target = target.map(|target| target.split_once('/').unwrap_or((target, "")));
            let is_layer = target.is_some_and(|target| match target {
                (sum, "layer.tar") => is_sum(sum),
                (file, "") => file.strip_suffix(".tar").is_some_and(is_sum),
                _ => false,
            });
            matches!(parts[..], [sum, "layer.tar"] if is_sum(sum)) && is_layer
        }
        _ => false,
    }
}

/// Whether a file names the expected image and no other.
fn judge(file: &str, text: &[u8], reference: &str) -> Result<(), Refusal> {
    let strange = || foreign(format!("its {file} is none that an engine writes"));
    let value: Value = serde_json::from_slice(text).map_err(|_| strange())?;
    // Engines differ in how they read a key that occurs twice, or that is written in another case.
    let is_once = value.to_string().as_bytes() == text.trim_ascii();
    if !is_once || !is_exact(&value) {
        return Err(strange());
    }
    let names = match file {
        MANIFEST => names_of_manifest(&value),
        INDEX => names_of_index(&value, reference),
        _ => names_of_repositories(&value),
    };
    let names = names.ok_or_else(strange)?;
    let other = names
        .iter()
        .find(|name| full_name(name) != full_name(reference));
    match (other, names.len()) {
        (Some(other), _) => Err(foreign(format!("it holds the image {other:?}"))),
        (None, 1) => Ok(()),
        (None, _) => Err(foreign("it does not hold exactly one image")),
    }
}

/// Whether all keys are ASCII, and none differs from a known key only in upper and lower case.
fn is_exact(value: &Value) -> bool {
    match value {
        Value::Object(map) => map.iter().all(|(key, value)| {
            let is_other = |known: &&str| known.eq_ignore_ascii_case(key) && *known != key;
            key.is_ascii() && !KEYS.iter().any(is_other) && is_exact(value)
        }),
        Value::Array(items) => items.iter().all(is_exact),
        _ => true,
    }
}

fn names_of_manifest(value: &Value) -> Option<Vec<String>> {
    let images = value.as_array()?.iter();
    let names = images.map(|image| image.get("RepoTags")?.as_array());
    let names: Option<Vec<_>> = names.collect();
    let names = names?.into_iter().flatten();
    names.map(|name| name.as_str().map(str::to_owned)).collect()
}

fn names_of_index(value: &Value, reference: &str) -> Option<Vec<String>> {
    let tag = reference.rsplit_once(':').map_or("", |(_, tag)| tag);
    let images = value.get("manifests")?.as_array()?;
    let mut names = Vec::new();
    for image in images {
        let name = |key: &&str| image.get("annotations")?.get(*key)?.as_str();
        let full = name(&NAMES[0]);
        let short = name(&NAMES[1]).filter(|short| *short != tag);
        names.push(full.or(short)?.to_owned());
        // Where both stand there, both count.
        names.extend(full.and(short).map(str::to_owned));
    }
    Some(names)
}

fn names_of_repositories(value: &Value) -> Option<Vec<String>> {
    let mut names = Vec::new();
    for (repository, tags) in value.as_object()? {
        names.extend(
            tags.as_object()?
                .keys()
                .map(|tag| format!("{repository}:{tag}")),
        );
    }
    Some(names)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const NAME: &str = "localhost/pei-cache/web:ab";
    const SUM: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    /// A file of an archive.
    fn file(name: &str, kind: u8, bytes: &[u8]) -> Vec<u8> {
        let mut header = [0; BLOCK];
        header[..name.len()].copy_from_slice(name.as_bytes());
        header[124..135].copy_from_slice(format!("{:011o}", bytes.len()).as_bytes());
        header[156] = kind;
        header[257..263].copy_from_slice(b"ustar\0");
        let mut file = Vec::new();
        write(&mut file, &summed(header), bytes).unwrap();
        file
    }

    fn summed(mut header: [u8; BLOCK]) -> [u8; BLOCK] {
        header[148..156].fill(b' ');
        let sum: u64 = header.iter().map(|byte| u64::from(*byte)).sum();
        header[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
        header
    }

    fn manifest(names: &[&str]) -> Vec<u8> {
        let text = json!([{"Config": "blobs/sha256/x", "RepoTags": names, "Layers": []}]);
        file(MANIFEST, b'0', format!("{text}\n").as_bytes())
    }

    fn index(annotations: &Value) -> Vec<u8> {
        let text = json!({"schemaVersion": 2, "manifests": [{"annotations": annotations}]});
        file(INDEX, b'0', text.to_string().as_bytes())
    }

    /// What passes of an archive with these files.
    fn passed(files: &[Vec<u8>]) -> Result<(), String> {
        let mut archive = files.concat();
        archive.extend([0; 4 * BLOCK]);
        let mut written = Vec::new();
        match copy(&mut archive.as_slice(), &mut written, NAME) {
            Ok(()) => {
                archive.truncate(archive.len() - 2 * BLOCK);
                assert!(written == archive, "it passes as it is");
                Ok(())
            }
            Err(Refusal::Foreign(what)) => Err(what),
            Err(Refusal::Io(error)) => panic!("{error}"),
        }
    }

    #[test]
    fn one_image_of_the_expected_name_passes() {
        let blob = format!("blobs/sha256/{SUM}");
        let layer = format!("{SUM}/layer.tar");
        passed(&[
            file("blobs/", b'5', b""),
            file("blobs/sha256/", b'5', b""),
            file(&blob, b'0', &[7; 1500]),
            index(&json!({NAMES[0]: NAME, NAMES[1]: "ab"})),
            manifest(&[NAME]),
            file("oci-layout", b'0', br#"{"imageLayoutVersion":"1.0.0"}"#),
            file(
                REPOSITORIES,
                b'0',
                br#"{"localhost/pei-cache/web":{"ab":"0"}}"#,
            ),
        ])
        .unwrap();
        // Older engines and podman.
        passed(&[
            file(&format!("{SUM}/"), b'5', b""),
            file(&format!("{SUM}/VERSION"), b'0', b"1.0"),
            file(&layer, 0, &[0; 512]),
            file(&format!("{SUM}.tar"), b'0', b"x"),
            manifest(&[NAME]),
        ])
        .unwrap();
        // A layer of more than eight gigabytes has its length in a header before it.
        passed(&[
            file("PaxHeaders.0/x", b'x', b"11 size=20\n"),
            file(&blob, b'0', &[7; 20]),
        ])
        .unwrap();
    }

    #[test]
    fn another_image_beside_it_or_in_its_place_is_refused() {
        let held = |files: &[Vec<u8>]| passed(files).unwrap_err();
        assert_eq!(
            held(&[manifest(&[NAME, "debian:12"])]),
            r#"it holds the image "debian:12""#
        );
        assert_eq!(
            held(&[manifest(&["debian:12"])]),
            r#"it holds the image "debian:12""#
        );
        held(&[manifest(&[])]);
        held(&[manifest(&[NAME, NAME])]);
        held(&[manifest(&[NAME]), manifest(&[NAME])]);
        for annotations in [
            json!({NAMES[0]: "docker.io/library/debian:12", NAMES[1]: "ab"}),
            json!({NAMES[0]: NAME, NAMES[1]: "debian:12"}),
            json!({NAMES[1]: "debian:12"}),
            json!({}),
        ] {
            held(&[index(&annotations)]);
        }
        for text in [
            r#"{"localhost/pei-cache/web":{"ab":"0","cd":"0"}}"#,
            r#"{"localhost/pei-cache/web":{"ab":"0"},"debian":{"12":"0"}}"#,
        ] {
            held(&[file(REPOSITORIES, b'0', text.as_bytes())]);
        }
    }

    #[test]
    fn an_archive_without_end_is_refused() {
        let held = |files: &[Vec<u8>]| passed(files).unwrap_err();
        let blob = file(&format!("blobs/sha256/{SUM}"), b'0', b"");
        let long = file("x", b'x', b"29 size=18446744073709551615\n");
        assert_eq!(held(&[long, blob]), "a file in it is too long");
        let folders = vec![file("blobs/", b'5', b""); MEMBERS + 1];
        assert_eq!(held(&folders), "it holds more than 4096 files");
    }

    #[test]
    fn what_engines_could_read_in_another_way_is_refused() {
        let held = |files: &[Vec<u8>]| passed(files).unwrap_err();
        for text in [
            format!(r#"[{{"RepoTags":["debian:12"],"RepoTags":["{NAME}"]}}]"#),
            format!(r#"[{{"RepoTags":["{NAME}"],"repotags":["debian:12"]}}]"#),
            format!("[{{\"RepoTags\":[\"{NAME}\"],\"RepoTag\u{17f}\":[\"debian:12\"]}}]"),
            format!(r#"[{{"RepoTags":["{NAME}"]}}] []"#),
            "[".to_owned(),
        ] {
            held(&[file(MANIFEST, b'0', text.as_bytes())]);
        }
        for (name, kind) in [
            ("./manifest.json", b'0'),
            ("blobs/../manifest.json", b'0'),
            ("Manifest.json", b'0'),
            ("manifest.json", b'1'),
            ("manifest.json", b'2'),
            ("manifest.json/", b'5'),
            ("blobs", b'2'),
            ("x", b'g'),
            ("././@LongLink", b'L'),
        ] {
            held(&[file(name, kind, b"")]);
        }
        held(&[file("blobs/", b'5', &[7; 512])]);
        held(&[file("x", b'x', b"16 path=manifest\n")]);
        held(&[file("x", b'x', b"11 size=20\n11 size=30\n")]);
        let whole = manifest(&[NAME]);
        let mut split = whole.clone();
        split[345] = b'a';
        let header: [u8; BLOCK] = split[..BLOCK].try_into().unwrap();
        split[..BLOCK].copy_from_slice(&summed(header));
        held(&[split]);
        let mut broken = whole.clone();
        broken[1] = b'b';
        held(&[broken]);
        held(&[vec![0; 2 * BLOCK], whole.clone()]);
        let cut = &whole[..700];
        let copied = copy(&mut &*cut, &mut Vec::new(), NAME);
        assert!(matches!(copied, Err(Refusal::Foreign(_))));
    }
}
