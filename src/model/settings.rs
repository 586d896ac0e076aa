//! The project as a tree of settings by their keys. It shows what each setting became, and which values need
//! Compose.
//!
//! Each struct is destructured with all its fields, so that a new field cannot be forgotten.

use super::{
    Apt, AptSource, BuildAccess, Builder, Cache, CachePlace, ComposeText, Copied, EnvVar, Hook,
    Hooks, Id, Mount, MountSource, Origin, Project, Proxy, Role, Snapshot, Source, Ssh, SshUser,
    Stage, Start, Storage,
};

/// A value of the tree. No value holds a password or a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Setting {
    /// Not set, and there is no default.
    Null,
    /// A boolean.
    Flag(bool),
    /// A number.
    Number(u32),
    /// A keyword, or a text without markers.
    Word(String),
    /// A text that may hold markers.
    Text(ComposeText),
    /// A list, in order.
    List(Vec<Setting>),
    /// Settings by their keys.
    Map(Vec<(String, Setting)>),
}

impl Project {
    /// The settings of each stage, by its key.
    pub fn settings(&self) -> Setting {
        let Self {
            stages,
            builders,
            name: _,
            // Contexts, services and secrets are already in docker-compose.yml as they are.
            contexts: _,
            services: _,
            build_secrets: _,
            cache: its_cache,
            // It changes no container.
            lock: _,
        } = self;
        let mut all: Vec<_> = stages
            .iter()
            .map(|s| (s.id.key.clone(), stage(s, builders)))
            .collect();
        if !builders.is_empty() {
            let further = builders.iter();
            let further = further.map(|b| (b.name.clone(), builder(b, builders)));
            all.push(("stages".to_owned(), Setting::Map(further.collect())));
        }
        all.extend(
            its_cache
                .as_ref()
                .map(|its| ("cache".to_owned(), cache(its))),
        );
        Setting::Map(all)
    }

    /// The key paths of all values that hold a marker.
    pub fn marked_values(&self) -> Vec<String> {
        let mut found = Vec::new();
        self.settings().find_markers("", &mut found);
        found
    }
}

impl Setting {
    fn word(text: &str) -> Self {
        Self::Word(text.to_owned())
    }

    fn maybe<T>(value: Option<T>, to_setting: impl FnOnce(T) -> Self) -> Self {
        value.map_or(Self::Null, to_setting)
    }

    fn text(text: &ComposeText) -> Self {
        Self::Text(text.clone())
    }

    fn list<T>(items: &[T], to_setting: impl Fn(&T) -> Self) -> Self {
        Self::List(items.iter().map(to_setting).collect())
    }

    fn map<const N: usize>(entries: [(&str, Self); N]) -> Self {
        Self::Map(entries.map(|(key, value)| (key.to_owned(), value)).into())
    }

    fn find_markers(&self, path: &str, found: &mut Vec<String>) {
        match self {
            Self::Text(text) if !text.is_literal() => found.push(path.to_owned()),
            Self::List(items) => {
                for (index, item) in items.iter().enumerate() {
                    item.find_markers(&format!("{path}[{index}]"), found);
                }
            }
            Self::Map(entries) => {
                for (key, value) in entries {
                    let dot = if path.is_empty() { "" } else { "." };
                    value.find_markers(&format!("{path}{dot}{key}"), found);
                }
            }
            Self::Null | Self::Flag(_) | Self::Number(_) | Self::Word(_) | Self::Text(_) => {}
        }
    }
}

fn cache(cache: &Cache) -> Setting {
    let Cache { place, push } = cache;
    let place = match place {
        CachePlace::Registry(registry) => ("registry", Setting::word(registry)),
        CachePlace::Folder(folder) => ("folder", Setting::word(folder)),
    };
    Setting::map([place, ("push", Setting::Flag(*push))])
}

fn builder(builder: &Builder, all: &[Builder]) -> Setting {
    let Builder {
        name: _,
        from,
        output,
        copies: its_copies,
        environment,
        on_build,
        access: its_access,
        apt,
    } = builder;
    let (base, from) = match from {
        Start::Image(base) => (Some(base), None),
        Start::System => (None, Some("stage-1")),
        Start::Builder(index) => (None, Some(all[*index].name.as_str())),
    };
    let variables = environment.iter();
    let variables = variables.map(|(name, value)| (name.clone(), Setting::word(value)));
    let mut custom = vec![("on_build".to_owned(), Setting::list(on_build, hook))];
    custom.extend(access(its_access));
    let apt = if *apt {
        Setting::Null
    } else {
        Setting::word("none")
    };
    Setting::map([
        (
            "image",
            Setting::map([
                ("base", Setting::maybe(base, Setting::text)),
                ("output", Setting::maybe(output.as_ref(), Setting::text)),
            ]),
        ),
        ("from", Setting::maybe(from, Setting::word)),
        ("copy", copies(its_copies, all)),
        ("environment", Setting::Map(variables.collect())),
        ("custom", Setting::Map(custom)),
        ("apt", apt),
    ])
}

