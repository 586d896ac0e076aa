//! What a `.dockerignore` leaves out of a context, by the rules of Docker.
//!
//! A line is a pattern for a path from the root of the context; `*` and `?` stand for signs but `/`, `**` for any number of
//! folders, `[a-z]` for one sign, and what lies below something that fits is left out with it. A `!` takes what fits in
//! again; the last line that fits decides.

/// The lines of a `.dockerignore`.
#[derive(Debug, Clone, Default)]
pub(super) struct Ignore {
    lines: Vec<Line>,
    /// Some line takes something in again, so that a folder that is left out has to be looked into.
    has_exceptions: bool,
}

#[derive(Debug, Clone)]
struct Line {
    takes_in: bool,
    /// It has `**` within a part, as in `a**b`, which Docker reads in ways of its own.
    is_unclear: bool,
    parts: Vec<Vec<char>>,
}

impl Ignore {
    pub(super) fn new(text: &str) -> Self {
        let lines = text.trim_start_matches('\u{feff}').lines();
        let lines: Vec<Line> = lines.filter_map(Line::new).collect();
        Self {
            has_exceptions: lines.iter().any(|line| line.takes_in),
            lines,
        }
    }

    /// Whether a path is left out, given relative to the context.
    pub(super) fn holds(&self, path: &str) -> bool {
        let parts: Vec<Vec<char>> = path.split('/').map(|part| part.chars().collect()).collect();
        let mut is_out = false;
        for line in &self.lines {
            if line.takes_in == is_out && line.fits(&parts) {
                is_out = !line.takes_in;
            }
        }
        is_out
    }

    /// Whether nothing in a folder that is left out can be taken in again.
    pub(super) fn prunes(&self) -> bool {
        !self.has_exceptions
    }
}

impl Line {
    /// `None` for a comment and an empty line. Blanks around it and slashes at its ends mean nothing.
    fn new(line: &str) -> Option<Self> {
        if line.starts_with('#') {
            return None;
        }
        let line = line.trim();
        let (takes_in, pattern) = match line.strip_prefix('!') {
            Some(rest) => (true, rest.trim()),
            None => (false, line),
        };
        // `a/../b/.` is `b` and `/../b` too; `../b` leads out of the context and fits nothing.
        let is_rooted = pattern.starts_with('/');
        let mut parts: Vec<&str> = Vec::new();
        for part in pattern.split('/') {
            match part {
                "" | "." => {}
                ".." if parts.last().is_some_and(|part| *part != "..") => {
                    parts.pop();
                }
                ".." if is_rooted => {}
                part => parts.push(part),
            }
        }
        (!parts.is_empty()).then(|| Self {
            takes_in,
            is_unclear: parts
                .iter()
                .any(|part| *part != "**" && part.contains("**")),
            parts: parts
                .into_iter()
                .map(|part| part.chars().collect())
                .collect(),
        })
    }

    /// Whether the path fits, or something above it. An unclear line takes in all and leaves out nothing: a file too many
    /// in a state costs a build, a missing one would hide a change.
    fn fits(&self, path: &[Vec<char>]) -> bool {
        if self.is_unclear {
            return self.takes_in;
        }
        (1..=path.len()).any(|length| fit(&self.parts, &path[..length]))
    }
}

fn fit(pattern: &[Vec<char>], path: &[Vec<char>]) -> bool {
    let Some((first, rest)) = pattern.split_first() else {
        return path.is_empty();
    };
    if first.as_slice() == ['*', '*'] {
        // At the end it wants something below.
        let least = usize::from(rest.is_empty());
        return (least..=path.len()).any(|length| fit(rest, &path[length..]));
    }
    let Some((name, below)) = path.split_first() else {
        return false;
    };
    fit_name(first, name) && fit(rest, below)
}

