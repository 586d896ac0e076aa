//! The `user_config.yml` of a new project: a template with a name and a port of its own.

use std::fmt::Write as _;

/// The ports at which the templates publish ssh.
const SSH_PORTS: [&str; 2] = ["2222", "3333"];

/// The port where a template publishes ssh, if it does.
pub(super) fn ssh_port(template: &str) -> Option<u16> {
    let found = SSH_PORTS.iter().find(|port| template.contains(**port));
    found.and_then(|port| port.parse().ok())
}

/// The template with `project: NAME`, images of that name, and another ssh port.
pub(super) fn personal(template: &str, name: &str, port: Option<u16>) -> String {
    let mut text = String::with_capacity(template.len() + 100);
    let mut is_named = false;
    for line in template.lines() {
        let line = match (ssh_port(template), port) {
            (Some(own), Some(port)) => line.replace(&own.to_string(), &port.to_string()),
            _ => line.to_owned(),
        };
        let is_section = line.starts_with("stage_1:");
        if line.starts_with("project:") || (is_section && !is_named) {
            let _ = writeln!(
                text,
                "project: {name} # names the containers, the volumes and the images"
            );
            is_named = true;
            if !is_section {
                continue;
            }
            text.push('\n');
        }
        if let Some((before, tag)) = image_of(&line) {
            let _ = writeln!(text, "{before}{name}:{tag}");
        } else {
            text.push_str(&line);
            text.push('\n');
        }
    }
    text
}

/// `    output: NAME:stage-1`, without the name.
fn image_of(line: &str) -> Option<(&str, &str)> {
    let start = line.find("output: ")? + "output: ".len();
    let (_, tag) = line[start..].split_once(":stage-")?;
    let is_line = line[..start].trim_start() == "output: " && !tag.contains(char::is_whitespace);
    is_line.then(|| {
        (
            &line[..start],
            &line[line.len() - tag.len() - "stage-".len()..],
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assets;

    #[test]
    fn each_template_gets_the_name_and_the_port() {
        let quick = assets::quick_templates().into_iter();
        let mut templates: Vec<String> = quick
            .map(|name| assets::template(&format!("config/quick/{name}.yml")).to_owned())
            .collect();
        templates.push(assets::template("config/full.yml").to_owned());
        for template in templates {
            let own = ssh_port(&template).unwrap();
            let text = personal(&template, "mine-ab12", Some(4321));
            assert_eq!(text.matches("\nproject: mine-ab12 ").count(), 1, "{text}");
            let images = text.matches("output: mine-ab12:stage-").count();
            assert_eq!(images, template.matches("output: ").count(), "{text}");
            assert!(
                !text.contains(&own.to_string()) && text.contains("4321"),
                "{text}"
            );
        }
    }
}
