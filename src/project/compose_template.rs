//! `compose-template.yml`: pei's file that a person may extend.
//!
//! Three kinds can stand in a project. One that carries pei's token and was
//! edited is the user's extension: it is used and kept. One that is unedited is
//! pei's of some version: it gives way to this version's. One without a token
//! comes from another tool and means nothing to pei: it is saved and replaced.

use std::path::Path;

use super::changes::Notice;
use super::folder::Folder;
use super::names::COMPOSE_TEMPLATE;
use super::{compare, stamp};

/// What to do with the template that stands in a project.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Rule {
    /// Leave it, and perhaps say so.
    Keep(Option<Notice>),
    /// Treat it like any file of pei's, and say so.
    Replace(Notice),
}

/// The rule for a template that differs from pei's.
pub(super) fn rule(found: Option<&[u8]>, peis: &[u8]) -> Rule {
    let found = found.and_then(|bytes| std::str::from_utf8(bytes).ok());
    let peis = std::str::from_utf8(peis).unwrap_or_default();
    match found {
        Some(text) if stamp::is_unedited(text) => Rule::Replace(Notice::ComposeTemplateReplaced),
        Some(text) if stamp::is_stamped(text) => {
            let of_this_version = stamp::same_token(text, peis);
            Rule::Keep((!of_this_version).then_some(Notice::ComposeTemplateKeptOld))
        }
        _ => Rule::Replace(Notice::ComposeTemplateForeign),
    }
}

/// The text of a project's template where it is the user's extension; otherwise pei's own counts.
///
/// # Errors
/// A folder or a link out of the project in its place.
pub fn extended_compose_template(place: &Path) -> anyhow::Result<Option<String>> {
    let Some(folder) = Folder::open(place)? else {
        return Ok(None);
    };
    let found = folder.look(COMPOSE_TEMPLATE).map_err(anyhow::Error::msg)?;
    let bytes = match found {
        Some(found) => compare::read(&found, COMPOSE_TEMPLATE).map_err(anyhow::Error::msg)?,
        None => None,
    };
    let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
    Ok(text.filter(|text| stamp::is_stamped(text) && !stamp::is_unedited(text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PEIS: &str = "# pei:----------------\nservices: {}\n";

    fn rule_for(text: &str) -> Rule {
        rule(
            Some(text.as_bytes()),
            stamp::stamp(PEIS.to_owned()).as_bytes(),
        )
    }

    #[test]
    fn an_extension_is_kept() {
        let extended = stamp::stamp(PEIS.to_owned()) + "x-mine: 1\n";
        assert_eq!(rule_for(&extended), Rule::Keep(None));
    }

    #[test]
    fn an_extension_of_another_version_is_kept_and_named() {
        let other = PEIS.replace("{}", "{ }");
        let extended = stamp::stamp(other) + "x-mine: 1\n";
        assert_eq!(
            rule_for(&extended),
            Rule::Keep(Some(Notice::ComposeTemplateKeptOld))
        );
    }

    #[test]
    fn an_unedited_one_of_another_version_gives_way() {
        let other = stamp::stamp(PEIS.replace("{}", "{ }"));
        assert_eq!(
            rule_for(&other),
            Rule::Replace(Notice::ComposeTemplateReplaced)
        );
    }

    #[test]
    fn one_of_another_tool_gives_way() {
        let rule = rule_for("services:\n  stage-1: ${oc.select:x}\n");
        assert_eq!(rule, Rule::Replace(Notice::ComposeTemplateForeign));
    }
}
