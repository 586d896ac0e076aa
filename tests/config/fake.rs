//! A host that exists only in the test.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::config::{FileProblem, Layers, Loaded, Lookup, SourceFile};
use crate::diagnostic::Diagnostic;

/// Answers from maps.
#[derive(Clone, Default)]
pub(crate) struct FakeHost {
    layers: BTreeMap<PathBuf, Vec<u8>>,
    variables: BTreeMap<String, OsString>,
    project: BTreeMap<String, Result<Vec<u8>, FileProblem>>,
    host: BTreeMap<String, Vec<u8>>,
    home: BTreeMap<String, Vec<u8>>,
}

#[allow(dead_code, reason = "each test binary uses its part")]
impl FakeHost {
    #[must_use]
    pub(crate) fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.insert(name.into(), value.into());
        self
    }

    #[must_use]
    pub(crate) fn project(mut self, path: &str, content: &str) -> Self {
        self.project.insert(path.into(), Ok(content.into()));
        self
    }

    #[must_use]
    pub(crate) fn broken(mut self, path: &str, problem: FileProblem) -> Self {
        self.project.insert(path.into(), Err(problem));
        self
    }

    #[must_use]
    pub(crate) fn host(mut self, path: &str, content: &str) -> Self {
        self.host.insert(path.into(), content.into());
        self
    }

    #[must_use]
    pub(crate) fn home(mut self, name: &str, content: &str) -> Self {
        self.home.insert(name.into(), content.into());
        self
    }

    /// Loads a config on this host.
    pub(crate) fn load(&self, yaml: &str) -> Result<Loaded, Vec<Diagnostic>> {
        let mut host = self.clone();
        host.layers.insert("user_config.yml".into(), yaml.into());
        let source = SourceFile::new("user_config.yml", yaml);
        Layers::read(source, Path::new("user_config.yml"), &host)
            .load(&host)
            .1
    }
}

impl Lookup for FakeHost {
    fn variable(&self, name: &str) -> Option<OsString> {
        self.variables.get(name).cloned()
    }

    fn project_file_exists(&self, path: &str) -> Result<(), FileProblem> {
        self.project_file(path).map(drop)
    }

    fn project_names(&self, path: &str) -> Vec<String> {
        let inside = if path.is_empty() {
            String::new()
        } else {
            format!("{path}/")
        };
        let below = self
            .project
            .keys()
            .filter_map(|known| known.strip_prefix(&inside));
        below
            .map(|rest| rest.split('/').next().unwrap_or_default().to_owned())
            .collect()
    }

    fn project_file(&self, path: &str) -> Result<Vec<u8>, FileProblem> {
        let file = self.project.get(path).cloned();
        file.unwrap_or(Err(FileProblem::Missing))
    }

    fn host_file(&self, path: &str) -> Result<Vec<u8>, FileProblem> {
        self.host.get(path).cloned().ok_or(FileProblem::Missing)
    }

    fn layer(&self, path: &Path) -> Result<(PathBuf, Vec<u8>), FileProblem> {
        let file = self.layers.get(path).cloned();
        file.map(|file| (path.to_owned(), file))
            .ok_or(FileProblem::Missing)
    }

    /// A context has all files but those that cases call so.
    fn is_in_folder(&self, _: &str, path: &str) -> bool {
        !path.contains(['*', '?']) && !path.ends_with("nothing")
    }

    fn home_key(&self, name: &str) -> Result<Vec<u8>, FileProblem> {
        self.home.get(name).cloned().ok_or(FileProblem::Missing)
    }
}
