//! Finds out where the states of stages are stored. The requests run in parallel, with a time limit.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::Store;
use super::reason::{Away, Said, of_folder, sense};
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
    Away(Away),
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
    /// Possibly in the cache, which is a registry without TLS on another machine. Only a pull can tell.
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

/// The stages that the engine has under their cache names. An image that is something else is [`Verdict::Foreign`].
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
        Some(_) => return Err("its label has a different state".to_owned()),
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
        Answer::TimedOut => return Verdict::Away(silent()),
        Answer::Failed(said) => said,
    };
    match sense(&said) {
        Said::Plain => Verdict::Found(Found::Unseen),
        Said::Refused => Verdict::Refused,
        Said::Absent => Verdict::Absent,
        Said::Away(away) => Verdict::Away(away),
    }
}

fn silent() -> Away {
    Away {
        reason: format!("it has not answered within {} seconds", LIMIT.as_secs()),
        cure: None,
    }
}

/// Looks into the directory in a thread with a time limit, because a network share can hang.
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
        let is_there = is_there.and_then(|found| {
            let is_folder = found.is_dir();
            is_folder
                .then_some(())
                .ok_or(ErrorKind::NotADirectory.into())
        });
        let verdict = |archive: &PathBuf| match (&is_there, super::is_whole(archive)) {
            (Err(_), _) if is_new => Verdict::Absent,
            (Err(error), _) => Verdict::Away(of_folder(error)),
            (Ok(()), Ok(true)) => Verdict::Found(Found::There),
            (Ok(()), Ok(false)) if archive.is_file() => {
                Verdict::Foreign("the archive is not whole".to_owned())
            }
            (Ok(()), Ok(false)) => Verdict::Foreign("it is no regular file".to_owned()),
            (Ok(()), Err(error)) => of_archive(&error),
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
            let away = Verdict::Away(silent());
            names
                .into_iter()
                .map(|stage| (stage, away.clone()))
                .collect()
        }
    }
}

/// What an archive is that cannot be read.
fn of_archive(error: &std::io::Error) -> Verdict {
    match error.kind() {
        ErrorKind::NotFound => Verdict::Absent,
        // Another name may be readable, so the directory is not away.
        ErrorKind::PermissionDenied => Verdict::Foreign(
            "you have no permission to read it; its owner may `chmod a+r` it".to_owned(),
        ),
        _ => Verdict::Away(of_folder(error)),
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
    fn what_a_registry_tells_of_an_image_is_judged() {
        let text = json!({"linux/amd64": {
            "config": {"Labels": {STATE_LABEL: "ab"}}, "rootfs": {"diff_ids": ["sha256:1"]},
        }});
        let done = of_answer(Answer::Done(text.to_string()), &wanted());
        assert_eq!(done, Verdict::Found(Found::There));
        let said = "http: server gave HTTP response to HTTPS client";
        let unseen = of_answer(Answer::Failed(said.to_owned()), &wanted());
        assert_eq!(unseen, Verdict::Found(Found::Unseen));
    }

    #[test]
    fn a_directory_says_what_is_wrong_with_it() {
        let parent = tempfile::tempdir().unwrap();
        let verdict = |folder: &Path| {
            let store = Store::Folder(folder.to_owned());
            in_folder(&store, folder.to_owned(), &[&wanted()]).remove("stage-1-core")
        };
        let folder = parent.path().join("a");
        assert_eq!(verdict(&folder), Some(Verdict::Absent));
        let share = parent.path().join("share");
        std::fs::create_dir(&share).unwrap();
        let pipe = share.join("stage-1-core-ab.tar");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status();
        assert!(made.unwrap().success());
        let foreign = Verdict::Foreign("it is no regular file".to_owned());
        assert_eq!(verdict(&share), Some(foreign));
        let away = |folder: &Path| match verdict(folder) {
            Some(Verdict::Away(away)) => away.reason,
            other => panic!("{other:?}"),
        };
        assert_eq!(away(&folder.join("b")), "it does not exist");
        std::fs::write(&folder, "").unwrap();
        assert_eq!(away(&folder), "it is no directory");
        let denied = std::io::Error::from(ErrorKind::PermissionDenied);
        assert!(
            matches!(of_archive(&denied), Verdict::Foreign(what) if what.contains("chmod a+r"))
        );
    }
}
