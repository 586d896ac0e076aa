//! `pei lock`

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use clap::ValueHint;
use serde_json::Value;

use super::asked::architecture;
use super::given::{CONFIG, project_folder};
use super::locked::Misfits;
use super::stages::{Sources, Stages, lock};
use crate::cli::Quiet;
use crate::diagnostic::{count, escaped, list, quoted};
use crate::engine::Engine;
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::lock::{self, Asked, Lock, Locked, LockedStage, Text};
use crate::plan::core_name;
use crate::record::{self, Record};
use crate::state::{self, From, STATE_LABEL};
use crate::ui::{Ui, shown};

/// The table of default versions, as the project's installers read it.
const VERSIONS: &str = "installation/stage-1/lib/versions.sh";

/// What brings the lock up to date.
const WRITE: &str = "`pei lock` writes it anew from the images that `pei build` made";

/// Write down what the images were built from
///
/// Writes pei.lock from the images that `pei build` made: the base images, each package of apt
/// with its version, each download with its sum, and the tools. It asks the engine only, no
/// registry and no archive. Commit the file: `pei lock --check` then lists how later images differ.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  pei lock                         After `pei build`
  pei lock --check                 Exit with 4 if the images differ from the lock
  pei lock --update openssl curl   Let the next build take newer ones")]
pub struct Args {
    /// The project's directory
    #[arg(short, long, value_name = "DIR", default_value = ".", value_hint = ValueHint::DirPath)]
    project_dir: PathBuf,
    /// Another config, relative to the project
    #[arg(short, long, value_name = "FILE", default_value = CONFIG, value_hint = ValueHint::FilePath)]
    config: PathBuf,
    /// Write nothing; list what differs, and exit with 4 if something does
    #[arg(long)]
    check: bool,
    /// Remove packages, tools or downloads from the lock: the next build installs their current versions
    #[arg(long, value_name = "PACKAGE", num_args = 1.., conflicts_with = "check")]
    update: Vec<String>,
    #[command(flatten)]
    pub(super) quiet: Quiet,
}

impl Args {
    pub(super) fn run(self, ui: &mut Ui) -> Result<ExitCode> {
        let folder = project_folder(ui, &self.project_dir)?;
        let _lock = lock(ui, &folder)?;
        let known = Lock::read(&folder)?;
        let file = shown(&folder.join(lock::FILE));
        if !self.update.is_empty() {
            return self.update(ui, &folder, &known.ok_or_else(|| no_lock(&file))?);
        }
        if self.check && known.is_none() {
            return Err(no_lock(&file).into());
        }
        let loaded = match Stages::load_built(ui, &folder, &self.config) {
            // The config of a locked build has what the lock does not.
            Err(error) if self.check && error.is::<Misfits>() => {
                let lines = error.downcast_ref::<Misfits>().map(|misfits| &*misfits.0);
                return report(ui, &file, lines.unwrap_or_default(), lock::MAKE);
            }
            loaded => loaded?,
        };
        let Some((stages, sources)) = loaded else {
            return Ok(ExitCode::Failure);
        };
        let built = built(&stages, &sources);
        let architecture = architecture_of(&built);
        if self.check
            && let Some(known) = &known
        {
            let images = state::images(&sources.plan, &sources.builds);
            let asked = Asked::of(stages.project(), images);
            let mut lines = lock::misfits(known, &architecture, &asked);
            if lines.is_empty()
                && let Some(locked) = known.architectures.get(architecture.as_str())
            {
                let mut locked = locked.clone();
                let mut taken = taken(&stages, &sources, &built, Some(&locked))?;
                for without in without_image(&stages, &built) {
                    if let Some(above) = without.above {
                        // The image that is there tells of both together.
                        locked.join(above, without.service);
                        taken.join(above, without.service);
                    }
                }
                lines = lock::differences(&locked, &taken);
            }
            return report(ui, &file, &lines, WRITE);
        }
        let old = known
            .as_ref()
            .and_then(|known| known.architectures.get(architecture.as_str()));
        let taken = taken(&stages, &sources, &built, old)?;
        let new = with(known.as_ref(), &architecture, taken, &sources)?;
        let summary = summary(&architecture, &new);
        if known.as_ref() == Some(&new) {
            ui.status(&format!("{file} is up to date: {summary}"));
            return Ok(ExitCode::Success);
        }
        new.write(&folder)?;
        ui.status(&format!("wrote {file}: {summary}"));
        for Without { service, .. } in without_image(&stages, &built)
            .into_iter()
            .filter(|without| without.above.is_none() && without.is_on_system)
        {
            ui.note(&format!(
                "what the hooks of {service} install is not written anew: no image of it is up to date; \
                 `pei build {service}` makes one for `pei lock`"
            ));
        }
        for other in new.architectures.keys() {
            if other.as_str() != architecture {
                ui.note(&format!(
                    "{other} is in the lock as it was; `pei lock` on such a machine writes it anew"
                ));
            }
        }
        Ok(ExitCode::Success)
    }

