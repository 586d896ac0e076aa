//! The tree of stages as a drawing: which stage builds on which, what it copies, and which images get a name.

use std::collections::HashMap;
use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::diagnostic::is_harmful;
use crate::model::{ComposeText, Copied, Origin, Project, Source, Start};

/// A form of the drawing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Form {
    /// For a terminal
    #[default]
    Text,
    /// A flowchart of Mermaid, which many web pages show
    Mermaid,
    /// For Graphviz
    Dot,
    /// For a script
    Json,
}

/// The drawing of a project.
#[must_use]
pub fn graph(project: &Project, form: Form) -> String {
    let graph = Graph::new(project);
    match form {
        Form::Text => graph.text(),
        Form::Mermaid => graph.mermaid(),
        Form::Dot => graph.dot(),
        Form::Json => for_json(&format!("{:#}\n", graph.json())),
    }
}

/// The kind of a node; the variant's name is the word in the JSON form.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Kind {
    Image,
    Stage,
    Context,
    Directory,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Stage => "stage",
            Self::Context => "context",
            Self::Directory => "directory",
        }
    }
}

struct Node {
    kind: Kind,
    name: String,
    /// The name of its image, if it has one.
    output: Option<String>,
    /// The node that it builds on.
    from: Option<usize>,
    /// Its copies, with the node that they come from.
    copies: Vec<(usize, Copied)>,
}

/// All nodes; a stage comes after those that it needs.
struct Graph {
    nodes: Vec<Node>,
    places: HashMap<(Kind, String), usize>,
}

const INSTALLATION: &str = "installation/";

impl Graph {
    fn new(project: &Project) -> Self {
        let mut graph = Self {
            nodes: Vec::new(),
            places: HashMap::new(),
        };
        let system = project
            .stages
            .first()
            .map_or("", |stage| stage.id.name.as_str());
        // Give all stages an index before the first one refers to another.
        let further = project.builders.iter().map(|builder| builder.name.as_str());
        let own = project.stages.iter().map(|stage| stage.id.name.as_str());
        for name in own.chain(further) {
            graph.place(Kind::Stage, name);
        }
        let name_of = |index: usize| project.builders[index].name.as_str();
        for stage in &project.stages {
            let from = match &stage.from {
                Origin::Image(base) => graph.place(Kind::Image, &base.for_reading()),
                Origin::Stage { id, .. } => graph.place(Kind::Stage, &id.name),
                Origin::Builder(index) => graph.place(Kind::Stage, name_of(*index)),
            };
            let output = Some(stage.output.for_reading());
            graph.fill(
                &stage.id.name,
                from,
                output,
                &stage.copies,
                (system, &name_of),
            );
        }
        for builder in &project.builders {
            let from = match &builder.from {
                Start::Image(base) => graph.place(Kind::Image, &base.for_reading()),
                Start::System => graph.place(Kind::Stage, system),
                Start::Builder(index) => graph.place(Kind::Stage, name_of(*index)),
            };
            let output = builder.output.as_ref().map(ComposeText::for_reading);
            graph.fill(
                &builder.name,
                from,
                output,
                &builder.copies,
                (system, &name_of),
            );
        }
        graph
    }

    fn place(&mut self, kind: Kind, name: &str) -> usize {
        let key = (kind, name.to_owned());
        if let Some(place) = self.places.get(&key) {
            return *place;
        }
        self.nodes.push(Node {
            kind,
            name: name.to_owned(),
            output: None,
            from: None,
            copies: Vec::new(),
        });
        self.places.insert(key, self.nodes.len() - 1);
        self.nodes.len() - 1
    }

    fn fill<'n>(
        &mut self,
        name: &str,
        from: usize,
        output: Option<String>,
        copies: &[Copied],
        (system, name_of): (&str, &dyn Fn(usize) -> &'n str),
    ) {
        let copies = copies.iter().map(|copy| {
            let source = match &copy.from {
                Source::Installation => self.place(Kind::Directory, INSTALLATION),
                Source::Context(name) => self.place(Kind::Context, name),
                Source::Image(name) => self.place(Kind::Image, name),
                Source::System => self.place(Kind::Stage, system),
                Source::Builder(index) => self.place(Kind::Stage, name_of(*index)),
            };
            (source, copy.clone())
        });
        let copies = copies.collect();
        let place = self.place(Kind::Stage, name);
        let node = &mut self.nodes[place];
        node.from = Some(from);
        node.output = output;
        node.copies = copies;
    }

