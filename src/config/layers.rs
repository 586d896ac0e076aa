//! Merges the files of one config: the file that `extends` names is below, `NAME.local.yml` is on top.
//!
//! Mappings are merged key by key, lists and single values are replaced, and null removes a key. Each node keeps
//! the position where it was written: all texts are joined in one [`SourceFile`], so a position also tells the
//! file.

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::raw::CREDENTIALS;
use super::read::{Context, Field, Place};
use super::validate::secrets_of_users;
use super::yaml::{self, Content, Entry, Node};
use super::{FileProblem, Loaded, Lookup, SourceFile, finish, source};
use crate::diagnostic::{Code, Diagnostic, Findings, Hidden, count, quoted};

/// Where a null in a higher layer removed a key, by the key's path.
pub(super) type Removed = HashMap<String, Range<usize>>;

/// A config with all its files, read and merged.
#[derive(Debug)]
pub struct Layers {
    source: SourceFile,
    root: Option<Node>,
    removed: Removed,
    findings: Findings,
}

impl Layers {
    /// Reads the files that a config extends, and the local file beside it.
    pub fn read(main: SourceFile, path: &Path, lookup: &dyn Lookup) -> Self {
        let mut reader = Reader {
            lookup,
            source: SourceFile::new("", ""),
            findings: Findings::default(),
            removed: Removed::new(),
            seen: HashSet::new(),
            changed: None,
            is_whole: true,
        };
        let root = reader.with_extended(main, path);
        let local = local_path(path);
        let root = match lookup.layer(&local) {
            Err(FileProblem::Missing) => root,
            file => {
                let top = reader
                    .decoded(&local, file, None)
                    .and_then(|file| reader.with_extended(file, &local));
                reader.changed = Some(Vec::new());
                let root = reader.merge(root, top);
                reader.warn_of_changes();
                root
            }
        };
        Self {
            root: root.filter(|_| reader.is_whole),
            source: reader.source,
            removed: reader.removed,
            findings: reader.findings,
        }
    }

    /// Adds a finding about the project's `.env`. `name` is its name in messages.
    #[must_use]
    pub fn with_unread_env_file(mut self, name: String, problem: &str) -> Self {
        let at = self.source.append(SourceFile::new(name, ""));
        let message = format!("the project's `.env` {problem}; none of its variables are set");
        let finding = Diagnostic::warning(Code::UnreadableFile, at..at, message);
        self.findings
            .push(finding.help("write one `NAME=value` a line, as UTF-8, or remove it"));
        self
    }

    /// The joined texts, for showing findings.
    pub fn source(&self) -> &SourceFile {
        &self.source
    }

    /// The merged tree, if there is one.
    pub(super) fn root(&self) -> Option<&Node> {
        self.root.as_ref()
    }

    /// The texts, and the findings of files that are not YAML.
    pub fn into_findings(self) -> (SourceFile, Vec<Diagnostic>) {
        let hidden = Hidden::of_source(&self.source);
        (self.source, self.findings.covered(&hidden).into_vec())
    }

    /// Applies the rules, like [`load`](super::load) for a single file.
    ///
    /// # Errors
    /// All errors and warnings. At least one is an error.
    pub fn load(self, lookup: &dyn Lookup) -> (SourceFile, Result<Loaded, Vec<Diagnostic>>) {
        let result = finish(
            &self.source,
            self.root.as_ref(),
            self.findings,
            self.removed,
            lookup,
        );
        (self.source, result)
    }
}

/// The path of the local file: `NAME.local.yml` for `NAME.yml`.
fn local_path(path: &Path) -> PathBuf {
    let extension = path.extension().unwrap_or_default();
    let mut name = path.file_stem().unwrap_or_default().to_owned();
    name.push(".local");
    if !extension.is_empty() {
        name.push(".");
        name.push(extension);
    }
    path.with_file_name(name)
}

struct Reader<'l> {
    lookup: &'l dyn Lookup,
    source: SourceFile,
    findings: Findings,
    removed: Removed,
    /// The files of the chain, with links resolved.
    seen: HashSet<PathBuf>,
    /// What the local file changed, by key path. `None` while other files are merged.
    changed: Option<Vec<(String, Range<usize>)>>,
    /// Whether every file was YAML. If not, the merged config is incomplete and is not checked.
    is_whole: bool,
}

