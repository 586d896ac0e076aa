//! Builds the tree from the parser's events.

use std::ops::Range;
use std::rc::Rc;

use granit_parser::{Event, Parser, ScalarStyle, ScanError, Span, Tag, options};

use super::merge::finish_map;
use super::node::{Content, Entry, Node, Scalar};
use super::{limits, syntax};
use crate::diagnostic::{Code, Diagnostic, Findings, quoted};

/// Parses the first document of the text from `base` on. Returns the tree, if there is one, and the findings.
/// Positions count from the start of the whole text.
///
/// Text that is not YAML gives no tree. After any other problem the rest of the tree can still be read.
pub(crate) fn parse(text: &str, base: usize) -> (Option<Node>, Findings) {
    read(text, base, false)
}

/// Parses a compose file, whose tags have a meaning for Compose.
pub(crate) fn parse_compose(text: &str) -> (Option<Node>, Findings) {
    read(text, 0, true)
}

fn read(text: &str, base: usize, takes_tags: bool) -> (Option<Node>, Findings) {
    let text = &text[base..];
    let mut options = options! {
        emit_unresolved_aliases: true,
        flow_nesting_limit: limits::DEPTH,
        block_nesting_limit: limits::DEPTH,
    };
    options.set_emit_comments(false);
    let mut reader = Reader {
        text,
        base,
        takes_tags,
        events: Parser::new_from_str_with_options(text, options),
        anchors: Vec::new(),
        depth: 0,
        nodes: 0,
        aliased_nodes: 0,
        findings: Findings::default(),
    };
    let root = reader.document().unwrap_or_default();
    (root, reader.findings)
}

struct Reader<'t, I> {
    text: &'t str,
    /// Where this text begins in the source.
    base: usize,
    /// Whether any tag may stand at a value.
    takes_tags: bool,
    events: I,
    /// The anchors by number. An entry is `None` while the anchor's own value is being read.
    anchors: Vec<Option<Measured>>,
    /// How many collections are open.
    depth: usize,
    nodes: usize,
    aliased_nodes: usize,
    findings: Findings,
}

/// Reading cannot continue. The reason has been reported.
struct Stop;

/// A node, the number of nodes in it including itself, and its depth. Aliases are followed.
#[derive(Clone)]
struct Measured {
    node: Node,
    nodes: usize,
    height: usize,
}

/// Totals for the nodes in a collection.
#[derive(Default)]
struct Below {
    nodes: usize,
    height: usize,
}

impl Below {
    fn add(&mut self, read: Measured) -> Node {
        self.nodes = self.nodes.saturating_add(read.nodes);
        self.height = self.height.max(read.height);
        read.node
    }
}

