//! The names of the findings.

/// Declares the enum, its names and the list of all in one place, so that none can be forgotten.
macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $variant:ident = $name:literal,)+) => {
        /// Which rule a finding comes from. The names are kebab-case and stable.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $($(#[doc = $doc])+ $variant,)+
        }

        impl Code {
            /// Every code, in the order of the catalogue.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The name that messages, the JSON form and the catalogue use.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                }
            }

            /// The code of a name, as a person types it.
            #[must_use]
            pub fn from_name(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|code| code.name() == name)
            }
        }
    };
}

codes! {
    /// The file is not UTF-8.
    NotUtf8 = "not-utf8",
    /// The file is larger than any config.
    FileTooLarge = "file-too-large",
    /// More findings than anybody reads.
    TooManyFindings = "too-many-findings",
    /// The file holds no value.
    EmptyFile = "empty-file",
    /// The file is not YAML.
    YamlSyntax = "yaml-syntax",
    /// A line is indented with tabs.
    TabIndentation = "tab-indentation",
    /// The file holds more than one document.
    SeveralDocuments = "several-documents",
    /// The file's outermost value is no mapping.
    RootNotMapping = "root-not-mapping",
    /// Collections are nested beyond any config.
    NestedTooDeeply = "nested-too-deeply",
    /// Aliases blow the file up.
    TooManyAliases = "too-many-aliases",
    /// An alias without its anchor.
    UnknownAnchor = "unknown-anchor",
    /// An alias inside its own anchor.
    RecursiveAlias = "recursive-alias",
    /// A merge key whose value cannot be merged.
    InvalidMerge = "invalid-merge",
    /// A YAML tag that has no meaning here.
    UnsupportedTag = "unsupported-tag",
    /// A key stands twice in one mapping.
    DuplicateKey = "duplicate-key",
    /// A key that is no plain text.
    InvalidKey = "invalid-key",
    /// `${VAR}` of a variable that is not set.
    UnsetVariable = "unset-variable",
    /// `${…}` that is not `${VAR}` or `${VAR:-default}`.
    MalformedVariable = "malformed-variable",
    /// `{{…}}` that is not `{{VAR}}` or `{{VAR:-default}}`.
    MalformedMarker = "malformed-marker",
    /// A marker where Compose would not replace it.
    MarkerNotAllowed = "marker-not-allowed",
    /// A control character in a text.
    ControlCharacter = "control-character",
    /// A name that begins with `x-`, so that its entry is ignored.
    IgnoredEntry = "ignored-entry",
    /// A value that goes on after ` #`, where YAML begins a comment.
    CutOffValue = "cut-off-value",
    /// A key that the section does not have.
    UnknownKey = "unknown-key",
    /// A section of the other stage.
    MisplacedSection = "misplaced-section",
    /// A required key is not there.
    MissingKey = "missing-key",
    /// A mapping, a list or a scalar where another is expected.
    WrongType = "wrong-type",
    /// Neither true nor false.
    InvalidBoolean = "invalid-boolean",
    /// No number, or one out of range.
    InvalidNumber = "invalid-number",
    /// None of the words that the key takes.
    InvalidChoice = "invalid-choice",
    /// Not what an image may be called.
    InvalidImageName = "invalid-image-name",
    /// Not a host name or address.
    InvalidProxyAddress = "invalid-proxy-address",
    /// A proxy address that means the container itself.
    LoopbackProxy = "loopback-proxy",
    /// A file that must exist is not there.
    FileNotFound = "file-not-found",
    /// A file that cannot be read.
    UnreadableFile = "unreadable-file",
    /// A path that leaves `installation/`.
    PathOutsideInstallation = "path-outside-installation",
    /// Not what Linux calls a user.
    InvalidUserName = "invalid-user-name",
    /// A password that the account tools cannot take.
    InvalidPassword = "invalid-password",
    /// Two keys that exclude each other.
    ConflictingKeys = "conflicting-keys",
    /// A user without any way in.
    MissingCredential = "missing-credential",
    /// Not a public key of OpenSSH.
    InvalidPublicKey = "invalid-public-key",
    /// A private key where a public one belongs.
    PrivateKeyAsPublic = "private-key-as-public",
    /// Not a private key that ssh reads.
    InvalidPrivateKey = "invalid-private-key",
    /// A uid or gid that the account cannot have.
    InvalidId = "invalid-id",
    /// Two users with one uid.
    DuplicateUid = "duplicate-uid",
    /// A bare `~`, which is YAML's null.
    BareTilde = "bare-tilde",
    /// Not the name of an environment variable.
    InvalidVariableName = "invalid-variable-name",
    /// A variable set twice in one list.
    DuplicateVariable = "duplicate-variable",
    /// Not Compose's short syntax of a port.
    InvalidPort = "invalid-port",
    /// A host port that two mappings want.
    DuplicateHostPort = "duplicate-host-port",
    /// A path that Compose cannot mount.
    InvalidPath = "invalid-path",
    /// Not what Compose calls a volume.
    InvalidVolumeName = "invalid-volume-name",
    /// One volume name, two definitions.
    ConflictingVolumes = "conflicting-volumes",
    /// Two mounts at one place.
    DuplicateDestination = "duplicate-destination",
    /// A mount that mounts nothing.
    MountWithoutEffect = "mount-without-effect",
    /// A hook entry that names no script, or one entry too many.
    InvalidHook = "invalid-hook",
    /// An argument that a shipped installer refuses.
    InvalidOption = "invalid-option",
    /// A quote or bracket of a hook entry that is not closed.
    UnbalancedQuotes = "unbalanced-quotes",
    /// A shell operator among a hook's arguments.
    UnquotedOperator = "unquoted-operator",
    /// A part of a hook entry that the shell skips.
    HookComment = "hook-comment",
    /// A path in a build hook that exists only at run time.
    RunTimePathAtBuild = "run-time-path-at-build",
    /// A hook's script is not there.
    MissingHookScript = "missing-hook-script",
    /// A hook's script that the stage's image does not hold.
    ScriptOutsideStage = "script-outside-stage",
    /// sshd without anybody who could log in.
    NoSshUsers = "no-ssh-users",
    /// A password that is guessed at once, on a port open to all.
    WeakPassword = "weak-password",
    /// The shipped example key grants login.
    ExampleKey = "example-key",
    /// An apt mirror that lacks the base image's distribution.
    MirrorWithoutDebian = "mirror-without-debian",
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_kebab_case() {
        let mut seen = std::collections::HashSet::new();
        for code in Code::ALL {
            assert!(seen.insert(code.name()), "{} stands twice", code.name());
            assert_eq!(Code::from_name(code.name()), Some(*code));
            let kebab = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            assert!(code.name().chars().all(kebab));
        }
    }
}
