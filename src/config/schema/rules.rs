//! What the schema says about a section beyond the types of its keys.
//!
//! With these rules an editor marks what [`load`](crate::config::load) would refuse. They may accept what only pei
//! can judge, but they refuse nothing that loads; tests compare the two on random configs. A pattern only sees the
//! text as typed, so it accepts any text in which pei or Compose still replaces something.

use serde_json::{Value, json};

use super::{MARKER, VARIABLE, any_case};
use crate::config::raw::{self, CREDENTIALS};
use crate::config::validate::FOREIGN_IN_ADDRESS;
use crate::model::NameForm;

/// The rules of a section, by the name of its declaration. Each is a schema.
pub(super) fn of(section: &str) -> Vec<Value> {
    match section {
        "Root" => vec![
            texts("project", &whole(&NameForm::PROJECT)),
            names("stages", &whole(&NameForm::BUILDER)),
            names("contexts", &whole(&NameForm::BUILDER)),
            names("services", "^[a-zA-Z0-9._-]+$"),
            names("build_secrets", &whole(&NameForm::SECRET)),
        ],
        "Cache" => vec![
            texts("registry", &registry()),
            texts("folder", "^([^~$]|[$]([^A-Za-z_]|$))"),
            json!({ "anyOf": [{ "required": ["registry"] }, { "required": ["folder"] }] }),
            json!({ "not": { "allOf": [is_set("registry"), is_set("folder")] } }),
            json!({
                "if": { "required": ["push"], "properties": { "push": { "const": true } } },
                "then": { "anyOf": [is_set("registry"), is_set("folder")] },
            }),
        ],
        "Apt" => vec![
            texts("snapshot", "^[0-9]{8}T[0-9]{6}Z$"),
            texts("snapshot_url", "^https?://[a-zA-Z0-9][a-zA-Z0-9._~:/%+-]*$"),
        ],
        "BuildSecret" => vec![
            json!({ "properties": { "env": { "pattern": whole(&NameForm::VARIABLE) } } }),
            texts("file", "^[^\",]+$"),
            json!({ "not": { "allOf": [is_set("env"), is_set("file")] } }),
            json!({ "if": { "type": "object" }, "then": { "anyOf": [is_set("env"), is_set("file")] } }),
        ],
        "Copy" => {
            let name = NameForm::OWNER.pattern();
            vec![
                texts("to", "^/"),
                texts("mode", "^[0-7]{3,4}$"),
                texts("owner", &format!("^{name}(:{name})?$")),
            ]
        }
        "Stage1" => [
            json!({ "properties": { "image": is_set("base") } }),
            items("ports", &text(&port())),
        ]
        .into_iter()
        .chain(container())
        .collect(),
        "Stage2" => [items("ports", &text(&port()))]
            .into_iter()
            .chain(container())
            .collect(),
        "Custom" | "BuilderCustom" => raw::Custom::SPEC
            .keys()
            .map(|key| {
                items(
                    key.name,
                    &json!({ "pattern": r"[^ \t\r\n]", "not": marked() }),
                )
            })
            .collect(),
        "Image" | "BuilderImage" => vec![
            texts("base", &format!("^$|{}", image())),
            texts("output", &image()),
        ],
        "Ssh" => vec![json!({
            "properties": {
                "users": {
                    "propertyNames": { "pattern": format!("^(x-|{}$)", NameForm::USER.pattern()) },
                    "properties": { "root": { "properties": { "uid": zero(), "gid": zero() } } },
                    "patternProperties": { "^(?!root$|x-)": { "properties": { "uid": { "not": { "const": 0 } } } } },
                },
            },
        })],
        "User" => user(),
        "Proxy" => vec![texts("address", &proxy_address())],
        "StorageEntry" => source().into(),
        "Mount" => {
            let mut rules = Vec::from(source());
            rules.push(texts("dst_path", r"^(?!(/\.{0,2})+$)/[^:]*$"));
            rules
        }
        _ => Vec::new(),
    }
}

/// A path that Compose does not read as the name of a volume.
const HOST_PATH: &str = r"^([A-Za-z]:[\\/][^:]*|[/.~][^:]*)$";
/// A crypt(3) hash.
const PASSWORD_HASH: &str = r"^\$(6\$(rounds=[0-9]+\$)?[./0-9A-Za-z]{1,16}\$[./0-9A-Za-z]{86}|5\$(rounds=[0-9]+\$)?[./0-9A-Za-z]{1,16}\$[./0-9A-Za-z]{43}|y\$[./0-9A-Za-z]+\$[./0-9A-Za-z]{0,86}\$[./0-9A-Za-z]{43}|2b\$[0-3][0-9]\$[./0-9A-Za-z]{53})$";
const HOSTNAME: &str = "^[A-Za-z0-9]([A-Za-z0-9.-]{0,62}[A-Za-z0-9])?$";
const SIZE: &str = r"^[0-9]+(\.[0-9]+)? ?([bB]|[kKmMgG][bB]?)?$";
const RESTART: &str = "^(no|always|unless-stopped|on-failure(:[0-9]+)?)$";

