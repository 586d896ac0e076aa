//! The files of a new project.

use std::borrow::Cow;

use std::ffi::OsString;

use serde_json::{Value, json};

use super::notice::NOTICE;
use super::{
    add_ignore_files, add_installation, insert_stamped, installation_file, is_users, templates,
};
use crate::assets;
use crate::config::{self, FileProblem, Lookup, SourceFile};
use crate::failure::Failure;
use crate::file_tree::{File, FileTree, Owner};
use crate::plan::{self, Folder, LeftOut};

/// What a new project holds.
#[derive(Debug, Clone, Default)]
pub struct NewProject {
    /// The quick template for `user_config.yml`; `None`: the full commented one.
    pub quick: Option<String>,
    /// Also the example catalogue.
    pub examples: bool,
    /// Also a README, for the user to go on with.
    pub readme: bool,
    /// The folder has been configured: what is rendered from its config is not replaced by that of the smallest one.
    pub configured: bool,
}

/// The files of a new project, before its first configure.
///
/// # Errors
///
/// None that a user could cause: the quick template is known to exist.
pub fn new_project(new: &NewProject) -> anyhow::Result<FileTree> {
    let mut tree = FileTree::new();
    add_installation(&mut tree);
    for (path, content) in assets::installation().filter(|(path, _)| is_users(path)) {
        tree.insert(
            format!("installation/{path}"),
            installation_file(&path, content, Owner::User),
        );
    }
    if new.examples {
        for (path, content) in assets::examples() {
            tree.insert(
                format!("examples/{path}"),
                File {
                    content: Cow::Borrowed(content),
                    mode: 0o644,
                    owner: Owner::Pei,
                },
            );
        }
    }
    let full = assets::template("config/full.yml");
    let own = new.quick.as_ref().map_or(full, |name| {
        assets::template(&format!("config/quick/{name}.yml"))
    });
    tree.insert(
        "user_config.yml",
        File {
            content: Cow::Borrowed(own.as_bytes()),
            mode: 0o600,
            owner: Owner::User,
        },
    );
    insert_stamped(
        &mut tree,
        "reference_config.yml",
        &format!("# {NOTICE}\n{full}"),
    );
    insert_stamped(
        &mut tree,
        "compose-template.yml",
        &templates::own_compose_template(),
    );
    let guide = templates::render(
        "usage-guide.md.j2",
        json!({ "notice": NOTICE
        }),
    )?;
    insert_stamped(&mut tree, "PEI-DOCKER-USAGE-GUIDE.md", &guide);
    insert_stamped(&mut tree, "user_config.schema.json", &schema());
    if new.readme {
        tree.insert(
            "README.md",
            File {
                content: Cow::Borrowed(assets::template("readme.md").as_bytes()),
                mode: 0o644,
                owner: Owner::User,
            },
        );
    }
    if !new.configured {
        // Of a project that has been configured, they name its key files.
        add_ignore_files(&mut tree, &LeftOut::new([]))?;
        add_first_build(&mut tree)?;
    }
    Ok(tree)
}

/// The schema as a file: its comment carries what the first line of other files does. The text is kept, and a test
/// compares it with `pei schema`, since making it takes a quarter of the time of a new project.
fn schema() -> String {
    let comment = format!("{{\n  \"$comment\": {},", Value::from(NOTICE));
    assets::template("config/schema.json").replacen('{', &comment, 1)
}

/// The Dockerfiles of the smallest project show their shape from the start; configure renders them for the config.
fn add_first_build(tree: &mut FileTree) -> anyhow::Result<()> {
    let source = SourceFile {
        name: "minimal".to_owned(),
        text: assets::template("config/quick/minimal.yml").to_owned(),
    };
    let loaded = config::load(&source, &NoHost)
        .map_err(|_| Failure::bug("the template `minimal` is not legal"))?;
    let folder = Folder {
        stages: super::stages(&super::Inputs::default()),
        credentials_fingerprint: String::new(),
    };
    super::dockerfile::add(tree, &plan::plan(&loaded.project, &folder))
}

/// The template needs nothing from outside, and gets nothing.
struct NoHost;

impl Lookup for NoHost {
    fn variable(&self, _: &str) -> Option<OsString> {
        None
    }

    fn project_file_exists(&self, _: &str) -> Result<(), FileProblem> {
        Err(FileProblem::Missing)
    }

    fn project_names(&self, _: &str) -> Vec<String> {
        Vec::new()
    }

    fn project_file(&self, _: &str) -> Result<Vec<u8>, FileProblem> {
        Err(FileProblem::Missing)
    }

    fn host_file(&self, _: &str) -> Result<Vec<u8>, FileProblem> {
        Err(FileProblem::Missing)
    }

    fn home_key(&self, _: &str) -> Result<Vec<u8>, FileProblem> {
        Err(FileProblem::Missing)
    }
}