fn copies(copies: &[Copied], builders: &[Builder]) -> Setting {
    Setting::list(copies, |copy| {
        let Copied {
            from,
            path,
            to,
            owner,
            mode,
        } = copy;
        let from = match from {
            Source::Installation => None,
            Source::Context(name) | Source::Image(name) => Some(name.as_str()),
            Source::System => Some("stage-1"),
            Source::Builder(index) => Some(builders[*index].name.as_str()),
        };
        let word = |text: &Option<String>| Setting::maybe(text.as_deref(), Setting::word);
        Setting::map([
            ("from", Setting::maybe(from, Setting::word)),
            ("path", Setting::word(path)),
            ("to", Setting::word(to)),
            ("owner", word(owner)),
            ("mode", word(mode)),
        ])
    })
}

fn stage(stage: &Stage, builders: &[Builder]) -> Setting {
    let Stage {
        id: _,
        role,
        from,
        inherits: _,
        output,
        ssh: sshd,
        proxy: its_proxy,
        apt: its_apt,
        environment,
        ports,
        device,
        storage,
        mount: mounts,
        copies: its_copies,
        options,
        custom,
    } = stage;
    let (base, from) = match from {
        Origin::Image(base) => (Some(base), None),
        Origin::Stage { id: _, written } => (written.as_ref(), None),
        Origin::Builder(index) => (None, Some(builders[*index].name.as_str())),
    };
    let mut entries = vec![
        ("proxy", proxy(its_proxy)),
        (
            "environment",
            Setting::Map(environment.iter().map(variable).collect()),
        ),
        ("ports", Setting::list(ports, Setting::text)),
        (
            "device",
            Setting::map([("type", Setting::word(device.name()))]),
        ),
        ("mount", Setting::Map(mounts.iter().map(mount).collect())),
        ("custom", hooks(custom)),
        (
            "image",
            Setting::map([
                ("base", Setting::maybe(base, Setting::text)),
                ("output", Setting::text(output)),
            ]),
        ),
    ];
    match (sshd, role) {
        (Some(sshd), _) => entries.push(("ssh", ssh(sshd))),
        (None, Role::System) => {
            entries.push(("ssh", Setting::map([("enable", Setting::Flag(false))])));
        }
        (None, Role::Working) => {}
    }
    entries.extend(its_apt.as_ref().map(|its_apt| ("apt", apt(its_apt))));
    entries.extend(storage.as_ref().map(|entries| {
        let entries = entries.iter().map(|Storage { key, source: from }| {
            (key.name().to_owned(), Setting::Map(source(from)))
        });
        ("storage", Setting::Map(entries.collect()))
    }));
    entries.extend(from.map(|from| ("from", Setting::word(from))));
    if !its_copies.is_empty() {
        entries.push(("copy", copies(its_copies, builders)));
    }
    let options = options.entries().into_iter();
    entries.extend(options.filter_map(|(key, text)| Some((key, Setting::text(text.as_ref()?)))));
    let entries = entries.into_iter();
    Setting::Map(
        entries
            .map(|(key, value)| (key.to_owned(), value))
            .collect(),
    )
}

fn proxy(proxy: &Proxy) -> Setting {
    let Proxy {
        address,
        port,
        enable_globally,
        remove_after_build,
        use_https,
    } = proxy;
    Setting::map([
        ("address", Setting::text(address)),
        ("port", Setting::Number((*port).into())),
        ("enable_globally", Setting::Flag(*enable_globally)),
        ("remove_after_build", Setting::Flag(*remove_after_build)),
        ("use_https", Setting::Flag(*use_https)),
    ])
}