    fn update(&self, ui: &mut Ui, folder: &Path, known: &Lock) -> Result<ExitCode> {
        let new = known.without(&self.update).map_err(|what| {
            Failure::new(what).help("`pei.lock` lists the names; nothing was changed")
        })?;
        new.write(folder)?;
        ui.status(&format!(
            "removed {} from {}: `pei build` takes what is there now, then `pei lock` writes its version",
            list(&self.update, "and"),
            shown(&folder.join(lock::FILE)),
        ));
        Ok(ExitCode::Success)
    }
}

fn no_lock(file: &str) -> Failure {
    Failure::new(format!("there is no {file}"))
        .help("`pei build` builds the images, then `pei lock` writes what they were built from")
}

fn report(ui: &mut Ui, file: &str, lines: &[String], cure: &str) -> Result<ExitCode> {
    if lines.is_empty() {
        ui.status(&format!("the images are as {file} says"));
        return Ok(ExitCode::Success);
    }
    for line in lines {
        ui.data(&format!("{line}\n"))?;
    }
    ui.status(&format!(
        "{} from {file}; {cure}",
        count(lines.len(), "difference")
    ));
    Ok(ExitCode::Drift)
}

/// A service with the image that it has built.
struct Built<'i> {
    service: &'i str,
    image: Option<&'i Value>,
    /// A further stage: `pei build` builds it for those that use it, and makes an image of it only where it is named.
    is_further: bool,
    /// Why the image is not what the config says now.
    fault: Option<String>,
}

fn built<'i>(stages: &Stages, sources: &'i Sources) -> Vec<Built<'i>> {
    let builds = sources.builds.iter();
    let mut all: Vec<_> = builds
        .map(|build| Built {
            service: &build.service,
            image: build
                .image
                .as_deref()
                .and_then(|name| state::find(&sources.images, name)),
            is_further: !stages.usual.contains(&build.service),
            fault: None,
        })
        .collect();
    let architecture = architecture_of(&all);
    for one in &mut all {
        one.fault = fault(stages, one, &architecture);
        if one.is_further && one.fault.is_some() {
            one.image = None;
        }
    }
    all
}

fn services<'i>(built: &[Built<'i>]) -> BTreeSet<&'i str> {
    built.iter().map(|one| one.service).collect()
}

/// A further stage without an image that is up to date.
struct Without<'i> {
    service: &'i str,
    /// What builds on it, and has such an image.
    above: Option<&'i str>,
    /// Whether it has the system of stage-1, whose hooks note what they install.
    is_on_system: bool,
}

