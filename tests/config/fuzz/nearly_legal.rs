//! From random bytes to a config that is legal, or nearly so: a fuzzer that had to find the keys by itself would
//! seldom get past them.

use arbitrary::{Result, Unstructured};
use serde_json::{Map, Value, json};

/// A whole config; JSON is YAML.
pub(crate) fn config(u: &mut Unstructured<'_>) -> Result<String> {
    let mut root = Map::new();
    root.insert("stage_1".into(), stage(u, true)?);
    if u.ratio(2, 3)? {
        root.insert("stage_2".into(), stage(u, false)?);
    }
    Ok(Value::from(root).to_string())
}

fn stage(u: &mut Unstructured<'_>, first: bool) -> Result<Value> {
    let number = if first { "1" } else { "2" };
    let mut stage = Map::new();
    let mut image = Map::new();
    image.insert(
        "output".into(),
        text(u, &[&format!("demo:stage-{number}"), "r/{{P:-a}}/b:{{T}}"])?,
    );
    if first || u.ratio(1, 4)? {
        image.insert(
            "base".into(),
            text(
                u,
                &["ubuntu:24.04", "debian:12", "{{BASE}}", "demo:stage-1"],
            )?,
        );
    }
    stage.insert("image".into(), image.into());
    while more(u, 4, 5)? {
        let key = *u.choose(&[
            "ssh",
            "proxy",
            "apt",
            "environment",
            "ports",
            "device",
            "mount",
            "storage",
            "custom",
            "x-note",
            "odd",
        ])?;
        let value = match key {
            "ssh" if first => ssh(u)?,
            "proxy" => section(
                u,
                &[
                    ("address", &["proxy.lan", "10.0.0.1", "{{PROXY:-host}}"]),
                    ("port", &["8080", "${PORT}"]),
                    ("enable_globally", SWITCH),
                    ("remove_after_build", SWITCH),
                    ("use_https", SWITCH),
                ],
            )?,
            "apt" if first => section(
                u,
                &[
                    (
                        "repo_source",
                        &["tuna", "163", "", "stage-1/custom/my.list"],
                    ),
                    ("keep_repo_after_build", SWITCH),
                    ("use_proxy", SWITCH),
                    ("keep_proxy_after_build", SWITCH),
                ],
            )?,
            "environment" => environment(u)?,
            "ports" => list(
                u,
                &[
                    "8080:80",
                    "127.0.0.1:9000-9002:9000-9002/udp",
                    "{{P:-1}}:1",
                    "[::1]:5:5",
                    "22",
                ],
            )?,
            "device" => section(u, &[("type", &["gpu", "cpu", "${GPU}"])])?,
            "mount" => named(u, &["home", "a_b", "${A}", "é"], mount)?,
            "storage" if !first => named(u, &["app", "data", "workspace"], mount)?,
            "custom" => custom(u)?,
            "x-note" => text(u, &["free"])?,
            _ if u.ratio(1, 8)? => text(u, &["a key that there is not"])?,
            _ => continue,
        };
        stage.insert(key.into(), value);
    }
    Ok(stage.into())
}

fn ssh(u: &mut Unstructured<'_>) -> Result<Value> {
    let mut ssh = section(
        u,
        &[
            ("enable", &["true"]),
            ("port", &["22", "2022"]),
            ("host_port", &["2222", "{{SSH_PORT:-2222}}"]),
        ],
    )?;
    ssh["users"] = named(u, &["me", "root", "you-2"], |u| {
        section(
            u,
            &[
                (
                    "password",
                    &["correct-horse", "0123", "a$b'c\"d\\e", "#{}[]&*"],
                ),
                ("pubkey_file", &["stage-1/custom/me.pub", "~"]),
                ("pubkey_text", &[include_str!("../keys/ed25519-256.pub")]),
                ("privkey_file", &["stage-1/custom/me", "~"]),
                ("privkey_text", &[include_str!("../keys/ed25519-256")]),
                ("uid", &["1000", "1001", "0"]),
                ("gid", &["1000", "100"]),
            ],
        )
    })?;
    Ok(ssh)
}

fn mount(u: &mut Unstructured<'_>) -> Result<Value> {
    section(
        u,
        &[
            ("type", &["auto-volume", "manual-volume", "host", "image"]),
            ("dst_path", &["/home/me", "/d/{{D}}", "/hard/volume/app"]),
            (
                "host_path",
                &["/srv/data", "./data", "~/x", "{{HERE:-.}}/y", "C:\\data"],
            ),
            ("volume_name", &["mine", "{{V:-v}}"]),
        ],
    )
}

