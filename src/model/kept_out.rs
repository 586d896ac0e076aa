//! Names that the step which copies a context leaves out, because no image may hold them. The step gets them as arguments of
//! `find`; the state of the stage uses the same lists.

use super::pattern::matches;

/// Names of files, directories and links.
const OF_ANY_KIND: [&str; 3] = [".git", ".pei", ".env"];

/// A config of a project of pei, which holds passwords.
const CONFIGS: &str = "user_config*.y*ml";

/// Files of private keys; a public key has the same name with another ending.
const KEYS: [&str; 4] = ["id_rsa*", "id_dsa*", "id_ecdsa*", "id_ed25519*"];
const PUBLIC_KEYS: &str = "*.pub";

/// Key stores, in upper or lower case. They are binary, so only the name tells what they are.
const STORES: [&str; 5] = ["*.p12", "*.pfx", "*.jks", "*.ppk", "*.kdbx"];

/// Whether a path is left out, whatever lies there.
pub(crate) fn is_kept_out(path: &str) -> bool {
    path.split('/').any(|name| OF_ANY_KIND.contains(&name))
}

/// Whether a regular file is left out.
pub(crate) fn is_kept_out_file(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let lower = name.to_lowercase();
    matches(CONFIGS, name)
        || KEYS.iter().any(|key| matches(key, name)) && !matches(PUBLIC_KEYS, name)
        || STORES.iter().any(|store| matches(store, &lower))
}

/// The same lists as arguments of `find`, in three lines.
pub(crate) fn arguments_of_find() -> [String; 3] {
    let any = |option: &str, names: &[String]| {
        let tests = names.iter().map(|name| format!("{option} {name}"));
        tests.collect::<Vec<_>>().join(" -o ")
    };
    let quoted = |names: &[&str]| {
        names
            .iter()
            .map(|name| format!("'{name}'"))
            .collect::<Vec<_>>()
    };
    [
        format!(
            r"\( {} -o -type f \( {}",
            any("-name", &OF_ANY_KIND.map(str::to_owned)),
            any("-name", &quoted(&[CONFIGS]))
        ),
        format!(
            r"-o \( {} \) ! -name '{PUBLIC_KEYS}'",
            any("-name", &quoted(&KEYS))
        ),
        format!(r"-o {} \) \)", any("-iname", &quoted(&STORES))),
    ]
}
