//! The syntax of each kind of name, declared once: both the rules and the schema for editors use it.

/// Which characters a name consists of. They are written as in a regular expression's class: `a-z0-9_`.
#[derive(Debug)]
pub struct NameForm {
    first: &'static str,
    /// All characters after the first.
    other: &'static str,
    longest: Option<usize>,
}

impl NameForm {
    /// The names that Compose accepts for a project.
    pub const PROJECT: Self = Self {
        first: "a-z0-9",
        other: "a-z0-9_-",
        longest: None,
    };
    /// The names that `useradd` accepts on every distribution, except those that begin with `_`: they belong to
    /// services.
    pub const USER: Self = Self {
        first: "a-z",
        other: "a-z0-9_-",
        longest: Some(32),
    };
    /// The names that Compose and the engine accept for a volume.
    pub const VOLUME: Self = Self {
        first: "A-Za-z0-9",
        other: "A-Za-z0-9._-",
        longest: None,
    };
    /// The tag of an image.
    pub const TAG: Self = Self {
        first: "A-Za-z0-9_",
        other: "A-Za-z0-9_.-",
        longest: Some(128),
    };
    /// A further stage, whose name is also a service and a directory; and a context.
    pub const BUILDER: Self = Self {
        first: "a-z",
        other: "a-z0-9-",
        longest: Some(31),
    };
    /// The name or number of an account or a group, in any image.
    pub const OWNER: Self = Self {
        first: "A-Za-z0-9_",
        other: "A-Za-z0-9_.-",
        longest: None,
    };
    /// A variable that a shell can name.
    pub const VARIABLE: Self = Self {
        first: "A-Za-z_",
        other: "A-Za-z0-9_",
        longest: None,
    };
    /// A secret of builds, whose name is also that of a file.
    pub const SECRET: Self = Self {
        first: "A-Za-z0-9",
        other: "A-Za-z0-9._-",
        longest: Some(64),
    };

    /// Whether a text is such a name.
    pub fn fits(&self, text: &str) -> bool {
        self.longest.is_none_or(|longest| text.len() <= longest)
            && self.begins(text)
            && self.has_all(text)
    }

    /// Whether a text begins like such a name.
    pub fn begins(&self, text: &str) -> bool {
        text.starts_with(|c| is_in(self.first, c))
    }

    /// Whether a text could follow the first character of such a name.
    pub fn has_all(&self, text: &str) -> bool {
        text.chars().all(|c| is_in(self.other, c))
    }

    /// The syntax as a regular expression, without anchors.
    pub fn pattern(&self) -> String {
        let Self { first, other, .. } = self;
        match self.longest {
            None => format!("[{first}][{other}]*"),
            Some(longest) => format!("[{first}][{other}]{{0,{}}}", longest - 1),
        }
    }
}

fn is_in(class: &str, c: char) -> bool {
    let mut rest = class.as_bytes();
    loop {
        let range;
        (range, rest) = match rest {
            [] => return false,
            [first, b'-', last, after @ ..] => (*first..=*last, after),
            [one, after @ ..] => (*one..=*one, after),
        };
        if u8::try_from(c).is_ok_and(|c| range.contains(&c)) {
            return true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::NameForm;

    #[test]
    fn a_name_has_a_form_if_it_matches_the_pattern() {
        let form = NameForm::USER;
        for name in ["a", "me", "a-b_9", &"a".repeat(32)] {
            assert!(form.fits(name), "{name}");
        }
        for text in [
            "",
            "_a",
            "9a",
            "-",
            "A",
            "aé",
            "a.b",
            "a\0",
            &"a".repeat(33),
        ] {
            assert!(!form.fits(text), "{text}");
        }
        assert_eq!(form.pattern(), "[a-z][a-z0-9_-]{0,31}");
        assert!(NameForm::VOLUME.fits("9.-_") && !NameForm::VOLUME.fits(".9"));
    }
}
