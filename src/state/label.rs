//! What an image says of the stages that it was built from, so that a later look can name what has changed since.
//!
//! It holds no value that may be a secret, of files and of what is not shown the first digits of a sum, and each file once,
//! however many stages see it. Where a stage sees very many files, whole directories have one sum.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value as Json, json};

use super::hash::sum;
use super::{Hash, Identity, StageState, Value, What};

/// The label that names the state of the stage that an image ends in.
pub const STATE_LABEL: &str = "io.pei.state";
/// The label that holds the inputs of all stages of an image.
pub const INPUTS_LABEL: &str = "io.pei.inputs";

/// The label that holds the images that a build began with or copied from.
pub const BASES_LABEL: &str = "io.pei.bases";
/// The label that names the image. An image that begins with one of pei's inherits the labels of that one.
pub const IMAGE_LABEL: &str = "io.pei.image";

/// The form of the label's text.
const FORM: u64 = 1;

/// A stage that sees more files names directories in their place.
const FILES: usize = 500;

/// So many digits tell one text from another, where nobody looks for two that agree.
const DIGITS: usize = 16;

/// A stage as its inputs are compared.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Summary {
    /// The hash over the inputs, where it was known.
    pub state: Option<Hash>,
    /// All inputs but steps and files, by kind and name.
    pub(super) inputs: BTreeMap<(What, String), Part>,
    /// The steps in their order: each with a sum.
    pub(super) steps: Vec<(String, String)>,
    /// Files by their paths: the mode and a sum. Directories end in a slash.
    pub(super) files: BTreeMap<(What, String), String>,
    /// How many parts of each path are told apart, where not all are.
    depth: Option<usize>,
}

/// An input's value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part {
    Text(String),
    Sum(String),
}

impl Summary {
    /// Of a stage, to be compared with what another one says.
    pub fn of(stage: &StageState, other: Option<&Self>) -> Self {
        let depth = match other {
            Some(other) => other.depth,
            None => depth_for(stage),
        };
        let mut summary = Self {
            state: stage.state.as_ref().ok().cloned(),
            depth,
            ..Self::default()
        };
        let mut folders: BTreeMap<(What, String), Vec<String>> = BTreeMap::new();
        for input in &stage.inputs {
            let key = || (input.what, input.name.clone());
            match (&input.value, input.what) {
                (Value::Text(text), _) => {
                    summary.inputs.insert(key(), Part::Text(text.clone()));
                }
                (Value::Hidden(sum), What::Step) => {
                    summary.steps.push((input.name.clone(), short(sum)));
                }
                (Value::Hidden(sum), _) => {
                    summary.inputs.insert(key(), Part::Sum(short(sum)));
                }
                (Value::File { mode, sum }, what) => {
                    let text = format!("{mode} {}", short(sum)).trim_end().to_owned();
                    match depth {
                        None => {
                            summary.files.insert((what, input.name.clone()), text);
                        }
                        Some(depth) => {
                            let folder = folder_of(&input.name, depth);
                            let line = format!("{} {text}", input.name);
                            folders.entry((what, folder)).or_default().push(line);
                        }
                    }
                }
            }
        }
        for (key, lines) in folders {
            let fields: Vec<&[u8]> = lines.iter().map(String::as_bytes).collect();
            summary
                .files
                .insert(key, format!("d {}", short(&sum(&fields))));
        }
        summary
    }
}

fn short(sum: &str) -> String {
    sum.chars().take(DIGITS).collect()
}

/// `None` where each file can be named.
fn depth_for(stage: &StageState) -> Option<usize> {
    let files = stage.inputs.iter();
    let files: Vec<&str> = files
        .filter(|input| matches!(input.what, What::File | What::Context))
        .map(|input| input.name.as_str())
        .collect();
    if files.len() <= FILES {
        return None;
    }
    let number = |depth: usize| {
        let folders = files.iter().map(|path| folder_of(path, depth));
        folders.collect::<BTreeSet<_>>().len()
    };
    (1..12)
        .rev()
        .find(|depth| number(*depth) <= FILES)
        .or(Some(1))
}

