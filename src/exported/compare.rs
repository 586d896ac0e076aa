//! What two builds of an image differ in.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::Exported;
use super::layer::{Entry, Layer};

/// What a step has made in another way than the build before.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Difference {
    /// The number of its layer, so that differences stand in the order of the build.
    layer: usize,
    /// The command of the step, as the history of the image has it.
    pub step: String,
    /// The path of a file, or what else differs.
    pub path: String,
    /// What of the file differs.
    pub what: &'static str,
}

/// The differences of two builds of one image, in the order of their steps.
pub fn differences(before: &Exported, now: &Exported) -> Vec<Difference> {
    let mut found = Vec::new();
    if before.layers.len() != now.layers.len() {
        found.push(Difference {
            layer: 0,
            step: String::new(),
            path: "the image".to_owned(),
            what: "number of layers",
        });
    }
    for (number, (before, now)) in before.layers.iter().zip(&now.layers).enumerate() {
        if before.layer.sum == now.layer.sum {
            continue;
        }
        let files = of_layers(&before.layer, &now.layer);
        found.extend(files.into_iter().map(|(path, what)| Difference {
            layer: number + 1,
            step: now.step.clone(),
            path,
            what,
        }));
    }
    let mut settings = of_values("", &before.config, &now.config);
    // Those are the sums of the layers.
    settings.retain(|key| !key.starts_with("rootfs"));
    found.extend(settings.into_iter().map(|path| Difference {
        layer: usize::MAX,
        step: String::new(),
        path,
        what: "setting of the image",
    }));
    found
}

fn of_layers(before: &Layer, now: &Layer) -> Vec<(String, &'static str)> {
    let paths: BTreeSet<&String> = before.entries.keys().chain(now.entries.keys()).collect();
    let mut found: Vec<_> = paths
        .into_iter()
        .filter_map(|path| {
            let what = of_entries(before.entries.get(path), now.entries.get(path))?;
            Some((format!("/{path}"), what))
        })
        .collect();
    // Nothing else is left in a layer that has another sum.
    if found.is_empty() {
        found.push(("the files".to_owned(), "order"));
    }
    found
}

fn of_entries(before: Option<&Entry>, now: Option<&Entry>) -> Option<&'static str> {
    let (Some(before), Some(now)) = (before, now) else {
        return Some("only in one build");
    };
    if before.kind != now.kind {
        Some("kind of file")
    } else if before.content != now.content {
        Some("content")
    } else if before.mode != now.mode {
        Some("mode")
    } else if before.owner != now.owner {
        Some("owner")
    } else if before.time != now.time {
        Some("time")
    } else {
        (before.rest != now.rest).then_some("link target or attributes")
    }
}

/// The keys of values that differ, with dots between them.
fn of_values(place: &str, before: &Value, now: &Value) -> Vec<String> {
    if before == now {
        return Vec::new();
    }
    let (Value::Object(old), Value::Object(new)) = (before, now) else {
        return vec![place.to_owned()];
    };
    let keys: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let within = |key: &String| {
        let place = if place.is_empty() {
            key.clone()
        } else {
            format!("{place}.{key}")
        };
        of_values(&place, &before[key], &now[key])
    };
    keys.into_iter().flat_map(within).collect()
}

/// The differences as text, each step once with what it made.
pub fn text(differences: &[Difference]) -> String {
    let mut steps: BTreeMap<(usize, &str), Vec<&Difference>> = BTreeMap::new();
    for difference in differences {
        let step = (difference.layer, difference.step.as_str());
        steps.entry(step).or_default().push(difference);
    }
    let mut text = String::new();
    for ((_, step), differences) in steps {
        let mut indent = "  ";
        if !step.is_empty() {
            text.extend(["  ", step, "\n"]);
            indent = "    ";
        }
        for difference in differences {
            let (path, what) = (&difference.path, difference.what);
            text.extend([indent, path, ": ", what, "\n"]);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::Made;
    use super::*;

    fn entry(content: u8) -> Entry {
        Entry {
            kind: b'0',
            mode: 0o644,
            owner: (0, 0),
            time: 1,
            content: [content; 32],
            rest: [0; 32],
        }
    }

    /// A step, the sum of its layer, and what is in it.
    type Step<'s> = (&'s str, &'s str, &'s [(&'s str, Entry)]);

    fn image(settings: &Value, layers: &[Step<'_>]) -> Exported {
        let layers = layers.iter().map(|(step, sum, entries)| {
            let entries = entries.iter();
            Made {
                step: (*step).to_owned(),
                layer: Layer {
                    sum: (*sum).to_owned(),
                    size: 1,
                    entries: entries
                        .map(|(path, entry)| ((*path).to_owned(), entry.clone()))
                        .collect(),
                },
            }
        });
        Exported {
            config: json!({"config": settings, "rootfs": 1}),
            layers: layers.collect(),
        }
    }

    #[test]
    fn each_file_is_named_with_its_step_and_what_of_it_differs() {
        let other_mode = Entry {
            mode: 0o755,
            ..entry(1)
        };
        let before = image(
            &json!({"Env": ["A=1"], "User": "me"}),
            &[
                ("RUN one", "a", &[("etc/x", entry(1))]),
                ("RUN two", "b", &[("etc/y", entry(1)), ("etc/z", entry(1))]),
                ("RUN three", "c", &[("etc/z", entry(1))]),
            ],
        );
        let now = image(
            &json!({"Env": ["A=2"], "User": "me"}),
            &[
                ("RUN one", "a", &[("etc/x", entry(1))]),
                (
                    "RUN two",
                    "B",
                    &[("etc/y", entry(2)), ("etc/z", other_mode)],
                ),
                ("RUN three", "C", &[("etc/z", entry(1)), ("new", entry(1))]),
            ],
        );
        assert_eq!(
            text(&differences(&before, &now)),
            "  RUN two
    /etc/y: content
    /etc/z: mode
  RUN three
    /new: only in one build
  config.Env: setting of the image
"
        );
        assert_eq!(differences(&now, &now), []);
    }

    #[test]
    fn a_layer_with_the_same_files_in_another_order_differs() {
        let one = image(&json!({}), &[("RUN one", "a", &[("x", entry(1))])]);
        let other = image(&json!({}), &[("RUN one", "b", &[("x", entry(1))])]);
        assert_eq!(
            text(&differences(&one, &other)),
            "  RUN one\n    the files: order\n"
        );
        let more = image(&json!({}), &[]);
        assert_eq!(
            text(&differences(&one, &more)),
            "  the image: number of layers\n"
        );
    }
}
