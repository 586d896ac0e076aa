//! Text that Compose interpolates: literal parts and passthrough markers.

/// A value that may hold `{{VAR}}` or `{{VAR:-default}}` markers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ComposeText {
    /// In reading order; two literals never stand side by side.
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
        /// What stands after `:-`, used when the variable is unset or empty.
        default: Option<String>,
    },
}

impl Part {
    /// What is known of it before Compose fills it in: its text, or a marker's default.
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

    /// The text, where it holds no marker.
    pub fn as_literal(&self) -> Option<&str> {
        match self.parts.as_slice() {
            [] => Some(""),
            [Part::Literal(text)] => Some(text),
            _ => None,
        }
    }

    /// True where no value needs Compose.
    pub fn is_literal(&self) -> bool {
        self.as_literal().is_some()
    }

    /// As Compose wants it: a literal `$` is doubled, a marker is `${NAME}` or `${NAME:-default}`.
    pub fn for_compose(&self) -> String {
        let doubled = |text: &str| text.replace('$', "$$");
        self.spelled(doubled, |name, default| {
            spelled_marker(name, default.map(doubled).as_deref())
        })
    }

    /// What stands for the text where there is no Compose: each marker's default; `None` where one has none.
    pub fn with_defaults(&self) -> Option<String> {
        let has_default = |part: &Part| !matches!(part, Part::Marker { default: None, .. });
        self.parts.iter().all(has_default).then(|| {
            self.spelled(str::to_owned, |_, default| {
                default.unwrap_or_default().to_owned()
            })
        })
    }

    /// For a reader: literal text as typed, a marker as `${NAME}` or `${NAME:-default}`.
    pub fn for_reading(&self) -> String {
        self.spelled(str::to_owned, spelled_marker)
    }

    /// The parts in a row, each as given; for the few places that none of the ways above fits.
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
    fn without_compose_only_defaults_can_stand_for_markers() {
        assert_eq!(marked(Some("a$b")).with_defaults().unwrap(), "$HOME-a$b");
        assert_eq!(marked(None).with_defaults(), None);
        assert_eq!(marked(None).for_reading(), "$HOME-${X}");
    }
}
