//! The Dockerfiles: one text, put together in different ways.

use std::borrow::Cow;

use serde_json::json;

use super::notice::NOTICE;
use super::{insert_stamped, templates};
use crate::credentials;
use crate::file_tree::FileTree;
use crate::model::{ComposeText, Part};
use crate::plan::{BuildArg, Plan};

pub(super) fn add(tree: &mut FileTree, plan: &Plan) -> anyhow::Result<()> {
    let text = render(
        plan,
        "dockerfile/stage-1.Dockerfile.j2",
        &plan.args.stage_1,
        &plan.compose.stage_1.image,
    )?;
    insert_stamped(tree, "stage-1.Dockerfile", &text);
    if let Some(stage_2) = &plan.compose.stage_2 {
        let text = render(
            plan,
            "dockerfile/stage-2.Dockerfile.j2",
            &plan.args.stage_2,
            &stage_2.image,
        )?;
        insert_stamped(tree, "stage-2.Dockerfile", &text);
    } else {
        // An older text would go on building what the config does not say any more.
        let text =
            format!("# {NOTICE}\n# The config has no stage_2: there is nothing to build here.\n");
        insert_stamped(tree, "stage-2.Dockerfile", &text);
    }
    Ok(())
}

/// One of the three Dockerfiles.
pub(super) fn render(
    plan: &Plan,
    template: &str,
    args: &[BuildArg],
    image: &ComposeText,
) -> anyhow::Result<String> {
    let declarations: Vec<_> = args.iter().map(BuildArg::declaration).collect();
    let dockerfiles = &plan.dockerfiles;
    templates::render(
        template,
        json!({
            "notice": NOTICE,
            "args": declarations,
            "image": plain(image),
            "secret_flag": if plan.compose.credentials {
                format!(" --secret id=ssh-credentials,src={}", credentials::PATH)
            } else {
                String::new()
            },
            "credentials": credentials::PATH,
            "core": dockerfiles.core,
            "tail_1": dockerfiles.tail_1,
            "stage_2": dockerfiles.stage_2,
        }),
    )
}

/// A name for the example in the header: markers count with their defaults.
fn plain(image: &ComposeText) -> String {
    let parts = image.parts.iter().map(|part| match part {
        Part::Literal(text) => Cow::Borrowed(text.as_str()),
        Part::Marker { name, default } => default.as_ref().map_or_else(
            || Cow::Owned(name.to_lowercase()),
            |d| Cow::Borrowed(d.as_str()),
        ),
    });
    parts.collect()
}
