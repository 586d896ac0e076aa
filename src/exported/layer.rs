//! Layers: archives of files, copied with their times limited.

use std::collections::BTreeMap;
use std::io::{self, ErrorKind, Read, Write};

use sha2::{Digest, Sha256};

use crate::project::stamp::hex;

/// A tar consists of blocks of so many bytes.
const BLOCK: usize = 512;
/// No extended header is longer.
const SMALL: u64 = 1 << 20;
/// Times in an extended header that no file needs.
const TIMES: [&str; 3] = ["mtime", "atime", "ctime"];

/// A copied layer.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Layer {
    /// The sum of the whole layer.
    pub sum: String,
    /// Its length.
    pub size: u64,
    /// What it holds, by path.
    pub entries: BTreeMap<String, Entry>,
}

/// A file, directory or link of a layer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub kind: u8,
    pub mode: u64,
    pub owner: (u64, u64),
    pub time: u64,
    pub content: [u8; 32],
    /// Where a link leads to, device numbers and extended attributes.
    pub rest: [u8; 32],
}

/// What becomes of the times of files, in seconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Times {
    /// Later ones become this one.
    Limited(u64),
    /// All become this one.
    Set(u64),
}

/// Copies a layer as it is.
///
/// # Errors
/// It cannot be read or written.
pub(super) fn keep(from: &mut impl Read, to: &mut impl Write) -> io::Result<Layer> {
    let mut to = Summed::new(to);
    let mut buffer = vec![0; 1 << 16];
    loop {
        match from.read(&mut buffer)? {
            0 => return Ok(to.end(BTreeMap::new())),
            read => to.write_all(&buffer[..read])?,
        }
    }
}

/// Copies a layer whose times change.
///
/// # Errors
/// It is no whole archive, or cannot be read or written.
pub(super) fn copy(from: &mut impl Read, to: &mut impl Write, times: Times) -> io::Result<Layer> {
    let mut to = Summed::new(to);
    let mut entries = BTreeMap::new();
    let mut extended = Extended::default();
    loop {
        let mut block = [0; BLOCK];
        from.read_exact(&mut block)?;
        // The mark of the end. What comes behind it fills the archive up, and engines differ in how much it is.
        if block.iter().all(|byte| *byte == 0) {
            io::copy(from, &mut io::sink())?;
            to.write_all(&[0; 2 * BLOCK])?;
            return Ok(to.end(entries));
        }
        let mut header = Header(block);
        let size = header.number(124..136)?;
        header.change_time(times)?;
        match header.0[156] {
            // One of these stands before the header of the file that it is about.
            b'x' => {
                let records = small(from, size)?;
                extended.records = records_of(&records)?;
                extended.records.retain(|(key, _)| !TIMES.contains(&&**key));
                if !extended.records.is_empty() {
                    let text = text_of(&extended.records);
                    header.set(124..136, text.len() as u64);
                    to.write_all(&header.summed())?;
                    to.write_all(&text)?;
                    to.fill(text.len() as u64)?;
                }
            }
            b'L' | b'K' => {
                let text = small(from, size)?;
                if header.0[156] == b'L' {
                    let end = text.iter().position(|byte| *byte == 0);
                    let name = &text[..end.unwrap_or(text.len())];
                    extended.long_name = Some(String::from_utf8_lossy(name).into_owned());
                }
                extended.long.extend_from_slice(&text);
                to.write_all(&header.summed())?;
                to.write_all(&text)?;
                to.fill(size)?;
            }
            _ => {
                let size = extended.size().unwrap_or(size);
                to.write_all(&header.summed())?;
                let mut content = Sha256::new();
                let mut left = size;
                let mut buffer = vec![0; 1 << 16];
                while left > 0 {
                    let most = buffer
                        .len()
                        .min(usize::try_from(left).unwrap_or(usize::MAX));
                    let read = from.read(&mut buffer[..most])?;
                    if read == 0 {
                        return Err(ErrorKind::UnexpectedEof.into());
                    }
                    content.update(&buffer[..read]);
                    to.write_all(&buffer[..read])?;
                    left -= read as u64;
                }
                skip(from, size)?;
                to.fill(size)?;
                let extended = std::mem::take(&mut extended);
                let path = extended.path().unwrap_or_else(|| header.path());
                let entry = header.entry(&extended, content.finalize().into())?;
                entries.insert(path.trim_start_matches("./").to_owned(), entry);
            }
        }
    }
}

