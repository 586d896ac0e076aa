//! From a flat row of nodes to the tree.

use std::ops::Range;
use std::rc::Rc;

use super::limits;
use super::merge::finish_map;
use super::node::{Content, Entry, Node, Scalar};
use crate::diagnostic::{Code, Diagnostic, Findings, quoted};

/// The tree under construction.
#[derive(Default)]
pub(super) struct Builder {
    /// Collections that are not closed yet, the outermost first.
    open: Vec<Frame>,
    anchors: Vec<Anchor>,
    aliased_nodes: usize,
    root: Option<Node>,
    nodes: usize,
    findings: Findings,
}

/// A collection that is not closed yet.
struct Frame {
    collection: Collection,
    span: Range<usize>,
    anchor: usize,
    size: Size,
}

enum Collection {
    List(Vec<Node>),
    Map {
        entries: Vec<Entry>,
        key: PendingKey,
        /// The places of `<<`, by their entries' indices.
        merges: Vec<usize>,
        /// A key was no text. Without any other key nothing can be said of the mapping.
        lost_key: bool,
    },
}

/// The key whose value comes next.
#[derive(Default)]
enum PendingKey {
    /// The next node is a key itself.
    #[default]
    None,
    /// It was no text; its value is dropped.
    Unusable,
    Text {
        text: Rc<str>,
        span: Range<usize>,
        is_merge: bool,
    },
}

/// Nodes below and including a node, aliases followed, and how deep they go.
#[derive(Clone, Copy, Default)]
struct Size {
    nodes: usize,
    height: usize,
}

/// The value of an anchor, by its number.
#[derive(Clone, Default)]
enum Anchor {
    /// No value yet: the alias is inside it.
    #[default]
    Open,
    Closed(Node, Size),
}

/// Nothing more can be made of the file.
pub(super) struct Stop;

impl Builder {
    pub(super) fn report(&mut self, diagnostic: Diagnostic) {
        self.findings.push(diagnostic);
    }

    /// To be asked before each value of the file.
    pub(super) fn count(&mut self, span: &Range<usize>) -> Result<(), Stop> {
        self.nodes += 1;
        if self.nodes <= limits::NODES {
            return Ok(());
        }
        self.findings.push(
            Diagnostic::error(
                Code::FileTooLarge,
                span.clone(),
                format!("the file holds more than {} values", limits::NODES),
            )
            .help("check that this is the config, and move data out of it"),
        );
        Err(Stop)
    }

    pub(super) fn scalar(&mut self, scalar: Scalar, span: Range<usize>, anchor: usize) {
        self.node(Content::Scalar(scalar), span, anchor, Size::default());
    }

    pub(super) fn open_list(&mut self, span: Range<usize>, anchor: usize) -> Result<(), Stop> {
        self.push(Collection::List(Vec::new()), span, anchor)
    }

    pub(super) fn open_map(&mut self, span: Range<usize>, anchor: usize) -> Result<(), Stop> {
        let collection = Collection::Map {
            entries: Vec::new(),
            key: PendingKey::None,
            merges: Vec::new(),
            lost_key: false,
        };
        self.push(collection, span, anchor)
    }

    fn push(
        &mut self,
        collection: Collection,
        span: Range<usize>,
        anchor: usize,
    ) -> Result<(), Stop> {
        if self.open.len() >= limits::DEPTH {
            self.findings.push(too_deep(span));
            return Err(Stop);
        }
        self.open.push(Frame {
            collection,
            span,
            anchor,
            size: Size::default(),
        });
        Ok(())
    }

    /// Ends the innermost collection.
    pub(super) fn close(&mut self, end: usize) {
        let Some(frame) = self.open.pop() else {
            return;
        };
        let content = match frame.collection {
            Collection::List(items) => Content::List(items),
            Collection::Map {
                entries,
                lost_key: true,
                ..
            } if entries.is_empty() => Content::Broken,
            Collection::Map {
                entries, merges, ..
            } => Content::Map(finish_map(entries, &merges, &mut self.findings)),
        };
        // The end mark of a block collection is where the next thing begins.
        let span = frame.span.start..frame.span.end.max(end);
        self.node(content, span, frame.anchor, frame.size);
    }

