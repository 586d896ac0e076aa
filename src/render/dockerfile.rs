//! The Dockerfiles: prints the planned steps.

use serde_json::{Value, json};

use super::notice::NOTICE;
use super::{insert_text, quote, secrets, templates};
use crate::file_tree::FileTree;
use crate::model::{ComposeText, StageId};
use crate::plan::{Dockerfile, Plan};

pub(super) fn add(tree: &mut FileTree, plan: &Plan) -> anyhow::Result<()> {
    for dockerfile in &plan.dockerfiles {
        let mut options = String::new();
        for context in &dockerfile.contexts {
            let word = quote::sh_if_needed(&format!("{}={}", context.name, context.path));
            options.extend([" --build-context ", &word]);
        }
        options.push_str(&secrets::options(&dockerfile.access, &plan.build_secrets));
        if let Some(target) = &dockerfile.target {
            options.extend([" --target ", target]);
        }
        let path = &dockerfile.path;
        let head = [
            format!(
                "{} Compose passes every value below; plain docker builds it as well:",
                sentence(dockerfile.about)
            ),
            format!(
                "  docker build -f {path}{options} -t {} .",
                quote::sh_if_needed(&plain(&dockerfile.image))
            ),
        ];
        insert_text(tree, path, text(dockerfile, &head)?);
    }
    for StageId { name, key } in &plan.absent {
        // Written even without further stages: an old file would still build stages that the config no longer has.
        let text =
            format!("# {NOTICE}\n# The config has no {key}: there is nothing to build here.\n");
        insert_text(tree, &format!("{name}.Dockerfile"), text);
    }
    Ok(())
}

/// A Dockerfile with these lines as its header.
pub(super) fn text(dockerfile: &Dockerfile, head: &[String]) -> anyhow::Result<String> {
    let args = dockerfile.args.iter();
    let args: Vec<Value> = args
        .map(|arg| json!({"name": arg.name, "default": arg.value.with_defaults()}))
        .collect();
    templates::render(
        "dockerfile.j2",
        json!({
            "notice": NOTICE,
            "head": head,
            "args": args,
            "alias": dockerfile.alias,
            "stages": dockerfile.images,
        }),
    )
}

fn sentence(words: &str) -> String {
    let mut letters = words.chars();
    let first = letters.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(letters).chain(['.']).collect()
}

/// A name for the example in the header; markers are replaced by their defaults.
fn plain(image: &ComposeText) -> String {
    image.spelled(str::to_owned, |name, default| {
        default.map_or_else(|| name.to_lowercase(), str::to_owned)
    })
}
