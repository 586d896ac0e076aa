//! pei's block of `.devcontainer/devcontainer.json`.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::insert_text;
use crate::file_tree::FileTree;
use crate::plan::{Devcontainer, Plan};
use crate::project::{DEVCONTAINER, DEVCONTAINER_BEGIN, DEVCONTAINER_END};

pub(super) fn add(tree: &mut FileTree, plan: &Plan) {
    if let Some(devcontainer) = &plan.devcontainer {
        insert_text(tree, DEVCONTAINER, block(devcontainer));
    }
}

fn block(devcontainer: &Devcontainer) -> String {
    let mut text = format!(
        "  {DEVCONTAINER_BEGIN}: written by `pei configure --with-devcontainer`. Your own keys go below this block; they stay, and win. \
         pei:----------------\n"
    );
    let mut add = |key: &str, value: Value| {
        if !value.is_null() {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "  \"{key}\": {value},");
        }
    };
    add("name", json!(devcontainer.name));
    add("dockerComposeFile", json!("../docker-compose.yml"));
    add("service", json!(devcontainer.service));
    add("workspaceFolder", json!(devcontainer.workspace));
    add("remoteUser", json!(devcontainer.user));
    add("forwardPorts", json!(devcontainer.ports));
    add("initializeCommand", json!(devcontainer.initialize));
    text.push_str(
        "  // Not \"overrideCommand\": true: without the image's entrypoint there is neither /soft nor ssh.\n",
    );
    let _ = writeln!(text, "  {DEVCONTAINER_END}");
    text
}
