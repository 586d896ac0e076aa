//! The codes of diagnostics.

/// Declares the enum, the names and the list of all codes in one place, so that none can be forgotten.
macro_rules! codes {
    ($($variant:ident = $name:literal,)+) => {
        /// The rule that a finding comes from. Names are kebab-case and stable; `docs/diagnostics.md` explains
        /// each.
        #[allow(missing_docs, reason = "the page has a section for each")]
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $($variant,)+
        }

        impl Code {
            /// Every code, in the order of the catalogue.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The name in messages, in the JSON form and in the catalogue.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                }
            }

            /// The code with a name that a person typed.
            pub fn from_name(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|code| code.name() == name)
            }
        }
    };
}

codes! {
    NotUtf8 = "not-utf8",
    FileTooLarge = "file-too-large",
    TooManyFindings = "too-many-findings",
    EmptyFile = "empty-file",
    YamlSyntax = "yaml-syntax",
    TabIndentation = "tab-indentation",
    SeveralDocuments = "several-documents",
    RootNotMapping = "root-not-mapping",
    NestedTooDeeply = "nested-too-deeply",
    TooManyAliases = "too-many-aliases",
    UnknownAnchor = "unknown-anchor",
    RecursiveAlias = "recursive-alias",
    InvalidMerge = "invalid-merge",
    UnsupportedTag = "unsupported-tag",
    ExtendsCycle = "extends-cycle",
    DuplicateKey = "duplicate-key",
    InvalidKey = "invalid-key",
    UnsetVariable = "unset-variable",
    MalformedVariable = "malformed-variable",
    MalformedMarker = "malformed-marker",
    MarkerNotAllowed = "marker-not-allowed",
    ControlCharacter = "control-character",
    IgnoredEntry = "ignored-entry",
    CutOffValue = "cut-off-value",
    LiteralText = "literal-text",
    UnknownKey = "unknown-key",
    MisplacedSection = "misplaced-section",
    MissingKey = "missing-key",
    WrongType = "wrong-type",
    InvalidBoolean = "invalid-boolean",
    InvalidNumber = "invalid-number",
    InvalidChoice = "invalid-choice",
    InvalidProjectName = "invalid-project-name",
    InvalidImageName = "invalid-image-name",
    OverwrittenBase = "overwritten-base",
    InvalidStageName = "invalid-stage-name",
    UnknownStage = "unknown-stage",
    StageCycle = "stage-cycle",
    UnusedStage = "unused-stage",
    InvalidCopy = "invalid-copy",
    InvalidContext = "invalid-context",
    InvalidCache = "invalid-cache",
    InvalidSecret = "invalid-secret",
    UnknownSecret = "unknown-secret",
    UnusedSecret = "unused-secret",
    SecretNotFound = "secret-not-found",
    InvalidService = "invalid-service",
    InvalidContainerOption = "invalid-container-option",
    InvalidProxyAddress = "invalid-proxy-address",
    LoopbackProxy = "loopback-proxy",
    InvalidSnapshot = "invalid-snapshot",
    FileNotFound = "file-not-found",
    UnreadableFile = "unreadable-file",
    PathOutsideInstallation = "path-outside-installation",
    InvalidUserName = "invalid-user-name",
    InvalidPassword = "invalid-password",
    InvalidPasswordHash = "invalid-password-hash",
    ConflictingKeys = "conflicting-keys",
    MissingCredential = "missing-credential",
    InvalidPublicKey = "invalid-public-key",
    PrivateKeyAsPublic = "private-key-as-public",
    InvalidPrivateKey = "invalid-private-key",
    InvalidId = "invalid-id",
    DuplicateUid = "duplicate-uid",
    BareTilde = "bare-tilde",
    InvalidVariableName = "invalid-variable-name",
    DuplicateVariable = "duplicate-variable",
    InvalidPort = "invalid-port",
    DuplicateHostPort = "duplicate-host-port",
    InvalidPath = "invalid-path",
    WindowsPath = "windows-path",
    HidesSystem = "hides-system",
    InvalidVolumeName = "invalid-volume-name",
    ConflictingVolumes = "conflicting-volumes",
    DuplicateDestination = "duplicate-destination",
    MountWithoutEffect = "mount-without-effect",
    InvalidHook = "invalid-hook",
    InvalidOption = "invalid-option",
    UnbalancedQuotes = "unbalanced-quotes",
    UnquotedOperator = "unquoted-operator",
    HookComment = "hook-comment",
    RunTimePathAtBuild = "run-time-path-at-build",
    MissingHookScript = "missing-hook-script",
    ScriptOutsideStage = "script-outside-stage",
    NoSshUsers = "no-ssh-users",
    UnpublishedSsh = "unpublished-ssh",
    WeakPassword = "weak-password",
    SecretInGit = "secret-in-git",
    LocalValueTracked = "local-value-tracked",
    ExampleKey = "example-key",
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