impl<'t, I: Iterator<Item = Result<(Event<'t>, Span), ScanError>>> Reader<'t, I> {
    fn document(&mut self) -> Result<Option<Node>, Stop> {
        let mut documents = 0;
        let mut root = None;
        while let Some((event, span)) = self.next()? {
            if let Event::DocumentStart(..) = event {
                documents += 1;
                if documents == 2 {
                    let found = several_documents(&span, self.text).moved(self.base);
                    self.findings.push(found);
                    break;
                }
            } else if event.is_node() {
                root = Some(self.node(event, &span)?.node);
            }
        }
        Ok(root)
    }

    fn next(&mut self) -> Result<Option<(Event<'t>, Span)>, Stop> {
        self.events.next().transpose().map_err(|error| {
            let found = syntax::diagnostic(&error, self.text);
            self.findings.push(found.moved(self.base));
            Stop
        })
    }

    /// The next node of a collection, or the position of its end.
    fn member(&mut self) -> Result<Result<Measured, Span>, Stop> {
        match self.next()? {
            Some((Event::SequenceEnd | Event::MappingEnd, span)) => Ok(Err(span)),
            Some((event, span)) => self.node(event, &span).map(Ok),
            None => Err(Stop),
        }
    }

    fn node(&mut self, event: Event<'t>, span: &Span) -> Result<Measured, Stop> {
        let mut place = self.range(span);
        self.nodes += 1;
        if self.nodes > limits::NODES {
            return Err(self.stop(too_many_values(place)));
        }
        let mut below = Below::default();
        let (content, anchor) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                let plain = style == ScalarStyle::Plain && !forces_text(tag.as_deref());
                let text = text.into_owned();
                let content = if self.check_tag(tag.as_deref(), span) {
                    Content::Scalar(Scalar { text, plain })
                } else {
                    Content::Broken
                };
                (content, anchor)
            }
            Event::SequenceStart(_, anchor, tag) => {
                self.check_tag(tag.as_deref(), span);
                self.open(&place)?;
                let mut items = Vec::new();
                let end = loop {
                    match self.member()? {
                        Ok(item) => items.push(below.add(item)),
                        Err(end) => break end,
                    }
                };
                place = self.close(&place, &end);
                (Content::List(items), anchor)
            }
            Event::MappingStart(_, anchor, tag) => {
                self.check_tag(tag.as_deref(), span);
                self.open(&place)?;
                let (content, end) = self.entries(&mut below)?;
                place = self.close(&place, &end);
                (content, anchor)
            }
            Event::Alias(id) => return self.alias(id, place),
            Event::UnresolvedAlias(name) => {
                self.findings.push(
                    Diagnostic::error(
                        Code::UnknownAnchor,
                        place.clone(),
                        format!("no anchor `&{name}` comes before this alias"),
                    )
                    .help("anchors come before their aliases; quote a text that begins with `*`"),
                );
                (Content::Broken, 0)
            }
            _ => (Content::Broken, 0),
        };
        let read = Measured {
            node: Node {
                content: Rc::new(content),
                span: place,
                used_at: None,
            },
            nodes: below.nodes.saturating_add(1),
            height: below.height + 1,
        };
        if anchor > 0 {
            self.anchors
                .resize(self.anchors.len().max(anchor + 1), None);
            self.anchors[anchor] = Some(read.clone());
        }
        Ok(read)
    }

    fn open(&mut self, place: &Range<usize>) -> Result<(), Stop> {
        if self.depth >= limits::DEPTH {
            return Err(self.stop(too_deep(place.clone())));
        }
        self.depth += 1;
        Ok(())
    }

    /// The range of a whole collection. In block style it reaches to the next token, because the parser puts the end
    /// there.
    fn close(&mut self, place: &Range<usize>, end: &Span) -> Range<usize> {
        self.depth -= 1;
        place.start..place.end.max(self.range(end).end)
    }

    /// The entries of a mapping, and where it ends.
    fn entries(&mut self, below: &mut Below) -> Result<(Content, Span), Stop> {
        let mut entries = Vec::new();
        // The positions of `<<`, by the indices of the entries.
        let mut merges = Vec::new();
        // A key was not a text. If there is no other key, the mapping is reported as broken.
        let mut lost_key = false;
        let end = loop {
            let key = match self.member()? {
                Ok(key) => below.add(key),
                Err(end) => break end,
            };
            let Ok(value) = self.member()? else {
                return Err(Stop);
            };
            let value = below.add(value);
            let Some((text, is_merge)) = self.key(&key) else {
                lost_key = true;
                continue;
            };
            if is_merge {
                merges.push(entries.len());
            }
            entries.push(Entry {
                key: text,
                key_span: key.used_at.unwrap_or(key.span),
                value,
            });
        };
        if lost_key && entries.is_empty() {
            return Ok((Content::Broken, end));
        }
        let entries = finish_map(entries, &merges, &mut self.findings);
        Ok((Content::Map(entries), end))
    }

    /// The text of a key, and whether it is the merge key `<<`.
    fn key(&mut self, node: &Node) -> Option<(Rc<str>, bool)> {
        let span = node.used_at.clone().unwrap_or_else(|| node.span.clone());
        let problem = match &*node.content {
            Content::Scalar(scalar) if scalar.text.contains(char::is_control) => {
                let message = format!("the key {} holds a control character", quoted(&scalar.text));
                Diagnostic::error(Code::InvalidKey, span, message)
            }
            Content::Scalar(scalar) => {
                let is_merge = scalar.plain && scalar.text == "<<";
                return Some((scalar.text.as_str().into(), is_merge));
            }
            Content::Broken => return None,
            Content::List(_) | Content::Map(_) => Diagnostic::error(
                Code::InvalidKey,
                span,
                format!("a key must be a text, found {}", node.kind()),
            )
            .help("quote the key or the text: an unquoted `{` or `[` begins a mapping or a list"),
        };
        self.findings.push(problem);
        None
    }

    /// Resolves an alias.
    fn alias(&mut self, id: usize, span: Range<usize>) -> Result<Measured, Stop> {
        let Some(read) = self.anchors.get(id).cloned().flatten() else {
            self.findings.push(
                Diagnostic::error(
                    Code::RecursiveAlias,
                    span.clone(),
                    "this alias is inside its own anchor",
                )
                .help("write the value out, or move the anchor"),
            );
            let node = Node {
                content: Rc::new(Content::Broken),
                span,
                used_at: None,
            };
            return Ok(Measured {
                node,
                nodes: 1,
                height: 1,
            });
        };
        self.aliased_nodes = self.aliased_nodes.saturating_add(read.nodes);
        if self.aliased_nodes > limits::ALIASED_NODES {
            return Err(self.stop(too_many_aliases(span)));
        }
        if self.depth + read.height > limits::DEPTH {
            return Err(self.stop(too_deep(span)));
        }
        let node = Node {
            used_at: Some(span),
            ..read.node
        };
        Ok(Measured { node, ..read })
    }

    /// The byte range of a parser's span. Parsing a `&str` always gives byte offsets.
    fn range(&self, span: &Span) -> Range<usize> {
        let start = span.start.byte_offset().unwrap_or_default();
        let end = span.end.byte_offset().unwrap_or(start).max(start);
        start + self.base..end + self.base
    }

    fn stop(&mut self, diagnostic: Diagnostic) -> Stop {
        self.findings.push(diagnostic);
        Stop
    }

    /// Accepts tags of YAML's own types, because the key already decides the type. Reports others: pei cannot apply
    /// them.
    fn check_tag(&mut self, tag: Option<&Tag>, span: &Span) -> bool {
        const KNOWN: &[&str] = &["str", "int", "float", "bool", "null", "seq", "map"];
        let Some(tag) = tag else { return true };
        let is_known = tag.core_suffix().is_some_and(|name| KNOWN.contains(&name));
        if self.takes_tags || is_known || tag.original() == "!" {
            return true;
        }
        let place = span
            .tag_span()
            .map_or_else(|| self.range(span), |tag| self.range(&tag));
        self.findings.push(
            Diagnostic::error(
                Code::UnsupportedTag,
                place,
                format!("the tag {} has no meaning here", quoted(&tag.original())),
            )
            .help("remove the tag; quote a text that begins with `!`"),
        );
        false
    }
}

