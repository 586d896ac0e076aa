//! Text in which Compose replaces variables: literal parts and markers.

/// A value that may hold markers: `{{VAR}}` or `{{VAR:-default}}`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ComposeText {
    /// In reading order. No two literals are adjacent.
    pub parts: Vec<Part>,
}

/// A piece of a [`ComposeText`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// Text that reaches the container as typed, `$` included.
    Literal(String),
    /// A variable that Compose replaces when it runs.
    Marker {
        /// `[A-Za-z_][A-Za-z0-9_]*`.
        name: String,
        /// The text after `:-`, used if the variable is unset or empty.
        default: Option<String>,
    },
}

impl Part {
    /// What is known before Compose replaces anything: the text, or a marker's default.
    pub fn known(&self) -> Option<&str> {
        match self {
            Self::Literal(text) => Some(text),
            Self::Marker { default, .. } => default.as_deref(),
        }
    }
}

impl ComposeText {
    /// Text without markers.
    pub fn literal(text: impl Into<String>) -> Self {
        let text = text.into();
        if text.is_empty() {
            return Self::default();
        }
        Self {
            parts: vec![Part::Literal(text)],
        }
    }

    /// The text, if it holds no marker.
    pub fn as_literal(&self) -> Option<&str> {
        match self.parts.as_slice() {
            [] => Some(""),
            [Part::Literal(text)] => Some(text),
            _ => None,
        }
    }

    /// Whether it holds no marker.
    pub fn is_literal(&self) -> bool {
        self.as_literal().is_some()
    }

    /// The names of what Compose fills in.
    pub fn markers(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|part| match part {
            Part::Marker { name, .. } => Some(name.as_str()),
            Part::Literal(_) => None,
        })
    }

    /// The text for a compose file: a literal `$` is doubled, a marker is `${NAME}` or `${NAME:-default}`.
    pub fn for_compose(&self) -> String {
        let doubled = |text: &str| text.replace('$', "$$");
        self.spelled(doubled, |name, default| {
            spelled_marker(name, default.map(doubled).as_deref())
        })
    }

    /// The text for use without Compose, with each marker's default in its place. `None` if a marker has no
    /// default.
    pub fn with_defaults(&self) -> Option<String> {
        let has_default = |part: &Part| !matches!(part, Part::Marker { default: None, .. });
        self.parts.iter().all(has_default).then(|| {
            self.spelled(str::to_owned, |_, default| {
                default.unwrap_or_default().to_owned()
            })
        })
    }

    /// The text for people: literal parts as typed, a marker as `${NAME}` or `${NAME:-default}`.
    pub fn for_reading(&self) -> String {
        self.spelled(str::to_owned, spelled_marker)
    }

    /// The parts joined, each formatted by a function. For the few places that need another form than those above.
    pub fn spelled(
        &self,
        literal: impl Fn(&str) -> String,
        marker: impl Fn(&str, Option<&str>) -> String,
    ) -> String {
        let parts = self.parts.iter().map(|part| match part {
            Part::Literal(text) => literal(text),
            Part::Marker { name, default } => marker(name, default.as_deref()),
        });
        parts.collect()
    }

    /// Adds another text at the end.
    pub fn push(&mut self, other: &Self) {
        for part in &other.parts {
            match (self.parts.last_mut(), part) {
                (Some(Part::Literal(end)), Part::Literal(text)) => end.push_str(text),
                _ => self.parts.push(part.clone()),
            }
        }
    }
}

fn spelled_marker(name: &str, default: Option<&str>) -> String {
    match default {
        None => format!("${{{name}}}"),
        Some(default) => format!("${{{name}:-{default}}}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marked(default: Option<&str>) -> ComposeText {
        let mut text = ComposeText::literal("$HOME-");
        text.parts.push(Part::Marker {
            name: "X".into(),
            default: default.map(Into::into),
        });
        text
    }

    #[test]
    fn for_compose_a_literal_dollar_is_doubled_and_a_marker_is_not() {
        assert_eq!(marked(Some("a$b")).for_compose(), "$$HOME-${X:-a$$b}");
        assert_eq!(marked(None).for_compose(), "$$HOME-${X}");
    }

    #[test]
    fn without_compose_markers_become_their_defaults() {
        assert_eq!(marked(Some("a$b")).with_defaults().unwrap(), "$HOME-a$b");
        assert_eq!(marked(None).with_defaults(), None);
        assert_eq!(marked(None).for_reading(), "$HOME-${X}");
    }
}
