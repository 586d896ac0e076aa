//! A legal config with hostile text wherever a person may type.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use proptest::prelude::*;
use proptest::sample::select;

use super::hook::{self, Hook};
use super::text::{
    Allowed, Text, in_environment, in_folder, in_password, in_proxy_address, in_variable_name,
    literal, text,
};

/// What the generator may use.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wanted {
    /// Values that Compose fills in; the merged build has no Compose.
    pub(crate) markers: bool,
    /// Users with passwords: hashing takes its time.
    pub(crate) passwords: bool,
}

/// What was typed.
#[derive(Clone)]
pub(crate) struct Config {
    quotes: Quotes,
    pub(crate) base: String,
    pub(crate) users: Vec<User>,
    /// Below `installation/`.
    pub(crate) apt_file: Option<String>,
    pub(crate) storage: Text,
    pub(crate) stages: [Stage; 2],
}

/// An account.
#[derive(Debug, Clone)]
pub(crate) struct User {
    pub(crate) name: String,
    /// Without one the user has a key file, below `installation/`.
    pub(crate) password: Option<Text>,
    pub(crate) key_file: String,
}

/// What both stages have.
#[derive(Debug, Clone)]
pub(crate) struct Stage {
    pub(crate) output: String,
    pub(crate) proxy: String,
    environment_is_list: bool,
    environment: Vec<(String, Option<Text>)>,
    pub(crate) ports: Vec<String>,
    pub(crate) mounts: Vec<Mount>,
    /// `on_build`, `on_first_run`, `on_every_run`, `on_user_login`.
    pub(crate) hooks: [Vec<Hook>; 4],
    pub(crate) on_entry: Option<Hook>,
}

/// The points of a hook, as the config and the wrappers call them.
pub(crate) const POINTS: [&str; 4] = ["on_build", "on_first_run", "on_every_run", "on_user_login"];

#[derive(Debug, Clone)]
pub(crate) struct Mount {
    name: String,
    source: Source,
    destination: Text,
}

#[derive(Debug, Clone)]
enum Source {
    Auto,
    Manual(String),
    Host(Text),
}

/// A volume as a container gets it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum From {
    /// As typed.
    Host(String),
    /// The volume's key in the compose file, and its own name where it has one.
    Volume(String, Option<String>),
}

impl Mount {
    pub(crate) fn source(&self) -> From {
        let key = format!("mount_{}", self.name);
        match &self.source {
            Source::Auto => From::Volume(key, None),
            Source::Manual(name) => From::Volume(key, Some(name.clone())),
            Source::Host(path) => From::Host(path.meant()),
        }
    }

    pub(crate) fn destination(&self) -> String {
        self.destination.meant()
    }
}

/// Prints a failing case as a person would see it.
impl std::fmt::Debug for Config {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "\n{}", self.yaml())
    }
}

impl Config {
    /// What the containers of a stage get: name and value, `None` from the environment of Compose.
    pub(crate) fn environment(&self, stage: usize) -> BTreeMap<String, Option<String>> {
        let stages = self.stages.iter().take(stage);
        let variables = stages.flat_map(|stage| &stage.environment);
        variables
            .map(|(name, value)| (name.clone(), value.as_ref().map(Text::meant)))
            .collect()
    }

    /// Source and destination of each volume of stage-2, in order.
    pub(crate) fn volumes_of_stage_2(&self) -> Vec<(From, String)> {
        let storage = (
            From::Host(self.storage.meant()),
            "/hard/volume/data".to_owned(),
        );
        let mounts = self.stages[1].mounts.iter();
        std::iter::once(storage)
            .chain(mounts.map(|mount| (mount.source(), mount.destination())))
            .collect()
    }

    /// The files below `installation/` that it names, each once.
    pub(crate) fn hooks(&self) -> impl Iterator<Item = &Hook> {
        let stages = self.stages.iter();
        stages.flat_map(|stage| stage.hooks.iter().flatten().chain(&stage.on_entry))
    }

