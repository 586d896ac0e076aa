//! Reading a lock: what is not exactly as `pei lock` writes it is refused.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Map, Value};

use super::{
    Download, FORMAT, Lock, Locked, LockedImage, LockedStage, MAKE, Other, Text, Url, damaged,
};
use crate::diagnostic::{escaped, quoted};
use crate::failure::Failure;
use crate::project::stamp;
use crate::ui::shown;

/// Reads the content of the file.
pub(super) fn lock(text: &str, path: &Path) -> Result<Lock, Failure> {
    let document = text
        .strip_prefix('#')
        .and_then(|rest| rest.split_once('\n'));
    let Some((_, document)) = document else {
        return Err(damaged(path, 1, "this is not the first line of a lock"));
    };
    let value: Value = serde_json::from_str(document).map_err(|error| {
        let message = error.to_string();
        let end = message.rfind(" at line ").unwrap_or(message.len());
        damaged(path, error.line() + 1, &message[..end])
    })?;
    if let Some(format) = value["format"].as_u64()
        && format != FORMAT
    {
        return Err(of_another_pei(path, format, value["pei"].as_str()));
    }
    if !stamp::is_unedited(text) {
        let what = "the file has been edited since `pei lock` wrote it";
        return Err(damaged(path, 1, what));
    }
    whole(Fields::of(value, "").map_err(|what| damaged(path, 1, &what))?)
        .map_err(|what| damaged(path, 1, &what))
}

fn of_another_pei(path: &Path, format: u64, pei: Option<&str>) -> Failure {
    let is_newer = format > FORMAT;
    let age = if is_newer { "a newer" } else { "an older" };
    let version = pei.map_or(String::new(), |pei| format!(" ({})", escaped(pei)));
    let failure = Failure::new(format!(
        "{} was written by {age} pei{version}: its format is {format}, and this pei reads {FORMAT}",
        shown(path)
    ));
    failure.help(if is_newer {
        format!("update pei; or remove the file, {MAKE}")
    } else {
        format!("remove the file, {MAKE}")
    })
}

fn whole(mut fields: Fields) -> Result<Lock, String> {
    let lock = Lock {
        format: fields.number("format")?,
        pei: fields.text("pei")?,
        source_date_epoch: fields.number("source_date_epoch")?,
        architectures: fields.below("architectures")?.map(architecture)?,
    };
    fields.end().map(|()| lock)
}

fn architecture(mut fields: Fields) -> Result<Locked, String> {
    let locked = Locked {
        default_versions: fields.below("default_versions")?.texts()?,
        images: fields.below("images")?.map(image)?,
        stages: fields.below("stages")?.map(stage)?,
    };
    fields.end().map(|()| locked)
}

fn image(mut fields: Fields) -> Result<LockedImage, String> {
    let image = LockedImage {
        digest: fields.optional("digest")?,
        identity: fields.text("identity")?,
    };
    fields.end().map(|()| image)
}

fn stage(mut fields: Fields) -> Result<LockedStage, String> {
    let hooks = fields.list("hooks")?.into_iter();
    let hooks = hooks.map(|(value, place)| text(value, &place));
    let downloads = fields.list("downloads")?.into_iter();
    let downloads = downloads.map(|(value, place)| download(Fields::of(value, &place)?));
    let others = fields.list("others")?.into_iter();
    let others = others.map(|(value, place)| other(Fields::of(value, &place)?));
    let stage = LockedStage {
        hooks: hooks.collect::<Result<_, _>>()?,
        downloads: downloads.collect::<Result<_, _>>()?,
        others: others.collect::<Result<_, _>>()?,
        from: fields.text("from")?,
        apt: fields.below("apt")?.texts()?,
    };
    fields.end().map(|()| stage)
}

fn download(mut fields: Fields) -> Result<Download, String> {
    let download = Download {
        name: fields.text("name")?,
        url: fields.text("url")?,
        query: fields.optional("query")?,
        version: fields.optional("version")?,
        sha256: fields.text("sha256")?,
    };
    fields.end().map(|()| download)
}