/// What the headers before a file say of it.
#[derive(Debug, Default)]
struct Extended {
    records: Vec<(String, Vec<u8>)>,
    /// The texts of the headers that GNU's tar writes for long names.
    long: Vec<u8>,
    long_name: Option<String>,
}

impl Extended {
    fn value(&self, key: &str) -> Option<&[u8]> {
        let mut records = self.records.iter();
        let (_, value) = records.find(|(known, _)| known == key)?;
        Some(value)
    }

    fn number(&self, key: &str) -> Option<u64> {
        std::str::from_utf8(self.value(key)?).ok()?.parse().ok()
    }

    fn size(&self) -> Option<u64> {
        self.number("size")
    }

    fn path(&self) -> Option<String> {
        let path = self.value("path").map(String::from_utf8_lossy);
        path.map(std::borrow::Cow::into_owned)
            .or_else(|| self.long_name.clone())
    }
}

/// A header block.
struct Header([u8; BLOCK]);

impl Header {
    fn text(&self, place: std::ops::Range<usize>) -> String {
        let field = &self.0[place];
        let end = field.iter().position(|byte| *byte == 0);
        String::from_utf8_lossy(&field[..end.unwrap_or(field.len())]).into_owned()
    }

    /// Numbers are octal text, or, behind a first byte of 128, binary.
    fn number(&self, place: std::ops::Range<usize>) -> io::Result<u64> {
        let field = &self.0[place.clone()];
        if field[0] == 0x80 {
            let (high, low) = field[1..].split_at(field.len() - 9);
            let low = low.try_into().map(u64::from_be_bytes);
            return match low {
                Ok(low) if high.iter().all(|byte| *byte == 0) => Ok(low),
                _ => Err(damaged()),
            };
        }
        let text = self.text(place);
        match text.trim() {
            "" => Ok(0),
            digits => u64::from_str_radix(digits, 8).map_err(|_| damaged()),
        }
    }

    fn set(&mut self, place: std::ops::Range<usize>, number: u64) {
        let digits = place.len() - 1;
        let text = format!("{number:0digits$o}\0");
        self.0[place].copy_from_slice(text.as_bytes());
    }

    /// Zero also for a time before 1970, which is a negative binary number.
    fn time(&self) -> io::Result<u64> {
        if self.0[136] == 0xff {
            return Ok(0);
        }
        self.number(136..148)
    }

    fn change_time(&mut self, times: Times) -> io::Result<()> {
        match times {
            Times::Limited(limit) if self.time()? > limit => self.set(136..148, limit),
            Times::Set(time) => self.set(136..148, time),
            Times::Limited(_) => {}
        }
        Ok(())
    }

    /// The block with its own sum.
    fn summed(&self) -> [u8; BLOCK] {
        let mut block = self.0;
        block[148..156].copy_from_slice(b"        ");
        let sum: u64 = block.iter().map(|byte| u64::from(*byte)).sum();
        block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        block
    }

    fn path(&self) -> String {
        let is_posix = self.0.get(257..263) == Some(b"ustar\0");
        match self.text(345..500) {
            prefix if is_posix && !prefix.is_empty() => format!("{prefix}/{}", self.text(0..100)),
            _ => self.text(0..100),
        }
    }

    fn entry(&self, extended: &Extended, content: [u8; 32]) -> io::Result<Entry> {
        let mut rest = Sha256::new();
        // The link, the names of owner and group, and the device.
        rest.update(&self.0[157..257]);
        rest.update(&self.0[265..345]);
        rest.update(&extended.long);
        rest.update(text_of(&extended.records));
        let id = |key: &str, place| match extended.number(key) {
            Some(id) => Ok(id),
            None => self.number(place),
        };
        Ok(Entry {
            kind: self.0[156],
            mode: self.number(100..108)?,
            owner: (id("uid", 108..116)?, id("gid", 116..124)?),
            time: self.time()?,
            content,
            rest: rest.finalize().into(),
        })
    }
}

