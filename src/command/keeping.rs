//! Which stages of a run are stored in the cache.

use std::path::{self, Path};

use anyhow::Result;

use super::outcome::shell_word;
use super::stages::KeptAway;
use super::taking::Run;
use crate::cache::{self, Found, Said, Store, Verdict, Wanted};
use crate::diagnostic::list;
use crate::failure::Failure;
use crate::state::Kind;
use crate::ui::Ui;

impl Run<'_> {
    /// The stages that this run stores in the cache. The image of each is built again, because an image of that name on
    /// the engine may come from anywhere. This runs no step: the build cache has the results.
    pub(super) fn to_keep(&self) -> Vec<&Wanted> {
        if !self.keeps {
            return Vec::new();
        }
        let is_missing = |stage: &str| {
            matches!(
                self.there.get(stage),
                Some(Verdict::Absent | Verdict::Foreign(_) | Verdict::Found(Found::Unseen))
            )
        };
        let wanted = self
            .wanted
            .iter()
            .filter(|wanted| is_missing(&wanted.stage) && !self.changed.contains(&wanted.stage));
        let is_built =
            |stage: &String| self.order.built.contains(stage) || self.stages.is_built_here(stage);
        wanted.filter(|wanted| is_built(&wanted.stage)).collect()
    }

    /// The stages that the cache lacks, and this machine has not built.
    pub(super) fn not_built(&self) -> Vec<&str> {
        let kept: Vec<&str> = self
            .to_keep()
            .iter()
            .map(|wanted| wanted.stage.as_str())
            .collect();
        let missing = self.wanted.iter().map(|wanted| wanted.stage.as_str());
        let missing = missing.filter(|stage| {
            let verdict = self.there.get(*stage);
            matches!(
                verdict,
                Some(Verdict::Absent | Verdict::Foreign(_) | Verdict::Found(Found::Unseen))
            ) && !kept.contains(stage)
        });
        missing.collect()
    }

    /// The commands that pull or load the stages that the build takes from the cache.
    pub(super) fn lines_before(&self) -> Result<Vec<String>> {
        let Some(store) = self.stages.store.as_ref().filter(|_| !self.is_elsewhere()) else {
            return Ok(Vec::new());
        };
        let missing = self.wanted.iter().filter(|wanted| {
            self.order.taken.contains(&wanted.stage) && !self.is_here(&wanted.stage)
        });
        let program = shell_word(self.stages.engine.program().as_ref());
        let lines = missing.map(|wanted| {
            let archive = store.archive(&wanted.stage, &wanted.state);
            Ok(match archive.map(path::absolute).transpose()? {
                Some(archive) => format!("{program} load -i {}", shell_word(&archive)),
                None => format!(
                    "{program} pull {}",
                    store.reference(&wanted.stage, &wanted.state)
                ),
            })
        });
        lines.collect()
    }

    /// The commands that store what was built, in the same way as this program: an archive gets its name when it is
    /// complete, and other users can read it.
    pub(super) fn lines_behind(&self) -> Result<Vec<String>> {
        let kept = self.to_keep();
        let (Some(store), false) = (&self.stages.store, kept.is_empty()) else {
            return Ok(Vec::new());
        };
        let mut lines = Vec::new();
        // Paths are absolute, because the commands run in the project's directory.
        if let Store::Folder(folder) = store
            && !folder.exists()
        {
            lines.push(format!("mkdir {}", shell_word(&path::absolute(folder)?)));
        }
        let program = shell_word(self.stages.engine.program().as_ref());
        for wanted in kept {
            let name = store.reference(&wanted.stage, &wanted.state);
            let archive = store.archive(&wanted.stage, &wanted.state);
            lines.push(match archive.map(path::absolute).transpose()? {
                Some(archive) => {
                    let unfinished = shell_word(&Store::unfinished(&archive));
                    let archive = shell_word(&archive);
                    format!(
                        "{program} save -o {unfinished} {name} && chmod 644 {unfinished} && mv {unfinished} {archive}"
                    )
                }
                None => format!("{program} push {name}"),
            });
        }
        Ok(lines)
    }

    /// Compares the states with those from before the build. If the inputs of a stage changed during the build, its
    /// image may come from the old or the new ones, so it must not be stored under either state.
    pub(super) fn check_states(&mut self, ui: &mut Ui, config: &Path) {
        if self.to_keep().is_empty() {
            return;
        }
        let changed = self.stages.changed_since(config, &self.wanted);
        self.changed = changed.into_iter().collect();
        if !self.changed.is_empty() {
            let stages: Vec<&str> = self.changed.iter().map(String::as_str).collect();
            ui.warning(&format!(
                "not kept: {}; their inputs changed during the build. Run `pei build` again",
                list(&stages, "and")
            ));
        }
    }

    /// Reports the stages that are never stored in a cache, whatever the result of the build.
    pub(super) fn tell_kept_away(&self, ui: &mut Ui) {
        let mut by_reason: Vec<(KeptAway, Vec<&str>)> = Vec::new();
        for stage in &self.stages.states {
            let is_asked_for = stage.kind != Kind::Tail && !self.stages.has_files(&stage.name);
            let reason = self.stages.reason_to_keep_away(&stage.name);
            let Some(reason) = reason.filter(|_| is_asked_for) else {
                continue;
            };
            match by_reason.iter_mut().find(|(known, _)| *known == reason) {
                Some((_, stages)) => stages.push(&stage.name),
                None => by_reason.push((reason, vec![&stage.name])),
            }
        }
        for (reason, stages) in by_reason {
            let stages = list(&stages, "and");
            let text = format!("not kept in the cache: {stages}; {reason}");
            match reason {
                KeptAway::Environment(_) => ui.note(&text),
                KeptAway::Secret(_) => ui.warning(&format!(
                    "{text}. Leave it out, or let a hook of `on_first_run` read it from a mounted file"
                )),
            }
        }
    }

    /// Stores the stages in the cache. `failure` is set if the user asked for this explicitly, not only in the config.
    /// Then a stage that could not be stored is an error with that message.
    pub(super) fn keep(&self, ui: &mut Ui, failure: Option<&str>) -> Result<()> {
        let Some(store) = self.stages.store.as_ref().filter(|_| self.keeps) else {
            return Ok(());
        };
        let mut kept = Vec::new();
        let mut cures = self
            .troubles()
            .into_iter()
            .map(|trouble| trouble.cure(store));
        let mut is_whole = cures.len() == 0;
        let mut cure = cures.find_map(|cure| cure);
        for wanted in self.to_keep() {
            let stage = &wanted.stage;
            let name = store.reference(stage, &wanted.state);
            if holds_login(&self.stages.engine.history(&name)?) {
                ui.warning(&format!(
                    "{stage} is not kept: its image contains a proxy URL with a login, in a build arg or a variable"
                ));
                continue;
            }
            match store.keep(&self.stages.engine, stage, &wanted.state) {
                Ok(()) => kept.push(stage.as_str()),
                Err(error) => {
                    ui.warning(&format!("{stage} was not kept: {error:#}"));
                    is_whole = false;
                    cure = cure.or_else(|| cure_of(&error, store));
                }
            }
        }
        if !kept.is_empty() {
            ui.status(&format!("kept in the cache: {}", list(&kept, "and")));
        }
        match failure {
            Some(message) if !is_whole => {
                let help = match cure {
                    Some(cure) => format!("{cure}; then `pei push` keeps them"),
                    None => "`pei push` keeps them once the cache can be reached".to_owned(),
                };
                Err(Failure::engine(message).help(help).into())
            }
            _ => Ok(()),
        }
    }

    /// Of the stages for which the cache was asked, those that it has.
    pub(super) fn kept_already(&self) -> Vec<&str> {
        let found = self.there.iter();
        let found = found.filter(|(_, verdict)| **verdict == Verdict::Found(Found::There));
        found.map(|(stage, _)| stage.as_str()).collect()
    }

    /// Whether a stage is not stored in the cache because the history of its image would show a secret.
    pub(super) fn has_secret(&self) -> bool {
        let states = self.stages.states.iter();
        let mut reasons = states
            .filter(|state| state.kind != Kind::Tail && !self.stages.has_files(&state.name))
            .filter_map(|state| self.stages.reason_to_keep_away(&state.name));
        reasons.any(|reason| matches!(reason, KeptAway::Secret(_)))
    }
}

