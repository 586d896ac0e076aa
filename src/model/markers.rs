//! Where a project needs Compose to fill in a value.

use super::{ComposeText, Mount, MountSource, Project, Stage};

impl Project {
    /// The key paths of all values that hold a passthrough marker, in the order of the sections.
    #[must_use]
    pub fn marked_values(&self) -> Vec<String> {
        let mut found = Found(Vec::new());
        found.look("stage_1.image.base", &self.stage_1.base);
        found.stage("stage_1", &self.stage_1.common);
        if let Some(host_port) = self
            .stage_1
            .ssh
            .as_ref()
            .and_then(|ssh| ssh.host_port.as_ref())
        {
            found.look("stage_1.ssh.host_port", host_port);
        }
        if let Some(stage_2) = &self.stage_2 {
            if let Some(base) = &stage_2.base {
                found.look("stage_2.image.base", base);
            }
            found.stage("stage_2", &stage_2.common);
            for entry in &stage_2.storage {
                found.source(
                    &format!("stage_2.storage.{}", entry.key.name()),
                    &entry.source,
                );
            }
        }
        found.0
    }
}

struct Found(Vec<String>);

impl Found {
    fn look(&mut self, path: &str, text: &ComposeText) {
        if !text.is_literal() {
            self.0.push(path.to_owned());
        }
    }

    fn stage(&mut self, path: &str, stage: &Stage) {
        self.look(&format!("{path}.image.output"), &stage.output);
        self.look(&format!("{path}.proxy.address"), &stage.proxy.address);
        for variable in &stage.environment {
            if let Some(value) = &variable.value {
                self.look(&format!("{path}.environment.{}", variable.name), value);
            }
        }
        for (index, port) in stage.ports.iter().enumerate() {
            self.look(&format!("{path}.ports[{index}]"), port);
        }
        for Mount {
            name,
            source,
            dst_path,
        } in &stage.mount
        {
            let path = format!("{path}.mount.{name}");
            self.source(&path, source);
            self.look(&format!("{path}.dst_path"), dst_path);
        }
    }

    fn source(&mut self, path: &str, source: &MountSource) {
        match source {
            MountSource::ManualVolume { volume_name } => {
                self.look(&format!("{path}.volume_name"), volume_name);
            }
            MountSource::Host { host_path } => self.look(&format!("{path}.host_path"), host_path),
            MountSource::AutoVolume | MountSource::Image => {}
        }
    }
}
