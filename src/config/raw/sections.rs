//! The declarations of all sections.

use super::section::{self, sections};
use super::{Key, Shape, Spec};
use crate::config::read::{Context, Field, Place, Reported};
use crate::config::yaml::Node;
use crate::model;

pub(crate) use super::section::{entries, is_extension, named_entries};

/// The values of `type` in storage and mount entries.
pub(crate) const SOURCE_TYPES: [&str; 4] = ["auto-volume", "manual-volume", "host", "image"];

/// The keys of a user that hold a password or a key.
pub(crate) const CREDENTIALS: [&str; 6] = [
    "password",
    "password_hash",
    "pubkey_file",
    "pubkey_text",
    "privkey_file",
    "privkey_text",
];

/// Help for keys of a stage that are at the top level instead.
const BELONGS_IN_STAGE: &str = "it belongs in `stage_1` or `stage_2`";
const STAGE_1_ONLY: &str = "it belongs in `stage_1`: stage-2 builds on what stage-1 has set up";

/// The system image: all keys of a stage except those that are listed as misplaced.
pub(crate) const STAGE_1: Spec = Spec {
    name: "Stage1",
    about: "The system image.",
    misplaced: &[
        ("secrets", NO_SECRETS),
        ("storage", "it belongs in `stage_2`; in stage-1 use `mount`"),
        (
            "from",
            "stage-1 builds on an image: name it as `image.base`",
        ),
    ],
    elsewhere: COMPOSE_KEYS,
    ..Stage::SPEC
};

/// The working image, likewise.
pub(crate) const STAGE_2: Spec = Spec {
    name: "Stage2",
    about: "The working image on top of stage-1.",
    misplaced: &[
        ("ssh", STAGE_1_ONLY),
        ("apt", STAGE_1_ONLY),
        ("secrets", NO_SECRETS),
    ],
    elsewhere: COMPOSE_KEYS,
    ..Stage::SPEC
};

/// Keys of a Compose service that users may try in a stage.
const COMPOSE_KEYS: Option<(&[&str], &str)> = Some((
    &[
        "annotations",
        "blkio_config",
        "build",
        "cap_add",
        "cap_drop",
        "cgroup",
        "cgroup_parent",
        "command",
        "configs",
        "container_name",
        "cpu_count",
        "cpu_percent",
        "cpu_period",
        "cpu_quota",
        "cpu_rt_period",
        "cpu_rt_runtime",
        "cpu_shares",
        "cpus",
        "cpuset",
        "credential_spec",
        "depends_on",
        "deploy",
        "develop",
        "device_cgroup_rules",
        "devices",
        "dns",
        "dns_opt",
        "dns_search",
        "domainname",
        "entrypoint",
        "env_file",
        "expose",
        "external_links",
        "extra_hosts",
        "group_add",
        "healthcheck",
        "init",
        "ipc",
        "isolation",
        "labels",
        "links",
        "logging",
        "mac_address",
        "mem_limit",
        "mem_reservation",
        "mem_swappiness",
        "memswap_limit",
        "network_mode",
        "networks",
        "oom_kill_disable",
        "oom_score_adj",
        "pid",
        "pids_limit",
        "platform",
        "post_start",
        "pre_stop",
        "privileged",
        "profiles",
        "pull_policy",
        "read_only",
        "runtime",
        "scale",
        "security_opt",
        "stdin_open",
        "stop_grace_period",
        "stop_signal",
        "storage_opt",
        "sysctls",
        "tmpfs",
        "tty",
        "ulimits",
        "user",
        "userns_mode",
        "uts",
        "volumes_from",
        "working_dir",
    ],
    "it is a key of Compose: write it into `docker-compose.override.yml`, or below the service in compose-template.yml",
));

/// Help for secrets in a stage itself.
const NO_SECRETS: &str = "secrets of build hooks belong below `custom`; those of containers into `docker-compose.override.yml`";

const NO_CONTAINER: &str =
    "it belongs in `stage_1` or `stage_2`: a further stage has build steps and no container";
const NO_HOOK: &str =
    "it belongs below `custom` of `stage_1` or `stage_2`: a further stage has no container";

/// The image of a further stage. It need not have a name.
pub(crate) const BUILDER_IMAGE: Spec = Spec {
    name: "BuilderImage",
    about: "What a further stage is built from, and the name of its image.",
    all_keys: &[
        Key {
            name: "base",
            about: "The image to build on, of any make; not together with `from`; default none.",
            shape: Shape::ComposeText,
        },
        Key {
            name: "output",
            about: "Name and tag of the stage's image, which `docker compose build NAME` makes; default none.",
            shape: Shape::ComposeText,
        },
    ],
    required: &[],
    ..Image::SPEC
};

