//! What of a run a cache keeps.

use std::path::Path;

use anyhow::Result;

use super::outcome::shell_word;
use super::stages::{KeptAway, Stages};
use super::taking::Run;
use crate::cache::{Found, Verdict, Wanted};
use crate::diagnostic::list;
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::state::Kind;
use crate::ui::{ColorChoice, Ui, Verbosity};

impl Run<'_> {
    /// The stages that this run keeps, and whether an image of each has to be made first.
    pub(super) fn to_keep(&self) -> Vec<(&Wanted, bool)> {
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
        let wanted = wanted.filter_map(|wanted| {
            let stage = &wanted.stage;
            if self.is_here(stage) {
                return Some((wanted, false));
            }
            let is_made = self.order.built.contains(stage) || self.stages.is_built_here(stage);
            is_made.then_some((wanted, true))
        });
        wanted.collect()
    }

    /// The stages that the cache lacks, and this machine has not built.
    pub(super) fn not_built(&self) -> Vec<&str> {
        let kept: Vec<&str> = self
            .to_keep()
            .iter()
            .map(|(wanted, _)| wanted.stage.as_str())
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

    /// Commands that bring what is taken to the engine.
    pub(super) fn lines_before(&self) -> Vec<String> {
        let Some(store) = self.stages.store.as_ref().filter(|_| !self.is_elsewhere()) else {
            return Vec::new();
        };
        let missing = self.wanted.iter().filter(|wanted| {
            self.order.taken.contains(&wanted.stage) && !self.is_here(&wanted.stage)
        });
        let program = shell_word(self.stages.engine.program().as_ref());
        missing
            .map(|wanted| match store.archive(&wanted.stage, &wanted.state) {
                Some(archive) => format!("{program} load -i {}", shell_word(&archive)),
                None => format!(
                    "{program} pull {}",
                    store.reference(&wanted.stage, &wanted.state)
                ),
            })
            .collect()
    }

    /// Commands that keep what was built.
    pub(super) fn lines_behind(&self) -> Vec<String> {
        let Some(store) = &self.stages.store else {
            return Vec::new();
        };
        let program = shell_word(self.stages.engine.program().as_ref());
        let kept = self.to_keep().into_iter();
        kept.map(|(wanted, _)| {
            let name = store.reference(&wanted.stage, &wanted.state);
            match store.archive(&wanted.stage, &wanted.state) {
                Some(archive) => format!("{program} save -o {} {name}", shell_word(&archive)),
                None => format!("{program} push {name}"),
            }
        })
        .collect()
    }

    /// Compares the states with those from before the build. An image of a stage that changed meanwhile may be made of
    /// either text, so it must not be kept under the state of one.
    pub(super) fn check_states(&mut self, ui: &mut Ui, config: &Path) {
        if self.to_keep().is_empty() {
            return;
        }
        let mut quiet = Ui::new(ColorChoice::Never, Verbosity::Quiet);
        let now = Stages::load(&mut quiet, &self.stages.folder, config);
        let now = now.ok().flatten();
        let is_as_before = |wanted: &&Wanted| {
            let state = now.as_ref().and_then(|now| now.state(&wanted.stage));
            let state = state.and_then(|state| state.state.as_ref().ok());
            state.is_some_and(|state| state.as_str() == wanted.state)
        };
        let changed = self.wanted.iter().filter(|wanted| !is_as_before(wanted));
        self.changed = changed.map(|wanted| wanted.stage.clone()).collect();
        for stage in &self.changed {
            ui.warning(&format!(
                "{stage} is not kept: something that it is made of changed during the build; build it again"
            ));
        }
    }

    /// Tells of the stages that no cache gets, whatever comes of the build.
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
            match reason {
                KeptAway::Environment(stage) => ui.note(&format!(
                    "not kept in the cache: {stages}; the values of `stages.{stage}.environment` would be readable in the image"
                )),
                KeptAway::Secret(what) => ui.warning(&format!(
                    "not kept in the cache: {stages}; something in {what} looks like a secret, which would be readable in the \
                     history of the image. Leave it out, or let a hook of `on_first_run` read it from a mounted file"
                )),
            }
        }
    }

    /// Keeps what is to be kept. Where that was asked for by a flag, a place that cannot be reached is a failure.
    pub(super) fn keep(&self, ui: &mut Ui, is_asked_for: bool) -> Result<ExitCode> {
        let Some(store) = self.stages.store.as_ref().filter(|_| self.keeps) else {
            return Ok(ExitCode::Success);
        };
        let mut kept = Vec::new();
        let mut first_failure = None;
        for (wanted, _) in self.to_keep() {
            let stage = &wanted.stage;
            let name = store.reference(stage, &wanted.state);
            if holds_login(&self.stages.engine.history(&name)?) {
                ui.warning(&format!(
                    "{stage} is not kept: its image tells the URL of a proxy with a login, as a build arg or a variable"
                ));
                continue;
            }
            match store.keep(&self.stages.engine, stage, &wanted.state) {
                Ok(()) => kept.push(stage.as_str()),
                Err(error) => {
                    ui.warning(&format!("{stage} was not kept: {error:#}"));
                    first_failure.get_or_insert(error);
                }
            }
        }
        if !kept.is_empty() {
            ui.status(&format!("kept in the cache: {}", list(&kept, "and")));
        }
        let is_reached =
            |verdict: &Verdict| !matches!(verdict, Verdict::Away(_) | Verdict::Refused);
        let is_whole = first_failure.is_none() && self.there.values().all(is_reached);
        if is_asked_for && !is_whole {
            let failure = Failure::engine(
                "the images are built, but not all of their stages are in the cache",
            );
            return Err(failure
                .help("`pei push` keeps them once the cache can be reached")
                .into());
        }
        Ok(ExitCode::Success)
    }
}

/// Whether some URL in a text has a login before its host. A password may hold `,` and `;`.
fn holds_login(text: &str) -> bool {
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