fn fit_name(pattern: &[char], name: &[char]) -> bool {
    let Some((first, rest)) = pattern.split_first() else {
        return name.is_empty();
    };
    match first {
        '*' => (0..=name.len()).any(|length| fit_name(rest, &name[length..])),
        '?' => !name.is_empty() && fit_name(rest, &name[1..]),
        '[' => match (class(rest), name.split_first()) {
            (Some((class, rest)), Some((c, name))) => class.holds(*c) && fit_name(rest, name),
            _ => false,
        },
        '\\' => match (rest.split_first(), name.split_first()) {
            (Some((sign, rest)), Some((c, name))) => sign == c && fit_name(rest, name),
            _ => false,
        },
        sign => name.first() == Some(sign) && fit_name(rest, &name[1..]),
    }
}

struct Class {
    is_not: bool,
    ranges: Vec<(char, char)>,
}

impl Class {
    fn holds(&self, c: char) -> bool {
        self.is_not
            != self
                .ranges
                .iter()
                .any(|(from, to)| (*from..=*to).contains(&c))
    }
}

/// What stands behind `[`, and what follows behind its `]`.
fn class(text: &[char]) -> Option<(Class, &[char])> {
    let is_not = text.first() == Some(&'^');
    let mut rest = if is_not { &text[1..] } else { text };
    let mut ranges = Vec::new();
    let sign = |text: &[char]| match text {
        ['\\', sign, ..] => Some((*sign, 2)),
        [sign, ..] => Some((*sign, 1)),
        [] => None,
    };
    loop {
        if rest.first() == Some(&']') && !ranges.is_empty() {
            return Some((Class { is_not, ranges }, &rest[1..]));
        }
        let (from, length) = sign(rest)?;
        rest = &rest[length..];
        let mut to = from;
        if rest.first() == Some(&'-') && rest.get(1) != Some(&']') {
            let (end, length) = sign(&rest[1..])?;
            to = end;
            rest = &rest[1 + length..];
        }
        ranges.push((from, to));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_left_out_by_the_rules_of_docker() {
        let case = |text: &str, out: &[&str], kept: &[&str]| {
            let ignore = Ignore::new(text);
            for path in out {
                assert!(ignore.holds(path), "{path} in {text:?}");
            }
            for path in kept {
                assert!(!ignore.holds(path), "{path} in {text:?}");
            }
        };
        case(
            "node_modules\n",
            &["node_modules", "node_modules/a/b"],
            &["app/node_modules", "node_modules2"],
        );
        case(
            "**/node_modules",
            &["node_modules/x", "a/b/node_modules"],
            &["a/node_modules2"],
        );
        case("*.log", &["a.log"], &["b/a.log", "log"]);
        case("**/*.log", &["a.log", "b/a.log", "b/c/a.log"], &["a.log2"]);
        case("/a/", &["a", "a/b"], &["b/a"]);
        case("a/**", &["a/b", "a/b/c"], &["a"]);
        case("a/**/z", &["a/z", "a/b/z", "a/b/c/z"], &["a/zz"]);
        case("# x\n\n  b  \n", &["b"], &["# x", "x"]);
        case(
            "*\n!src\nsrc/*.tmp\n",
            &["a", "src/b.tmp"],
            &["src", "src/a/b", "src/a/b.tmp"],
        );
        case("!a\na", &["a"], &[]);
        // What leads out of the context fits nothing in it; from its root there is no way out.
        case("../b\n../../c", &[], &["b", "c"]);
        case("/../b\nc/../d", &["b", "d"], &["c"]);
        // Docker reads `**` within a part in ways of its own, so the file counts.
        case("a**b", &[], &["ab", "axb", "a/b"]);
        case("*\n!a**b", &[], &["ab", "c"]);
        case(
            "a?c\n[x-z]1\n[^a]2\n\\*",
            &["abc", "y1", "b2", "*"],
            &["ac", "a1", "a2", "b"],
        );
        case("x/../y/./z", &["y/z"], &["x"]);
        case(".", &[], &["a"]);
        assert!(Ignore::new("a\n").prunes());
        assert!(!Ignore::new("*\n!a\n").prunes());
    }
}
