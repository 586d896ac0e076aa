//! The steps of an image, one function for each kind: what the step sees, which args it declares, what it runs.

use serde::Serialize;

use super::locked;
use super::paths::{BUILD, HOOK_RUNNER, INTERNALS, LIBRARY, SECRETS, TOOLS, in_context, in_image};
use crate::model::{Apt, BuildAccess, Copied, Hook, Role, arguments_of_find};
use crate::{credentials, host_ids};

/// One step: an instruction of a Dockerfile with its comments and args.
#[derive(Debug, Clone, Serialize)]
pub struct Step {
    /// Whether an empty line comes before it.
    pub apart: bool,
    /// Comments for the reader of the Dockerfile, a line each.
    pub comment: Vec<&'static str>,
    /// The place in the config that the step comes from.
    pub key_path: Option<String>,
    /// Args that are declared before it; later steps of the stage have them, too.
    pub args: Vec<StepArg>,
    /// What is done.
    pub instruction: Instruction,
}

/// An arg that a stage declares.
#[derive(Debug, Clone, Serialize)]
pub struct StepArg {
    /// Its name.
    pub name: String,
    /// A default other than the one declared before the first `FROM`; it may name other args.
    pub value: Option<String>,
}

/// What a step does.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Instruction {
    /// No instruction: its args are for later steps.
    Declare,
    /// Sets variables of the image; values may name args.
    Env {
        /// In this order.
        variables: Vec<(String, String)>,
    },
    /// Runs a command.
    Run {
        /// What it sees while it runs.
        mounts: Vec<StepMount>,
        /// The command.
        command: StepCommand,
    },
    /// Copies a file or directory.
    Copy {
        /// The stage, context or image; `None` is the project.
        from: Option<String>,
        /// The owner of the copy; `None` is root.
        owner: Option<String>,
        /// The mode of all copied files and directories; `None` is the source's.
        mode: Option<String>,
        /// Relative to the project if `from` is `None`; otherwise absolute.
        source: String,
        /// Absolute path in the image.
        target: String,
    },
    /// Sets labels of the image; values may name args.
    Label {
        /// In this order.
        labels: Vec<(&'static str, String)>,
    },
    /// A whole line that contains no value of the config.
    Line {
        /// The line.
        line: &'static str,
    },
}

/// What a step sees while it runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum StepMount {
    /// A file or directory of the project.
    Bind {
        /// Relative to the project.
        source: String,
        /// Absolute path in the image.
        target: String,
    },
    /// All of a build context.
    #[serde(rename = "bind")]
    Context {
        /// Its name in the build.
        from: String,
        /// Absolute path in the image.
        target: &'static str,
    },
    /// A directory in the engine's build cache.
    Cache {
        /// Steps with the same one share the directory.
        id: String,
        /// Absolute path in the image.
        target: &'static str,
        /// What happens if two steps use it at the same time.
        sharing: &'static str,
    },
    /// A secret of whoever builds. It is in no layer.
    Secret {
        /// Its name.
        id: String,
        /// Absolute path in the image.
        target: String,
        /// The mode of the file.
        mode: &'static str,
        /// `true`: a build without the secret fails.
        required: &'static str,
    },
    /// The ssh agent of whoever builds; `SSH_AUTH_SOCK` names its socket.
    Ssh {
        /// The mode of the socket.
        mode: &'static str,
        /// `true`: a build without an agent fails.
        required: &'static str,
    },
}

/// What a step runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StepCommand {
    /// Lines for the shell that contain no value of the config.
    Shell(Vec<String>),
    /// Words of the exec form, which no shell reads.
    Words(Vec<String>),
}

impl Step {
    fn new(instruction: Instruction) -> Self {
        Self {
            apart: false,
            comment: Vec::new(),
            key_path: None,
            args: Vec::new(),
            instruction,
        }
    }

    /// The secrets and the ssh agent that the step gets from whoever builds.
    pub(super) fn access(&self) -> BuildAccess {
        let mut access = BuildAccess::default();
        if let Instruction::Run { mounts, .. } = &self.instruction {
            for mount in mounts {
                match mount {
                    StepMount::Secret { id, .. } => {
                        access.secrets.insert(id.clone());
                    }
                    StepMount::Ssh { .. } => access.ssh_agent = true,
                    StepMount::Bind { .. }
                    | StepMount::Context { .. }
                    | StepMount::Cache { .. } => {}
                }
            }
        }
        access
    }

