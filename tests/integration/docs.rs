//! The documentation works: its configs configure, its commands run, its links have targets.
//!
//! A fenced block says by its info string what it is:
//! - `yaml`: a whole `user_config.yml`, which must configure; `yaml fragment`: a part of one, which is only read by people;
//! - `sh`: commands, which are run with the blocks before them in an empty directory; `sh no-run`: commands that a test cannot
//!   run, for the reason in the comment above: `<!-- no-run: needs Docker -->`;
//! - `console`, in the READMEs alone: a session, whose lines `$ pei …` must print what stands below them.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on ends here")]

use std::collections::HashSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use assert_cmd::Command;
use tempfile::TempDir;

/// Pages made from the program, the schema or the scripts; they show usage, not sessions.
const GENERATED: &[&str] = &["docs/reference", "docs/scripts.md"];
/// Shows mistakes, whose examples the tests of the diagnostics read.
const MISTAKES: &str = "docs/diagnostics.md";
/// The page with sessions, and its translation.
const README: &str = "README.md";
const READMES: &[&str] = &[README, "README.zh-CN.md"];
/// A page in another language has the commands, configs and sessions of the first.
const TRANSLATIONS: &[(&str, &str)] = &[
    (README, "README.zh-CN.md"),
    ("docs/quickstart.md", "docs/quickstart.zh-CN.md"),
];
/// The order of the site's pages.
const SUMMARY: &str = "docs/SUMMARY.md";
/// The pages that are not below docs.
const AT_THE_ROOT: &[&str] = &[README, "README.zh-CN.md", "CHANGELOG.md", "CONTRIBUTING.md"];
/// A public key of nobody.
pub(crate) const PUBLIC_KEY: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAgQ7uPohhXTIBOkPXjbx7iD/qN1k6WYazvLO43oOzkH test\n";

/// A page, in pieces.
pub(crate) struct Page {
    path: PathBuf,
    blocks: Vec<Block>,
    /// The lines outside the blocks.
    prose: Vec<(usize, String)>,
}

struct Block {
    line: usize,
    info: String,
    text: String,
    /// The comment right above.
    comment: Option<String>,
}

#[test]
fn every_config_of_the_docs_configures() {
    let home = TempDir::new().unwrap();
    let mut count = 0;
    for page in pages().iter().filter(|page| page.shown() != MISTAKES) {
        for block in page.blocks.iter().filter(|block| block.info == "yaml") {
            count += 1;
            let name = format!("project-{count}");
            let project = home.path().join(&name);
            pei(home.path(), home.path())
                .args(["create", "-p", &name, "-q", "minimal", "--no-examples"])
                .assert()
                .success();
            fs::write(project.join("user_config.yml"), &block.text).unwrap();
            let output = pei(home.path(), &project)
                .arg("configure")
                .output()
                .unwrap();
            assert!(
                output.status.success(),
                "{}:{} does not configure (a part of a config is a `yaml fragment`):\n{}",
                page.shown(),
                block.line,
                String::from_utf8_lossy(&output.stderr)
            );
        }
    }
    assert!(count > 0, "the docs hold no config");
}

#[test]
fn every_command_of_the_docs_runs_or_says_why_not() {
    for page in pages().iter().filter(|page| !page.is_generated()) {
        let home = TempDir::new().unwrap();
        let folder = home.path().join("folder");
        fs::create_dir(&folder).unwrap();
        assert_commands_run(page, &folder, home.path());
    }
}

#[test]
fn the_commands_of_the_pages_in_a_new_project_run_or_say_why_not() {
    for template in ["minimal", "stage-1-only"] {
        let home = TempDir::new().unwrap();
        pei(home.path(), home.path())
            .args(["create", "-p", "project", "-q", template, "--no-examples"])
            .assert()
            .success();
        let project = home.path().join("project");
        for name in ["README.md", "PEI-DOCKER-USAGE-GUIDE.md"] {
            let page = markdown_page(&project.join(name));
            assert!(!page.blocks.is_empty(), "{name} shows no command");
            assert_commands_run(&page, &project, home.path());
        }
    }
}

#[test]
fn the_sessions_of_the_readme_are_what_pei_prints() {
    for readme in READMES {
        assert_sessions_are_true(&markdown_page(&root().join(readme)));
    }
}

#[track_caller]
fn assert_sessions_are_true(page: &Page) {
    let home = TempDir::new().unwrap();
    let mut sessions = page.blocks.iter().filter(|block| block.info == "console");
    let first = sessions.next().unwrap();
    assert_session_is_true(first, home.path());
    // The mistake that the second case shows.
    let config = home.path().join("build/user_config.yml");
    let text = fs::read_to_string(&config).unwrap();
    let port = text
        .lines()
        .find_map(|line| line.trim().strip_prefix("host_port: "))
        .unwrap()
        .to_owned();
    let text = text
        .replace(&port, "2222")
        .replace("host_port:", "hostport:");
    fs::write(&config, text).unwrap();
    let second = sessions.next().unwrap();
    assert_session_is_true(second, home.path());
    assert_eq!(sessions.count(), 0, "what stands before the third session?");
}