fn without_image<'i>(stages: &Stages, built: &[Built<'i>]) -> Vec<Without<'i>> {
    let services = services(built);
    let below = |service: &str| below(stages, service, &services);
    let mut found: Vec<Without<'_>> = Vec::new();
    // What builds on another comes after it.
    for one in built.iter().rev().filter(|one| one.image.is_none()) {
        let mut above = built
            .iter()
            .filter(|other| below(other.service) == one.service);
        let above = above.find_map(|other| {
            let further = found.iter().find(|found| found.service == other.service);
            further.map_or(Some(other.service), |further| further.above)
        });
        let mut next = below(one.service);
        while services.contains(next.as_str()) && stages.usual.iter().all(|usual| *usual != next) {
            next = below(&next);
        }
        found.push(Without {
            service: one.service,
            above,
            is_on_system: services.contains(next.as_str()),
        });
    }
    found
}

/// The architecture of the images; without one, that of this machine.
fn architecture_of(built: &[Built<'_>]) -> String {
    let mut images = built.iter().filter_map(|one| one.image);
    let named = images.find_map(|image| image["Architecture"].as_str());
    named.unwrap_or(architecture()).to_owned()
}

/// What the images were built from.
fn taken(
    stages: &Stages,
    sources: &Sources,
    built: &[Built<'_>],
    old: Option<&Locked>,
) -> Result<Locked> {
    fn plain_name<'n>(old: Option<&Locked>, name: &'n str) -> &'n str {
        old.map_or(name, |old| old.plain_name(name))
    }
    require_built(built)?;
    let mut records = BTreeMap::new();
    for Built { service, image, .. } in built {
        let record = match image.and_then(|image| image["Id"].as_str()) {
            Some(id) => record_of(&stages.engine, service, id)?,
            None => None,
        };
        records.insert(*service, record.map(Rc::new));
    }
    let without = without_image(stages, built);
    for one in &without {
        let record = one.above.and_then(|above| records[above].clone());
        records.insert(one.service, record);
    }
    let mut asked = Asked::of(
        stages.project(),
        state::images(&sources.plan, &sources.builds),
    );
    let mut locked = Locked::default();
    for Built { service, .. } in built {
        let is_kept = |one: &Without<'_>| one.service == *service && one.above.is_none();
        let kept = without.iter().any(is_kept);
        let kept = kept.then(|| old?.stages.get(*service)).flatten();
        let from = below(stages, service, &services(built));
        let hooks = asked.hooks.remove(*service).unwrap_or_default();
        let under = records.get(from.as_str()).and_then(Option::as_deref);
        let record = records[service].as_deref();
        locked
            .add_stage(service, plain_name(old, &from), hooks, record, under)
            .map_err(|what| not_lockable(&format!("the record of {service}"), &what))?;
        if let Some(kept) = kept {
            locked.keep(service, kept);
        }
    }
    for name in asked.images {
        let base = stages.base(&name);
        let base = base.map_err(|reason| Failure::new(reason.to_string()))?;
        locked
            .add_image(plain_name(old, &name), base)
            .map_err(|what| not_lockable(&format!("the image {}", quoted(&name)), &what))?;
    }
    Ok(locked)
}

fn not_lockable(place: &str, what: &str) -> Failure {
    Failure::new(format!("{place} has what no lock can hold: {what}"))
        .help("a build hook of the project may have written it")
}

/// Why the image of a service is not what the config says now.
fn fault(stages: &Stages, one: &Built<'_>, architecture: &str) -> Option<String> {
    let Some(image) = one.image else {
        return Some("has not been built".to_owned());
    };
    let label = &image["Config"]["Labels"][STATE_LABEL];
    if label.is_null() {
        return Some("was built without `pei build`".to_owned());
    }
    match &stages.state(one.service)?.state {
        Err(reason) => Some(format!("has no state that can be known ({reason})")),
        Ok(state) if label != state.as_str() => Some("has changed since it was built".to_owned()),
        Ok(_) => {
            let own = image["Architecture"].as_str()?;
            (own != architecture).then(|| {
                format!(
                    "was not built for {}, as other stages were",
                    escaped(architecture)
                )
            })
        }
    }
}