    pub(super) fn line(line: &'static str) -> Self {
        Self::new(Instruction::Line { line })
    }

    pub(super) fn env(variables: Vec<(String, String)>) -> Self {
        Self::new(Instruction::Env { variables })
    }

    pub(super) fn copy(path: &str) -> Self {
        Self::new(Instruction::Copy {
            from: None,
            owner: None,
            // Executable, and readable for everybody.
            mode: Some("755".to_owned()),
            source: in_context(path),
            target: in_image(path),
        })
    }

    fn shell(mounts: Vec<StepMount>, lines: &[&str]) -> Self {
        let lines = lines.iter().map(|line| (*line).to_owned()).collect();
        Self::new(Instruction::Run {
            mounts,
            command: StepCommand::Shell(lines),
        })
    }

    fn apart(mut self) -> Self {
        self.apart = true;
        self
    }

    fn about(mut self, comment: &[&'static str]) -> Self {
        self.comment = comment.to_vec();
        self
    }

    fn with_args<'n>(mut self, names: impl IntoIterator<Item = &'n str>) -> Self {
        let args = names.into_iter().map(|name| StepArg {
            name: name.to_owned(),
            value: None,
        });
        self.args.extend(args);
        self
    }

    fn with_values<const N: usize>(mut self, args: [(&str, &str); N]) -> Self {
        let args = args.into_iter().map(|(name, value)| StepArg {
            name: name.to_owned(),
            value: Some(value.to_owned()),
        });
        self.args.extend(args);
        self
    }
}

/// The mount of a file or directory below `installation/`, at the path where build steps look for it.
fn bind(path: &str) -> StepMount {
    StepMount::Bind {
        source: in_context(path).trim_end_matches('/').to_owned(),
        target: format!("{BUILD}/{path}"),
    }
}

/// The mounts of a script in `internals/` and of the library files that it sources, and the command that runs it.
fn internals(script: &str, libraries: &[&str]) -> (Vec<StepMount>, String) {
    let script = format!("{INTERNALS}/{script}");
    let libraries = libraries.iter().map(|name| format!("{LIBRARY}/{name}"));
    let mounts = [script.clone()].into_iter().chain(libraries);
    (
        mounts.map(|path| bind(&path)).collect(),
        format!("bash {BUILD}/{script}"),
    )
}

/// A directory with files that `pei configure` made for this machine only.
fn made_here(folder: &str, name: &str) -> StepMount {
    StepMount::Bind {
        source: folder.to_owned(),
        target: format!("{BUILD}/{name}"),
    }
}

/// apt's archives and lists are in the build cache, not in the image. One mount holds both, because podman 4.3 deadlocks with
/// two. It is locked, because apt fails while another apt is running.
fn apt_cache(id: &str) -> [StepMount; 2] {
    [
        StepMount::Bind {
            source: in_context(&format!("{INTERNALS}/apt-cache.conf")),
            target: "/etc/apt/apt.conf.d/zz-pei-cache.conf".to_owned(),
        },
        StepMount::Cache {
            id: id.to_owned(),
            target: APT_CACHE,
            sharing: "locked",
        },
    ]
}

/// Where apt's archives and lists are.
const APT_CACHE: &str = "/var/cache/pei-apt";

/// What a step of a locked build sees of the lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SeenOfLock {
    /// The packages of apt.
    Packages,
    /// The downloads and versions as well.
    All,
}

/// Shows a step what the lock has for a stage, if the step installs something.
pub(super) fn see_locked(step: &mut Step, stage: &str) -> Option<SeenOfLock> {
    let is_hook = step.key_path.is_some();
    let Instruction::Run { mounts, .. } = &mut step.instruction else {
        return None;
    };
    let is_cache = |mount: &StepMount| matches!(mount, StepMount::Cache { target, .. } if *target == APT_CACHE);
    if !mounts.iter().any(is_cache) {
        return None;
    }
    let mut kinds = vec![locked::APT];
    if is_hook {
        kinds.push(locked::DOWNLOADS);
    } else {
        // Only for steps that are not hooks: a hook has the whole library mounted.
        mounts.push(bind(&format!("{LIBRARY}/locked.sh")));
    }
    mounts.extend(kinds.into_iter().map(|kind| StepMount::Bind {
        source: locked::file(stage, kind),
        target: format!("{BUILD}/locked/{kind}"),
    }));
    Some(if is_hook {
        SeenOfLock::All
    } else {
        SeenOfLock::Packages
    })
}

