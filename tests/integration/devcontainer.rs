//! `pei configure --with-devcontainer`: pei's block in a file that is the user's too.

use std::os::unix::fs::symlink;

use crate::project::{PLAIN, Project};

const FILE: &str = ".devcontainer/devcontainer.json";

const CONFIG: &str = "\
project: box
stage_1:
  image: {base: 'ubuntu:24.04', output: 'box:stage-1'}
  ssh: {port: 2022, host_port: 2222, users: {me: {password: 'long-enough-1'}, ops: {password: 'long-enough-2'}}}
  ports: ['127.0.0.1:8080:80', '3000-3002:3000-3002', '53:53/udp', '2022:2022', '10000-20000:10000-20000', '{{P:-9000}}:9000']
stage_2:
  image: {output: 'box:stage-2'}
  storage: {workspace: {type: auto-volume}}
";

/// What stands between the two marks, but for the line with the token.
fn block(project: &Project) -> Vec<String> {
    let text = project.read(FILE);
    let lines = text.lines().skip_while(|line| !line.contains("// >>> pei"));
    let lines = lines
        .skip(1)
        .take_while(|line| !line.contains("// <<< pei"));
    lines.map(|line| line.trim().to_owned()).collect()
}

fn configured(config: &str) -> Project {
    let project = Project::create_minimal_in_memory().file("user_config.yml", config);
    project.run(["configure", "--with-devcontainer"]).succeeds();
    project
}

#[test]
fn the_file_says_what_the_config_means() {
    let project = configured(CONFIG);
    let expected = [
        r#""name": "box","#,
        r#""dockerComposeFile": "../docker-compose.yml","#,
        r#""service": "stage-2","#,
        r#""workspaceFolder": "/soft/workspace","#,
        r#""remoteUser": "me","#,
        r#""forwardPorts": [80,3000,3001,3002,9000],"#,
        r#""initializeCommand": "command -v pei >/dev/null || exit 0; pei configure","#,
        r#"// Not "overrideCommand": true: without the image's entrypoint there is neither /soft nor ssh."#,
    ];
    assert_eq!(block(&project), expected);
    project
        .run(["configure", "--with-devcontainer", "--check"])
        .succeeds()
        .says("nothing would change");

    let stage_1 = CONFIG.split("stage_2:").next().unwrap();
    let lines = block(&configured(stage_1)).join("\n");
    assert!(
        lines.contains("\"service\": \"stage-1\"") && lines.contains("\"/home/me\""),
        "{lines}"
    );
    let lines = block(&configured(PLAIN)).join("\n");
    assert!(
        !lines.contains("remoteUser") && !lines.contains("\"name\""),
        "{lines}"
    );

    // The tool runs what this config needs, too.
    project.write("o ther.yml", CONFIG);
    project
        .run(["configure", "--with-devcontainer", "-c", "o ther.yml"])
        .succeeds();
    assert!(block(&project)[6].contains("pei configure -c 'o ther.yml'"));
}

#[test]
fn additions_and_comments_stay() {
    let project = configured(CONFIG);
    let own =
        "  // mine\n  \"customizations\": {\"vscode\": {\"extensions\": [\"a.b\"]}}, // why\n}\n";
    let text = project.read(FILE);
    let (pei, _) = text.split_once("  // Your own keys").unwrap();
    project.write(FILE, format!("// head\n{pei}{own}"));
    let same = ["configure", "--with-devcontainer"];
    project.run(same).succeeds().says("nothing to do");
    project.write("user_config.yml", CONFIG.replace("me:", "you:"));
    project.run(same).succeeds().never_says(".bak");
    let expected = format!("// head\n{}{own}", pei.replace("\"me\"", "\"you\""));
    let token = |text: &str| text.rsplit(" pei:").next().unwrap()[..16].to_owned();
    let changed = project.read(FILE);
    assert_eq!(
        changed,
        expected.replace(&token(&expected), &token(&changed))
    );

    // Without the flag it is left alone, and that is said where something else changed.
    project.write("user_config.yml", CONFIG.replace("me:", "them:"));
    project.run(["configure"]).succeeds();
    project.write("user_config.yml", CONFIG.replace("8080", "8081"));
    project
        .run(["configure"])
        .succeeds()
        .says("--with-devcontainer brings it up to date");
    assert_eq!(project.read(FILE), changed);
}

#[test]
fn an_edit_in_the_block_is_saved_and_told() {
    let project = configured(CONFIG);
    let edited = project.read(FILE).replace("\"me\"", "\"root\"");
    project.write(FILE, &edited);
    let run = project.run(["configure", "--with-devcontainer"]).succeeds();
    run.says("`.devcontainer/devcontainer.json` differs from what pei wrote");
    assert_eq!(project.read(".devcontainer/devcontainer.json.bak"), edited);
    assert!(project.read(FILE).contains("\"me\""));
}

#[test]
fn a_file_of_a_persons_own_gets_the_block() {
    let project = Project::create_minimal_in_memory().file("user_config.yml", CONFIG);
    project.write(FILE, "/* mine */\n{\n  \"name\": \"x\" // y\n}");
    project
        .run(["configure", "--with-devcontainer"])
        .succeeds()
        .never_says(".bak");
    let text = project.read(FILE);
    assert!(text.starts_with("/* mine */\n{\n  // >>> pei"), "{text}");
    assert!(
        text.ends_with("  // <<< pei\n  \"name\": \"x\" // y\n}"),
        "{text}"
    );
}

#[test]
fn another_image_in_a_file_of_a_persons_own_is_told() {
    let project = Project::create_minimal_in_memory().file("user_config.yml", CONFIG);
    project.write(
        FILE,
        "{\n  // mine\n  \"image\": \"x\", \"build\": {\"image\": 1}\n}",
    );
    project
        .run(["configure", "--with-devcontainer"])
        .succeeds()
        .says("warning: `.devcontainer/devcontainer.json` has `image` and `build` of your own");
    project.write("own.json", "{}");
    std::fs::remove_file(project.path(FILE)).unwrap();
    symlink("../own.json", project.path(FILE)).unwrap();
    project
        .run(["configure", "--with-devcontainer"])
        .exits(1)
        .says("is a link, which would be replaced by a file; nothing was written");
    assert_eq!(project.read("own.json"), "{}");
}

#[test]
fn a_file_without_a_place_for_the_block_stops_the_run() {
    let project = Project::create_minimal_in_memory().file("user_config.yml", CONFIG);
    let files = project.files();
    for (text, says) in [
        ("[]", "does not begin with `{`"),
        (
            "{\n// >>> pei\n}",
            "has a line `// >>> pei` and no line `// <<< pei`",
        ),
    ] {
        project.write(FILE, text);
        project
            .run(["configure", "--with-devcontainer"])
            .exits(1)
            .says(says)
            .says("nothing was written");
        assert_eq!(project.read(FILE), text);
    }
    let mut after = project.files();
    after.remove(FILE);
    assert_eq!(after, files);
    std::fs::remove_dir_all(project.path(".devcontainer")).unwrap();
    symlink("/", project.path(".devcontainer")).unwrap();
    project
        .run(["configure", "--with-devcontainer"])
        .exits(1)
        .says("leads out of the project");
}
