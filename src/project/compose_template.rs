//! `compose-template.yml`: pei's file that a person may extend.
//!
//! There are three kinds:
//!
//! - stamped and edited: the user's extension. It is used and kept.
//! - stamped and not edited: written by some version of pei. It is replaced by this version's.
//! - without a stamp: from another tool, and of no use to pei. It is saved and replaced.

use std::path::Path;

use super::changes::Notice;
use super::folder::Folder;
use super::names::COMPOSE_TEMPLATE;
use super::{compare, stamp};

/// What to do with the template in a project.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Rule {
    /// Keep it, with or without a message.
    Keep(Option<Notice>),
    /// Treat it like any file of pei's, with a message.
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

/// The text of a project's template if it is the user's extension. Otherwise pei's own template is used.
///
/// # Errors
/// There is a directory, or a link out of the project, in its place.
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
    fn an_extension_of_another_version_is_kept_and_reported() {
        let other = PEIS.replace("{}", "{ }");
        let extended = stamp::stamp(other) + "x-mine: 1\n";
        assert_eq!(
            rule_for(&extended),
            Rule::Keep(Some(Notice::ComposeTemplateKeptOld))
        );
    }

    #[test]
    fn an_unedited_template_of_another_version_is_replaced() {
        let other = stamp::stamp(PEIS.replace("{}", "{ }"));
        assert_eq!(
            rule_for(&other),
            Rule::Replace(Notice::ComposeTemplateReplaced)
        );
    }

    #[test]
    fn a_template_of_another_tool_is_replaced() {
        let rule = rule_for("services:\n  stage-1: ${oc.select:x}\n");
        assert_eq!(rule, Rule::Replace(Notice::ComposeTemplateForeign));
    }
}
