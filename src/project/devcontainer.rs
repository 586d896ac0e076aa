//! `.devcontainer/devcontainer.json`: a block of it is pei's, and all else is the user's.
//!
//! The block comes first in the object, so that keys below it win where the user has other ideas. The tools that read the
//! file take JSON with comments and with a comma behind the last key; of two equal keys they take the later one.

use std::borrow::Cow;
use std::ops::Range;
use std::path::Path;

use anyhow::Result;

use super::folder::Folder;
use super::names::DEVCONTAINER;
use super::{compare, stamp};
use crate::failure::Failure;
use crate::file_tree::FileTree;

/// How the block begins and ends.
pub const BEGIN: &str = "// >>> pei";
/// The last line of the block.
pub const END: &str = "// <<< pei";

const OWN_KEYS: &str =
    "  // Your own keys: \"customizations\", \"features\", \"postCreateCommand\" …\n";

/// Keys that make an editor take another image than the service of the block.
const OTHER_IMAGE: [&str; 3] = ["image", "build", "dockerFile"];

/// Puts the block of the tree into what stands in the project. Returns the user's keys that contradict the block.
///
/// # Errors
/// A file without a place for the block, or a link.
pub fn keep_additions(tree: &mut FileTree, place: &Path) -> Result<Vec<&'static str>> {
    let Some(file) = tree.get(DEVCONTAINER) else {
        return Ok(Vec::new());
    };
    let mut file = file.clone();
    let block = String::from_utf8_lossy(&file.content).into_owned();
    let old = found(place)?.filter(|text| !text.trim().is_empty());
    let text = match old {
        None => format!("{{\n{block}{OWN_KEYS}}}\n"),
        Some(old) => with_block(&old, &block)?,
    };
    let keys = keys(&text);
    let other = OTHER_IMAGE.into_iter().filter(|key| keys.contains(key));
    let other = other.collect();
    file.content = Cow::Owned(text.into_bytes());
    tree.insert(DEVCONTAINER, file);
    Ok(other)
}

fn found(place: &Path) -> Result<Option<String>> {
    let Some(folder) = Folder::open(place)? else {
        return Ok(None);
    };
    let Some(found) = folder.look(DEVCONTAINER).map_err(anyhow::Error::msg)? else {
        return Ok(None);
    };
    if found.linked {
        return Err(unusable("is a link, which would be replaced by a file").into());
    }
    let bytes = compare::read(&found, DEVCONTAINER).map_err(anyhow::Error::msg)?;
    match bytes.map(String::from_utf8) {
        Some(Ok(text)) => Ok(Some(text)),
        _ => Err(unusable("is no text").into()),
    }
}

fn unusable(what: &str) -> Failure {
    Failure::new(format!("`{DEVCONTAINER}` {what}; nothing was written"))
        .help("correct it, or move it away and let pei make a new one")
}

fn with_block(old: &str, block: &str) -> Result<String, Failure> {
    let place = match block_of(old) {
        Block::Whole(range) => range,
        Block::Unclosed => {
            return Err(unusable(&format!(
                "has a line `{BEGIN}` and no line `{END}`"
            )));
        }
        Block::Missing => {
            let start = start_of_object(old).ok_or_else(|| unusable("does not begin with `{`"))?;
            return Ok(format!(
                "{}\n{block}{}",
                &old[..start],
                old[start..].trim_start_matches(['\r', '\n'])
            ));
        }
    };
    Ok(format!(
        "{}{block}{}",
        &old[..place.start],
        &old[place.end..]
    ))
}

enum Block {
    Missing,
    Unclosed,
    Whole(Range<usize>),
}

fn block_of(text: &str) -> Block {
    let (mut at, mut begin) = (0, None);
    for line in text.split_inclusive('\n') {
        if line.trim_start().starts_with(BEGIN) {
            begin = begin.or(Some(at));
        }
        at += line.len();
        if let Some(begin) = begin
            && line.trim() == END
        {
            return Block::Whole(begin..at);
        }
    }
    begin.map_or(Block::Missing, |_| Block::Unclosed)
}