fn other(fields: Fields) -> Result<Other, String> {
    let place = fields.place.clone();
    let values: BTreeMap<Text, Text> = fields.texts()?;
    if let Some(url) = values.get("url") {
        Url::try_from(url.to_string()).map_err(|what| format!("{}: {what}", quoted(&place)))?;
    }
    Ok(Other(values))
}

/// The members of an object that have not been read yet.
struct Fields {
    members: Map<String, Value>,
    /// The keys that lead to it.
    place: String,
}

impl Fields {
    fn of(value: Value, place: &str) -> Result<Self, String> {
        match value {
            Value::Object(members) => Ok(Self {
                members,
                place: place.to_owned(),
            }),
            _ => Err(format!("{} is not a mapping", quoted(place))),
        }
    }

    fn place_of(&self, key: &str) -> String {
        if self.place.is_empty() {
            key.to_owned()
        } else {
            format!("{}.{key}", self.place)
        }
    }

    fn take(&mut self, key: &str) -> Result<Value, String> {
        let value = self.members.remove(key);
        value.ok_or_else(|| format!("{} is missing", quoted(&self.place_of(key))))
    }

    fn number(&mut self, key: &str) -> Result<u64, String> {
        let value = self.take(key)?.as_u64();
        value.ok_or_else(|| format!("{} is not a number", quoted(&self.place_of(key))))
    }

    fn text<T: TryFrom<String, Error = String>>(&mut self, key: &str) -> Result<T, String> {
        text(self.take(key)?, &self.place_of(key))
    }

    fn optional<T: TryFrom<String, Error = String>>(
        &mut self,
        key: &str,
    ) -> Result<Option<T>, String> {
        if self.members.contains_key(key) {
            self.text(key).map(Some)
        } else {
            Ok(None)
        }
    }

    fn below(&mut self, key: &str) -> Result<Self, String> {
        Self::of(self.take(key)?, &self.place_of(key))
    }

    fn list(&mut self, key: &str) -> Result<Vec<(Value, String)>, String> {
        let place = self.place_of(key);
        match self.take(key)? {
            Value::Array(items) => {
                let items = items.into_iter().enumerate();
                Ok(items
                    .map(|(number, item)| (item, format!("{place}[{number}]")))
                    .collect())
            }
            _ => Err(format!("{} is not a list", quoted(&place))),
        }
    }

    /// All members, as objects.
    fn map<V>(self, read: fn(Self) -> Result<V, String>) -> Result<BTreeMap<Text, V>, String> {
        let mut map = BTreeMap::new();
        let place = self.place;
        for (key, value) in self.members {
            let fields = Self::of(value, &format!("{place}.{key}"))?;
            map.insert(text(Value::String(key), &place)?, read(fields)?);
        }
        Ok(map)
    }

    /// All members, as texts.
    fn texts<K, V>(self) -> Result<BTreeMap<K, V>, String>
    where
        K: TryFrom<String, Error = String> + Ord,
        V: TryFrom<String, Error = String>,
    {
        let mut map = BTreeMap::new();
        let place = self.place;
        for (key, value) in self.members {
            let value = text(value, &format!("{place}.{key}"))?;
            map.insert(text(Value::String(key), &place)?, value);
        }
        Ok(map)
    }

    fn end(self) -> Result<(), String> {
        match self.members.keys().next() {
            Some(key) => Err(format!("{} is not known", quoted(&self.place_of(key)))),
            None => Ok(()),
        }
    }
}

fn text<T: TryFrom<String, Error = String>>(value: Value, place: &str) -> Result<T, String> {
    match value {
        Value::String(text) => {
            T::try_from(text).map_err(|what| format!("{}: {what}", quoted(place)))
        }
        _ => Err(format!("{} is not a text", quoted(place))),
    }
}