fn environment(u: &mut Unstructured<'_>) -> Result<Value> {
    if u.arbitrary()? {
        return list(u, &["A=1", "B=x=y", "C", "D={{D:-a b}}", "E=$HOME/${A}"]);
    }
    named(u, &["A", "on", "PATH", "a.b", "1"], |u| {
        text(u, &["1", "x=y", "{{D}}"])
    })
}

fn custom(u: &mut Unstructured<'_>) -> Result<Value> {
    let mut custom = Map::new();
    for key in [
        "on_build",
        "on_first_run",
        "on_every_run",
        "on_user_login",
        "on_entry",
    ] {
        if u.arbitrary()? {
            let mut entries = Vec::new();
            while more(u, 1, 2)? {
                let script = *u.choose(&[
                    "stage-1/custom/a.sh",
                    "stage-2/custom/b c.sh",
                    "stage-1/system/uv/install-uv.sh",
                ])?;
                let arguments = text(
                    u,
                    &["--user me", "'a b' \"$HOME\"", "$(date +%F)", "\\\" #x"],
                )?;
                entries
                    .push(format!("'{script}' {}", arguments.as_str().unwrap_or_default()).into());
            }
            custom.insert(key.into(), Value::Array(entries));
        }
    }
    Ok(custom.into())
}

/// Whether a list goes on; spent bytes give the same answer for ever.
fn more(u: &mut Unstructured<'_>, wanted: u8, of: u8) -> Result<bool> {
    Ok(!u.is_empty() && u.ratio(wanted, of)?)
}

const SWITCH: &[&str] = &["true", "false", "yes", "${SWITCH}"];

/// Some of the keys.
fn section(u: &mut Unstructured<'_>, keys: &[(&str, &[&str])]) -> Result<Value> {
    let mut section = Map::new();
    for (key, likely) in keys {
        if u.ratio(3, 5)? {
            section.insert((*key).into(), text(u, likely)?);
        }
    }
    Ok(section.into())
}

fn list(u: &mut Unstructured<'_>, likely: &[&str]) -> Result<Value> {
    let mut items = Vec::new();
    while more(u, 2, 3)? {
        items.push(text(u, likely)?);
    }
    Ok(items.into())
}

/// A mapping whose names are free.
fn named(
    u: &mut Unstructured<'_>,
    names: &[&str],
    value: impl Fn(&mut Unstructured<'_>) -> Result<Value>,
) -> Result<Value> {
    let mut map = Map::new();
    while more(u, 2, 3)? {
        let name = text(u, names)?.as_str().unwrap_or_default().to_owned();
        map.insert(name, value(u)?);
    }
    Ok(map.into())
}

/// One of the likely texts, mostly; else one that hurts where it is not quoted.
fn text(u: &mut Unstructured<'_>, likely: &[&str]) -> Result<Value> {
    const PIECES: &[&str] = &[
        "a",
        "B",
        "1",
        "-",
        "_",
        ".",
        "/",
        ":",
        "=",
        "@",
        "%",
        " ",
        "\t",
        "\n",
        "\r",
        "$",
        "$$",
        "${A}",
        "${NONE:-x}",
        "{{B}}",
        "{{ B :- c d }}",
        "{{B:-$x}}",
        "{{",
        "}}",
        "{",
        "}",
        "[",
        "]",
        "(",
        ")",
        "$(x)",
        "`",
        "'",
        "\"",
        "\\",
        "#",
        " #",
        ": ",
        "&",
        "*",
        "|",
        ">",
        "<",
        ";",
        "!",
        "?",
        ",",
        "~",
        "é",
        "\u{1f600}",
        "\u{85}",
        "\u{2028}",
        "\u{7f}",
        "\u{feff}",
        "EOF",
        "null",
        "yes",
    ];
    if u.ratio(6, 7)? {
        return Ok(json!(u.choose(likely)?));
    }
    if u.ratio(1, 8)? {
        return Ok(u
            .choose(&[json!(null), json!(5), json!(true), json!([]), json!({})])?
            .clone());
    }
    let mut text = if u.arbitrary()? {
        (*u.choose(likely)?).to_owned()
    } else {
        String::new()
    };
    for _ in 0..u.int_in_range(0..=6)? {
        text.push_str(u.choose(PIECES)?);
    }
    Ok(text.into())
}