/// Declares the time of the lock for all steps of a stage.
pub(super) fn lock_time(seconds: u64) -> Step {
    Step::new(Instruction::Declare)
        .about(&["Tools that store a time store the one of pei.lock."])
        .with_values([("SOURCE_DATE_EPOCH", &seconds.to_string())])
}

/// What a hook gets from whoever builds. Every account may use it while the step runs: hooks often continue as another one.
fn given(access: &BuildAccess) -> impl Iterator<Item = StepMount> {
    let secrets = access.secrets.iter().map(|name| StepMount::Secret {
        id: name.clone(),
        target: format!("{SECRETS}/{name}"),
        mode: "0444",
        required: "true",
    });
    let agent = access.ssh_agent.then_some(StepMount::Ssh {
        mode: "0666",
        required: "true",
    });
    secrets.chain(agent)
}

const NO_PROXY: &str = "localhost,127.0.0.1,::1";

fn proxy_variables<'v>(
    http: &'v str,
    https: &'v str,
    no_proxy: &'v str,
) -> [(&'static str, &'v str); 5] {
    [
        ("http_proxy", http),
        ("https_proxy", https),
        ("HTTP_PROXY", http),
        ("HTTPS_PROXY", https),
        ("no_proxy", no_proxy),
    ]
}

/// All later steps see the proxy; the image does not. The args hold its URLs.
pub(super) fn global_proxy(http: &str, https: &str) -> Step {
    Step::new(Instruction::Declare)
        .apart()
        .with_args([http, https])
        .with_values(proxy_variables(&value_of(http), &value_of(https), NO_PROXY))
}

/// Later steps see no proxy.
pub(super) fn no_global_proxy() -> Step {
    Step::new(Instruction::Declare)
        .apart()
        .about(&[
            "An ARG of the stage below also holds in this one, so the proxy is switched off here.",
        ])
        .with_values(proxy_variables("", "", ""))
}

/// Stores the variables of the proxy in the image.
pub(super) fn keep_global_proxy(http: &str, https: &str) -> Step {
    let (http, https) = (value_of(http), value_of(https));
    let variables = proxy_variables(&http, &https, NO_PROXY);
    Step::env(
        variables
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into(),
    )
}

/// Variables of the image with the proxy's address, set even if the proxy is not used.
pub(super) fn proxy_urls(http: &str, https: &str) -> Step {
    let variables = [http, https].map(|name| (name.to_owned(), value_of(name)));
    Step::env(variables.into()).apart().with_args([http, https])
}

fn value_of(arg: &str) -> String {
    format!("${{{arg}}}")
}

/// Checks what each base must have. If the base is an image that pei made with ssh, removes its ssh settings, except
/// for a stage-2 that has its own `image.base`.
pub(super) fn set_up_base(role: Role) -> Step {
    let (mounts, mut call) = internals("set-up-base.sh", &[]);
    if role == Role::Working {
        call.push_str(" --keep-ssh");
    }
    let lines = [
        "for tool in bash apt-get dpkg useradd; do",
        r#"    command -v "$tool" >/dev/null || { echo "pei: the base image has no $tool; it must be Debian or Ubuntu, or made from one of them" >&2; exit 1; };"#,
        "done;",
        &call,
    ];
    Step::shell(mounts, &lines).apart()
}

/// Sets apt's sources. `file` has the sources of the user, as a file or a directory of files.
pub(super) fn set_up_apt(apt: &Apt, file: Option<&str>, proxy: Option<&str>) -> Step {
    let snapshot = apt
        .snapshot
        .as_ref()
        .map(|_| ["APT_SNAPSHOT", "APT_SNAPSHOT_URL"]);
    let (mut mounts, call) = internals("set-up-apt.sh", &["log.sh"]);
    mounts.extend(file.map(|file| StepMount::Bind {
        source: in_context(file),
        target: in_image(file),
    }));
    Step::shell(mounts, &[&call])
        .apart()
        .about(&["The sources of packages."])
        .with_args(["APT_SOURCE_FILE", "APT_USE_PROXY"])
        .with_args(snapshot.into_iter().flatten())
        .with_args(proxy)
}