    /// An alias of a known anchor.
    pub(super) fn alias(&mut self, id: usize, span: Range<usize>) -> Result<(), Stop> {
        match self.anchors.get(id).cloned().unwrap_or_default() {
            Anchor::Open => {
                self.findings.push(
                    Diagnostic::error(
                        Code::RecursiveAlias,
                        span.clone(),
                        "this alias stands inside its own anchor",
                    )
                    .help("write the value out, or move the anchor"),
                );
                self.broken(span);
                Ok(())
            }
            Anchor::Closed(node, size) => {
                self.aliased_nodes = self.aliased_nodes.saturating_add(size.nodes);
                if self.aliased_nodes > limits::ALIASED_NODES {
                    self.findings.push(too_many(span));
                    return Err(Stop);
                }
                if self.open.len() + size.height > limits::DEPTH {
                    self.findings.push(too_deep(span));
                    return Err(Stop);
                }
                let node = Node {
                    used_at: Some(span),
                    ..node
                };
                self.place(node, size);
                Ok(())
            }
        }
    }

    /// Stands where a value could not be read.
    pub(super) fn broken(&mut self, span: Range<usize>) {
        self.node(Content::Broken, span, 0, Size::default());
    }

    pub(super) fn finish(self) -> (Option<Node>, Findings) {
        (self.root, self.findings)
    }

    fn node(&mut self, content: Content, span: Range<usize>, anchor: usize, below: Size) {
        let node = Node {
            content: Rc::new(content),
            span,
            used_at: None,
        };
        let size = Size {
            nodes: below.nodes.saturating_add(1),
            height: below.height + 1,
        };
        if anchor > 0 {
            if self.anchors.len() <= anchor {
                self.anchors.resize(anchor + 1, Anchor::Open);
            }
            self.anchors[anchor] = Anchor::Closed(node.clone(), size);
        }
        self.place(node, size);
    }

    /// Puts a finished node into the collection that is open.
    fn place(&mut self, node: Node, size: Size) {
        let Some(frame) = self.open.last_mut() else {
            self.root = Some(node);
            return;
        };
        frame.size.nodes = frame.size.nodes.saturating_add(size.nodes);
        frame.size.height = frame.size.height.max(size.height);
        match &mut frame.collection {
            Collection::List(items) => items.push(node),
            Collection::Map {
                entries,
                key,
                merges,
                lost_key,
            } => match std::mem::take(key) {
                PendingKey::None => *key = key_of(&node, &mut self.findings),
                PendingKey::Unusable => *lost_key = true,
                PendingKey::Text {
                    text,
                    span,
                    is_merge,
                } => {
                    if is_merge {
                        merges.push(entries.len());
                    }
                    entries.push(Entry {
                        key: text,
                        key_span: span,
                        value: node,
                    });
                }
            },
        }
    }
}

/// What a node is as a key.
fn key_of(node: &Node, findings: &mut Findings) -> PendingKey {
    let span = node.used_at.clone().unwrap_or_else(|| node.span.clone());
    match &*node.content {
        Content::Scalar(scalar) => {
            if scalar.text.contains(char::is_control) {
                let message = format!("the key {} holds a control character", quoted(&scalar.text));
                findings.push(Diagnostic::error(Code::InvalidKey, span, message));
                return PendingKey::Unusable;
            }
            PendingKey::Text {
                text: scalar.text.as_str().into(),
                span,
                is_merge: scalar.plain && scalar.text == "<<",
            }
        }
        Content::Broken => PendingKey::Unusable,
        Content::List(_) | Content::Map(_) => {
            findings.push(
                Diagnostic::error(
                    Code::InvalidKey,
                    span,
                    format!("a key must be a text, found {}", node.kind()),
                )
                .help(
                    "quote the key or the text: an unquoted `{` or `[` begins a mapping or a list",
                ),
            );
            PendingKey::Unusable
        }
    }
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

fn too_many(span: Range<usize>) -> Diagnostic {
    Diagnostic::error(
        Code::TooManyAliases,
        span,
        format!(
            "the aliases of this file stand for more than {} values",
            limits::ALIASED_NODES
        ),
    )
    .help("write out what is meant; anchors that hold aliases multiply")
}