    /// A config of the same shape, whose texts are plain words.
    pub(crate) fn tame(&self) -> Self {
        let mut tame = self.clone();
        tame.apt_file = tame.apt_file.map(|_| "stage-1/custom/sources".to_owned());
        tame.storage = Text::of("./data");
        for (stage, number) in tame.stages.iter_mut().zip(1..) {
            "proxy".clone_into(&mut stage.proxy);
            stage.environment.clear();
            stage.mounts.clear();
            for hook in stage.hooks.iter_mut().flatten().chain(&mut stage.on_entry) {
                hook.tame(number);
            }
        }
        tame
    }

    /// The text of `user_config.yml`, in flow style.
    pub(crate) fn yaml(&self) -> String {
        let scalar = |text: &str| self.quotes.scalar(text);
        let list = |items: Vec<String>| format!("[{}]", items.join(", "));
        let hooks = |hooks: &[Hook]| list(hooks.iter().map(|hook| scalar(&hook.typed())).collect());
        let stage = |index: usize, base: Option<&str>, more: &str| {
            let stage = &self.stages[index];
            let environment = if stage.environment_is_list {
                let items = stage.environment.iter().map(|(name, value)| match value {
                    None => scalar(name),
                    Some(value) => scalar(&value.clone().after(&format!("{name}=")).typed()),
                });
                list(items.collect())
            } else {
                let entries = stage.environment.iter().map(|(name, value)| {
                    let value = value
                        .as_ref()
                        .map_or("null".to_owned(), |value| scalar(&value.typed()));
                    format!("{}: {value}", double(name))
                });
                format!("{{{}}}", entries.collect::<Vec<_>>().join(", "))
            };
            let mounts = stage.mounts.iter().map(|mount| {
                let source = match &mount.source {
                    Source::Auto => "type: auto-volume".to_owned(),
                    Source::Manual(name) => {
                        format!("type: manual-volume, volume_name: {}", scalar(name))
                    }
                    Source::Host(path) => {
                        format!("type: host, host_path: {}", scalar(&path.typed()))
                    }
                };
                format!(
                    "{}: {{{source}, dst_path: {}}}",
                    double(&mount.name),
                    scalar(&mount.destination.typed())
                )
            });
            let points = POINTS.iter().zip(&stage.hooks);
            let custom: Vec<_> = points
                .map(|(point, list)| format!("{point}: {}", hooks(list)))
                .collect();
            let image = base.map_or(String::new(), |base| format!("base: {}, ", scalar(base)));
            format!(
                "  image: {{{image}output: {}}}\n  proxy: {{address: {}}}\n  environment: {environment}\n  ports: {}\n  \
                 mount: {{{}}}\n  custom: {{{}, on_entry: {}}}\n{more}",
                scalar(&stage.output),
                scalar(&stage.proxy),
                list(stage.ports.iter().map(|port| double(port)).collect()),
                mounts.collect::<Vec<_>>().join(", "),
                custom.join(", "),
                hooks(stage.on_entry.as_slice()),
            )
        };
        let users = self.users.iter().map(|user| {
            let credential = match &user.password {
                Some(password) => format!("password: {}", scalar(&password.typed())),
                None => format!("pubkey_file: {}", scalar(&user.key_file)),
            };
            format!("{}: {{{credential}}}", double(&user.name))
        });
        let ssh = format!(
            "  ssh: {{users: {{{}}}}}\n",
            users.collect::<Vec<_>>().join(", ")
        );
        let apt = self.apt_file.as_ref().map_or(String::new(), |file| {
            format!("  apt: {{repo_source: {}}}\n", scalar(file))
        });
        let storage = format!(
            "  storage: {{data: {{type: host, host_path: {}}}}}\n",
            scalar(&self.storage.typed())
        );
        format!(
            "stage_1:\n{}stage_2:\n{}",
            stage(0, Some(&self.base), &(ssh + &apt)),
            stage(1, None, &storage)
        )
    }
}

/// crypt(3) reads no more bytes.
const LONGEST_PASSWORD: usize = 511;

/// How a person writes a YAML scalar; double quotes where the style cannot hold the text.
#[derive(Debug, Clone, Copy)]
enum Quotes {
    Double,
    Single,
    Plain,
}

