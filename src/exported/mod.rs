//! Images in a form that does not depend on when they were built: the times in their layers and in their configuration are
//! limited.
//!
//! It takes what `docker save` writes, so it needs no exporter of a certain builder or image store. Layers of a base image
//! stay as they are. Layers are written unpacked: two machines may compress the same bytes in two ways.

mod archive;
mod compare;
mod layer;

use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result};
use serde_json::Value;

pub use compare::{differences, text};

use crate::engine::Engine;
use crate::failure::Failure;
use crate::utc;
use layer::{Layer, Times};

/// The directory in which an archive has its files.
const BLOBS: &str = "blobs/sha256";
/// The first two bytes of what gzip writes.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// An image with limited times.
#[derive(Debug)]
pub struct Exported {
    /// Its configuration, with the sums of its layers.
    config: Value,
    layers: Vec<Made>,
}

/// A layer, and the step that made it.
#[derive(Debug)]
struct Made {
    step: String,
    layer: Layer,
}

impl Exported {
    /// Exports an image of the engine's into `folder`, which is made anew: its layers as files of their sums below
    /// `blobs/sha256`, if `keeps` says so. `base` are the sums of the layers of the image that it began with; without a
    /// `limit`, that is the time of the last of them.
    ///
    /// # Errors
    /// The engine fails, or what it saves makes no sense.
    pub fn of(
        engine: &Engine,
        image: &str,
        base: &[String],
        limit: Option<u64>,
        (folder, keeps): (&Path, bool),
    ) -> Result<Self> {
        make_anew(folder)?;
        let saved = folder.join("saved");
        fs::create_dir(&saved)?;
        engine.save_unpacked(image, &saved)?;
        let manifest = json(&saved.join("manifest.json"))?;
        let manifest = &manifest[0];
        let mut config = json(&member(&saved, &manifest["Config"])?)?;
        let sums = config["rootfs"]["diff_ids"].as_array();
        let own = sums.into_iter().flatten();
        let based = own.zip(base).take_while(|(own, base)| *own == *base);
        let based = based.count();
        let steps = steps(&config);
        let limit = limit.unwrap_or_else(|| {
            let last = based.checked_sub(1).and_then(|last| steps.get(last));
            last.and_then(|step| step.time).unwrap_or_default()
        });
        let files = manifest["Layers"].as_array();
        let files: Vec<PathBuf> = files
            .into_iter()
            .flatten()
            .map(|layer| member(&saved, layer))
            .collect::<Result<_>>()?;
        let mut layers = Vec::new();
        for (number, file) in files.iter().enumerate() {
            let step = steps.get(number).map(|step| step.name.clone());
            let step = step.unwrap_or_default();
            let times = if number < based {
                None
            } else if is_copy(&step) {
                Some(Times::Set(limit))
            } else {
                Some(Times::Limited(limit))
            };
            let kept = folder.join("layer");
            let layer = if keeps {
                let mut to = BufWriter::new(File::create(&kept)?);
                let layer = copy(file, &mut to, times)?;
                to.flush()?;
                let blobs = folder.join(BLOBS);
                fs::create_dir_all(&blobs)?;
                fs::rename(&kept, blobs.join(&layer.sum))?;
                layer
            } else {
                copy(file, &mut io::sink(), times)?
            };
            layers.push(Made { step, layer });
            // An image may have one layer twice.
            if !files[number + 1..].contains(file) {
                fs::remove_file(file)?;
            }
        }
        fs::remove_dir_all(&saved)?;
        config = in_order(config);
        limit_times(&mut config, limit);
        let sums = layers
            .iter()
            .map(|made| format!("sha256:{}", made.layer.sum));
        config["rootfs"]["diff_ids"] = sums.collect();
        Ok(Self { config, layers })
    }
}

/// Empties a directory, or makes it; an earlier run that was killed may have left it.
fn make_anew(folder: &Path) -> Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error.into()),
        _ => {}
    }
    fs::create_dir(folder)?;
    Ok(())
}

fn json(path: &Path) -> Result<Value> {
    let text = fs::read(path).ok();
    let value = text.and_then(|text| serde_json::from_slice(&text).ok());
    value.ok_or_else(|| strange().into())
}

fn strange() -> Failure {
    Failure::engine("the engine's `save` writes an archive that pei cannot read")
}

/// A file that an archive names. It comes from the engine, but an image may come from anywhere.
fn member(folder: &Path, name: &Value) -> Result<PathBuf> {
    let path = name.as_str().map(|name| folder.join(name));
    let path = path.and_then(|path| path.canonicalize().ok());
    let folder = folder.canonicalize()?;
    path.filter(|path| path.starts_with(&folder))
        .ok_or_else(|| strange().into())
}

/// Copies a layer that may be compressed.
fn copy(file: &Path, to: &mut impl Write, times: Option<Times>) -> Result<Layer> {
    let mut first = [0; 2];
    let is_compressed = File::open(file)?
        .read_exact(&mut first)
        .is_ok_and(|()| first == GZIP);
    let file = File::open(file)?;
    if !is_compressed {
        return Ok(copy_from(&mut BufReader::new(file), to, times)?);
    }
    let mut gzip = Command::new("gzip")
        .args(["-d", "-c"])
        .stdin(file)
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot run gzip")?;
    let copied = match gzip.stdout.take() {
        Some(pipe) => copy_from(&mut BufReader::new(pipe), to, times),
        None => Err(ErrorKind::BrokenPipe.into()),
    };
    let ended = gzip.wait()?;
    let copied = copied?;
    if ended.success() {
        Ok(copied)
    } else {
        Err(strange().into())
    }
}

