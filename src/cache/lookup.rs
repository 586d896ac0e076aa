//! Asking where states of stages are, all at once and never for long.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::Store;
use crate::engine::{Answer, Engine};
use crate::state::STATE_LABEL;

/// A place that does not answer within this time is away.
pub const LIMIT: Duration = Duration::from_secs(3);

/// So many questions are under way at a time.
const AT_ONCE: usize = 8;

/// A state of a stage that somebody may have built.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// The stage's name.
    pub stage: String,
    /// The digits of its state.
    pub state: String,
    /// The layers of the image that it begins with; none where it begins with nothing.
    pub base_layers: Vec<String>,
}

/// Where a state is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// There, and right.
    Found(Found),
    /// Nobody has kept it.
    Absent,
    /// The place wants a login that the engine does not have.
    Refused,
    /// The place does not answer, and why.
    Away(String),
    /// What is there under its name is something else, and what.
    Foreign(String),
}

/// Where a state was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// On the engine.
    Here,
    /// In the cache.
    There,
    /// In the cache, which can be asked for it by a pull alone: a registry without TLS that is not this machine's own.
    Unseen,
}

/// Asks the cache, whatever the engine has.
pub fn there(engine: &Engine, store: &Store, wanted: &[&Wanted]) -> BTreeMap<String, Verdict> {
    if wanted.is_empty() {
        return BTreeMap::new();
    }
    match store {
        Store::Registry(_) => in_registry(engine, store, wanted),
        Store::Folder(folder) => in_folder(store, folder.clone(), wanted),
    }
}

/// Those that the engine has under their names; what is something else is told as that.
pub fn here(engine: &Engine, store: &Store, wanted: &[Wanted]) -> BTreeMap<String, Verdict> {
    let names: Vec<(&Wanted, String)> = wanted
        .iter()
        .map(|wanted| (wanted, store.reference(&wanted.stage, &wanted.state)))
        .collect();
    let asked: Vec<&str> = names.iter().map(|(_, name)| name.as_str()).collect();
    let images = engine.inspect_images(&asked);
    let is_called = |image: &Value, name: &str| {
        let tags = image["RepoTags"].as_array().into_iter().flatten();
        tags.filter_map(Value::as_str).any(|tag| {
            tag == name
                || tag.strip_prefix("docker.io/") == Some(name)
                || tag.strip_prefix("localhost/") == Some(name)
        })
    };
    let found = names.iter().filter_map(|(wanted, name)| {
        let image = images.iter().find(|image| is_called(image, name))?;
        let verdict = match judge(image, wanted) {
            Ok(()) => Verdict::Found(Found::Here),
            Err(what) => Verdict::Foreign(what),
        };
        Some((wanted.stage.clone(), verdict))
    });
    found.collect()
}

/// Whether an image is what its name says, as an engine or a registry describes it.
fn judge(image: &Value, wanted: &Wanted) -> Result<(), String> {
    let part = |names: [&str; 2]| names.iter().find_map(|name| image.get(*name));
    let config = part(["Config", "config"]).unwrap_or(&Value::Null);
    let labels = config.get("Labels").unwrap_or(&Value::Null);
    match labels[STATE_LABEL].as_str() {
        Some(state) if state == wanted.state => {}
        Some(_) => return Err("it says that it is another state".to_owned()),
        None => return Err("it does not say which state it is".to_owned()),
    }
    let root = part(["RootFS", "rootfs"]).unwrap_or(&Value::Null);
    let layers = root.get("Layers").or_else(|| root.get("diff_ids"));
    let layers = layers.and_then(Value::as_array).into_iter().flatten();
    let layers: Vec<&str> = layers.filter_map(Value::as_str).collect();
    let base = wanted.base_layers.iter().map(String::as_str);
    if base.clone().count() <= layers.len()
        && layers
            .iter()
            .copied()
            .zip(base)
            .all(|(one, other)| one == other)
    {
        Ok(())
    } else {
        Err("it does not have the layers of the base image".to_owned())
    }
}

fn in_registry(engine: &Engine, store: &Store, wanted: &[&Wanted]) -> BTreeMap<String, Verdict> {
    let deadline = Instant::now() + LIMIT;
    let queue = Mutex::new(wanted.iter());
    let verdicts = Mutex::new(BTreeMap::new());
    let work = || {
        while let Some(wanted) = queue
            .lock()
            .ok()
            .and_then(|mut queue| queue.next().copied())
        {
            let name = store.reference(&wanted.stage, &wanted.state);
            let verdict = of_answer(engine.registry_image(&name, deadline), wanted);
            if let Ok(mut verdicts) = verdicts.lock() {
                verdicts.insert(wanted.stage.clone(), verdict);
            }
        }
    };
    thread::scope(|scope| {
        for _ in 0..AT_ONCE.min(wanted.len()) {
            scope.spawn(work);
        }
    });
    verdicts.into_inner().unwrap_or_default()
}

