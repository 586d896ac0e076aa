//! Further stages, contexts and services whose texts are hostile, read back by other parsers.

use parse_dockerfile::{Command, Instruction, RunInstruction};
use proptest::prelude::*;

use crate::cases::cases;
use crate::config::double;
use crate::dockerfile::copied;
use crate::made::Made;
use crate::text::{in_environment, in_line, literal};

/// A path without an empty part, `.` and `..`; a space at either end is a part of it.
fn path() -> impl Strategy<Value = String> {
    literal(in_line).prop_map(|text| {
        let parts: Vec<&str> = text
            .split('/')
            .filter(|part| !part.trim_matches('.').is_empty() && part.len() < 200)
            .take(3)
            .collect();
        if parts.is_empty() {
            "plain".to_owned()
        } else {
            parts.join("/")
        }
    })
}

fn folder() -> impl Strategy<Value = String> {
    path().prop_map(|path| format!("../{}", path.replace("://", "_")))
}

proptest! {
    #![proptest_config(cases(24))]

    #[test]
    fn hostile_text_stays_in_its_place(
        from_stage in (path(), path()),
        from_context in (path(), path()),
        from_project in (path(), path()),
        folder in folder(),
        argument in literal(in_line),
        value in literal(in_environment),
        service in literal(in_environment),
    ) {
        let project = Made::bare();
        project.write("installation/stages/tool/a.sh", "#!/bin/sh\n");
        // A name with `*` is copied where a file has that very name.
        project.write(&format!("installation/{}", from_project.0), "");
        let config = format!(
            "stage_1: {{image: {{base: a, output: b}}}}\n\
             contexts: {{app: {}}}\n\
             stages:\n  tool:\n    image: {{base: c}}\n    environment: {{A: {}}}\n    custom: {{on_build: [{}]}}\n    copy:\n      \
             - {{from: app, path: {}, to: {}}}\n      - {{path: {}, to: {}}}\n\
             stage_2:\n  image: {{output: d}}\n  copy: [{{from: tool, path: {}, to: {}}}]\n\
             services: {{db: {{image: e, environment: {{A: {}}}}}}}\n",
            double(&folder),
            double(&value),
            double(&format!("stages/tool/a.sh '{}'", argument.replace('\'', ""))),
            double(&from_context.0),
            double(&format!("/{}", from_context.1)),
            double(&from_project.0),
            double(&format!("/{}", from_project.1)),
            double(&format!("/{}", from_stage.0)),
            double(&format!("/{}", from_stage.1)),
            double(&service),
        );
        project.write("user_config.yml", &config);
        let output = project.pei(&["configure"]).output().unwrap();
        prop_assert!(output.status.success(), "{}\n{config}", String::from_utf8_lossy(&output.stderr));

        for file in ["stage-2.Dockerfile", "stages.Dockerfile"] {
            let text = project.text(file);
            let parsed = parse_dockerfile::parse(&text).unwrap_or_else(|error| panic!("{file}: {error}\n{text}"));
            let pairs = copied(&parsed.instructions);
            let of_tool = [
                (format!("/pei-context/{}", from_context.0), format!("/{}", from_context.1)),
                (format!("installation/{}", from_project.0), format!("/{}", from_project.1)),
            ];
            for pair in &of_tool {
                prop_assert!(pairs.contains(pair), "{}: {:?} is not in {:?}", file, pair, pairs);
            }
            if file == "stage-2.Dockerfile" {
                let pair = (format!("/{}", from_stage.0), format!("/{}", from_stage.1));
                prop_assert!(pairs.contains(&pair), "{:?} is not in {:?}", pair, pairs);
            }
            let words = hook(&parsed.instructions);
            prop_assert_eq!(&words[2], "stages/tool/a.sh");
            prop_assert_eq!(&words[5], &format!("A={value}"));
        }

        let compose: serde_yaml::Value = serde_yaml::from_str(&project.text("docker-compose.yml")).unwrap();
        let contexts = &compose["services"]["stage-2"]["build"]["additional_contexts"];
        let typed = contexts["pei-context-app"].as_str().unwrap().replace("$$", "$");
        prop_assert_eq!(typed, folder);
        let passed_on = compose["services"]["db"]["environment"]["A"].as_str();
        prop_assert_eq!(passed_on, Some(service.as_str()));
    }
}

/// The words of the hook of the further stage.
fn hook(instructions: &[Instruction<'_>]) -> Vec<String> {
    let runs = instructions
        .iter()
        .filter_map(|instruction| match instruction {
            Instruction::Run(RunInstruction {
                arguments: Command::Exec(words),
                ..
            }) => Some(
                words
                    .value
                    .iter()
                    .map(|word| word.value.to_string())
                    .collect(),
            ),
            _ => None,
        });
    let mut hooks: Vec<Vec<String>> = runs.collect();
    hooks.retain(|words| words[0] == "/bin/sh");
    assert_eq!(hooks.len(), 1, "{hooks:?}");
    hooks.remove(0)
}