/// The directory of a path, of so many parts at most.
fn folder_of(path: &str, depth: usize) -> String {
    let above = path.rsplit_once('/').map_or("", |(above, _)| above);
    let parts: Vec<&str> = above.split('/').take(depth).collect();
    format!("{}/", parts.join("/"))
}

/// The text of [`INPUTS_LABEL`] for an image that holds these stages.
pub fn label(stages: &[&StageState]) -> String {
    let summaries: Vec<(&str, Summary)> = stages
        .iter()
        .map(|stage| (stage.name.as_str(), Summary::of(stage, None)))
        .collect();
    let all = summaries.iter().flat_map(|(_, summary)| &summary.files);
    let table: BTreeMap<(&(What, String), &str), usize> =
        all.map(|(path, text)| ((path, text.as_str()), 0)).collect();
    let table: BTreeMap<_, usize> = table.into_keys().zip(0..).collect();
    let files: Vec<Json> = table
        .keys()
        .map(|((what, path), text)| json!([what.word(), path, text]))
        .collect();
    let mut entries = Map::new();
    for (name, summary) in &summaries {
        let places = summary
            .files
            .iter()
            .filter_map(|(path, text)| table.get(&(path, text.as_str())).copied());
        entries.insert((*name).to_owned(), entry(summary, places));
    }
    json!({"form": FORM, "files": files, "stages": entries}).to_string()
}

fn entry(summary: &Summary, places: impl Iterator<Item = usize>) -> Json {
    let mut entry = Map::new();
    if let Some(state) = &summary.state {
        entry.insert("state".to_owned(), state.as_str().into());
    }
    for ((what, name), part) in &summary.inputs {
        let kind = entry
            .entry(what.word())
            .or_insert_with(|| Json::Object(Map::new()));
        kind[name] = match part {
            Part::Text(text) => text.as_str().into(),
            Part::Sum(sum) => json!({ "sum": sum }),
        };
    }
    let steps: Vec<Json> = summary
        .steps
        .iter()
        .map(|(name, sum)| json!([name, sum]))
        .collect();
    entry.insert("steps".to_owned(), steps.into());
    // Places in the table as ranges: most stages see whole directories.
    let mut ranges: Vec<[usize; 2]> = Vec::new();
    for place in places {
        match ranges.last_mut() {
            Some([_, end]) if *end == place => *end += 1,
            _ => ranges.push([place, place + 1]),
        }
    }
    entry.insert("files".to_owned(), json!(ranges));
    if let Some(depth) = summary.depth {
        entry.insert("depth".to_owned(), depth.into());
    }
    entry.into()
}

/// The text of [`BASES_LABEL`].
pub fn bases_label(bases: &BTreeMap<&str, Identity>) -> String {
    let entries = bases.iter().map(|(name, identity)| {
        let mut entry = json!({"identity": identity.sum});
        if let Some(digest) = &identity.digest {
            entry["digest"] = digest.as_str().into();
        }
        ((*name).to_owned(), entry)
    });
    Json::Object(entries.collect()).to_string()
}

/// The images that such a text tells of, without their layers; nothing where it is no such text.
pub fn read_bases(text: &str) -> BTreeMap<String, Identity> {
    let Ok(Json::Object(entries)) = serde_json::from_str(text) else {
        return BTreeMap::new();
    };
    let bases = entries.into_iter().filter_map(|(name, entry)| {
        let text = |key: &str| entry[key].as_str().map(str::to_owned);
        let identity = Identity {
            sum: text("identity")?,
            layers: Vec::new(),
            digest: text("digest"),
        };
        Some((name, identity))
    });
    bases.collect()
}

/// The stages that the text of a label tells of; nothing where it is no such text.
pub fn read_label(text: &str) -> BTreeMap<String, Summary> {
    let Ok(label) = serde_json::from_str::<Json>(text) else {
        return BTreeMap::new();
    };
    if label["form"] != FORM {
        return BTreeMap::new();
    }
    let files: Vec<Option<((What, String), String)>> = items(&label["files"])
        .map(|file| {
            let what = what_of(file[0].as_str()?)?;
            let (path, text) = (file[1].as_str()?, file[2].as_str()?);
            Some(((what, path.to_owned()), text.to_owned()))
        })
        .collect();
    let stages = label["stages"].as_object().into_iter().flatten();
    stages
        .map(|(name, entry)| (name.clone(), summary_of(entry, &files)))
        .collect()
}

