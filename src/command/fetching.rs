//! Bringing what a run takes to the engine.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::ErrorKind;
use std::path::Path;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use super::taking::Run;
use crate::cache::{self, Refusal, Store, Verdict};
use crate::engine::{Engine, PATIENCE};
use crate::ui::Ui;

impl Run<'_> {
    /// Brings what is taken to the engine; what cannot be had, or is something else, is built.
    pub(super) fn fetch(&mut self, ui: &mut Ui, targets: &[String], dry_run: bool) {
        let Some(store) = self.stages.store.clone() else {
            return;
        };
        if dry_run {
            return;
        }
        let mut fetched = BTreeSet::new();
        // Another builder fetches by itself.
        while !self.is_elsewhere() {
            let missing = self
                .order
                .taken
                .iter()
                .find(|stage| !self.is_here(stage))
                .cloned();
            let Some(stage) = missing else {
                break;
            };
            let verdict = self.fetch_one(ui, &store, &stage);
            if !matches!(verdict, Verdict::Found(_)) {
                self.there.insert(stage.clone(), verdict.clone());
            }
            fetched.insert(stage.clone());
            self.here.insert(stage, verdict);
            self.decide(targets);
        }
        let taken = self.order.taken.iter().map(|stage| {
            let place = if fetched.contains(stage) || self.is_elsewhere() {
                "from the cache"
            } else {
                "here already"
            };
            format!("{stage} ({place})")
        });
        let taken: Vec<String> = taken.collect();
        if !taken.is_empty() {
            ui.status(&format!("not built: {}", taken.join(", ")));
        }
    }

    fn fetch_one(&self, ui: &mut Ui, store: &Store, stage: &str) -> Verdict {
        let Some(wanted) = self.wanted.iter().find(|wanted| wanted.stage == stage) else {
            return Verdict::Absent;
        };
        let name = self.name_of(store, stage);
        ui.detail(&format!("fetching {name}"));
        let engine = &self.stages.engine;
        let fetch = || match store.archive(stage, &wanted.state) {
            None => pull(engine, &store.reference(stage, &wanted.state)),
            Some(archive) => load(engine, &archive, &store.reference(stage, &wanted.state)),
        };
        // Nobody knows how long an image of any size takes.
        let fetched = unless_quick(QUICK, fetch, || {
            ui.note(&format!(
                "still fetching {name}; if it takes too long, end this, and `pei build --pull=false` builds {stage}"
            ));
        });
        let verdict = match fetched {
            Ok(()) => {
                let mut found = cache::here(engine, store, std::slice::from_ref(wanted));
                found.remove(stage).unwrap_or_else(|| {
                    Verdict::Foreign("it holds no image of that name".to_owned())
                })
            }
            Err(what) => Verdict::Foreign(what),
        };
        if let Verdict::Foreign(what) = &verdict {
            ui.warning(&format!(
                "{name} is not taken for {stage}, which is built: {what}"
            ));
        }
        verdict
    }
}

fn broken(what: impl std::fmt::Display) -> String {
    format!("it is broken or gone: {what}")
}

fn pull(engine: &Engine, reference: &str) -> Result<(), String> {
    engine.pull(reference, PATIENCE).map_err(broken)
}

/// Loads an archive, if it holds the expected image and no other.
fn load(engine: &Engine, archive: &Path, reference: &str) -> Result<(), String> {
    let mut file = File::open(archive).map_err(broken)?;
    let mut refusal = None;
    let loaded = engine.load(|pipe| {
        refusal = cache::copy_archive(&mut file, pipe, reference).err();
        refusal.is_none()
    });
    match refusal {
        Some(Refusal::Foreign(what)) => Err(what),
        Some(Refusal::Io(error)) if error.kind() != ErrorKind::BrokenPipe => Err(broken(error)),
        // The engine says why it takes no more.
        _ => loaded.map_err(broken),
    }
}

/// A fetch that takes longer is told of.
const QUICK: Duration = Duration::from_secs(20);

/// What comes of some work; where that takes longer than a limit, it is told once.
fn unless_quick<T: Send>(
    limit: Duration,
    work: impl FnOnce() -> T + Send,
    tell: impl FnOnce(),
) -> T {
    let (done, is_done) = channel::<()>();
    thread::scope(|scope| {
        let working = scope.spawn(move || {
            let result = work();
            drop(done);
            result
        });
        if is_done.recv_timeout(limit) == Err(RecvTimeoutError::Timeout) {
            tell();
        }
        let result = working.join();
        result.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_that_takes_long_is_told_of() {
        let (go_on, waiting) = channel();
        let work = move || waiting.recv().map(|()| 1);
        let tell = || go_on.send(()).unwrap();
        assert_eq!(unless_quick(Duration::from_millis(1), work, tell), Ok(1));
        let tell = || panic!("it was quick");
        assert_eq!(unless_quick(Duration::from_mins(1), || 2, tell), 2);
    }
}
