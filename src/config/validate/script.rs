//! The script that a hook entry names.

use super::project_path::{self, did_you_mean, normalise};
use super::stage_kind::StageKind;
use crate::config::read::{Context, Place, Reported};
use crate::config::yaml::Node;
use crate::config::{FileProblem, Lookup};
use crate::diagnostic::{Code, Diagnostic, list, quoted};

/// Where scripts lie that are named without their folder.
const FOLDERS: [&str; 4] = [
    "stage-1/custom",
    "stage-2/custom",
    "stage-1/system",
    "stage-2/system",
];

/// What people write before a script, as in a shell.
const RUNNERS: [&str; 8] = [
    "bash", "sh", "source", ".", "sudo", "exec", "python", "python3",
];

/// The script's path, for a hook of a stage that a build runs, or a container; one that is not there yet may still be made before the build.
pub(super) fn read(
    cx: &mut Context<'_>,
    node: &Node,
    at: &Place<'_>,
    (word, arguments): (&str, &str),
    (stage, is_build): (StageKind, bool),
) -> Result<String, Reported> {
    let span = node.span.clone();
    let refuse =
        |code, message: String, help: &str| at.error(code, span.clone(), message).help(help);
    if word.contains(char::is_control) {
        let message = "a script's path cannot hold a line break or a tab".to_owned();
        return Err(cx.report(refuse(Code::ControlCharacter, message, "rename the script")));
    }
    if RUNNERS.contains(&word) {
        let message = format!("{} is no script of the project", quoted(word));
        let help = format!("leave out `{word}`: an entry begins with the path of a script");
        return Err(cx.report(refuse(Code::InvalidHook, message, &help)));
    }
    if word.contains("://") {
        let message = format!("{} is no file of the project", quoted(word));
        let help = "download the script into `installation/stage-1/custom` and name it there";
        return Err(cx.report(refuse(Code::InvalidHook, message, help)));
    }
    if word == "~" || word.starts_with("~/") {
        let message = "`~` is not replaced in the path of a script".to_owned();
        let help = "copy the script into `installation/stage-1/custom` and name it there";
        return Err(cx.report(refuse(Code::InvalidHook, message, help)));
    }
    let path = match normalise(word) {
        Ok(path) => path,
        Err(problem) => return Err(cx.report(project_path::outside(at, span, problem))),
    };
    let what = match cx.lookup().project_file_exists(&path) {
        Ok(()) => {
            check_content(cx, node, at, &path)?;
            check_stage(cx, node, at, &path, stage);
            return Ok(path);
        }
        Err(problem @ FileProblem::Outside) => {
            let diagnostic = project_path::file_diagnostic(at, span, &path, &problem);
            return Err(cx.report(diagnostic));
        }
        Err(FileProblem::NotAFile) => "is not a file",
        Err(_) => "does not exist",
    };
    let own = match stage {
        StageKind::System => "stage-1",
        StageKind::Working => "stage-2",
    };
    let meant = meant(cx.lookup(), &path, arguments, own);
    if what == "does not exist" && !path.contains('/') {
        let message = format!("{} is no script of the project", quoted(&path));
        let help = meant.unwrap_or_else(|| {
            format!(
                "write a script that runs it, such as `installation/{own}/custom/NAME.sh`, and name that: `{own}/custom/NAME.sh`"
            )
        });
        return Err(cx.report(refuse(Code::InvalidHook, message, &help)));
    }
    let shown = quoted(&format!("installation/{path}"));
    let outcome = if is_build {
        "the build will fail"
    } else {
        "the hook will fail in the container"
    };
    let message = format!("the hook script {shown} {what}: {outcome}");
    let warning = at.warning(Code::MissingHookScript, node.span.clone(), message);
    cx.report(warning.help(meant.unwrap_or_else(|| {
        "write it before you build; paths are relative to `installation/`".into()
    })));
    Ok(path)
}

