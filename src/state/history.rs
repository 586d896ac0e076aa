//! What the history of an image would tell that is a secret.
//!
//! An image says of each step which args it had and what it ran. Whoever has the image can read it.

use std::collections::BTreeMap;

use super::named::value_of;
use super::portion::portions;
use super::{Builds, groups};
use crate::diagnostic::{is_secret_name, quoted, redact_text};
use crate::plan::{Instruction, Plan, Step, StepCommand};

/// The stages whose own steps would tell one, and what tells it: ``the build arg `PEI_DOWNLOAD_MIRROR` ``.
pub fn secrets(plan: &Plan, builds: &Builds) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for group in groups(plan, builds) {
        for portion in group.file.images.iter().flat_map(portions) {
            let mut steps = portion.steps.iter();
            let secret = steps.find_map(|step| {
                let args = step.args.iter().filter_map(|arg| {
                    let value = match &arg.value {
                        Some(_) => group.build.args.get(&arg.name).cloned(),
                        None => value_of(group.file, group.build, &arg.name),
                    };
                    Some((arg.name.as_str(), value?))
                });
                secret_arg(args).or_else(|| secret_word(step))
            });
            if let Some(secret) = secret {
                found.entry(portion.name).or_insert(secret);
            }
        }
    }
    found
}

fn secret_arg<'a>(mut args: impl Iterator<Item = (&'a str, String)>) -> Option<String> {
    let is_secret = |(name, value): &(&str, String)| {
        !value.is_empty() && (is_secret_name(name) || redact_text(value) != value.as_str())
    };
    let (name, _) = args.find(is_secret)?;
    Some(format!("the build arg {}", quoted(name)))
}

/// Only hooks have words that somebody has written.
fn secret_word(step: &Step) -> Option<String> {
    let key_path = step.key_path.as_deref()?;
    let Instruction::Run { command, .. } = &step.instruction else {
        return None;
    };
    let (StepCommand::Shell(words) | StepCommand::Words(words)) = command;
    let mut words = words.iter();
    let is_secret = words.any(|word| redact_text(word) != word.as_str() || is_signed(word));
    is_secret.then(|| format!("the arguments of {}", quoted(key_path)))
}

/// Whether a URL gives access by itself, as those of object stores do: `https://…?X-Amz-Signature=…`.
fn is_signed(word: &str) -> bool {
    let word = word.to_ascii_lowercase();
    let query = word
        .split_once("://")
        .and_then(|(_, rest)| rest.split_once('?'));
    query.is_some_and(|(_, query)| {
        let mut keys = query.split('&').filter_map(|pair| pair.split_once('='));
        keys.any(|(key, value)| !value.is_empty() && (key == "sig" || key.ends_with("signature")))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_gives_access_by_itself_is_a_secret() {
        for word in [
            "https://b.example/f?X-Amz-Signature=0123",
            "https://b.example/f?sv=1&sig=ab%3D",
        ] {
            assert!(is_signed(word), "{word}");
        }
        for word in [
            "https://b.example/f?design=1",
            "https://b.example/f?sig=",
            "sig=ab",
            "a.sh",
        ] {
            assert!(!is_signed(word), "{word}");
        }
    }
}