/// Installs packages by name.
pub(super) fn install(packages: &[&str], cache: &str) -> Step {
    let (mut mounts, call) =
        internals("install-packages.sh", &["clean.sh", "log.sh", "sources.sh"]);
    mounts.extend(apt_cache(cache));
    let packages = format!("    {}", packages.join(" "));
    Step::shell(mounts, &[&call, &packages]).apart()
}

/// Configures sshd, with the value of `PermitRootLogin`.
pub(super) fn set_up_sshd(root_login: &str) -> Step {
    let (mounts, call) = internals("set-up-sshd.sh", &["log.sh", "sshd.sh"]);
    Step::shell(mounts, &[&format!("{call} {root_login}")])
        .apart()
        .with_args(["SSH_CONTAINER_PORT"])
}

/// Creates the accounts; some may have the ids of the person who configured.
pub(super) fn create_users(has_host_ids: bool) -> Step {
    let (mut mounts, call) = internals("create-users.sh", &["clean.sh", "log.sh"]);
    mounts.extend(has_host_ids.then(|| made_here(host_ids::FOLDER, "ids")));
    Step::shell(mounts, &[&call])
        .apart()
        .about(&["The accounts. Their passwords and keys are set in the last step."])
        .with_args(["SSH_USER_NAME", "SSH_USER_UID", "SSH_USER_GID"])
        .with_args(has_host_ids.then_some("HOST_IDS_SUM"))
}

/// Makes the storage directories.
pub(super) fn set_up_storage() -> Step {
    let (mounts, call) = internals("set-up-storage.sh", &[]);
    Step::shell(mounts, &[&call]).apart()
}

/// The comment before the first hook.
pub(super) fn before_hooks() -> Step {
    Step::new(Instruction::Declare)
        .apart()
        .about(&[
            "A build hook sees the files that its step mounts. `pei configure` updates the lists when files are added or",
            "removed. Scripts that only run-time hooks use are not mounted, so editing them repeats no build hook.",
            "To make installers download from a mirror: --build-arg PEI_DOWNLOAD_MIRROR=URL",
        ])
        .with_args(["PEI_DOWNLOAD_MIRROR"])
}

/// Declares the arg that the hooks of a further stage use; without the comment.
pub(super) fn before_hooks_of_builder() -> Step {
    Step::new(Instruction::Declare)
        .apart()
        .with_args(["PEI_DOWNLOAD_MIRROR"])
}

/// A script of the user's choice, and what it may see.
pub(super) fn hook(
    key_path: String,
    seen: Vec<String>,
    hook: &Hook,
    access: &BuildAccess,
    cache: &str,
) -> Step {
    hook_with(key_path, seen, hook, (access, &[]), cache)
}

/// The same with variables of its own.
pub(super) fn hook_with(
    key_path: String,
    seen: Vec<String>,
    hook: &Hook,
    (access, variables): (&BuildAccess, &[(String, String)]),
    cache: &str,
) -> Step {
    let files = format!("{BUILD}/files");
    let mounts = seen.into_iter().map(|path| StepMount::Bind {
        source: in_context(&path).trim_end_matches('/').to_owned(),
        target: format!("{files}/{path}"),
    });
    let words = [
        "bash",
        &format!("{files}/{LIBRARY}/run-build-hook.sh"),
        &hook.script,
        &hook.arguments,
        &key_path,
    ]
    .map(str::to_owned);
    let words = words.into_iter().chain(variables.iter().map(assignment));
    Step {
        key_path: Some(key_path),
        ..Step::new(Instruction::Run {
            mounts: mounts
                .chain(apt_cache(cache))
                .chain(given(access))
                .collect(),
            command: StepCommand::Words(words.collect()),
        })
    }
    .apart()
}

fn assignment((name, value): &(String, String)) -> String {
    format!("{name}={value}")
}