impl Reader<'_> {
    /// Merges a file over the one that it extends.
    fn with_extended(&mut self, file: SourceFile, path: &Path) -> Option<Node> {
        self.seen.clear();
        let mut path = path.to_owned();
        let mut chain = vec![self.add(file)];
        while let Some((below, below_path)) = self.extended(chain.last()?.as_ref(), &path) {
            chain.push(self.add(below));
            path = below_path;
        }
        let below = chain.pop()?;
        chain
            .into_iter()
            .rev()
            .fold(below, |below, top| self.merge(below, top))
    }

    /// Appends the text of a file and parses it.
    fn add(&mut self, file: SourceFile) -> Option<Node> {
        let size = self.source.text.len() + file.text.len();
        if let Some(problem) = source::too_large(size) {
            let at = self.source.append(SourceFile::new(file.name, ""));
            self.findings.push(problem.moved(at));
            self.is_whole = false;
            return None;
        }
        let base = self.source.append(file);
        let (root, findings) = yaml::parse(&self.source.text, base);
        let findings = findings.into_vec();
        // Neither a tree nor a finding: the file holds only comments.
        self.is_whole &= root.is_some() || findings.is_empty();
        for found in findings {
            self.findings.push(found);
        }
        if let Some(root) = &root
            && self.lookup.is_in_git()
            && !self.source.is_local(base)
        {
            for found in secrets_of_users(root) {
                self.findings.push(found);
            }
        }
        root.filter(|root| !root.is_null())
    }

    /// The file that `extends` names, and its path.
    fn extended(&mut self, root: Option<&Node>, path: &Path) -> Option<(SourceFile, PathBuf)> {
        let Content::Map(entries) = &*root?.content else {
            return None;
        };
        let (order, entry) = entries
            .iter()
            .enumerate()
            .find(|(_, entry)| &*entry.key == "extends")?;
        let field = Field {
            name: &entry.key,
            key_span: &entry.key_span,
            node: &entry.value,
            order,
        };
        let span = entry.value.span.clone();
        let mut cx = Context::new(&self.source, self.lookup, Findings::default());
        let named = cx.text(Some(field), &Place::root(&entry.key_span));
        for found in cx.into_diagnostics() {
            self.is_whole = false;
            self.findings.push(found);
        }
        let named = named.ok().flatten()?;
        if self.seen.is_empty() {
            let first = self.lookup.layer(path).ok();
            self.seen.extend(first.map(|(real, _)| real));
        }
        let below = path.parent().unwrap_or(Path::new("")).join(named);
        let file = self.lookup.layer(&below);
        if let Ok((real, _)) = &file
            && !self.seen.insert(real.clone())
        {
            self.is_whole = false;
            let message = format!("{} extends itself, by way of this file", shown(&below));
            let found = Diagnostic::error(Code::ExtendsCycle, span, message).path("extends");
            self.findings
                .push(found.help("remove `extends` from one of the files"));
            return None;
        }
        // A variable may have put a secret here, so quote the text as typed.
        let typed = match &*entry.value.content {
            Content::Scalar(scalar) if scalar.text.contains("${") => quoted(&scalar.text),
            _ => shown(&below),
        };
        let file = self.decoded(&below, file, Some((span, typed)))?;
        Some((file, below))
    }

    /// The text of a file, or a finding at the position that names it.
    fn decoded(
        &mut self,
        path: &Path,
        file: Result<(PathBuf, Vec<u8>), FileProblem>,
        named_at: Option<(Range<usize>, String)>,
    ) -> Option<SourceFile> {
        let problem = match file {
            Ok((_, bytes)) => match SourceFile::decode(source::name_of(path), bytes) {
                Ok(file) => return Some(file),
                Err((file, problem)) => {
                    let base = self.source.append(file);
                    problem.moved(base)
                }
            },
            Err(problem) => {
                let (code, what, help) = match problem {
                    FileProblem::Missing if path.to_string_lossy().contains("://") => (
                        Code::FileNotFound,
                        "does not exist".to_owned(),
                        "download the config: `extends` takes the path of a file and no URL",
                    ),
                    FileProblem::Missing => (
                        Code::FileNotFound,
                        "does not exist".to_owned(),
                        "the path is relative to the file that names it",
                    ),
                    FileProblem::NotAFile | FileProblem::Outside => (
                        Code::FileNotFound,
                        "is not a file".to_owned(),
                        "name the file itself",
                    ),
                    FileProblem::TooLarge => (
                        Code::FileTooLarge,
                        "is larger than a config may be".to_owned(),
                        "check that this is the right file",
                    ),
                    FileProblem::Unreadable(reason) => (
                        Code::UnreadableFile,
                        format!("cannot be read: {reason}"),
                        "check the file's owner and mode, and what a link leads to",
                    ),
                };
                let message = |name: String| format!("the file {name} {what}");
                if let Some((span, typed)) = named_at {
                    let message = message(typed);
                    let found = Diagnostic::error(code, span, message);
                    found.help(help).path("extends")
                } else {
                    let file = SourceFile::new(source::name_of(path), "");
                    let at = self.source.append(file);
                    Diagnostic::error(code, at..at, message(shown(path))).help(help)
                }
            }
        };
        self.is_whole = false;
        self.findings.push(problem);
        None
    }

    fn merge(&mut self, below: Option<Node>, top: Option<Node>) -> Option<Node> {
        match (below, top) {
            // The lower file is not a mapping. Keep it, so that this is reported at its own position.
            (Some(below), Some(_)) if !matches!(*below.content, Content::Map(_)) => Some(below),
            (Some(below), Some(top)) => {
                let nowhere = 0..0;
                Some(self.over(&below, top, &Place::root(&nowhere)))
            }
            (below, top) => top.or(below),
        }
    }

    /// Warns of values that a local file changes, because they end up in files that git tracks. Credentials do not.
    fn warn_of_changes(&mut self) {
        if !self.lookup.is_in_git() {
            return;
        }
        let changed = self.changed.take().unwrap_or_default();
        let mut tracked = changed.into_iter().filter(|(path, _)| !is_personal(path));
        let Some((path, span)) = tracked.next() else {
            return;
        };
        let message = match tracked.count() {
            0 => "this value of the local file reaches files that git tracks".to_owned(),
            more => format!(
                "this and {} of the local file reach files that git tracks",
                count(more, "more value")
            ),
        };
        let help = if path == "project" || path.ends_with(".image.output") {
            "set `COMPOSE_PROJECT_NAME` in `.env`, and write `{{COMPOSE_PROJECT_NAME:-name}}` in each `output` of the shared file"
        } else {
            "write `{{NAME:-default}}` in the shared file, and put the value into `.env`"
        };
        let found = Diagnostic::warning(Code::LocalValueTracked, span, message);
        self.findings.push(found.path(path).help(help));
    }

    fn changed(&mut self, path: &Place<'_>, span: &Range<usize>) {
        if let Some(changed) = &mut self.changed {
            changed.push((path.to_string(), span.clone()));
        }
    }

    fn over(&mut self, below: &Node, top: Node, at: &Place<'_>) -> Node {
        let (Content::Map(old), Content::Map(new)) = (&*below.content, &*top.content) else {
            return top;
        };
        let mut entries: Vec<Option<Entry>> = old.iter().cloned().map(Some).collect();
        let places: HashMap<Rc<str>, usize> = old
            .iter()
            .enumerate()
            .map(|(place, entry)| (Rc::clone(&entry.key), place))
            .collect();
        for entry in new {
            let Some(slot) = places
                .get(&entry.key)
                .and_then(|place| entries.get_mut(*place))
            else {
                self.changed(&at.entry(entry), &entry.key_span);
                entries.push(Some(entry.clone()));
                continue;
            };
            let here = at.entry(entry);
            if !matches!(&*entry.value.content, Content::Map(_)) {
                self.changed(&here, &entry.key_span);
            }
            if entry.value.is_null() {
                self.removed
                    .insert(here.to_string(), entry.key_span.clone());
                *slot = None;
                continue;
            }
            let Some(old) = slot.take() else { continue };
            let value = self.over(&old.value, entry.value.clone(), &here);
            let is_merged = matches!(
                (&*old.value.content, &*entry.value.content),
                (Content::Map(_), Content::Map(_))
            );
            // A merged section keeps its position. Any other value has the position where it was written.
            *slot = Some(if is_merged {
                Entry { value, ..old }
            } else {
                Entry {
                    value,
                    ..entry.clone()
                }
            });
        }
        Node {
            content: Rc::new(Content::Map(entries.into_iter().flatten().collect())),
            ..below.clone()
        }
    }
}

/// Whether a key is personal: a user's credential, which only reaches `.pei/`, or `extends` or an ignored key.
pub(super) fn is_personal(path: &str) -> bool {
    let of_user = path
        .strip_prefix("stage_1.ssh.users.")
        .and_then(|rest| rest.split_once('.'));
    let is_credential = |(_, key): (&str, &str)| CREDENTIALS.contains(&key);
    path == "extends" || path.starts_with("x-") || of_user.is_some_and(is_credential)
}

fn shown(path: &Path) -> String {
    quoted(&source::name_of(path))
}
