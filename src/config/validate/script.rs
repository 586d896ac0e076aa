//! The script that a hook entry names.

use super::copies::Names;
use super::project_path::{self, did_you_mean, normalise};
use super::stage_kind::StageKind;
use crate::config::read::{Context, Place, Reported};
use crate::config::yaml::{Content, Node};
use crate::config::{FileProblem, Lookup};
use crate::diagnostic::{Code, Diagnostic, list, quoted};

/// The directories to search for a script that is named without one.
const FOLDERS: [&str; 4] = [
    "stage-1/custom",
    "stage-2/custom",
    "stage-1/system",
    "stage-2/system",
];

/// Directories below `installation/` that belong to stages.
const OF_STAGES: [&str; 3] = ["stage-1", "stage-2", "stages"];

/// The stage of the entry.
#[derive(Clone, Copy)]
pub(super) enum Home<'n> {
    /// Stage-1 or stage-2, with the names of the further stages.
    Stage(StageKind, &'n Names),
    /// A further stage, by its name.
    Builder(&'n str),
}

impl Home<'_> {
    /// The directory of its own scripts.
    fn own(self) -> String {
        match self {
            Self::Stage(StageKind::System, _) => "stage-1".to_owned(),
            Self::Stage(StageKind::Working, _) => "stage-2".to_owned(),
            Self::Builder(name) => format!("stages/{name}"),
        }
    }

    /// An example path of a script of its own.
    fn example(self) -> String {
        match self {
            Self::Stage(..) => format!("{}/custom/NAME.sh", self.own()),
            Self::Builder(_) => format!("{}/NAME.sh", self.own()),
        }
    }

    /// The directories that its scripts may be in.
    fn folders(self) -> Vec<String> {
        match self {
            Self::Stage(kind, _) => kind.folders().iter().map(|name| (*name).into()).collect(),
            Self::Builder(_) => vec![self.own(), "stage-1/system".to_owned()],
        }
    }
}

/// Commands that people write before a script, as in a shell.
const RUNNERS: [&str; 8] = [
    "bash", "sh", "source", ".", "sudo", "exec", "python", "python3",
];