/// The place behind the brace, which only blanks and comments may stand before.
fn start_of_object(text: &str) -> Option<usize> {
    let mut rest = text.trim_start_matches('\u{feff}').trim_start();
    while let Some(comment) = rest.strip_prefix('/') {
        let (_, after) = match comment.strip_prefix('*') {
            Some(comment) => comment.split_once("*/")?,
            None => comment.strip_prefix('/')?.split_once('\n')?,
        };
        rest = after.trim_start();
    }
    let rest = rest.strip_prefix('{')?;
    Some(text.len() - rest.len())
}

/// The keys of the outermost object.
fn keys(text: &str) -> Vec<&str> {
    let (mut keys, mut depth, mut last) = (Vec::new(), 0_usize, None);
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '"' => {
                let mut is_escaped = false;
                let end = rest[1..].find(|c| {
                    let ends = c == '"' && !is_escaped;
                    is_escaped = c == '\\' && !is_escaped;
                    ends
                });
                let Some(end) = end else { return keys };
                last = Some(&rest[1..=end]);
                end + 2
            }
            '/' if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
            '/' if rest.starts_with("/*") => rest.find("*/").map_or(rest.len(), |end| end + 2),
            ':' if depth == 1 => {
                keys.extend(last.take());
                1
            }
            '{' | '[' => {
                depth += 1;
                1
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                1
            }
            other => other.len_utf8(),
        };
        rest = &rest[length..];
    }
    keys
}

/// Whether nothing of a person's is lost with the block that stands in a file.
pub(super) fn is_block_unedited(text: &str) -> bool {
    match block_of(text) {
        Block::Whole(range) => stamp::is_unedited(&text[range]),
        Block::Missing => true,
        Block::Unclosed => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "  // >>> pei: x pei:----------------\n  \"service\": \"a\",\n  // <<< pei\n";

    #[test]
    fn a_block_comes_first_in_the_object_and_is_replaced_in_its_place() {
        let theirs =
            "// {mine}\n/* and\n { */ {\n  \"features\": {},  // >>> pei is fine here\n}\n";
        let with = with_block(theirs, ONE).unwrap();
        assert_eq!(
            with,
            format!(
                "// {{mine}}\n/* and\n {{ */ {{\n{ONE}  \"features\": {{}},  // >>> pei is fine here\n}}\n"
            )
        );
        let other = ONE.replace("\"a\"", "\"b\"");
        let replaced = with_block(&with, &other).unwrap();
        assert_eq!(replaced, with.replace("\"a\"", "\"b\""));
        assert_eq!(with_block("{}", ONE).unwrap(), format!("{{\n{ONE}}}"));
        for bad in ["[]", "// {", "/* {", "x{", "{\n  // >>> pei\n}"] {
            assert!(with_block(bad, ONE).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_edit_in_the_block_is_seen_and_one_beside_it_is_none() {
        let block = stamp::stamp(ONE.to_owned());
        let text = with_block("{\n  \"features\": {}\n}\n", &block).unwrap();
        assert!(is_block_unedited(&text));
        assert!(is_block_unedited(&text.replace('\n', "\r\n")));
        assert!(is_block_unedited("{}"));
        assert!(!is_block_unedited(&text.replace("\"a\"", "\"b\"")));
    }

    #[test]
    fn only_keys_of_the_outermost_object_count() {
        let text = r#"/* "a": */ { // "b": {
            "image": "x:y", "c\": \"d": {"build": 1, "e": [{"f": 2}]}, "dockerFile" : "z", }"#;
        assert_eq!(keys(text), ["image", r#"c\": \"d"#, "dockerFile"]);
        for odd in ["", "{\"", "{\"é\\", "/*", "{{{", "}}:", "é"] {
            assert_eq!(keys(odd), [""; 0], "{odd}");
        }
    }
}
