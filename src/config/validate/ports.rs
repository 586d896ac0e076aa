//! The `ports` section.

use super::port::{self, Mapping};
use crate::config::read::{Context, Field, Place, Reported, Site};
use crate::config::yaml::{Content, Node};
use crate::diagnostic::{Code, quoted};
use crate::model::{ComposeText, Part};

/// A port with its position.
#[derive(Debug, Clone)]
pub(super) struct Published {
    pub(super) text: ComposeText,
    /// `None` if it holds a marker.
    pub(super) mapping: Option<Mapping>,
    pub(super) site: Site,
}

impl Published {
    /// The mapping with the default of each marker, or with any port if there is no default: a host port that only
    /// Compose knows is as reachable as any other.
    pub(super) fn likely_mapping(&self) -> Option<Mapping> {
        let text = self.text.parts.iter();
        let text = text.map(|part| part.known().unwrap_or("1"));
        port::parse(&text.collect::<String>()).ok()
    }
}

pub(super) fn read(
    cx: &mut Context<'_>,
    field: Option<Field<'_>>,
    stage: &Place<'_>,
) -> Vec<Published> {
    let Some(field) = field else {
        return Vec::new();
    };
    let at = field.place(stage);
    items(cx, field.node, &at, "- \"8080:80\"")
        .iter()
        .enumerate()
        .filter_map(|(index, node)| published(cx, node, &at.item(index, node)).ok())
        .collect()
}

/// The items of a list. Null is an empty list.
pub(super) fn items<'n>(
    cx: &mut Context<'_>,
    node: &'n Node,
    at: &Place<'_>,
    example: &str,
) -> &'n [Node] {
    match &*node.content {
        Content::List(items) => items,
        Content::Broken => &[],
        _ => {
            if !node.is_null() {
                let help = format!("write one entry a line, such as `{example}`");
                cx.wrong_type(at, node, "a list", Some(&help));
            }
            &[]
        }
    }
}

fn published(cx: &mut Context<'_>, node: &Node, at: &Place<'_>) -> Result<Published, Reported> {
    if let Content::Map(_) = &*node.content {
        let help = "use Compose's short syntax, such as `\"8080:80\"`";
        return Err(cx.wrong_type(at, node, "a port as one text", Some(help)));
    }
    let Some(text) = cx.compose_line(node, at)? else {
        let help = "write a port such as `\"8080:80\"`, or remove the dash";
        return Err(cx.wrong_type(at, node, "a port", Some(help)));
    };
    let mapping = match text.as_literal() {
        Some(literal) => port::parse(literal).map(Some),
        None if has_blank(&text) => Err("holds a space"),
        None => Ok(None),
    };
    match mapping {
        Ok(mapping) => Ok(Published {
            text,
            mapping,
            site: at.site(node.span.clone()),
        }),
        Err(what) => {
            let shown = quoted(text.as_literal().unwrap_or("with markers"));
            let diagnostic = at
                .error(
                    Code::InvalidPort,
                    node.span.clone(),
                    format!("the port {shown} {what}"),
                )
                .help(help(what));
            Err(cx.report(diagnostic))
        }
    }
}

fn help(what: &str) -> &'static str {
    match what {
        port::OUT_OF_RANGE => "choose port numbers from 1 to 65535",
        port::TOO_MANY_PARTS => "write one mapping an item, with at most `IP:HOST:CONTAINER`",
        _ => {
            "write it as Compose does, such as `\"8080:80\"`, `\"127.0.0.1:8080:80\"` or `\"53:53/udp\"`"
        }
    }
}

fn has_blank(text: &ComposeText) -> bool {
    text.parts.iter().any(|part| match part {
        Part::Literal(text) => text.contains(char::is_whitespace),
        Part::Marker { .. } => false,
    })
}
