//! The catalogue of codes, which is also a page of the documentation.

use super::Code;
use crate::assets;

/// What a code means, a small example, and how to fix it, as Markdown.
pub fn explain(code: Code) -> &'static str {
    section(code).unwrap_or("this code has no explanation: an internal error, please report it")
}

/// The text below the code's heading, up to the next heading.
fn section(code: Code) -> Option<&'static str> {
    let mut rest = assets::diagnostics();
    while let Some((_, after)) = rest.split_once("\n## ") {
        let (heading, body) = after.split_once('\n')?;
        if heading.trim() == code.name() {
            let end = body.find("\n## ").unwrap_or(body.len());
            return Some(body[..end].trim());
        }
        rest = after;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_a_section() {
        for code in Code::ALL {
            let text = section(*code).unwrap_or_else(|| panic!("no section for {}", code.name()));
            assert!(text.contains("```yaml"), "{} has no example", code.name());
            assert!(text.contains("**Fix**"), "{} has no fix", code.name());
        }
    }

    #[test]
    fn every_section_belongs_to_a_code() {
        for line in assets::diagnostics().lines() {
            if let Some(heading) = line.strip_prefix("## ") {
                assert!(
                    Code::ALL.iter().any(|code| code.name() == heading.trim()),
                    "`{heading}` is not a code"
                );
            }
        }
    }
}
