//! The forms of names, each declared once: the rules apply them, and the schema tells them to editors.

/// What a name is made of. Characters are given as a class of regular expressions has them: `a-z0-9_`.
#[derive(Debug)]
pub struct NameForm {
    first: &'static str,
    /// Those behind the first, and the first ones among them.
    other: &'static str,
    longest: Option<usize>,
}

impl NameForm {
    /// What Compose takes for the name of a project.
    pub const PROJECT: Self = Self {
        first: "a-z0-9",
        other: "a-z0-9_-",
        longest: None,
    };
    /// What `useradd` takes on every distribution, but for what begins with `_`: such accounts are services'.
    pub const USER: Self = Self {
        first: "a-z",
        other: "a-z0-9_-",
        longest: Some(32),
    };
    /// What Compose and the engine take for the name of a volume.
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
    /// A further stage, which Docker, Compose and a folder have by the same name; and a context.
    pub const BUILDER: Self = Self {
        first: "a-z",
        other: "a-z0-9-",
        longest: Some(31),
    };
    /// An account or a group of any image, or the number of one.
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

    /// Whether a text is such a name.
    pub fn fits(&self, text: &str) -> bool {
        self.longest.is_none_or(|longest| text.len() <= longest)
            && self.begins(text)
            && self.has_all(text)
    }

    /// Whether a text begins as such a name does.
    pub fn begins(&self, text: &str) -> bool {
        text.starts_with(|c| is_in(self.first, c))
    }

    /// Whether a text may be the rest of such a name.
    pub fn has_all(&self, text: &str) -> bool {
        text.chars().all(|c| is_in(self.other, c))
    }

    /// The form as a regular expression, not anchored.
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
    fn a_form_is_what_its_pattern_says() {
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
