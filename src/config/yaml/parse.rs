//! From text to the tree, through the parser's events.

use std::ops::Range;

use serde_saphyr::granit_parser::{Event, Parser, ScalarStyle, Span, Tag, options};

use super::build::{Builder, Stop};
use super::limits;
use super::node::{Node, Scalar};
use super::syntax;
use crate::diagnostic::{Code, Diagnostic, Findings, quoted};

/// The first document of the text, where one could be read, and what is wrong with the text.
///
/// A text that is not YAML has no tree; everything else leaves one that can be read further.
pub(in crate::config) fn parse(text: &str) -> (Option<Node>, Findings) {
    let mut options = options! {
        emit_unresolved_aliases: true,
        flow_nesting_limit: limits::DEPTH,
        block_nesting_limit: limits::DEPTH,
    };
    options.set_emit_comments(false);

    let mut builder = Builder::default();
    let mut documents = 0;
    for event in Parser::new_from_str_with_options(text, options) {
        let step = match event {
            Ok((Event::DocumentStart(..), span)) => {
                documents += 1;
                if documents == 2 {
                    builder.report(several_documents(&range(&span), text));
                    Err(Stop)
                } else {
                    Ok(())
                }
            }
            Ok((event, span)) => take(&mut builder, event, &span),
            Err(error) => {
                builder.report(syntax::diagnostic(&error, text));
                let (_, findings) = builder.finish();
                return (None, findings);
            }
        };
        if step.is_err() {
            break;
        }
    }
    builder.finish()
}

fn take(builder: &mut Builder, event: Event<'_>, span: &Span) -> Result<(), Stop> {
    let place = range(span);
    if event.is_node() {
        builder.count(&place)?;
    }
    match event {
        Event::Scalar(text, style, anchor, tag) => {
            let plain = style == ScalarStyle::Plain && !forces_text(tag.as_deref());
            check_tag(builder, tag.as_deref(), span);
            let text = text.into_owned();
            builder.scalar(Scalar { text, plain }, place, anchor);
            Ok(())
        }
        Event::SequenceStart(_, anchor, tag) => {
            check_tag(builder, tag.as_deref(), span);
            builder.open_list(place, anchor)
        }
        Event::MappingStart(_, anchor, tag) => {
            check_tag(builder, tag.as_deref(), span);
            builder.open_map(place, anchor)
        }
        Event::SequenceEnd | Event::MappingEnd => {
            builder.close(place.end);
            Ok(())
        }
        Event::Alias(id) => builder.alias(id, place),
        Event::UnresolvedAlias(name) => {
            builder.report(
                Diagnostic::error(
                    Code::UnknownAnchor,
                    place.clone(),
                    format!("no anchor `&{name}` stands before this alias"),
                )
                .help("anchors come before their aliases; quote a text that begins with `*`"),
            );
            builder.broken(place);
            Ok(())
        }
        _ => Ok(()),
    }
}

/// `!!str` makes `null` and `yes` a text.
fn forces_text(tag: Option<&Tag>) -> bool {
    tag.is_some_and(|tag| tag.core_suffix() == Some("str") || tag.original_handle() == "!")
}

/// Tags of YAML's own types say nothing that the key does not know; others cannot be obeyed.
fn check_tag(builder: &mut Builder, tag: Option<&Tag>, span: &Span) {
    const KNOWN: &[&str] = &["str", "int", "float", "bool", "null", "seq", "map"];
    let Some(tag) = tag else { return };
    if tag.core_suffix().is_some_and(|name| KNOWN.contains(&name)) || tag.original() == "!" {
        return;
    }
    let place = span
        .tag_span()
        .map_or_else(|| range(span), |tag| range(&tag));
    builder.report(
        Diagnostic::error(
            Code::UnsupportedTag,
            place,
            format!("the tag {} has no meaning here", quoted(&tag.original())),
        )
        .help("remove the tag; quote a text that begins with `!`"),
    );
}

fn several_documents(span: &Range<usize>, text: &str) -> Diagnostic {
    let end = text.len().min(span.start + "---".len());
    Diagnostic::error(
        Code::SeveralDocuments,
        span.start..end,
        "the file holds more than one YAML document",
    )
    .label("the second begins here")
    .help("remove this line, or keep the documents in files of their own")
}

/// Parsing a `&str` always gives byte offsets.
pub(super) fn range(span: &Span) -> Range<usize> {
    let start = span.start.byte_offset().unwrap_or_default();
    start..span.end.byte_offset().unwrap_or(start).max(start)
}