/// A writer that knows the sum of what it has written.
struct Summed<'w, W: Write> {
    to: &'w mut W,
    sum: Sha256,
    size: u64,
}

impl<'w, W: Write> Summed<'w, W> {
    fn new(to: &'w mut W) -> Self {
        Self {
            to,
            sum: Sha256::new(),
            size: 0,
        }
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.sum.update(bytes);
        self.size += bytes.len() as u64;
        self.to.write_all(bytes)
    }

    /// Fills up the last block of a content of that length.
    fn fill(&mut self, size: u64) -> io::Result<()> {
        let zeros = size.next_multiple_of(BLOCK as u64) - size;
        let zeros = usize::try_from(zeros).unwrap_or_default();
        self.write_all(&[0; BLOCK][..zeros])
    }

    fn end(self, entries: BTreeMap<String, Entry>) -> Layer {
        Layer {
            sum: hex(&self.sum.finalize()),
            size: self.size,
            entries,
        }
    }
}

/// Reads over what fills up the last block of a content of that length.
fn skip(from: &mut impl Read, size: u64) -> io::Result<()> {
    let zeros = size.next_multiple_of(BLOCK as u64) - size;
    let zeros = usize::try_from(zeros).unwrap_or_default();
    from.read_exact(&mut [0; BLOCK][..zeros])
}

fn small(from: &mut impl Read, size: u64) -> io::Result<Vec<u8>> {
    if size > SMALL {
        return Err(damaged());
    }
    let mut text = vec![0; usize::try_from(size).unwrap_or_default()];
    from.read_exact(&mut text)?;
    skip(from, size)?;
    Ok(text)
}

/// The records `LENGTH KEY=VALUE` of an extended header.
fn records_of(mut text: &[u8]) -> io::Result<Vec<(String, Vec<u8>)>> {
    let mut records = Vec::new();
    while !text.is_empty() {
        let space = text.iter().position(|byte| *byte == b' ');
        let (digits, _) = text.split_at(space.ok_or_else(damaged)?);
        let length = std::str::from_utf8(digits).ok();
        let length: usize = length
            .and_then(|digits| digits.parse().ok())
            .ok_or_else(damaged)?;
        let (record, behind) = text.split_at_checked(length).ok_or_else(damaged)?;
        let field = record.get(digits.len() + 1..).ok_or_else(damaged)?;
        let field = field.strip_suffix(b"\n").ok_or_else(damaged)?;
        let equals = field.iter().position(|byte| *byte == b'=');
        let (key, value) = field.split_at(equals.ok_or_else(damaged)?);
        records.push((
            String::from_utf8_lossy(key).into_owned(),
            value[1..].to_vec(),
        ));
        text = behind;
    }
    Ok(records)
}

fn text_of(records: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut text = Vec::new();
    for (key, value) in records {
        // A space, an equals sign and a line end; the length counts its own digits.
        let bare = key.len() + value.len() + 3;
        let mut length = bare + 1;
        while length != bare + length.to_string().len() {
            length = bare + length.to_string().len();
        }
        text.extend(format!("{length} {key}=").bytes());
        text.extend(value);
        text.push(b'\n');
    }
    text
}