fn apt(apt: &Apt) -> Setting {
    let Apt {
        repo_source,
        keep_repo_after_build,
        use_proxy,
        keep_proxy_after_build,
        snapshot,
    } = apt;
    let repo_source = match repo_source {
        AptSource::Unchanged => "",
        AptSource::Mirror(text) | AptSource::File(text) => text,
    };
    let mut entries = vec![
        ("repo_source", Setting::word(repo_source)),
        (
            "keep_repo_after_build",
            Setting::Flag(*keep_repo_after_build),
        ),
        ("use_proxy", Setting::Flag(*use_proxy)),
        (
            "keep_proxy_after_build",
            Setting::Flag(*keep_proxy_after_build),
        ),
    ];
    if let Some(Snapshot { time, url }) = snapshot {
        entries.push(("snapshot", Setting::word(time)));
        let url = url
            .as_deref()
            .map(|url| ("snapshot_url", Setting::word(url)));
        entries.extend(url);
    }
    let named = entries.into_iter();
    Setting::Map(named.map(|(key, value)| (key.to_owned(), value)).collect())
}

fn variable(variable: &EnvVar) -> (String, Setting) {
    let EnvVar { name, value } = variable;
    (name.clone(), Setting::maybe(value.as_ref(), Setting::text))
}

fn ssh(ssh: &Ssh) -> Setting {
    let Ssh {
        port,
        host_port,
        users,
    } = ssh;
    Setting::map([
        ("enable", Setting::Flag(true)),
        ("port", Setting::Number((*port).into())),
        (
            "host_port",
            Setting::maybe(host_port.as_ref(), Setting::text),
        ),
        ("users", Setting::Map(users.iter().map(user).collect())),
    ])
}

fn setting_of_id(id: Id) -> Setting {
    match id {
        Id::Number(number) => Setting::Number(number),
        Id::Host => Setting::Text(ComposeText::literal("host")),
    }
}

fn user(user: &SshUser) -> (String, Setting) {
    let SshUser {
        name,
        password: _,
        public_key: _,
        private_key: _,
        uid,
        gid,
        key_files: _,
        public_key_files: _,
        login_keys: _,
    } = user;
    let value = Setting::map([
        ("uid", Setting::maybe(*uid, setting_of_id)),
        ("gid", Setting::maybe(*gid, setting_of_id)),
    ]);
    (name.clone(), value)
}

fn mount(mount: &Mount) -> (String, Setting) {
    let Mount {
        name,
        source: from,
        dst_path,
    } = mount;
    let mut entries = source(from);
    entries.push(("dst_path".to_owned(), Setting::text(dst_path)));
    (name.clone(), Setting::Map(entries))
}

fn source(source: &MountSource) -> Vec<(String, Setting)> {
    let (kind, path) = match source {
        MountSource::AutoVolume => ("auto-volume", None),
        MountSource::ManualVolume { volume_name } => {
            ("manual-volume", Some(("volume_name", volume_name)))
        }
        MountSource::Host { host_path } => ("host", Some(("host_path", host_path))),
        MountSource::Image => ("image", None),
    };
    let path = path.map(|(key, text)| (key.to_owned(), Setting::text(text)));
    [("type".to_owned(), Setting::word(kind))]
        .into_iter()
        .chain(path)
        .collect()
}

fn hooks(hooks: &Hooks) -> Setting {
    let Hooks {
        on_build,
        on_first_run,
        on_every_run,
        on_user_login,
        on_entry,
        access: its_access,
        keep_tmp,
    } = hooks;
    let entries = [
        ("on_build", Setting::list(on_build, hook)),
        ("on_first_run", Setting::list(on_first_run, hook)),
        ("on_every_run", Setting::list(on_every_run, hook)),
        ("on_user_login", Setting::list(on_user_login, hook)),
        ("on_entry", Setting::maybe(on_entry.as_ref(), hook)),
    ];
    let entries = entries.map(|(key, value)| (key.to_owned(), value));
    let keep = keep_tmp.then(|| ("keep_tmp".to_owned(), Setting::Flag(true)));
    let entries = entries.into_iter().chain(access(its_access)).chain(keep);
    Setting::Map(entries.collect())
}

/// What build hooks get; nothing where they get nothing.
fn access(access: &BuildAccess) -> Vec<(String, Setting)> {
    let BuildAccess { secrets, ssh_agent } = access;
    let names = secrets.iter().map(|name| Setting::word(name)).collect();
    let secrets = (!secrets.is_empty()).then(|| ("secrets".to_owned(), Setting::List(names)));
    let agent = ssh_agent.then(|| ("ssh_agent".to_owned(), Setting::Flag(true)));
    secrets.into_iter().chain(agent).collect()
}

fn hook(hook: &Hook) -> Setting {
    let Hook { script, arguments } = hook;
    Setting::Word(if arguments.is_empty() {
        script.clone()
    } else {
        format!("{script} {arguments}")
    })
}