fn summary_of(entry: &Json, files: &[Option<((What, String), String)>]) -> Summary {
    let number = |value: &Json| usize::try_from(value.as_u64()?).ok();
    let mut summary = Summary {
        state: entry["state"].as_str().map(Hash::of_label),
        depth: number(&entry["depth"]),
        ..Summary::default()
    };
    for (word, kind) in entry.as_object().into_iter().flatten() {
        let (Some(what), Some(inputs)) = (what_of(word), kind.as_object()) else {
            continue;
        };
        for (name, value) in inputs {
            let part = match (value.as_str(), value["sum"].as_str()) {
                (Some(text), _) => Part::Text(text.to_owned()),
                (None, Some(sum)) => Part::Sum(sum.to_owned()),
                (None, None) => continue,
            };
            summary.inputs.insert((what, name.clone()), part);
        }
    }
    let steps = items(&entry["steps"]);
    summary.steps = steps
        .filter_map(|step| Some((step[0].as_str()?.to_owned(), step[1].as_str()?.to_owned())))
        .collect();
    for range in items(&entry["files"]) {
        let (Some(start), Some(end)) = (number(&range[0]), number(&range[1])) else {
            continue;
        };
        let seen = files.get(start..end).unwrap_or_default();
        summary.files.extend(seen.iter().flatten().cloned());
    }
    summary
}

fn items(value: &Json) -> impl Iterator<Item = &Json> {
    value.as_array().into_iter().flatten()
}

fn what_of(word: &str) -> Option<What> {
    What::ALL.into_iter().find(|what| what.word() == word)
}

#[cfg(test)]
mod tests {
    use super::super::{From, Input, Kind};
    use super::*;

    fn stage(files: usize) -> StageState {
        let mut inputs = vec![
            Input::new(What::Base, "debian:12", Value::hidden("x")),
            Input::arg("SSH_CONTAINER_PORT", "22"),
            Input::arg("PEI_HTTP_PROXY_1", "http://me:SENTINEL@proxy:3128"),
            Input::new(What::Step, "USER root", Value::hidden("USER root")),
        ];
        inputs.extend((0..files).map(|number| {
            let value = Value::File {
                mode: "644".to_owned(),
                sum: sum(&[&number.to_le_bytes()]),
            };
            Input::new(
                What::File,
                format!("installation/a/{}/{number}", number / 100),
                value,
            )
        }));
        StageState {
            name: "stage-1-core".to_owned(),
            kind: Kind::Core,
            from: From::Image("debian:12".to_owned()),
            needs: BTreeSet::new(),
            services: Vec::new(),
            state: Ok(Hash::of(&inputs)),
            inputs,
        }
    }

    #[test]
    fn what_is_read_back_is_what_was_written() {
        for files in [0, 3, 500, 501, 5000] {
            let stage = stage(files);
            let text = label(&[&stage]);
            assert!(!text.contains("SENTINEL"));
            let read = &read_label(&text)["stage-1-core"];
            assert_eq!(*read, Summary::of(&stage, Some(read)), "{files}");
            assert_eq!(
                read.files.len(),
                if files > 500 {
                    files.div_ceil(100)
                } else {
                    files
                }
            );
        }
        let (one, two) = (
            stage(200),
            StageState {
                name: "stage-1".into(),
                ..stage(200)
            },
        );
        let both = label(&[&one, &two]);
        assert!(
            both.len() < label(&[&one]).len() * 3 / 2,
            "each file stands there once"
        );
        assert_eq!(read_label(&both).len(), 2);
    }

    #[test]
    fn a_text_that_is_no_label_tells_of_nothing() {
        for text in [
            "",
            "[]",
            "{\"form\": 2, \"stages\": {\"a\": {}}}",
            "{\"form\": 1}",
        ] {
            assert!(read_label(text).is_empty(), "{text}");
        }
        let odd = r#"{"form":1,"files":[1,["x","y","z"]],"stages":{"a":{"files":[[0,9],[5,1],"x"],"args":7,"steps":{}},"b":3}}"#;
        assert_eq!(read_label(odd).len(), 2);
    }
}
