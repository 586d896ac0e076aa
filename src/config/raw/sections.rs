//! The declarations.

use super::section::{self, sections};
use super::{Key, Shape, Spec};
use crate::config::read::{Context, Field, Place, Reported};
use crate::config::yaml::Node;
use crate::model;

pub(crate) use super::section::{entries, is_extension, named_entries};

/// The words of `type` in storage and mount entries.
pub(crate) const SOURCE_TYPES: [&str; 4] = ["auto-volume", "manual-volume", "host", "image"];

/// The keys of a user of which each is a way in.
pub(crate) const CREDENTIALS: [&str; 6] = [
    "password",
    "password_hash",
    "pubkey_file",
    "pubkey_text",
    "privkey_file",
    "privkey_text",
];

/// Where keys of a stage go that were written beside the stages.
const BELONGS_IN_STAGE: &str = "it belongs in `stage_1` or `stage_2`";
const STAGE_1_ONLY: &str = "it belongs in `stage_1`: stage-2 builds on what stage-1 has set up";

/// The system image: all keys of a stage but those that are misplaced here.
pub(crate) const STAGE_1: Spec = Spec {
    name: "Stage1",
    about: "The system image.",
    misplaced: &[("storage", "it belongs in `stage_2`; in stage-1 use `mount`")],
    ..Stage::SPEC
};

/// The working image, likewise.
pub(crate) const STAGE_2: Spec = Spec {
    name: "Stage2",
    about: "The working image on top of stage-1.",
    misplaced: &[("ssh", STAGE_1_ONLY), ("apt", STAGE_1_ONLY)],
    ..Stage::SPEC
};

/// Where the content of a storage directory lives: a mount whose place is known.
pub(crate) const STORAGE_ENTRY: Spec = Spec {
    name: "StorageEntry",
    about: "Where the content of a storage directory lives.",
    required: &["type"],
    misplaced: &[(
        "dst_path",
        "a storage directory has its place; use `mount` for a place of your choice",
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
        /// What Compose calls the project: its containers, networks and volumes begin with it; default the directory's name.
        project: Shape::Text,
        /// Another config, relative to this file, that this one is merged over: mappings key by key, all else replaced, null removes; default none.
        extends: Shape::Text,
        /// The system image: apt, sshd, users and what all projects share; required.
        stage_1: Shape::Section(&STAGE_1),
        /// The working image on top of stage-1; without it only the system image is built.
        stage_2: Shape::Section(&STAGE_2),
    }

    /// A stage: each key that some stage has.
    Stage requires &["image"]; {
        /// What the image is built from and what it is called; required.
        image: Shape::Section(&Image::SPEC),
        /// sshd and its users; without this section there is no sshd.
        ssh: Shape::Section(&Ssh::SPEC),
        /// Where the proxy is and when it is used; in `stage_2` what is not set is as in `stage_1`, but for `use_https` of a section.
        proxy: Shape::Section(&Proxy::SPEC),
        /// Where packages come from.
        apt: Shape::Section(&Apt::SPEC),
        /// Environment variables of the container, in `stage_2` over those of `stage_1`, as a list of `KEY=value` or a mapping; default none.
        environment: Shape::Environment,
        /// Published ports in Compose's short syntax, such as `8080:80`, in `stage_2` besides those of `stage_1`; default none.
        ports: Shape::List,
        /// Which devices the container may use; in `stage_2` without this section as in `stage_1`.
        device: Shape::Section(&Device::SPEC),
        /// Where the content of /soft/app, /soft/data and /soft/workspace lives; default in the image.
        storage: Shape::Section(&Storage::SPEC),
        /// Volumes and host directories of the stage's container, by a name of your choice; default none.
        mount: Shape::Entries(&Mount::SPEC),
        /// Scripts that run at the points of a build's and a container's life, in `stage_2` after those of `stage_1`.
        custom: Shape::Section(&Custom::SPEC),
    }

    /// What an image is built from and what it is called.
    Image requires &["output"]; {
        /// The image to build on; required in `stage_1`, and in `stage_2` by default the image that `stage_1` builds.
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
        /// The host's port that leads to sshd, or null for none; default none.
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
        /// The account's number, unique, or `host` for that of who runs `pei configure`; default the next free one.
        uid: Shape::Id,
        /// The number of the primary group, which is created if missing, or `host` as for `uid`; default the next free one.
        gid: Shape::Id,
    }

    /// Where the proxy is and when it is used.
    Proxy; {
        /// Host name or address of the proxy; default host.docker.internal, which is the host.
        address: Shape::ComposeText,
        /// Port of the proxy; default 7890.
        port: Shape::PORT,
        /// Every shell in build and run uses the proxy; default false.
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
    }

    /// Which devices the container may use.
    Device; {
        /// `cpu`, or `gpu` for all NVIDIA GPUs; default cpu.
        r#type: Shape::Choice(&[model::Device::Cpu.name(), model::Device::Gpu.name()]),
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
    }
}