/// A hook on a base that is not made from stage-1. The base may have a shell and no bash, so the library does not run
/// there. The hook's files are mounted at the paths that they have in an image.
pub(super) fn hook_of_base(
    key_path: String,
    seen: &[String],
    hook: &Hook,
    (access, variables): (&BuildAccess, &[(String, String)]),
) -> Step {
    let runner = format!("{BUILD}/run-hook.sh");
    let mounts = [(in_context(HOOK_RUNNER), runner.clone())]
        .into_iter()
        .chain(seen.iter().map(|path| (in_context(path), in_image(path))));
    let mounts = mounts.map(|(source, target)| StepMount::Bind { source, target });
    let words = ["/bin/sh", &runner, &hook.script, &hook.arguments, &key_path].map(str::to_owned);
    let words = words.into_iter().chain(variables.iter().map(assignment));
    Step {
        key_path: Some(key_path),
        ..Step::new(Instruction::Run {
            mounts: mounts.chain(given(access)).collect(),
            command: StepCommand::Words(words.collect()),
        })
    }
    .apart()
}

/// Sets apt's sources and the proxy if the base has apt. It calls `/bin/sh`, because the base may set another `SHELL`.
pub(super) fn set_up_apt_of_base(apt: &Apt, file: Option<&str>, proxy: Option<&str>) -> Step {
    let mut step = set_up_apt(apt, file, proxy);
    if let Instruction::Run { command, .. } = &mut step.instruction
        && let StepCommand::Shell(lines) = command
    {
        let line = format!(
            "if [ -e /etc/debian_version ]; then {}; fi",
            lines.join(" ")
        );
        *command = StepCommand::Words(vec!["/bin/sh".to_owned(), "-c".to_owned(), line]);
    }
    step
}

/// The directory of a context's files in the stage that holds them.
pub(crate) const CONTEXT_FOLDER: &str = "/pei-context";