#[test]
fn translations_have_the_same_commands_and_configs() {
    let code = |path: &str| -> Vec<(String, String)> {
        let page = markdown_page(&root().join(path));
        let shown = page.blocks.iter().filter(|block| block.info != "text");
        // Comments are translated too.
        let without_comments = |text: &str| {
            let lines = text.lines().map(|line| line.split(" #").next().unwrap());
            lines.map(str::trim_end).collect::<Vec<_>>().join("\n")
        };
        shown
            .map(|block| (block.info.clone(), without_comments(&block.text)))
            .collect()
    };
    for (page, translation) in TRANSLATIONS {
        let (code, translated) = (code(page), code(translation));
        for (block, other) in code.iter().zip(&translated) {
            assert_eq!(
                block, other,
                "{translation} has another block than {page}: make the same change there"
            );
        }
        assert_eq!(code.len(), translated.len(), "the blocks of {translation}");
    }
}

/// Runs the `$ pei …` lines in the directory; other commands are left to the tests with containers.
#[track_caller]
fn assert_session_is_true(session: &Block, folder: &Path) {
    for step in format!("\n{}", session.text).split("\n$ ").skip(1) {
        let (command, shown) = step.split_once('\n').unwrap_or((step, ""));
        let Some(arguments) = command.strip_prefix("pei ") else {
            continue;
        };
        let output = pei(folder, folder)
            .args(arguments.split(' '))
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(
            without_names(&without_counts(&said)),
            without_names(shown),
            "{README}: `{command}` prints another text"
        );
    }
}

