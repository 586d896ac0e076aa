//! How `create` and `configure` report what they did or would do.

use std::path::Path;

use super::given::INSTALLATION;
use super::stages::compose_files;
use crate::diagnostic::{count, is_harmful, quoted};
use crate::project::{Action, COMPOSE_TEMPLATE, Change, Changes, GPU_COMPOSE_FILE, Notice};
use crate::render::quote;
use crate::ui::Ui;

/// Longer listings are shown only with `--verbose`.
const SHORT: usize = 12;

/// Builds and starts the stage that runs, whether or not there is a stage-2.
pub(super) const BUILD_AND_START: &str = "docker compose up -d --build";
/// Starts what `pei build` has built.
pub(super) const START: &str = "docker compose up -d";

/// A command for the project's directory.
pub(super) fn enter(folder: &Path, command: &str) -> String {
    if folder == Path::new(".") {
        return command.to_owned();
    }
    format!("cd {} && {command}", shell_word(folder))
}

/// `docker compose` with the GPUs of `device.type: auto`. Compose reads an override file by itself only where no file is
/// named, so it is named too.
pub(super) fn compose_with_gpu(folder: &Path) -> String {
    let mut files = compose_files(folder);
    if !files.iter().any(|file| file == GPU_COMPOSE_FILE) {
        files.insert(1, GPU_COMPOSE_FILE.to_owned());
    }
    let files = files
        .iter()
        .map(|file| format!(" -f {}", shell_word(Path::new(file))));
    format!("docker compose{}", files.collect::<String>())
}

/// The changes for stdout, one per line.
pub(super) fn listing(report: &Changes<'_>) -> String {
    report
        .changes
        .iter()
        .map(|change| change.line() + "\n")
        .collect()
}

/// Reports everything about a write except the closing line.
pub(super) fn tell(ui: &mut Ui, report: &Changes<'_>) {
    for change in &report.changes {
        if report.changes.len() <= SHORT {
            ui.status(&format!("  {}", change.line()));
        } else {
            ui.detail(&format!("  {}", change.line()));
        }
    }
    for change in &report.changes {
        let path = quoted(&change.path);
        match &change.action {
            Action::ReplaceEdited { backup } => ui.warning(&format!(
                "{path} differs from what pei wrote and has been replaced; the old file is {}",
                quoted(backup)
            )),
            Action::LineEnds => {
                ui.note(&format!(
                    "{path} had CRLF line endings, which shells cannot run; they are LF now"
                ));
            }
            Action::Create | Action::Replace | Action::SetMode | Action::Remove => {}
        }
    }
    corrected_modes(ui, report);
    notices(ui, report);
}

/// Says why modes were corrected: git keeps only the x bit, and builds see all of them.
fn corrected_modes(ui: &mut Ui, report: &Changes<'_>) {
    let is_corrected = |change: &&Change<'_>| {
        change.action == Action::SetMode && Path::new(&change.path).starts_with(INSTALLATION)
    };
    let mut corrected = report.changes.iter().filter(is_corrected);
    let Some(first) = corrected.next() else {
        return;
    };
    let more = match corrected.count() {
        0 => String::new(),
        more => format!(" (and {} like it)", count(more, "file")),
    };
    ui.note(&format!(
        "{}{more} has the mode {:o} now: builds see modes, so group and others have no write permission in any clone",
        quoted(&first.path),
        first.mode()
    ));
}

/// Reports what happened to `compose-template.yml` and to the files of `PeiDocker`.
fn notices(ui: &mut Ui, report: &Changes<'_>) {
    for notice in &report.notices {
        match notice {
            Notice::ComposeTemplateRestored => {
                ui.note(&format!("`{COMPOSE_TEMPLATE}` was missing and has been restored"));
            }
            Notice::ComposeTemplateReplaced => {
                ui.note(&format!(
                    "`{COMPOSE_TEMPLATE}` was from another version and has been replaced"
                ));
            }
            Notice::ComposeTemplateForeign => ui.warning(&format!(
                "`{COMPOSE_TEMPLATE}` was not made by pei: it was not used, and has been replaced by pei's own"
            )),
            Notice::ComposeTemplateKeptOld => ui.warning(&format!(
                "`{COMPOSE_TEMPLATE}` is your extension of another version's template; it is used and kept, \
                 but may lack newer keys"
            )),
            Notice::Moved(number) => ui.note(&format!(
                "this was a project of PeiDocker: pei has replaced {} that PeiDocker wrote and nobody edited",
                count(*number, "file")
            )),
            Notice::ClearKey(path) => ui.warning(&format!(
                "{} is a private key in clear text, which PeiDocker made; builds leave it out now, but earlier \
                 images hold it: delete the file, and replace the key if others could have those images",
                quoted(path)
            )),
        }
    }
}

/// `3 files created, 1 replaced, 210 unchanged`
pub(super) fn summary(report: &Changes<'_>) -> String {
    let number = |is: fn(&Action) -> bool| {
        report
            .changes
            .iter()
            .filter(|change| is(&change.action))
            .count()
    };
    let created = number(|action| *action == Action::Create);
    let replaced =
        number(|action| matches!(action, Action::Replace | Action::ReplaceEdited { .. }));
    let removed = number(|action| *action == Action::Remove);
    let corrected = number(|action| matches!(action, Action::SetMode | Action::LineEnds));
    let parts = [
        (created, "created"),
        (replaced, "replaced"),
        (removed, "removed"),
        (corrected, "corrected"),
        (report.unchanged, "unchanged"),
    ];
    parts
        .into_iter()
        .filter(|(number, _)| *number > 0)
        .enumerate()
        .map(|(place, (number, word))| match place {
            0 => format!("{} {word}", count(number, "file")),
            _ => format!("{number} {word}"),
        })
        .collect::<Vec<_>>()
        .join(", ")
}

/// A path quoted so that it can be pasted into a shell.
pub(super) fn shell_word(path: &Path) -> String {
    match path.to_str() {
        Some(text) if !text.contains(is_harmful) => quote::sh_if_needed(text),
        // Control characters and bytes that are not UTF-8 are escaped in `$'…'`, which bash and zsh read.
        _ => {
            let bytes = path.as_os_str().as_encoded_bytes().iter();
            let escaped = bytes.map(|byte| match byte {
                b'\'' | b'\\' => format!("\\{}", char::from(*byte)),
                b' '..=b'~' => char::from(*byte).to_string(),
                _ => format!("\\x{byte:02x}"),
            });
            format!("$'{}'", escaped.collect::<String>())
        }
    }
}