impl Quotes {
    fn scalar(self, text: &str) -> String {
        let printable = |c: char| {
            !c.is_control()
                && !matches!(
                    c,
                    '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}'
                )
        };
        let is_null = matches!(text, "" | "~" | "null" | "Null" | "NULL");
        let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '.';
        match self {
            Self::Plain if !is_null && text.chars().all(is_word) && text != "..." => {
                text.to_owned()
            }
            Self::Single | Self::Plain if text.chars().all(printable) => {
                format!("'{}'", text.replace('\'', "''"))
            }
            _ => double(text),
        }
    }
}

/// JSON is YAML, but for the characters that YAML wants escaped.
pub(crate) fn double(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            ' '..='~' => out.push(c),
            _ => {
                let number = u32::from(c);
                let _ = if number > 0xffff {
                    write!(out, "\\U{number:08x}")
                } else {
                    write!(out, "\\u{number:04x}")
                };
            }
        }
    }
    out + "\""
}

/// No key of a mapping may be so long in YAML, unless it says that it is one; an item of a list may.
const LONG: usize = 1100;

/// What YAML or bash has a use of its own for, and what no shell can name.
const VARIABLE_NAMES: &[&str] = &[
    "PATH", "IFS", "HOME", "PS1", "PS4", "LANG", "BASH_ENV", "yes", "null", "on", "y", "1e3", "~",
    "A-B", "a.b", "_", "=", "$X",
];

/// Names of images that YAML could take for something else.
const IMAGES: &[&str] = &[
    "yes",
    "null",
    "on:off",
    "1e3:0x10",
    "123",
    "x/y",
    "localhost:5000/a__b:null",
    "a.b:80/c-d:_",
];

fn environment(wanted: Wanted) -> impl Strategy<Value = Vec<(String, Option<Text>)>> {
    let name = prop_oneof![
        2 => "[A-Za-z_][A-Za-z0-9_]{0,8}",
        1 => select(VARIABLE_NAMES).prop_map(str::to_owned),
        2 => literal(in_variable_name),
    ];
    let short = name.prop_map(|name| name.chars().take(80).collect::<String>());
    let name = prop_oneof![30 => short, 1 => Just("A".repeat(LONG))];
    let name = name.prop_map(|name| {
        let name: String = name.replace('=', "");
        // Merge keys and extensions are YAML's and Compose's.
        if name.is_empty() || name == "<<" || name.starts_with("x-") {
            format!("_{name}")
        } else {
            name
        }
    });
    let value = proptest::option::weighted(0.9, text(in_environment, wanted.markers));
    proptest::collection::vec((name, value), 0..4).prop_map(|mut variables| {
        let mut seen = Vec::new();
        variables.retain(|(name, _)| {
            !seen.contains(name) && {
                seen.push(name.clone());
                true
            }
        });
        variables
    })
}

/// A path of one or two directories, with hostile ends.
fn path(
    first: &'static [&'static str],
    allowed: Allowed,
    markers: bool,
) -> impl Strategy<Value = Text> {
    (select(first), text(allowed, markers)).prop_map(|(first, folder)| {
        let meant = folder.meant();
        let is_folder =
            !meant.is_empty() && !meant.trim_matches('.').is_empty() && meant.len() < 1000;
        let folder = if is_folder {
            folder
        } else {
            Text::of("folder")
        };
        folder.after(first)
    })
}

fn mount(number: usize, wanted: Wanted) -> impl Strategy<Value = Mount> {
    let volume = prop_oneof![
        Just(Source::Auto),
        "[A-Za-z0-9][A-Za-z0-9._-]{0,20}".prop_map(Source::Manual),
    ];
    let volume = ("[A-Za-z0-9._-]{1,20}", volume);
    let host = path(
        &["/", "/a b/", "./", "../", ".", "~/"],
        in_folder,
        wanted.markers,
    );
    let host = (literal(super::text::in_line), host.prop_map(Source::Host));
    let destination = path(&["/", "/a b/"], in_folder, wanted.markers);
    (prop_oneof![volume, host], destination).prop_map(move |((name, source), destination)| Mount {
        name: format!("m{number}{}", name.chars().take(80).collect::<String>()),
        source,
        destination,
    })
}

