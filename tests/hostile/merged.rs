//! The merged build's files, read and run by bash, with an engine that only records what it is asked.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use proptest::prelude::*;

use crate::cases::cases;
use crate::config::{Config, From, Wanted, config};
use crate::made::{Made, said};

const WANTED: Wanted = Wanted {
    markers: false,
    passwords: false,
};

fn made(config: &Config) -> Made {
    Made::of(config, ["--with-merged"])
}

/// The words that the engine gets of one of the two scripts.
fn words_for_engine(project: &Made, script: &str) -> Vec<String> {
    let engine = project.home().join("docker");
    fs::write(&engine, "#!/bin/bash\nprintf '%s\\0' \"$@\"\n").unwrap();
    fs::set_permissions(&engine, fs::Permissions::from_mode(0o755)).unwrap();
    let mut command = project.command("bash");
    command
        .arg(project.folder().join(script))
        .env("CONTAINER_ENGINE", &engine)
        .env("COMPOSE_PROJECT_NAME", "hostile");
    let words = said(&mut command);
    words.split_terminator('\0').map(str::to_owned).collect()
}

/// The value of each occurrence of this option.
fn values<'w>(words: &'w [String], option: &str) -> Vec<&'w str> {
    let pairs = words.windows(2).filter(|pair| pair[0] == option);
    pairs.map(|pair| pair[1].as_str()).collect()
}

proptest! {
    #![proptest_config(cases(5))]

    #[test]
    fn the_engine_runs_what_was_typed(config in config(WANTED)) {
        let project = made(&config);
        let words = words_for_engine(&project, "run-merged.sh");
        let mut environment: Vec<&str> = values(&words, "--env");
        environment.sort_unstable();
        let typed = config.environment(2).into_iter().map(|(name, value)| match value {
            Some(value) => format!("{name}={value}"),
            None => name,
        });
        let mut typed: Vec<String> = typed.collect();
        typed.sort_unstable();
        prop_assert_eq!(environment, typed);

        let ports = config.stages.iter().flat_map(|stage| &stage.ports);
        prop_assert_eq!(values(&words, "--publish"), ports.collect::<Vec<_>>());

        let volumes = config.volumes_of_stage_2().into_iter().map(|(source, destination)| match source {
            From::Host(path) => format!("{}:{destination}", on_host(&project, &path)),
            From::Volume(_, Some(name)) => format!("{name}:{destination}"),
            From::Volume(key, None) => format!("hostile_{key}:{destination}"),
        });
        let host_keys = "hostile_pei_ssh_host_keys:/pei-init/ssh-host-keys".to_owned();
        prop_assert_eq!(values(&words, "--volume"), volumes.chain([host_keys]).collect::<Vec<_>>());
        prop_assert_eq!(words.last(), Some(&config.stages[1].output));
    }

    #[test]
    fn the_engine_builds_with_what_was_typed(config in config(WANTED)) {
        let project = made(&config);
        let words = words_for_engine(&project, "build-merged.sh");
        let args = values(&words, "--build-arg");
        let apt = config.apt_file.as_ref().map_or(String::new(), |file| format!("/pei-from-host/{file}"));
        let [one, two] = &config.stages;
        for expected in [
            format!("BASE_IMAGE_1={}", config.base),
            format!("APT_SOURCE_FILE={apt}"),
            format!("PEI_HTTP_PROXY_1=http://{}:7890", one.proxy),
            format!("PEI_HTTPS_PROXY_2=http://{}:7890", two.proxy),
        ] {
            prop_assert!(args.contains(&expected.as_str()), "{} is not in {:?}", expected, args);
        }
        prop_assert_eq!(values(&words, "-t"), [&two.output]);
    }

    #[test]
    fn a_shell_may_source_the_values(config in config(WANTED)) {
        let project = made(&config);
        let script = "set -eu; source ./merged.env
                      printf '%s\\0' \"$APT_SOURCE_FILE\" \"$PEI_HTTP_PROXY_1\" \"$STAGE2_IMAGE_NAME\"";
        let said = said(project.command("bash").args(["-c", script]).current_dir(project.folder()));
        let apt = config.apt_file.as_ref().map_or(String::new(), |file| format!("/pei-from-host/{file}"));
        let proxy = format!("http://{}:7890", config.stages[0].proxy);
        prop_assert_eq!(said, format!("{apt}\0{proxy}\0{}\0", config.stages[1].output));
        prop_assert!(!project.folder().join("pwned").exists(), "a text was executed");
    }
}

/// A directory of the host as the engine wants it: absolute.
fn on_host(project: &Made, path: &str) -> String {
    let folder = project.folder().to_str().unwrap();
    match path.strip_prefix('~') {
        Some(rest) => format!("{}{rest}", project.home().to_str().unwrap()),
        None if path.starts_with('.') => format!("{folder}/{path}"),
        None => path.to_owned(),
    }
}