/// The cure for a path that names no file; `own` is the directory of the entry's stage.
fn meant(lookup: &dyn Lookup, path: &str, arguments: &str, own: &str) -> Option<String> {
    if path.starts_with("installation/") {
        return Some("leave out `installation/`: paths are relative to it".into());
    }
    if path.contains('$') {
        return Some(
            "a script's path is taken as it is: variables and `~` are not replaced in it".into(),
        );
    }
    let is_file = |path: &str| lookup.project_file_exists(path).is_ok();
    // `my script.sh --fast` without quotes.
    let words: Vec<&str> = arguments.split_whitespace().take(20).collect();
    let whole = (1..=words.len()).map(|count| format!("{path} {}", words[..count].join(" ")));
    if let Some(whole) = whole.into_iter().find(|whole| is_file(whole)) {
        return Some(format!("put a path with spaces in quotes: `'{whole}'`"));
    }
    let names = lookup.project_names(path);
    let is_script =
        |name: &&String| name.strip_suffix(".sh").is_some() && is_file(&format!("{path}/{name}"));
    if let Some(name) = names.iter().find(is_script) {
        return Some(format!("name a script in it, such as `{path}/{name}`"));
    }
    let places = FOLDERS.into_iter().flat_map(|folder| {
        let tools = lookup.project_names(folder).into_iter();
        let tools = tools.map(move |tool| format!("{folder}/{tool}"));
        std::iter::once(folder.to_owned()).chain(tools.filter(|_| folder.ends_with("system")))
    });
    let stages = ["stage-1", "stage-2"].map(str::to_owned);
    let mut files: Vec<_> = stages
        .into_iter()
        .chain(places)
        .map(|folder| format!("{folder}/{path}"))
        .filter(|file| is_file(file))
        // Stage-1's image does not hold the scripts of stage-2.
        .filter(|file| own == "stage-2" || file.starts_with("stage-1/"))
        .collect();
    files.sort_by_key(|file| !file.starts_with(own));
    let file = files.into_iter().next();
    file.map(|file| format!("did you mean {}?", quoted(&file)))
        .or_else(|| did_you_mean(lookup, path))
}

/// What no shell can run.
fn check_content(
    cx: &mut Context<'_>,
    node: &Node,
    at: &Place<'_>,
    path: &str,
) -> Result<(), Reported> {
    let Ok(bytes) = cx.lookup().project_file(path) else {
        return Ok(());
    };
    let shown = quoted(&format!("installation/{path}"));
    let report = |diagnostic: Diagnostic, help: &str| diagnostic.help(help);
    let span = node.span.clone();
    if let Some(encoding) = crate::config::source::utf16(&bytes) {
        let message = format!("the hook script {shown} is {encoding}, which no shell reads");
        let diagnostic = at.error(Code::InvalidHook, span, message);
        return Err(cx.report(report(diagnostic, "save it as UTF-8 in your editor")));
    }
    if bytes.trim_ascii().is_empty() {
        let message = format!("the hook script {shown} is empty");
        let warning = at.warning(Code::MissingHookScript, span, message);
        cx.report(report(warning, "write the script, or remove the entry"));
    }
    Ok(())
}

/// An image holds its own stage's folder, and those of the stages that it grows from.
fn check_stage(cx: &mut Context<'_>, node: &Node, at: &Place<'_>, path: &str, stage: StageKind) {
    let folders = stage.folders();
    let own = path.split('/').next().unwrap_or(path);
    if !folders.contains(&own) {
        let folders = folders.iter().map(|name| format!("installation/{name}"));
        let folders: Vec<String> = folders.collect();
        cx.report(
            at.warning(
                Code::ScriptOutsideStage,
                node.span.clone(),
                format!(
                    "the image does not hold {}",
                    quoted(&format!("installation/{path}"))
                ),
            )
            .help(format!(
                "move the script: this stage's image holds {}",
                list(&folders, "and")
            )),
        );
    }
}