/// The number of files changes with each new script, so the README has `…` instead of each number.
fn without_counts(text: &str) -> String {
    let is_number = |word: &str| word.bytes().all(|byte| byte.is_ascii_digit());
    let lines = text.lines().map(|line| {
        if !line.starts_with("created `") && !line.starts_with("configured `") {
            return line.to_owned();
        }
        let words = line.split(' ');
        let words = words.map(|word| if is_number(word) { "…" } else { word });
        words.collect::<Vec<_>>().join(" ")
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn without_names(text: &str) -> String {
    let lines = text.trim_end().lines().map(|line| {
        if let Some(name) = line.strip_prefix("the project is called `build-") {
            // The name depends on the directory, and the port on the machine's free ports.
            name[4..].replace(|c: char| c.is_ascii_digit(), "")
        } else if line.starts_with("then: ") {
            line[..line.len() - 4].to_owned()
        } else {
            line.to_owned()
        }
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// mdBook leaves out a page that the summary does not name.
#[test]
fn the_summary_of_the_site_names_every_page_once() {
    let summary = markdown_page(&root().join(SUMMARY));
    let mut named: Vec<PathBuf> = Vec::new();
    for (_, line) in &summary.prose {
        for link in links(line) {
            named.push(root().join("docs").join(link).canonicalize().unwrap());
        }
    }
    let pages = pages().into_iter().map(|page| page.path);
    let examples = crate::examples::examples();
    let examples = examples.iter().map(|example| example.join("README.md"));
    let mut expected: Vec<PathBuf> = pages
        .chain(examples)
        .map(|path| path.canonicalize().unwrap())
        .filter(|path| !path.ends_with(SUMMARY))
        .collect();
    named.sort();
    expected.sort();
    assert_eq!(named, expected, "{SUMMARY}");
}

#[test]
fn every_local_link_leads_to_a_file() {
    let mut pages = pages();
    pages.extend(
        crate::examples::examples()
            .iter()
            .map(|example| markdown_page(&example.join("README.md"))),
    );
    let mut broken = Vec::new();
    for page in &pages {
        for (line, text) in &page.prose {
            broken.extend(
                links(text)
                    .into_iter()
                    .filter_map(|link| page.problem_of(link))
                    .map(|problem| format!("{}:{line}: {problem}", page.shown())),
            );
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

/// Runs the page's commands in a directory, one block after another in one shell.
#[track_caller]
pub(crate) fn assert_commands_run(page: &Page, folder: &Path, home: &Path) {
    let mut script = String::new();
    for block in &page.blocks {
        let mut words = block.info.split_whitespace();
        match (words.next(), words.next()) {
            (Some("sh"), None) => {
                let _ = write!(
                    script,
                    "printf '%s\\n' '--- the block at line {}' >&2\n{}\n",
                    block.line, block.text
                );
            }
            (Some("sh"), Some("no-run")) => assert!(
                block
                    .comment
                    .as_deref()
                    .is_some_and(|comment| comment.starts_with("no-run: ")),
                "{}:{}: why is it not run? Write `<!-- no-run: the reason -->` above",
                page.shown(),
                block.line
            ),
            (Some("console"), None) if READMES.contains(&page.shown().as_str()) => {}
            (None | Some("bash" | "shell" | "console"), _) | (Some("sh"), Some(_)) => {
                panic!(
                    "{}:{}: commands are `sh` or `sh no-run`, other texts `text`, not `{}`",
                    page.shown(),
                    block.line,
                    block.info
                )
            }
            _ => {}
        }
    }
    let mut command = Command::new("bash");
    person(&mut command, home);
    let binary = Path::new(env!("CARGO_BIN_EXE_pei")).parent().unwrap();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path = std::env::join_paths(
        std::iter::once(binary.to_owned()).chain(std::env::split_paths(&path)),
    )
    .unwrap();
    let output = command
        .env("PATH", path)
        .args(["-euo", "pipefail", "-c", &script])
        .current_dir(folder)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}: a command failed:\n{}",
        page.shown(),
        String::from_utf8_lossy(&output.stderr)
    );
}

/// A person without proxies and settings, whose home holds a key.
pub(crate) fn person(command: &mut Command, home: &Path) {
    let ssh = home.join(".ssh");
    fs::create_dir_all(&ssh).unwrap();
    fs::write(ssh.join("id_ed25519.pub"), PUBLIC_KEY).unwrap();
    command
        .env_clear()
        .env("HOME", home)
        .env("LC_ALL", "C.UTF-8")
        .env("PATH", std::env::var_os("PATH").unwrap_or_default());
}

/// A page of Markdown.
pub(crate) fn markdown_page(path: &Path) -> Page {
    let text =
        fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut page = Page {
        path: path.to_owned(),
        blocks: Vec::new(),
        prose: Vec::new(),
    };
    let mut open: Option<Block> = None;
    let mut comment = None;
    for (index, line) in text.lines().enumerate() {
        let trimmed = line.trim_start();
        match (&mut open, trimmed.strip_prefix("```")) {
            (None, Some(info)) => {
                open = Some(Block {
                    line: index + 1,
                    info: info.trim().to_owned(),
                    text: String::new(),
                    comment: comment.take(),
                });
            }
            (Some(_), Some("")) => page.blocks.extend(open.take()),
            (Some(block), _) => {
                block.text.push_str(line);
                block.text.push('\n');
            }
            (None, None) => {
                comment = trimmed
                    .strip_prefix("<!--")
                    .and_then(|rest| rest.strip_suffix("-->"))
                    .map(|text| text.trim().to_owned());
                page.prose.push((index + 1, line.to_owned()));
            }
        }
    }
    assert!(open.is_none(), "{}: a block is not closed", path.display());
    page
}

impl Page {
    /// The path, relative to the repository.
    fn shown(&self) -> String {
        self.path
            .strip_prefix(root())
            .unwrap_or(&self.path)
            .display()
            .to_string()
    }

    fn is_generated(&self) -> bool {
        GENERATED
            .iter()
            .any(|path| self.path.starts_with(root().join(path)))
    }

    /// The anchors that its headings make, as GitHub does.
    fn anchors(&self) -> HashSet<String> {
        let headings = self.prose.iter().filter(|(_, line)| line.starts_with('#'));
        headings
            .map(|(_, line)| anchor(line.trim_start_matches('#').trim()))
            .collect()
    }

    fn problem_of(&self, link: &str) -> Option<String> {
        if link.contains("://") || link.starts_with("mailto:") {
            return None;
        }
        let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
        let target = match file {
            "" => self.path.clone(),
            file => self.path.parent()?.join(file),
        };
        if !target.is_file() {
            return Some(format!("`{link}` leads to no file"));
        }
        let is_page = target
            .extension()
            .is_some_and(|extension| extension == "md");
        if !anchor.is_empty() && is_page && !markdown_page(&target).anchors().contains(anchor) {
            return Some(format!("`{link}` leads to no heading"));
        }
        None
    }
}

fn anchor(heading: &str) -> String {
    heading
        .to_lowercase()
        .chars()
        .filter_map(|c| match c {
            ' ' => Some('-'),
            '-' | '_' => Some(c),
            c => c.is_alphanumeric().then_some(c),
        })
        .collect()
}

/// The targets of `[text](target)`, but for those in code.
fn links(line: &str) -> Vec<&str> {
    let mut found = Vec::new();
    for (index, part) in line.split('`').enumerate() {
        // The text of a link may hold code; then its target follows the closing backtick.
        let is_code = index % 2 == 1;
        let mut rest = if is_code { "" } else { part };
        while let Some((_, after)) = rest.split_once("](") {
            let Some((target, behind)) = after.split_once(')') else {
                break;
            };
            found.push(target);
            rest = behind;
        }
    }
    found
}

/// The pages at the root and all pages below docs, sorted.
fn pages() -> Vec<Page> {
    let mut paths: Vec<_> = AT_THE_ROOT.iter().map(|name| root().join(name)).collect();
    let mut folders = vec![root().join("docs")];
    while let Some(folder) = folders.pop() {
        for entry in
            fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "md") {
                paths.push(path);
            }
        }
    }
    paths.sort();
    paths.iter().map(|path| markdown_page(path)).collect()
}

fn pei(home: &Path, folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pei"));
    person(&mut command, home);
    command.current_dir(folder);
    command
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