fn damaged() -> io::Error {
    io::Error::new(
        ErrorKind::InvalidData,
        "a layer of the image is no tar archive that pei can read",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str, kind: u8, time: u64, content: &[u8]) -> Vec<u8> {
        let mut header = Header([0; BLOCK]);
        header.0[..name.len()].copy_from_slice(name.as_bytes());
        header.set(100..108, 0o644);
        header.set(124..136, content.len() as u64);
        header.set(136..148, time);
        header.0[156] = kind;
        header.0[257..263].copy_from_slice(b"ustar\0");
        let mut file = header.summed().to_vec();
        file.extend(content);
        file.resize(file.len().next_multiple_of(BLOCK), 0);
        file
    }

    fn archive(parts: &[Vec<u8>]) -> Vec<u8> {
        let mut archive = parts.concat();
        archive.extend([0; 2 * BLOCK]);
        archive
    }

    fn copied(archive: &[u8], times: Times) -> (Vec<u8>, Layer) {
        let mut to = Vec::new();
        let layer = copy(&mut &*archive, &mut to, times).unwrap();
        (to, layer)
    }

    #[test]
    fn later_times_become_the_limit_and_earlier_ones_stay() {
        let built = archive(&[
            file("etc/", b'5', 900, b""),
            file("etc/new", b'0', 900, &[b'a'; 700]),
            file("etc/old", b'0', 100, b"old"),
        ]);
        let expected = archive(&[
            file("etc/", b'5', 500, b""),
            file("etc/new", b'0', 500, &[b'a'; 700]),
            file("etc/old", b'0', 100, b"old"),
        ]);
        let (text, layer) = copied(&built, Times::Limited(500));
        assert_eq!(text, expected);
        assert_eq!(layer.sum, hex(&Sha256::digest(&expected)));
        assert_eq!(layer.size, expected.len() as u64);
        let paths: Vec<_> = layer.entries.keys().map(String::as_str).collect();
        assert_eq!(paths, ["etc/", "etc/new", "etc/old"]);
        let mut kept = Vec::new();
        keep(&mut &*built, &mut kept).unwrap();
        assert_eq!(kept, built);
        let layer = copied(&built, Times::Set(500)).1;
        assert!(layer.entries.values().all(|entry| entry.time == 500));
    }

    #[test]
    fn times_in_extended_headers_go_and_the_rest_of_them_stays() {
        let long = format!("usr/{}", "n".repeat(120));
        let records = |records: &[(&str, &str)]| {
            let records = records.iter();
            let records: Vec<_> = records
                .map(|(key, value)| ((*key).to_owned(), value.as_bytes().to_vec()))
                .collect();
            text_of(&records)
        };
        let built = archive(&[
            file("x", b'x', 0, &records(&[("mtime", "900.5")])),
            file("a", b'0', 900, b"a"),
            file(
                "x",
                b'x',
                0,
                &records(&[
                    ("atime", "7"),
                    ("path", &long),
                    ("SCHILY.xattr.user.a", "=\n"),
                ]),
            ),
            file("b", b'0', 900, b"b"),
        ]);
        let expected = archive(&[
            file("a", b'0', 500, b"a"),
            file(
                "x",
                b'x',
                0,
                &records(&[("path", &long), ("SCHILY.xattr.user.a", "=\n")]),
            ),
            file("b", b'0', 500, b"b"),
        ]);
        let (text, layer) = copied(&built, Times::Limited(500));
        assert_eq!(text, expected);
        assert!(layer.entries.contains_key(&long));
    }

    #[test]
    fn the_length_of_a_record_counts_its_own_digits() {
        for length in [1, 92, 93, 94, 95, 96, 990, 995] {
            let records = vec![("k".to_owned(), vec![b'v'; length])];
            assert_eq!(records_of(&text_of(&records)).unwrap(), records);
        }
    }

    #[test]
    fn an_archive_that_is_not_whole_is_refused() {
        let whole = archive(&[file("a", b'0', 9, b"one\n")]);
        for length in [0, 100, 514, 1024] {
            assert!(
                copy(&mut &whole[..length], &mut io::sink(), Times::Limited(1)).is_err(),
                "{length}"
            );
        }
        let mut odd = whole.clone();
        odd[124..136].copy_from_slice(b"no number..\0");
        assert!(copy(&mut &*odd, &mut io::sink(), Times::Limited(1)).is_err());
        let odd = archive(&[file("x", b'x', 0, b"99 a=b\n"), file("a", b'0', 9, b"")]);
        assert!(copy(&mut &*odd, &mut io::sink(), Times::Set(1)).is_err());
    }
}