/// The files of a context, without those that must not be in any image. One step copies them from a mount: with `COPY` and
/// a later removal, a layer would still hold the removed files. The context may contain a project of pei, whose config holds
/// passwords. As below `installation/`, a private key is recognised by its name or by a line in it, and a key store,
/// which is binary, by its name only. Group and other write permissions are removed, because clones differ in them.
pub(super) fn context_files(context: String) -> Step {
    let mount = StepMount::Context {
        from: context,
        target: "/pei-from-context",
    };
    let [first, keys, last] = arguments_of_find();
    let lines = [
        "set -e; export LC_ALL=C; cd /pei-from-context; mkdir /pei-context;",
        &format!("kept() {{ find . {first}"),
        &keys,
        &format!(r#"{last} -prune -o "$@"; }};"#),
        r#"key="$(printf '^[[:space:]\357\273\277]*')(-{4,5} ?BEGIN ([A-Z0-9]+ )*PRIVATE KEY|PuTTY-User-Key-File-)";"#,
        r#"{ kept \( -type d -o -type l \) -print0; kept -type f -exec grep -LZaE -e "$key" {} +; }"#,
        "| tar -c --owner=0 --group=0 --mode=go-w --null --no-recursion -T - | tar -x -p -C /pei-context",
    ];
    // podman reuses the cached result of a step even if a mounted file changed, so an arg has the sum of the files.
    Step::shell(vec![mount], &lines).with_args(["PEI_CONTEXT_SUM"])
}

/// Fails if the image lacks an account or a group: `COPY --chown` would silently give the files to root.
pub(super) fn require_owner(owner: &str) -> Step {
    const SCRIPT: &str = r#"while [ $# -gt 0 ]; do found=; while IFS=: read -r name _; do [ "$name" != "$1" ] || found=1; done <"/etc/$2"; [ "$found" ] || { echo "pei: the image has no $1 in /etc/$2, whom a copy names as owner" >&2; exit 1; }; shift 2; done"#;
    let (user, group) = owner.split_once(':').unwrap_or((owner, ""));
    let names = [(user, "passwd"), (group, "group")];
    let names = names
        .into_iter()
        .filter(|(name, _)| !is_number(name))
        .flat_map(|(name, file)| [name.to_owned(), file.to_owned()]);
    let shell = ["/bin/sh", "-c", SCRIPT, "pei"].map(str::to_owned);
    Step::new(Instruction::Run {
        mounts: Vec::new(),
        command: StepCommand::Words(shell.into_iter().chain(names).collect()),
    })
}

/// Whether an owner consists of numbers, which need no list of accounts.
pub(super) fn is_numeric(owner: &str) -> bool {
    owner.split(':').all(is_number)
}

fn is_number(name: &str) -> bool {
    name.bytes().all(|byte| byte.is_ascii_digit())
}

/// One entry of `copy`.
pub(super) fn copy_from(from: Option<String>, source: String, copied: &Copied) -> Step {
    Step::new(Instruction::Copy {
        from,
        owner: copied.owner.clone(),
        mode: copied.mode.clone(),
        source,
        target: copied.to.clone(),
    })
}

/// A file or directory of another stage, at the same place.
pub(super) fn copy_as_it_is(from: &str, path: &str) -> Step {
    Step::new(Instruction::Copy {
        from: Some(from.to_owned()),
        owner: None,
        mode: None,
        source: path.to_owned(),
        target: path.to_owned(),
    })
}

/// Copies the parts of stage-1 that all scripts call, onto a base that pei did not make.
pub(super) fn shared_scripts() -> [Step; 3] {
    [
        Step::copy(LIBRARY).apart().about(&[
            "Scripts of stage-1 that those of stage-2 call. In a base made by pei, they replace the older ones.",
        ]),
        Step::copy(INTERNALS),
        Step::copy(TOOLS),
    ]
}

/// Links the entrypoint and cleans the image up. The step sees the copied files with the modes that they have on the host.
/// It warns of files in `tmp/` that came after `pei configure`, except for the stages in `decided`: `pei configure` has
/// decided which files of their `tmp/` the image has.
pub(super) fn finish_image(copied: &[String], decided: &[&str]) -> Step {
    let mounts = copied.iter().map(|path| bind(path)).collect();
    let script = in_image(&format!("{INTERNALS}/finish-image.sh"));
    let call = ["bash", &script].into_iter().chain(decided.iter().copied());
    Step::shell(mounts, &[&call.collect::<Vec<_>>().join(" ")])
        .with_args(["KEEP_APT_SOURCE_FILE", "APT_KEEP_PROXY"])
}

/// Sets the credentials of the accounts.
pub(super) fn set_credentials() -> Step {
    let script = in_image(&format!("{INTERNALS}/set-credentials.sh"));
    Step::shell(
        vec![made_here(credentials::FOLDER, "secrets")],
        &[&format!("bash {script}")],
    )
    .about(&[
        "A mounted file is stored in no layer. podman does not notice that it changed, so the ARG holds its checksum.",
    ])
    .with_args(["SSH_CREDENTIALS_SUM"])
}

/// The labels of the image, at its very end, so that a change of them runs no other step again. The base's name is in an arg.
pub(super) fn labels(project: Option<&str>, stage: &str, title: String, base: &str) -> Step {
    let mut labels = Vec::new();
    labels.extend(project.map(|name| ("io.pei.project", name.to_owned())));
    labels.push(("io.pei.stage", stage.to_owned()));
    labels.push(("io.pei.version", env!("CARGO_PKG_VERSION").to_owned()));
    labels.push(("org.opencontainers.image.title", title));
    labels.push(("org.opencontainers.image.base.name", value_of(base)));
    Step::new(Instruction::Label { labels }).with_args([base])
}

/// The entrypoint, and a health check if there is an sshd.
pub(super) fn entrypoint(ssh: bool) -> Vec<Step> {
    let mut steps =
        vec![Step::line("STOPSIGNAL SIGTERM").about(&[
            "The base image may name another signal, which the entrypoint does not handle.",
        ])];
    if ssh {
        steps.push(
            Step::line(
                r#"HEALTHCHECK --interval=5s --timeout=5s --start-period=10m CMD ["/bin/bash", "/pei-from-host/stage-1/internals/health.sh"]"#,
            )
            .about(&["Healthy means that sshd answers. Failures during the first ten minutes do not count, since hooks may take long."]),
        );
    }
    steps.push(Step::line(r#"ENTRYPOINT ["/entrypoint.sh"]"#));
    steps
}
