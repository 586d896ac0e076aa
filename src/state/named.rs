//! The images and args that a Dockerfile names, as the args and contexts of one build have them.

use super::base::full_name;
use super::{Build, Unknown};
use crate::plan::Dockerfile;

/// The name of the image behind `FROM`.
pub(super) fn base_of(file: &Dockerfile, build: &Build, arg: &str) -> Result<String, Unknown> {
    match value_of(file, build, arg) {
        Some(name) if !name.is_empty() => replaced(build, &name),
        _ => Err(Unknown::new("its base has no name")),
    }
}

/// The image that a build uses for `name`: an override file can replace it.
pub(super) fn replaced(build: &Build, name: &str) -> Result<String, Unknown> {
    let full = full_name(name);
    let context = build
        .contexts
        .iter()
        .find(|(context, _)| full_name(context) == full);
    match context {
        None => Ok(name.to_owned()),
        Some((_, place)) => match place.strip_prefix("docker-image://") {
            Some(other) => Ok(other.to_owned()),
            None => Err(Unknown::new(format!(
                "an override file puts something else in the place of the image {name}"
            ))),
        },
    }
}

/// The value of an arg that is declared before the first `FROM`.
pub(super) fn value_of(file: &Dockerfile, build: &Build, name: &str) -> Option<String> {
    if let Some(value) = build.args.get(name) {
        return Some(value.clone());
    }
    if let Some((alias, other)) = &file.alias
        && alias == name
    {
        return value_of(file, build, other);
    }
    let arg = file.args.iter().find(|arg| arg.name == name)?;
    arg.value.with_defaults()
}