/// Whether the tag makes any scalar a text: with `!!str`, `null` and `yes` are texts.
fn forces_text(tag: Option<&Tag>) -> bool {
    tag.is_some_and(|tag| tag.core_suffix() == Some("str") || tag.original() == "!")
}

fn several_documents(span: &Span, text: &str) -> Diagnostic {
    let start = span.start.byte_offset().unwrap_or_default();
    let end = text.len().min(start + "---".len());
    Diagnostic::error(
        Code::SeveralDocuments,
        start..end,
        "the file holds more than one YAML document",
    )
    .label("the second begins here")
    .help("remove this line, or move each document to a file of its own")
}

pub(super) fn too_deep(span: Range<usize>) -> Diagnostic {
    Diagnostic::error(
        Code::NestedTooDeeply,
        span,
        format!(
            "more than {} collections are nested in each other",
            limits::DEPTH
        ),
    )
    .help("check for brackets that are not closed")
}

fn too_many_aliases(span: Range<usize>) -> Diagnostic {
    Diagnostic::error(
        Code::TooManyAliases,
        span,
        format!(
            "the aliases of this file stand for more than {} values",
            limits::ALIASED_NODES
        ),
    )
    .help("write the values out: anchors that hold aliases multiply them")
}

fn too_many_values(span: Range<usize>) -> Diagnostic {
    Diagnostic::error(
        Code::FileTooLarge,
        span,
        format!("the file holds more than {} values", limits::NODES),
    )
    .help("check that this is the config, and move data out of it")
}
