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

impl ComposeText {
    /// Text without markers.
    #[must_use]
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
    #[must_use]
    pub fn as_literal(&self) -> Option<&str> {
        match self.parts.as_slice() {
            [] => Some(""),
            [Part::Literal(text)] => Some(text),
            _ => None,
        }
    }

    /// True where no value needs Compose.
    #[must_use]
    pub fn is_literal(&self) -> bool {
        self.as_literal().is_some()
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