/// How the user can fix the error because of which a stage was not stored.
fn cure_of(error: &anyhow::Error, store: &Store) -> Option<String> {
    if let Store::Folder(_) = store {
        let system = error.root_cause().downcast_ref::<std::io::Error>()?;
        return cache::of_folder(system).cure.map(str::to_owned);
    }
    match cache::sense(&format!("{error:#}")) {
        Said::Refused => Some(format!(
            "log in as somebody who may write there: `{}`",
            store.login()
        )),
        Said::Away(away) => away.cure.map(str::to_owned),
        Said::Plain | Said::Absent => None,
    }
}

/// Whether some URL in a text has a login before its host. A password may hold `,` and `;`.
pub(super) fn holds_login(text: &str) -> bool {
    text.split("://").skip(1).any(|rest| {
        let end = rest.find(|c: char| c.is_whitespace() || "/?#\"".contains(c));
        rest[..end.unwrap_or(rest.len())].contains('@')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_in_a_url_is_seen() {
        for text in [
            "http_proxy=http://me:pw@proxy:1 /bin/sh",
            "http_proxy=http://me:p,w;x@proxy:1 /bin/sh",
            r#"["A=https://me@host/x"]"#,
        ] {
            assert!(holds_login(text), "{text}");
        }
        for text in ["http://proxy:1", "a@b http://c/d@e", "mail me@host"] {
            assert!(!holds_login(text), "{text}");
        }
    }
}
