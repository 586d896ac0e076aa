//! What the cache has of a project, for `pei status`.

use std::collections::BTreeMap;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use super::stages::Stages;
use crate::cache::{self, Away, Found, Store, Verdict, Wanted};
use crate::diagnostic::quoted;
use crate::engine::Engine;
use crate::state::Stored;
use crate::ui::{Ui, shown};

/// Killing a command that hangs takes a moment.
const GRACE: Duration = Duration::from_millis(200);

/// What is known of the cache.
#[derive(Debug, Default)]
pub(super) struct InCache {
    pub(super) stored: Stored,
    /// The last line about it; absent without a cache.
    pub(super) summary: Option<String>,
}

impl InCache {
    /// Looks for all stages at once, until the deadline. Says why something is not known.
    pub(super) fn ask(ui: &mut Ui, known: &Stages, deadline: Instant) -> Self {
        let Some(store) = &known.store else {
            return Self::default();
        };
        let wanted = known.wanted();
        let (here, there) = verdicts(store, &wanted, deadline);
        let place = match store {
            Store::Registry(registry) => format!("the registry {}", quoted(registry)),
            Store::Folder(folder) => format!("the directory {}", shown(folder)),
        };
        let mut stored = Stored::default();
        let mut away = None;
        for (stage, verdict) in here.iter().chain(&there) {
            match verdict {
                Verdict::Found(Found::Here) => {
                    stored.on_engine.insert(stage.clone());
                }
                Verdict::Found(Found::There) => {
                    stored.in_cache.insert(stage.clone(), true);
                }
                Verdict::Absent => {
                    stored.in_cache.insert(stage.clone(), false);
                }
                Verdict::Foreign(what) => {
                    let owner = if here.get(stage) == Some(verdict) {
                        "the engine"
                    } else {
                        stored.in_cache.insert(stage.clone(), false);
                        &place
                    };
                    ui.warning(&format!(
                        "{owner} has another image under the name of {stage}: {what}"
                    ));
                }
                Verdict::Found(Found::Unseen) | Verdict::Refused | Verdict::Away(_) => {
                    away.get_or_insert(verdict);
                }
            }
        }
        if let Some(verdict) = away {
            ui.warning(&not_asked(store, &place, verdict));
        }
        let without_state = known
            .unknown()
            .filter(|stage| !known.has_files(&stage.name))
            .filter(|stage| known.reason_to_keep_away(&stage.name).is_none());
        let total = wanted.len() + without_state.count();
        let has = stored.in_cache.values().filter(|has| **has).count();
        let unknown = total - stored.in_cache.len();
        let unknown = match unknown {
            0 => String::new(),
            some => format!(", {some} unknown"),
        };
        let summary = format!("{place} has {has} of {total} stages{unknown}");
        Self {
            stored,
            summary: Some(summary.replacen("the ", "the cache in the ", 1)),
        }
    }
}

/// Why a cache does not tell what it has. All stages have the same reason, so it is told once.
fn not_asked(store: &Store, place: &str, verdict: &Verdict) -> String {
    match verdict {
        // BuildKit asks by TLS, and the engine's daemon pulls without it.
        Verdict::Found(_) => format!(
            "{place} has no TLS, so `pei status` cannot see what it has; `pei build` tries to pull each stage"
        ),
        Verdict::Away(away) => {
            let cure = away.cure.map(|cure| format!("; {cure}"));
            format!(
                "{place} cannot be reached: {away}{}",
                cure.unwrap_or_default()
            )
        }
        _ => {
            let host = match store {
                Store::Registry(registry) => registry.split('/').next().unwrap_or_default(),
                Store::Folder(_) => "",
            };
            format!("{place} refuses the engine's login; log in with `docker login {host}`")
        }
    }
}

type Verdicts = BTreeMap<String, Verdict>;

/// What the engine has under the names of the cache, and what the cache itself has.
fn verdicts(store: &Store, wanted: &[Wanted], deadline: Instant) -> (Verdicts, Verdicts) {
    let engine = Engine::from_environment().until(deadline);
    let (sender, answer) = mpsc::channel();
    // A thread of its own: a directory on a share that hangs cannot be read with a time limit.
    thread::spawn({
        let (store, wanted) = (store.clone(), wanted.to_vec());
        let engine = Engine::from_environment().until(deadline);
        move || {
            let all: Vec<&Wanted> = wanted.iter().collect();
            // It is no error if the deadline has passed.
            let _ = sender.send(cache::there(&engine, &store, &all));
        }
    });
    let here = cache::here(&engine, store, wanted);
    let left = deadline.saturating_duration_since(Instant::now());
    let there = answer.recv_timeout(left + GRACE).unwrap_or_else(|_| {
        let late = || {
            Verdict::Away(Away {
                reason: "it did not answer in time".to_owned(),
                cure: None,
            })
        };
        let all = wanted.iter();
        all.map(|wanted| (wanted.stage.clone(), late())).collect()
    });
    (here, there)
}