/// The items of `environment`: `KEY=value` or `KEY`. A variable may stand for either part, a marker only for the
/// value.
pub(super) const ASSIGNMENT: &str = r"^([^= \t\r\n{]|\{(?!\{))+(=|$)|\$\{";

/// `[registry[:port]/]path[:tag][@digest]`
fn image() -> String {
    let label = "[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?";
    let registry = format!(r"{label}(\.{label})*(:[0-9]+)?");
    let path = r"[a-z0-9]+((\.|__?|-+)[a-z0-9]+)*";
    let tag = NameForm::TAG.pattern();
    let digest = "[A-Za-z][A-Za-z0-9+._-]*:[0-9a-fA-F]{32,}";
    format!("^({registry}/)?{path}(/{path})*(:{tag})?(@{digest})?$")
}

/// `HOST[:PORT]/PATH`
fn registry() -> String {
    let label = "[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?";
    let path = r"[a-z0-9]+((\.|__?|-+)[a-z0-9]+)*";
    format!(r"^{label}(\.{label})*(:[0-9]+)?(/{path})+$")
}

/// `[[IP:]HOST:]CONTAINER[/PROTOCOL]`
fn port() -> String {
    let ip = r"([0-9.]+|\[[^ \]]+\]):";
    let range = "[0-9]+(-[0-9]+)?";
    let protocol = ["tcp", "udp", "sctp"].map(any_case).join("|");
    format!("^(({ip})?{range}:|{ip}:)?{range}(/({protocol}))?$")
}

/// A host name or address without scheme, path and port. An IPv6 address is in brackets.
fn proxy_address() -> String {
    let foreign = FOREIGN_IN_ADDRESS.replace('\\', r"\\");
    format!(r"^(\[[^ \t@{foreign}]*\]|[^ \t@:{foreign}]+)$")
}

fn whole(form: &NameForm) -> String {
    format!("^{}$", form.pattern())
}

/// Text with a marker, for keys that allow none. A marker after a `$` is accepted: the text may change when the
/// variable is replaced.
pub(super) fn marked() -> Value {
    json!({ "type": "string", "pattern": r"^[^$]*\{\{" })
}

/// The pattern, or any text in which something is still replaced.
fn text(pattern: &str) -> Value {
    json!({ "pattern": format!("{pattern}|{VARIABLE}|{MARKER}") })
}

fn texts(key: &str, pattern: &str) -> Value {
    json!({ "properties": { key: text(pattern) } })
}

fn items(key: &str, item: &Value) -> Value {
    json!({ "properties": { key: { "items": item } } })
}

/// The pattern for the names of a mapping's entries. No variables are replaced in names.
fn names(key: &str, pattern: &str) -> Value {
    let pattern = format!("^x-|{pattern}");
    json!({ "properties": { key: { "propertyNames": { "pattern": pattern } } } })
}

/// The options that Compose starts containers with.
fn container() -> [Value; 3] {
    [
        texts("restart", RESTART),
        texts("hostname", HOSTNAME),
        texts("shm_size", SIZE),
    ]
}

fn zero() -> Value {
    json!({ "not": { "type": "integer", "minimum": 1 } })
}

/// Requires that the key is present and not null.
fn is_set(key: &str) -> Value {
    json!({ "required": [key], "properties": { key: { "not": { "type": "null" } } } })
}

fn user() -> Vec<Value> {
    let exclusive =
        |one: &str, other: &str| json!({ "not": { "allOf": [is_set(one), is_set(other)] } });
    vec![
        texts("password", r"^[^ \t\r\n,:]+$"),
        texts("password_hash", PASSWORD_HASH),
        exclusive("password", "password_hash"),
        exclusive("pubkey_file", "pubkey_text"),
        exclusive("privkey_file", "privkey_text"),
        json!({ "if": { "type": "object" }, "then": { "anyOf": CREDENTIALS.map(is_set) } }),
    ]
}

/// The keys that each `type` requires.
fn source() -> [Value; 2] {
    let of_type = |word: &str, key: &str, pattern: &str| {
        json!({
            "if": { "properties": { "type": { "const": word } }, "required": ["type"] },
            "then": { "allOf": [is_set(key), texts(key, pattern)] },
        })
    };
    [
        of_type("host", "host_path", HOST_PATH),
        of_type("manual-volume", "volume_name", &whole(&NameForm::VOLUME)),
    ]
}
