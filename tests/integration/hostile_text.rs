//! Hostile texts, one at a time: each arrives as it was typed. `tests/hostile` looks for more.

use crate::project::Project;

const STUB: &str = "printf '%s<%s>' \"$#\" \"$@\"\n";

#[test]
fn an_escaped_space_at_the_end_of_a_hook_is_a_part_of_the_argument() {
    let project =
        Project::configured_with("  custom: {on_first_run: ['stage-2/custom/stub.sh a\\ ']}\n");
    project.write("installation/stage-2/custom/stub.sh", STUB);
    let wrapper = "installation/stage-2/generated/_custom-on-first-run.sh";
    assert_eq!(project.bash(&format!("bash {wrapper}")), "1<a >");
}

#[test]
fn a_login_hook_sees_no_arguments_but_its_own() {
    let project =
        Project::configured_with("  custom: {on_user_login: ['stage-2/custom/stub.sh $#-$1']}\n");
    project.write("installation/stage-2/custom/stub.sh", STUB);
    let wrapper = "installation/stage-2/generated/_custom-on-user-login.sh";
    assert_eq!(project.bash(&format!("source {wrapper} login")), "1<0->");
}

#[test]
fn a_variable_that_no_shell_can_name_leaves_the_file_of_variables_a_script() {
    let project =
        Project::configured_with("  environment: [\"(=it's\", A-B=$(touch pwned), C=it's]\n");
    let script = "source installation/stage-2/generated/_etc_environment.sh; printf %s \"$C\"";
    assert_eq!(project.bash(script), "it's");
    assert!(!project.path("pwned").exists());
}