/// The script's path. A missing script is only a warning, because it may be written later, before the build.
pub(super) fn read(
    cx: &mut Context<'_>,
    node: &Node,
    at: &Place<'_>,
    (word, arguments): (&str, &str),
    (home, is_build): (Home<'_>, bool),
) -> Result<String, Reported> {
    let span = node.span.clone();
    let refuse =
        |code, message: String, help: &str| at.error(code, span.clone(), message).help(help);
    if word.contains(char::is_control) {
        let message = "a script's path cannot hold a line break or a tab".to_owned();
        return Err(cx.report(refuse(Code::ControlCharacter, message, "rename the script")));
    }
    if RUNNERS.contains(&word) {
        let message = format!("{} is not a script of the project", quoted(word));
        let help = format!("leave out `{word}`: an entry begins with the path of a script");
        return Err(cx.report(refuse(Code::InvalidHook, message, &help)));
    }
    let folder = match home {
        Home::Stage(..) => "`installation/stage-1/custom`".to_owned(),
        Home::Builder(_) => quoted(&format!("installation/{}", home.own())),
    };
    if word.contains("://") {
        let message = format!("{} is not a file of the project", quoted(word));
        let help = format!("download the script into {folder} and name it there");
        return Err(cx.report(refuse(Code::InvalidHook, message, &help)));
    }
    if word == "~" || word.starts_with("~/") {
        let message = "`~` is not replaced in the path of a script".to_owned();
        let help = format!("copy the script into {folder} and name it there");
        return Err(cx.report(refuse(Code::InvalidHook, message, &help)));
    }
    let path = match normalise(word) {
        Ok(path) => path,
        Err(problem) => {
            let diagnostic = project_path::outside(at, span, problem, &home.example());
            return Err(cx.report(diagnostic));
        }
    };
    let what = match cx.lookup().project_file_exists(&path) {
        Ok(()) => {
            check_content(cx, node, at, &path)?;
            check_folder(cx, node, at, &path, home)?;
            return Ok(path);
        }
        Err(problem @ FileProblem::Outside) => {
            let diagnostic = project_path::file_diagnostic(at, span, &path, &problem);
            return Err(cx.report(diagnostic));
        }
        Err(FileProblem::NotAFile) => "is not a file",
        Err(_) => "does not exist",
    };
    let meant = meant(cx.lookup(), &path, arguments, home);
    if let Content::Scalar(scalar) = &*node.content
        && let Some(typed) = scalar.text.split_whitespace().next()
        && typed.contains('\\')
        && what == "does not exist"
    {
        let message = format!("{} is not a script of the project", quoted(typed));
        let help = "write `/` between the parts of a path, not `\\`";
        return Err(cx.report(refuse(Code::InvalidHook, message, help)));
    }
    if what == "does not exist" && !path.contains('/') {
        let message = format!("{} is not a script of the project", quoted(&path));
        let help = meant.unwrap_or_else(|| {
            format!(
                "write a script that runs it, such as `installation/{example}`, and write that script here: `{example}`",
                example = home.example()
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

/// Help for a path that is not a file.
fn meant(lookup: &dyn Lookup, path: &str, arguments: &str, home: Home<'_>) -> Option<String> {
    if path.starts_with("installation/") {
        return Some("leave out `installation/`: paths are relative to it".into());
    }
    if path.contains('$') {
        return Some(
            "a script's path is taken as it is: variables and `~` are not replaced in it".into(),
        );
    }
    let is_file = |path: &str| lookup.project_file_exists(path).is_ok();
    // The path may have a space and lack quotes: `my script.sh --fast`.
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
    let own = home.own();
    let folders = home.folders();
    let mut files: Vec<_> = ["stage-1", "stage-2", "stages", &own]
        .map(str::to_owned)
        .into_iter()
        .chain(places)
        .map(|folder| format!("{folder}/{path}"))
        .filter(|file| is_file(file))
        // The image of stage-1 does not hold the scripts of stage-2.
        .filter(|file| folders.iter().any(|folder| is_below(file, folder)))
        .collect();
    files.sort_by_key(|file| !file.starts_with(&own));
    let file = files.into_iter().next();
    file.map(|file| format!("did you mean {}?", quoted(&file)))
        .or_else(|| did_you_mean(lookup, path))
}

/// Reports a script that no shell can run.
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

fn is_below(path: &str, folder: &str) -> bool {
    let rest = path.strip_prefix(folder);
    rest.is_some_and(|rest| rest.starts_with('/'))
}

/// Warns of a script in another stage's directory: the image then gets all of that directory. For a directory that
/// belongs to no stage, this is what the user wants. Refuses a script that the build of a further stage does not see:
/// it sees its own directory and the installers.
fn check_folder(
    cx: &mut Context<'_>,
    node: &Node,
    at: &Place<'_>,
    path: &str,
    home: Home<'_>,
) -> Result<(), Reported> {
    let folders = home.folders();
    if folders.iter().any(|folder| is_below(path, folder)) {
        return Ok(());
    }
    let folders: Vec<String> = folders
        .iter()
        .map(|name| format!("installation/{name}"))
        .collect();
    let (code, span) = (Code::ScriptOutsideStage, node.span.clone());
    let shown = quoted(&format!("installation/{path}"));
    match home {
        Home::Stage(_, names) => {
            let mut parts = path.split('/');
            let top = parts.next().unwrap_or(path);
            if !OF_STAGES.contains(&top) {
                return Ok(());
            }
            let folders = list(&folders, "or");
            // Of a stage that nothing was copied from there would be all in the image.
            let own = parts.next().unwrap_or_default();
            if top == "stages" && names.builders.contains_key(own) {
                let message = format!("{shown} is a script of the stage {}", quoted(own));
                let help = format!("move the script into {folders}");
                return Err(cx.report(at.error(code, span, message).help(help)));
            }
            let message = format!("{shown} is a script of another stage");
            let help = format!(
                "move the script into {folders}, or the image gets all of `installation/{top}`, too"
            );
            cx.report(at.warning(code, span, message).help(help));
            Ok(())
        }
        Home::Builder(_) => {
            let message = format!("the stage's build does not see {shown}");
            let folders = list(&folders, "and");
            let help = format!("move the script: this stage's build sees {folders}");
            Err(cx.report(at.error(code, span, message).help(help)))
        }
    }
}