/// The images have to be what the config says now.
fn require_built(built: &[Built<'_>]) -> Result<(), Failure> {
    let faults = built.iter().filter(|one| !one.is_further);
    let faults = faults.filter_map(|one| Some((one.service, one.fault.as_ref()?)));
    let (names, reasons): (Vec<&str>, Vec<String>) = faults
        .map(|(service, fault)| (service, format!("{service} {fault}")))
        .unzip();
    if reasons.is_empty() {
        return Ok(());
    }
    let failure = Failure::new(format!(
        "the images are not those of the config: {}",
        reasons.join("; ")
    ));
    Err(failure.help(format!(
        "run `pei build {}`, then this again; `pei status` shows what has changed",
        names.join(" ")
    )))
}

/// The record of a service's image. A stage that installs nothing has none.
fn record_of(engine: &Engine, service: &str, id: &str) -> Result<Option<Record>> {
    let image = engine.image(id)?;
    let image = image.ok_or_else(|| Failure::engine(format!("the image of {service} is gone")))?;
    let Some(archive) = engine.folder_of_image(&image.id, record::FOLDER)? else {
        return Ok(None);
    };
    let record = Record::read(service, &image, &archive).map_err(|fault| {
        Failure::new(format!("the record of {service} is damaged: {fault}"))
            .help(format!("run `pei build {service} -- --no-cache`"))
    })?;
    Ok(Some(record))
}

/// What a service's stage begins with: another service's stage or an image.
fn below(stages: &Stages, service: &str, services: &BTreeSet<&str>) -> String {
    let mut next = stages.state(service);
    loop {
        match next.map(|state| &state.from) {
            Some(From::Image(name)) => return name.clone(),
            Some(From::Stage(name)) => {
                let mut others = services.iter().filter(|other| **other != service);
                let is_it = |other: &&&str| name == **other || *name == core_name(other);
                if let Some(other) = others.find(is_it) {
                    return (**other).to_owned();
                }
                next = stages.state(name);
            }
            Some(From::Scratch) | None => return "scratch".to_owned(),
        }
    }
}

/// The lock with the new entries of one architecture. Its time changes only if the lock had other entries for this
/// architecture, because a new time changes the build.
fn with(
    known: Option<&Lock>,
    architecture: &str,
    mut taken: Locked,
    sources: &Sources,
) -> Result<Lock> {
    let table = sources.tree.get(VERSIONS).map(|file| &*file.content);
    let table = String::from_utf8_lossy(table.unwrap_or_default());
    let text = |text: &str| Text::try_from(text.to_owned()).map_err(Failure::bug);
    let default_versions = lock::default_versions(&table, &taken).map_err(Failure::bug)?;
    let old = known.map(|known| known.architectures.get(architecture));
    let time = match (known, old) {
        (Some(known), Some(None)) => known.source_date_epoch,
        (Some(known), Some(Some(old))) if old.has_entries_of(&taken) => known.source_date_epoch,
        _ => SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .context("the clock of this machine is wrong")?
            .as_secs(),
    };
    let mut new = Lock::new(text(env!("CARGO_PKG_VERSION"))?, time);
    taken.default_versions = default_versions;
    if let Some(known) = known {
        if let Some(Some(old)) = old
            && !sources.plan.locked.is_empty()
        {
            // The build took these, whatever the table of a newer pei has.
            let old = old.default_versions.clone();
            taken.default_versions.extend(old);
        }
        new.architectures.clone_from(&known.architectures);
    }
    new.architectures.insert(text(architecture)?, taken);
    Ok(new)
}

/// What a lock holds, in a line.
fn summary(architecture: &str, lock: &Lock) -> String {
    let stages = lock
        .architectures
        .get(architecture)
        .map(|locked| &locked.stages);
    let stages: Vec<&LockedStage> = stages.into_iter().flat_map(BTreeMap::values).collect();
    let packages = stages
        .iter()
        .map(|stage| stage.apt.len() + stage.others.len())
        .sum();
    let downloads = stages.iter().map(|stage| stage.downloads.len()).sum();
    format!(
        "{}, {} and {} for {}",
        count(stages.len(), "stage"),
        count(packages, "package"),
        count(downloads, "download"),
        escaped(architecture)
    )
}