fn copy_from(from: &mut impl Read, to: &mut impl Write, times: Option<Times>) -> io::Result<Layer> {
    match times {
        Some(times) => layer::copy(from, to, times),
        None => layer::keep(from, to),
    }
}

/// A step of an image's history.
struct Step {
    name: String,
    /// In seconds since 1970.
    time: Option<u64>,
}

/// The steps that made layers, in the order of these.
fn steps(config: &Value) -> Vec<Step> {
    let history = config["history"].as_array().into_iter().flatten();
    history
        .filter(|step| step["empty_layer"] != true)
        .map(|step| Step {
            name: name_of(step["created_by"].as_str().unwrap_or_default()),
            time: step["created"].as_str().and_then(utc::seconds),
        })
        .collect()
}

/// Whether a step copies files of the project: these have the times of a checkout, which are often before the limit.
fn is_copy(step: &str) -> bool {
    step.starts_with("COPY ") || step.starts_with("ADD ")
}

/// What the configuration of an image must hold, with its keys in alphabetical order. Engines add keys of their own, in
/// their own order.
fn in_order(config: Value) -> Value {
    const KEYS: [&str; 10] = [
        "architecture",
        "author",
        "config",
        "created",
        "history",
        "os",
        "os.features",
        "os.version",
        "rootfs",
        "variant",
    ];
    let Value::Object(mut config) = config else {
        return config;
    };
    config.retain(|key, _| KEYS.contains(&key.as_str()));
    let mut config = Value::Object(config);
    config.sort_all_objects();
    config
}

/// What people call a step: the key of a hook with its script, the script of pei's, or else the beginning of the text.
fn name_of(created_by: &str) -> String {
    let text = created_by.trim().trim_end_matches("# buildkit").trim_end();
    if let Some((_, hook)) = text.split_once("/lib/run-build-hook.sh ") {
        let hook = hook.trim();
        if let Some((script, key)) = hook.rsplit_once(' ') {
            let script = script.split(' ').next().unwrap_or_default();
            return format!("{key} ({script})");
        }
    }
    let is_shell = |word: &str| Path::new(word).extension() == Some("sh".as_ref());
    let is_script = |word: &&str| word.starts_with("/pei-") && is_shell(word);
    if text.starts_with("RUN")
        && let Some(script) = text.split([' ', ';', '\t']).find(is_script)
    {
        let name = script.rsplit('/').next().unwrap_or(script);
        return format!("RUN {name}");
    }
    let words: Vec<&str> = text.split_whitespace().collect();
    let line = words.join(" ");
    match line.char_indices().nth(100) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

/// Limits the times of an image and its steps.
fn limit_times(config: &mut Value, limit: u64) {
    let bound = |time: &mut Value| {
        let seconds = time.as_str().and_then(utc::seconds);
        if seconds.is_some_and(|seconds| seconds >= limit) {
            *time = utc::text(limit).into();
        }
    };
    bound(&mut config["created"]);
    let history = config.get_mut("history").and_then(Value::as_array_mut);
    for step in history.into_iter().flatten() {
        if let Some(time) = step.get_mut("created") {
            bound(time);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_step_has_the_name_that_people_know() {
        for (text, name) in [
            (
                "RUN |1 A=b bash /pei-build/files/stage-1/lib/run-build-hook.sh stage-1/custom/a.sh --x=1 stage_1.custom.on_build[0] # buildkit",
                "stage_1.custom.on_build[0] (stage-1/custom/a.sh)",
            ),
            (
                "RUN /bin/sh -c for tool in bash; do :; done;     bash /pei-build/stage-1/internals/set-up-base.sh # buildkit",
                "RUN set-up-base.sh",
            ),
            (
                "COPY --chmod=755 installation/stage-1 /pei-from-host/stage-1 # buildkit",
                "COPY --chmod=755 installation/stage-1 /pei-from-host/stage-1",
            ),
            ("", ""),
        ] {
            assert_eq!(name_of(text), name);
        }
        assert_eq!(name_of(&"ä".repeat(200)).chars().count(), 101);
    }

    #[test]
    fn times_behind_the_limit_become_the_limit() {
        let mut config = json!({
            "created": "2026-11-28T11:57:02.2Z",
            "history": [
                {"created": "2020-01-01T00:00:00.5Z"},
                {"created": "2026-11-28T11:57:02.2Z", "empty_layer": true},
                {},
            ],
        });
        limit_times(&mut config, 1_600_000_000);
        let expected = json!({
            "created": "2020-09-13T12:26:40Z",
            "history": [
                {"created": "2020-01-01T00:00:00.5Z"},
                {"created": "2020-09-13T12:26:40Z", "empty_layer": true},
                {},
            ],
        });
        assert_eq!(config, expected);
    }
}