fn image() -> impl Strategy<Value = String> {
    prop_oneof![
        2 => select(IMAGES)
            .prop_map(str::to_owned),
        1 => "[a-z0-9]{1,5}(/[a-z0-9]{1,5}(--|_|\\.)[a-z0-9]{1,3})?(:[A-Za-z0-9_][A-Za-z0-9_.-]{0,9})?",
    ]
}

fn stage(number: usize, wanted: Wanted) -> impl Strategy<Value = Stage> {
    let hooks = move |point: usize| proptest::collection::vec(hook::hook(number, 11 * point), 0..2);
    let hooks = [hooks(1), hooks(2), hooks(3), hooks(4)];
    let ports = prop_oneof![
        Just(vec![
            "8080:80".to_owned(),
            "127.0.0.1:8081:81/udp".to_owned()
        ]),
        Just(vec![
            "[::1]:3000-3002:3000-3002".to_owned(),
            "22:22".to_owned(),
            "53".to_owned()
        ]),
        Just(Vec::new()),
    ];
    let proxy = literal(in_proxy_address)
        .prop_map(|text| format!("p{}", text.chars().take(50).collect::<String>()));
    let environment = (any::<bool>(), environment(wanted));
    let mounts = (mount(0, wanted), mount(1, wanted), 0..3_usize);
    (
        image(),
        proxy,
        environment,
        ports,
        mounts,
        hooks,
        proptest::option::of(hook::hook(number, 55)),
    )
        .prop_map(
            move |(output, proxy, environment, ports, (one, two, mounts), hooks, on_entry)| {
                let mut mounts: Vec<Mount> = [one, two].into_iter().take(mounts).collect();
                // Each stage has names and places of its own.
                for (place, mount) in mounts.iter_mut().enumerate() {
                    mount.name.insert_str(1, &number.to_string());
                    mount.destination = mount.destination.clone().after(&format!("/{place}"));
                }
                Stage {
                    output,
                    proxy,
                    environment_is_list: environment.0
                        || environment.1.iter().any(|(name, _)| name.len() >= LONG),
                    environment: environment.1,
                    ports,
                    mounts,
                    hooks,
                    on_entry,
                }
            },
        )
}

fn users(wanted: Wanted) -> impl Strategy<Value = Vec<User>> {
    let name = prop_oneof![
        select(&["yes", "no", "null", "on", "y", "root", "true"][..]).prop_map(str::to_owned),
        "[a-z][a-z0-9_-]{0,31}",
    ];
    let password = text(in_password, false).prop_map(|text| match text.meant().len() {
        1..=LONGEST_PASSWORD => text,
        _ => Text::of("p"),
    });
    let user = (name, password, hook::name(5)).prop_map(move |(name, password, key)| User {
        name,
        password: wanted.passwords.then_some(password),
        key_file: format!("stage-1/custom/{key}"),
    });
    proptest::collection::vec(user, 0..3).prop_map(|mut users| {
        users.retain(|user| !user.name.starts_with("x-"));
        users.dedup_by(|a, b| a.name == b.name);
        users
    })
}

/// Legal configs.
pub(crate) fn config(wanted: Wanted) -> impl Strategy<Value = Config> {
    let quotes = select(&[Quotes::Double, Quotes::Single, Quotes::Plain][..]);
    let apt_file = (select(&["", "stage-1/custom/"][..]), hook::name(3))
        .prop_map(|(folder, name)| folder.to_owned() + &name);
    let storage = path(&["/", "./", "../", ".", "~/"], in_folder, wanted.markers);
    let stages = [stage(1, wanted).boxed(), stage(2, wanted).boxed()];
    (
        quotes,
        image(),
        users(wanted),
        proptest::option::of(apt_file),
        storage,
        stages,
    )
        .prop_map(|(quotes, base, users, apt_file, storage, stages)| Config {
            quotes,
            base,
            users,
            apt_file,
            storage,
            stages,
        })
        .prop_filter("a build does not write over its base", |config| {
            config
                .stages
                .iter()
                .all(|stage| stage.output != config.base)
        })
}
