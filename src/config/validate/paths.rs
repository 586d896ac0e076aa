//! Checks of the parts of a volume in Compose's short syntax, where a colon separates them.

use crate::config::read::{Context, Field, Place, Reported};
use crate::diagnostic::{Code, quoted};
use crate::model::{ComposeText, NameForm, Part};

/// Checks `volume_name`, the name of a volume in the engine.
pub(super) fn check_volume_name(
    cx: &mut Context<'_>,
    field: Option<Field<'_>>,
    at: &Place<'_>,
    text: &ComposeText,
) -> Result<(), Reported> {
    let mut texts = text.parts.iter().filter_map(Part::known);
    let characters = texts.all(|text| NameForm::VOLUME.has_all(text));
    let first = match text.parts.first() {
        None => false,
        Some(Part::Literal(text)) => NameForm::VOLUME.begins(text),
        Some(Part::Marker { .. }) => true,
    };
    if characters && first {
        return Ok(());
    }
    let message = format!("{} cannot be the name of a volume", shown(text));
    let help = "use ASCII letters, digits, `.`, `_` and `-`, with a letter or a digit first";
    Err(cx.bad_value(field, at, Code::InvalidVolumeName, message, help))
}

/// Checks `host_path`. Compose must recognise it as a path.
pub(super) fn check_host_path(
    cx: &mut Context<'_>,
    field: Option<Field<'_>>,
    at: &Place<'_>,
    text: &ComposeText,
) -> Result<(), Reported> {
    let problem = match text.parts.first() {
        None => Some((
            "the path is empty".into(),
            "write `.` for the project's directory".into(),
        )),
        Some(Part::Literal(first)) if begins_with_drive(first) => {
            let rest = text.parts[1..].iter().any(part_has_colon);
            (rest || first[2..].contains(':')).then(|| colon(text))
        }
        Some(_) if has_colon(text) => Some(colon(text)),
        Some(Part::Literal(first)) if first.starts_with('$') => Some((
            format!("a `$` begins no variable in {}", shown(text)),
            "write braces around a variable's name, such as `${HOME}/data`".into(),
        )),
        Some(Part::Literal(first)) if first.starts_with("\\\\") => Some((
            format!("{} is a share of Windows", shown(text)),
            "mount the share on this machine, and write the directory at which it is mounted"
                .into(),
        )),
        Some(Part::Literal(first)) if !first.starts_with(['/', '.', '~']) => Some((
            format!(
                "Compose would take {} for the name of a volume",
                shown(text)
            ),
            if text.is_literal() {
                format!("write `./{first}` for a directory beside the config")
            } else {
                format!("begin with `./`: `./{first}…`")
            },
        )),
        Some(_) => None,
    };
    report(cx, field, at, problem)
}

/// Warns of a Windows drive, which Compose accepts and an engine on another system refuses, and of another user's
/// home, `~x`, which Compose takes for `~/x`.
pub(super) fn warn_of_place(
    cx: &mut Context<'_>,
    field: Option<Field<'_>>,
    at: &Place<'_>,
    text: &ComposeText,
) {
    let (Some(path), Some(field)) = (text.as_literal(), field) else {
        return;
    };
    let at = field.place(at);
    if let Some(rest) = path.strip_prefix('~')
        && !rest.is_empty()
        && !rest.starts_with('/')
    {
        let taken = quoted(&format!("~/{rest}"));
        let message = format!("Compose takes {} for {taken}", quoted(path));
        let warning = at.warning(Code::InvalidPath, field.node.span.clone(), message);
        cx.report(warning.help("write the absolute path of another user's directory"));
    }
    if !begins_with_drive(path) {
        return;
    }
    let message = format!("{} is a path of Windows", quoted(path));
    let drive = path[..1].to_lowercase();
    let below = path[3..].replace('\\', "/");
    let in_wsl = quoted(&format!("/mnt/{drive}/{below}"));
    let warning = at.warning(Code::WindowsPath, field.node.span.clone(), message);
    cx.report(warning.help(format!(
        "in WSL write {in_wsl}; a Docker engine takes a drive only where Compose runs on Windows itself"
    )));
}

/// Checks `dst_path`: it must be absolute and not `/`.
pub(super) fn check_destination(
    cx: &mut Context<'_>,
    field: Option<Field<'_>>,
    at: &Place<'_>,
    text: &ComposeText,
) -> Result<(), Reported> {
    let problem = match text.parts.first() {
        None => Some((
            "the path is empty".into(),
            "write an absolute path, such as `/data`".into(),
        )),
        Some(_) if has_colon(text) => Some(colon(text)),
        Some(Part::Literal(first)) if !first.starts_with('/') => Some((
            format!("{} is not an absolute path of the container", shown(text)),
            if text.is_literal() && !first.starts_with(['.', '~']) {
                format!("write `/{first}`")
            } else {
                "begin with `/`".into()
            },
        )),
        Some(_) if text.as_literal().is_some_and(is_root) => Some((
            "nothing can be mounted over the container's root directory".into(),
            "name a directory in it, such as `/data`".into(),
        )),
        Some(_) => None,
    };
    report(cx, field, at, problem)
}

fn report(
    cx: &mut Context<'_>,
    field: Option<Field<'_>>,
    at: &Place<'_>,
    problem: Option<(String, String)>,
) -> Result<(), Reported> {
    match problem {
        None => Ok(()),
        Some((message, help)) => Err(cx.bad_value(field, at, Code::InvalidPath, message, &help)),
    }
}

fn colon(text: &ComposeText) -> (String, String) {
    (
        format!("the path {} holds a colon", shown(text)),
        "Compose splits `HOST:CONTAINER` at colons; use a path without one".into(),
    )
}

/// Whether the path begins with a Windows drive, `C:\…`. Compose accepts that colon.
fn begins_with_drive(path: &str) -> bool {
    matches!(path.as_bytes(), [letter, b':', b'\\' | b'/', ..] if letter.is_ascii_alphabetic())
}

fn has_colon(text: &ComposeText) -> bool {
    text.parts.iter().any(part_has_colon)
}

fn part_has_colon(part: &Part) -> bool {
    part.known().is_some_and(|text| text.contains(':'))
}

fn shown(text: &ComposeText) -> String {
    text.as_literal().map_or_else(|| "this text".into(), quoted)
}

fn is_root(path: &str) -> bool {
    normalised(path) == "/"
}

/// An absolute path in its shortest form, for comparisons.
pub(super) fn normalised(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    format!("/{}", parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::normalised;

    #[test]
    fn a_directory_has_one_spelling() {
        for path in ["/a/b", "/a/b/", "//a/./b", "/a/c/../b"] {
            assert_eq!(normalised(path), "/a/b");
        }
        assert_eq!(normalised("/.."), "/");
    }
}