/// The hooks of a further stage.
pub(crate) const BUILDER_CUSTOM: Spec = Spec {
    name: "BuilderCustom",
    about: "Scripts that run during the build of a further stage.",
    misplaced: &[
        ("on_first_run", NO_HOOK),
        ("on_every_run", NO_HOOK),
        ("on_user_login", NO_HOOK),
        ("on_entry", NO_HOOK),
        (
            "keep_tmp",
            "leave it out: no image has the directory of a further stage",
        ),
    ],
    ..Custom::SPEC
};

/// Where the content of a storage directory is kept: a mount with a fixed destination.
pub(crate) const STORAGE_ENTRY: Spec = Spec {
    name: "StorageEntry",
    about: "Where the content of a storage directory lives.",
    required: &["type"],
    misplaced: &[(
        "dst_path",
        "the destination of a storage directory is fixed; use `mount` for another destination",
    )],
    ..Mount::SPEC
};

sections! {
    /// Two images: a system image, and a working image on top of it.
    Root requires &["stage_1"];
    misplaced &[
        ("image", BELONGS_IN_STAGE),
        ("proxy", BELONGS_IN_STAGE),
        ("environment", BELONGS_IN_STAGE),
        ("ports", BELONGS_IN_STAGE),
        ("device", BELONGS_IN_STAGE),
        ("mount", BELONGS_IN_STAGE),
        ("custom", BELONGS_IN_STAGE),
        ("ssh", "it belongs in `stage_1`"),
        ("apt", "it belongs in `stage_1`"),
        ("storage", "it belongs in `stage_2`"),
    ]; {
        /// The project's name in Compose, with which the names of its containers, networks and volumes begin;
        /// default the directory's name.
        project: Shape::Text,
        /// Another config, relative to this file, that this one is merged over: mappings are merged key by key,
        /// other values are replaced, null removes a key; default none.
        extends: Shape::Text,
        /// The system image: apt, sshd, users and what all projects share; required.
        stage_1: Shape::Section(&STAGE_1),
        /// The working image on top of stage-1; without it only the system image is built.
        stage_2: Shape::Section(&STAGE_2),
        /// Further stages of the build, by a name of your choice, which other stages copy from or build on; default
        /// none.
        stages: Shape::Entries(&Builder::SPEC),
        /// Directories that stages may copy from, relative to the project, by a name of your choice; default none.
        contexts: Shape::Texts,
        /// Secrets that build hooks can get, by a name of your choice, each with `env` or `file`; default none.
        build_secrets: Shape::Entries(&BuildSecret::SPEC),
        /// Further containers, by the service's name, in Compose's own syntax; default none.
        services: Shape::Services,
        /// Where built stages are kept for others, who then need not build them; default nowhere.
        cache: Shape::Section(&Cache::SPEC),
        /// Builds take exactly what `pei.lock` has, as with `pei configure --locked`; default false.
        lock: Shape::Boolean,
    }

    /// Where whoever builds has a secret: in a variable or in a file.
    BuildSecret; {
        /// The variable that holds it, by its name, in the shell or in `.env`; not together with `file`; default none.
        env: Shape::Text,
        /// The file that holds it: absolute, below `~/`, or relative to the project, and not below installation/; default none.
        file: Shape::Text,
    }

    /// Where built stages are kept for others: `registry` or `folder`.
    Cache; {
        /// `HOST[:PORT]/PATH` of a registry, which keeps stages as images; not together with `folder`; default none.
        registry: Shape::Text,
        /// A shared directory, absolute or relative to the project, which keeps stages as archives of images; `${NAME}` is replaced, `~` and `$NAME` are not; default none.
        folder: Shape::Text,
        /// `pei build` keeps what it has built there, as with --push; default false.
        push: Shape::Boolean,
    }

    /// A stage: all keys that any stage has.
    Stage requires &["image"]; {
        /// What the image is built from and what it is called; required.
        image: Shape::Section(&Image::SPEC),
        /// sshd and its users; without this section there is no sshd.
        ssh: Shape::Section(&Ssh::SPEC),
        /// Where the proxy is and when it is used; what `stage_2` does not set comes from `stage_1`, except that a
        /// section without `use_https` means http.
        proxy: Shape::Section(&Proxy::SPEC),
        /// Where packages come from.
        apt: Shape::Section(&Apt::SPEC),
        /// Environment variables of the container, as a list of `KEY=value` or a mapping; those of `stage_2`
        /// override those of `stage_1`; default none.
        environment: Shape::Environment,
        /// Published ports in Compose's short syntax, such as `8080:80`; those of `stage_2` are added to those of
        /// `stage_1`; default none.
        ports: Shape::List,
        /// Which devices the container may use; in `stage_2` without this section those of `stage_1`.
        device: Shape::Section(&Device::SPEC),
        /// Where the content of /soft/app, /soft/data and /soft/workspace lives; default in the image.
        storage: Shape::Section(&Storage::SPEC),
        /// Volumes and host directories of the stage's container, by a name of your choice; default none.
        mount: Shape::Entries(&Mount::SPEC),
        /// Scripts that run during the build and when a container starts; those of `stage_2` run after those of
        /// `stage_1`.
        custom: Shape::Section(&Custom::SPEC),
        /// The stage that stage-2 builds on, which must be based on stage-1; not together with `image.base`;
        /// default `stage-1`.
        from: Shape::Text,
        /// What is copied into the image before the stage's build hooks, in this order; default nothing.
        copy: Shape::Sections(&Copy::SPEC),
        /// When Compose restarts the container: no, always, unless-stopped, on-failure or on-failure:N; default no,
        /// in `stage_2` the value of `stage_1`.
        restart: Shape::ComposeText,
        /// The container's own host name; default its id, in `stage_2` the value of `stage_1`.
        hostname: Shape::ComposeText,
        /// Size of /dev/shm, such as 8gb; default the engine's 64mb, in `stage_2` the value of `stage_1`.
        shm_size: Shape::ComposeText,
    }

    /// A further stage of the build; stages that do not need each other are built in parallel.
    Builder;
    misplaced &[
        ("ssh", NO_CONTAINER),
        ("proxy", "it belongs in `stage_1`, whose proxy all build steps use"),
        ("ports", NO_CONTAINER),
        ("device", NO_CONTAINER),
        ("storage", NO_CONTAINER),
        ("mount", NO_CONTAINER),
        ("restart", NO_CONTAINER),
        ("hostname", NO_CONTAINER),
        ("shm_size", NO_CONTAINER),
        ("base", "it belongs below `image`"),
        ("output", "it belongs below `image`"),
        ("on_build", "it belongs below `custom`"),
        ("secrets", "it belongs below `custom`"),
        ("ssh_agent", "it belongs below `custom`"),
    ]; {
        /// The image to build on, and the name of the stage's image.
        image: Shape::Section(&BUILDER_IMAGE),
        /// The stage to build on; not together with `image.base`; default `stage-1`.
        from: Shape::Text,
        /// What is copied into the stage before its build hooks, in this order; default nothing.
        copy: Shape::Sections(&Copy::SPEC),
        /// Variables of the stage's build hooks, as a list of `KEY=value` or a mapping; default none.
        environment: Shape::Environment,
        /// The scripts of the stage, which are in installation/stages/NAME; default none.
        custom: Shape::Section(&BUILDER_CUSTOM),
        /// `none`: do without the mirror, the snapshot and the apt proxy of `stage_1`; by default a stage on Debian or Ubuntu
        /// uses them.
        apt: Shape::Choice(&["none"]),
    }

    /// A file or directory that is copied into a stage.
    Copy requires &["path", "to"]; {
        /// A stage, `stage-1`, one of `contexts`, or an image; default installation/.
        from: Shape::Text,
        /// The file or directory: absolute in a stage or an image, relative to a context or installation/; the
        /// content of a directory is copied, not the directory itself; required.
        path: Shape::Text,
        /// The absolute path in the image; one that ends in `/` is a directory; required.
        to: Shape::Text,
        /// Who owns the copy, as NAME or UID:GID; default root.
        owner: Shape::Text,
        /// The mode of all that is copied, in octal digits such as '0755'; default as in the source.
        mode: Shape::Text,
    }

    /// What an image is built from and what it is called.
    Image requires &["output"]; {
        /// The image to build on; required in `stage_1`, default in `stage_2` the image that `stage_1` builds.
        base: Shape::ComposeText,
        /// Name and tag of the image that is built; required.
        output: Shape::ComposeText,
    }

    /// sshd and its users.
    Ssh; {
        /// False leaves sshd out; default true.
        enable: Shape::Boolean,
        /// sshd's port in the container; default 22.
        port: Shape::PORT,
        /// The host's port that is mapped to sshd, or null for none; default none.
        host_port: Shape::Number { min: 1, max: 65535, markers: true },
        /// The accounts, by user name; `root` is the root account.
        users: Shape::Entries(&User::SPEC),
    }

    /// An account; it needs a password, a public key or a private key.
    User; {
        /// The login password, without spaces, commas and colons; default none.
        password: Shape::Text,
        /// The login password as a hash of crypt(3), instead of `password`: `$6$…`, `$5$…`, `$y$…` or `$2b$…`; default none.
        password_hash: Shape::Text,
        /// File of the public key that grants login: relative to installation/, absolute, or '~' for your own; default none.
        pubkey_file: Shape::Text,
        /// The public key that grants login, as text; default none.
        pubkey_text: Shape::Text,
        /// File of the user's own private key: relative to installation/, absolute, or '~' for your own; default none.
        privkey_file: Shape::Text,
        /// The user's own private key, as text; default none.
        privkey_text: Shape::Text,
        /// The account's uid, which must be unique, or `host` for that of the user who runs `pei configure`;
        /// default the next free one.
        uid: Shape::Id,
        /// The gid of the primary group, which is created if missing, or `host` as for `uid`; default the next free
        /// one.
        gid: Shape::Id,
    }

    /// Where the proxy is and when it is used.
    Proxy; {
        /// Host name or address of the proxy; default host.docker.internal, which is the host.
        address: Shape::ComposeText,
        /// Port of the proxy; default 7890.
        port: Shape::PORT,
        /// All shells use the proxy, in the build and in containers; default false.
        enable_globally: Shape::Boolean,
        /// The finished image no longer has the global proxy settings; default false.
        remove_after_build: Shape::Boolean,
        /// The URL of the https proxy begins with https:// instead of http://; default false.
        use_https: Shape::Boolean,
    }

    /// Where packages come from.
    Apt; {
        /// A mirror (tuna, aliyun, 163, ustc, cn), or a sources file under installation/; default '', the base image's own.
        repo_source: Shape::Text,
        /// False brings the base image's own sources back at the end of the build; default true.
        keep_repo_after_build: Shape::Boolean,
        /// Apt goes through the proxy during the build; default false.
        use_proxy: Shape::Boolean,
        /// The finished image keeps apt's proxy setting; default false.
        keep_proxy_after_build: Shape::Boolean,
        /// A time such as 20250601T000000Z: packages come from the archive as it was then; default null, as it is now.
        snapshot: Shape::Text,
        /// The server that has the snapshots, such as `http://snapshot.debian.org/archive`; default that of Debian or of Ubuntu.
        snapshot_url: Shape::Text,
    }

    /// Which devices the container may use.
    Device; {
        /// `cpu`, `gpu` for all NVIDIA GPUs, or `auto` for them where the machine has one; default cpu.
        r#type: Shape::Choice(&[model::Device::Cpu.name(), model::Device::Gpu.name(), model::Device::Auto.name()]),
    }

    /// The three storage directories.
    Storage; {
        /// Where the content of /soft/app lives; default in the image.
        app: Shape::Section(&STORAGE_ENTRY),
        /// Where the content of /soft/data lives; default in the image.
        data: Shape::Section(&STORAGE_ENTRY),
        /// Where the content of /soft/workspace lives; default in the image.
        workspace: Shape::Section(&STORAGE_ENTRY),
    }

    /// A volume or a host directory and where it is mounted.
    Mount requires &["type", "dst_path"]; {
        /// auto-volume (made for you), manual-volume (one that exists), host (a directory of the host) or image (nothing mounted); required.
        r#type: Shape::Choice(&SOURCE_TYPES),
        /// The directory of the host; required with type host.
        host_path: Shape::ComposeText,
        /// The volume's name; required with type manual-volume.
        volume_name: Shape::ComposeText,
        /// The absolute path in the container; required.
        dst_path: Shape::ComposeText,
    }

    /// Scripts that run at the points of a build's and a container's life.
    Custom; {
        /// Scripts that run as root during the build, each with its arguments; default none.
        on_build: Shape::List,
        /// Scripts that run as root at a container's first start, each with its arguments; default none.
        on_first_run: Shape::List,
        /// Scripts that run as root at every start, each with its arguments; default none.
        on_every_run: Shape::List,
        /// Scripts that every login shell reads, each with its arguments; default none.
        on_user_login: Shape::List,
        /// The script that takes over once the container has started; default none, in `stage_2` that of `stage_1`.
        on_entry: Shape::AtMostOne,
        /// The secrets of `build_secrets` that the build hooks find in /run/secrets; default none.
        secrets: Shape::List,
        /// The build hooks can use the ssh agent of whoever builds; default false.
        ssh_agent: Shape::Boolean,
        /// The image keeps the files of installation/stage-N/tmp, which otherwise only build hooks see; default false.
        keep_tmp: Shape::Boolean,
    }
}