fn of_answer(answer: Answer, wanted: &Wanted) -> Verdict {
    let said = match answer {
        Answer::Done(text) => {
            let image: Value = serde_json::from_str(&text).unwrap_or_default();
            // With an attestation beside it, or for several platforms, there is one for each.
            let single = image.get("rootfs").is_some() || image.get("RootFS").is_some();
            let all: Vec<&Value> = match &image {
                Value::Object(map) if !single => map.values().collect(),
                one => vec![one],
            };
            let judged: Vec<_> = all.iter().map(|image| judge(image, wanted)).collect();
            return if judged.iter().any(Result::is_ok) {
                Verdict::Found(Found::There)
            } else {
                let what = judged.into_iter().find_map(Result::err);
                Verdict::Foreign(what.unwrap_or_else(|| "it is no image".to_owned()))
            };
        }
        Answer::TimedOut => {
            return Verdict::Away(format!(
                "it has not answered within {} seconds",
                LIMIT.as_secs()
            ));
        }
        Answer::Failed(said) => said,
    };
    let words = said.to_lowercase();
    let has = |all: &[&str]| all.iter().any(|word| words.contains(word));
    if has(&["http response to https client"]) {
        return Verdict::Found(Found::Unseen);
    }
    if has(&[
        "unauthorized",
        "authorization failed",
        "no basic auth",
        "denied",
        "forbidden",
        " 401",
        " 403",
    ]) {
        return Verdict::Refused;
    }
    if has(&["not found", "manifest unknown", "name unknown"]) {
        return Verdict::Absent;
    }
    let line = said.lines().rev().find(|line| !line.trim().is_empty());
    Verdict::Away(
        line.unwrap_or("it gave no reason")
            .trim()
            .trim_start_matches("ERROR: ")
            .to_owned(),
    )
}

/// A share that hangs would be waited for without an end.
fn in_folder(store: &Store, folder: PathBuf, wanted: &[&Wanted]) -> BTreeMap<String, Verdict> {
    let archives = wanted.iter().filter_map(|wanted| {
        let archive = store.archive(&wanted.stage, &wanted.state)?;
        Some((wanted.stage.clone(), archive))
    });
    let archives: Vec<(String, PathBuf)> = archives.collect();
    let names: Vec<String> = archives.iter().map(|(stage, _)| stage.clone()).collect();
    let (sender, receiver) = channel();
    thread::spawn(move || {
        // The first one that keeps something makes the directory, in one that is there.
        let is_new = folder.parent().is_some_and(Path::is_dir) && !folder.exists();
        let is_there = std::fs::metadata(&folder);
        let verdict = |archive: &PathBuf| match (&is_there, super::is_whole(archive)) {
            (Err(_), _) if is_new => Verdict::Absent,
            (Err(error), _) => Verdict::Away(error.to_string()),
            (Ok(_), Ok(true)) => Verdict::Found(Found::There),
            (Ok(_), Ok(false)) if archive.exists() => {
                Verdict::Foreign("the archive is not whole".to_owned())
            }
            (Ok(_), Ok(false)) => Verdict::Absent,
            (Ok(_), Err(failure)) => Verdict::Away(failure.to_string()),
        };
        let verdicts: BTreeMap<_, _> = archives
            .iter()
            .map(|(stage, archive)| (stage.clone(), verdict(archive)))
            .collect();
        // Nobody may wait any more.
        let _ = sender.send(verdicts);
    });
    match receiver.recv_timeout(LIMIT) {
        Ok(verdicts) => verdicts,
        Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
            let away = Verdict::Away(format!(
                "it has not answered within {} seconds",
                LIMIT.as_secs()
            ));
            names
                .into_iter()
                .map(|stage| (stage, away.clone()))
                .collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn wanted() -> Wanted {
        Wanted {
            stage: "stage-1-core".into(),
            state: "ab".into(),
            base_layers: vec!["sha256:1".into()],
        }
    }

    #[test]
    fn an_image_has_to_be_what_its_name_says() {
        let image = |state: &str, layers: &[&str]| {
            json!({
                "Config": {"Labels": {STATE_LABEL: state}}, "RootFS": {"Layers": layers},
            })
        };
        let is_right = |image: &Value| judge(image, &wanted()).is_ok();
        assert!(is_right(&image("ab", &["sha256:1", "sha256:2"])));
        assert!(!is_right(&image("cd", &["sha256:1", "sha256:2"])));
        assert!(!is_right(&image("ab", &["sha256:2", "sha256:1"])));
        assert!(!is_right(&image("ab", &[])));
        assert!(!is_right(
            &json!({"Config": {}, "RootFS": {"Layers": ["sha256:1"]}})
        ));
        assert!(!is_right(&Value::Null));
    }

    #[test]
    fn the_words_of_a_registry_are_understood() {
        let case = |said: &str, expected: &Verdict| {
            assert_eq!(
                &of_answer(Answer::Failed(said.to_owned()), &wanted()),
                expected,
                "{said}"
            );
        };
        case(
            "ERROR: localhost:5000/a/stage-1-core:ab: not found",
            &Verdict::Absent,
        );
        let refused = "ERROR: failed to authorize: no basic auth credentials";
        case(refused, &Verdict::Refused);
        case(
            "pull access denied, repository does not exist or may require authorization",
            &Verdict::Refused,
        );
        case(
            "authorization failed: not found in the list",
            &Verdict::Refused,
        );
        case(
            "http: server gave HTTP response to HTTPS client",
            &Verdict::Found(Found::Unseen),
        );
        let away = "dial tcp 127.0.0.1:1: connect: connection refused";
        case(&format!("ERROR: {away}\n"), &Verdict::Away(away.to_owned()));
        let text = json!({"linux/amd64": {
            "config": {"Labels": {STATE_LABEL: "ab"}}, "rootfs": {"diff_ids": ["sha256:1"]},
        }});
        let done = of_answer(Answer::Done(text.to_string()), &wanted());
        assert_eq!(done, Verdict::Found(Found::There));
    }
}