    fn text(&self) -> String {
        let mut out = String::new();
        let mut children = vec![Vec::new(); self.nodes.len()];
        for (place, node) in self.nodes.iter().enumerate() {
            if let Some(from) = node.from {
                children[from].push(place);
            }
        }
        let is_root =
            |place: &usize| self.nodes[*place].from.is_none() && !children[*place].is_empty();
        // An explicit stack, not recursion: a long chain of stages would overflow the call stack.
        let mut open: Vec<(usize, String, &str)> = (0..self.nodes.len())
            .rev()
            .filter(is_root)
            .map(|place| (place, String::new(), ""))
            .collect();
        while let Some((place, before, branch)) = open.pop() {
            let node = &self.nodes[place];
            let _ = write!(out, "{before}{branch}{}", one_line(&node.name));
            if let Some(output) = &node.output {
                let _ = write!(out, " → {}", one_line(output));
            }
            out.push('\n');
            let below = match branch {
                "" => before,
                "└─ " => before + "   ",
                _ => before + "│  ",
            };
            let last = children[place].last();
            let inner = children[place].iter().rev().map(|child| {
                let branch = if Some(child) == last {
                    "└─ "
                } else {
                    "├─ "
                };
                (*child, below.clone(), branch)
            });
            open.extend(inner);
        }
        for node in self.nodes.iter().filter(|node| !node.copies.is_empty()) {
            let _ = writeln!(out, "\n{} copies", node.name);
            for (source, copy) in &node.copies {
                let source = &self.nodes[*source];
                let what = match source.kind {
                    Kind::Context => "the context ",
                    Kind::Image => "the image ",
                    Kind::Stage | Kind::Directory => "",
                };
                let (path, to) = (one_line(&copy.path), one_line(&copy.to));
                let _ = writeln!(
                    out,
                    "  {path} from {what}{} to {to}",
                    one_line(&source.name)
                );
            }
        }
        out
    }

    fn mermaid(&self) -> String {
        let mut out = String::from("flowchart LR\n");
        for (place, node) in self.nodes.iter().enumerate() {
            let mut label = for_mermaid(&node.name);
            if let Some(output) = &node.output {
                let _ = write!(label, "<br>{}", for_mermaid(output));
            }
            let (open, close) = match node.kind {
                Kind::Stage => ("[", "]"),
                Kind::Image => ("([", "])"),
                Kind::Context | Kind::Directory => ("[/", "/]"),
            };
            let _ = writeln!(out, "  n{place}{open}\"{label}\"{close}");
        }
        for (place, node) in self.nodes.iter().enumerate() {
            if let Some(from) = node.from {
                let _ = writeln!(out, "  n{from} --> n{place}");
            }
            for (source, copy) in &node.copies {
                let path = for_mermaid(&copy.path);
                let _ = writeln!(out, "  n{source} -. \"{path}\" .-> n{place}");
            }
        }
        out
    }

    fn dot(&self) -> String {
        let mut out = String::from("digraph stages {\n  rankdir=LR;\n");
        for (place, node) in self.nodes.iter().enumerate() {
            let mut label = for_dot(&node.name);
            if let Some(output) = &node.output {
                let _ = write!(label, "\\n{}", for_dot(output));
            }
            let shape = match node.kind {
                Kind::Stage => "box",
                Kind::Image => "ellipse",
                Kind::Context | Kind::Directory => "folder",
            };
            let _ = writeln!(out, "  n{place} [label=\"{label}\", shape={shape}];");
        }
        for (place, node) in self.nodes.iter().enumerate() {
            if let Some(from) = node.from {
                let _ = writeln!(out, "  n{from} -> n{place};");
            }
            for (source, copy) in &node.copies {
                let path = for_dot(&copy.path);
                let _ = writeln!(
                    out,
                    "  n{source} -> n{place} [style=dashed, label=\"{path}\"];"
                );
            }
        }
        out.push_str("}\n");
        out
    }

    fn json(&self) -> Value {
        let name = |place: usize| {
            let node = &self.nodes[place];
            json!({ node.kind.name(): node.name })
        };
        let stages = self.nodes.iter().filter(|node| node.kind == Kind::Stage);
        let stages = stages.map(|node| {
            let copies = node.copies.iter().map(
                |(source, copy)| json!({ "from": name(*source), "path": copy.path, "to": copy.to }),
            );
            json!({
                "name": node.name,
                "from": node.from.map(name),
                "image": node.output,
                "copies": copies.collect::<Value>(),
            })
        });
        json!({ "stages": stages.collect::<Value>() })
    }
}

/// Removes control characters, which a terminal would interpret.
fn one_line(text: &str) -> String {
    crate::diagnostic::escaped(text)
}

fn for_mermaid(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        if c.is_alphanumeric() || "-_./: ".contains(c) {
            out.push(c);
        } else {
            let _ = write!(out, "#{};", u32::from(c));
        }
    }
    out
}

fn for_dot(text: &str) -> String {
    let text = text.replace('\\', "\\\\").replace('"', "\\\"");
    text.chars().fold(String::new(), |mut out, c| {
        if is_harmful(c) {
            let _ = write!(out, "\\\\u{{{:x}}}", u32::from(c));
        } else {
            out.push(c);
        }
        out
    })
}

/// Escapes characters that hide or reorder text in a terminal; JSON does not require that.
pub(super) fn for_json(text: &str) -> String {
    text.chars().fold(String::new(), |mut out, c| {
        if c != '\n' && is_harmful(c) {
            let _ = write!(out, "\\u{:04x}", u32::from(c));
        } else {
            out.push(c);
        }
        out
    })
}
