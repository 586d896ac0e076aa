//! What is covered and what is shown, line by line.

use super::redact;
use crate::config::SourceFile;

#[test]
fn secrets_are_covered_in_place() {
    let key_line = "a".repeat(70);
    let cases = [
        ("  password: abc", "  password: ***"),
        ("  password: 'a b' # x", "  password: *********"),
        ("password: ü\nport: 22", "password: **\nport: 22"),
        ("- DB_PASSWORD=abc\n- A=b", "- DB_PASSWORD=***\n- A=*"),
        (
            "  password: >-\n    a b\n\n   c\n  port: 5",
            "  password: **\n    ***\n\n   *\n  port: 5",
        ),
        ("password:\n- ab\nb: c", "password:\n****\nb: c"),
        (
            "ssh: {port: 22, users: {me: {password: a,b, uid: 5}}}",
            "ssh: {port: 22, users: ******password: **** uid: ****",
        ),
        (
            "ssh:\n  hostport: 5\n  users:\n    me:\n      a: b\n  port: x\nports: [y]",
            "ssh:\n  hostport: 5\n  users:\n    me:\n      ****\n  port: *\nports: [y]",
        ),
        ("ssh:\n  me: 5\nprts: x", "ssh:\n  *****\nprts: x"),
        (
            "ssh: {users:\nme: b}\nx-a: c",
            "ssh: {users:\n******\nx-a: c",
        ),
        ("x: &a b\nssh: {users: *a}", "x: ****\nssh: {users: ***"),
        (
            "k: \"-----BEGIN RSA PRIVATE KEY-----\\nabc\"",
            &format!("k: \"{}", "*".repeat(37)),
        ),
        (key_line.as_str(), &"*".repeat(70)),
        ("address: 'a:b c@d@e'", "address: '*******@e'"),
        ("- X=http://a:b@c", "- X=************"),
        ("- x.sh http://a:b@c", "- x.sh http://***@c"),
        ("a: u:a@h1 v:b@h2", "a: **********@h2"),
        (
            "a: http://u:p@h1,http://u:q@h2",
            "a: http://*****************@h2",
        ),
        ("a: http://u:p", "a: http://***"),
        ("a: http://u@h //u:p b", "a: http://***********"),
        (
            "a: http://h:80/x http://[::1]:5/",
            "a: http://h:80/x http://[::1]:5/",
        ),
        ("a: http://u:p=\"q'@h", "a: http://*******@h"),
        (
            "environment:\n  - A=b c\n    d\n  - 'B=x'\n  - C\n  - d e\nports: [x]",
            "environment:\n  - A=***\n    *\n  - 'B=**\n  - C\n  *****\nports: [x]",
        ),
        (
            "environment:\n- A=b\nunknown: c",
            "environment:\n- A=*\nunknown: c",
        ),
        (
            "enviroment\n  A: 'b\nsecond: c\nports: d",
            "enviroment\n  A: **\n*********\nports: d",
        ),
        (
            "env: {A: b,\n  C: d}\napt: y",
            "env: ******\n  *****\napt: y",
        ),
        ("- x.sh --token a\n  b", "- x.sh --token *\n  *"),
        ("- x.sh --tokn=a --api-key b", "- x.sh --tokn=*************"),
        (
            "- x.sh -H 'Authorization: a'",
            "- x.sh -H 'Authorization: **",
        ),
        ("- x.sh -H 'X: Bearer a'", "- x.sh -H 'X: Bearer **"),
        ("- x.sh --path a --author b", "- x.sh --path a --author b"),
        ("{path: /etc/passwd, to: /b}", "{path: /etc/passwd, to: /b}"),
        (
            "{path: /etc/passwd, token: b}",
            "{path: /etc/passwd, token: **",
        ),
        (
            "- x.sh ghp_aaaaaaaaaaaaaaa1 b --token c\nd: sk-learn-of-words-that-go-on",
            "- x.sh ********************************\nd: sk-learn-of-words-that-go-on",
        ),
        ("- x.sh --tokené a", "- x.sh --tokené *"),
        ("# --token a\n  b: c", "# --token *\n  b: c"),
        (
            "path: a\nmonkey: b\npattern: c\nauthor: d\ncompany: e",
            "path: a\nmonkey: b\npattern: c\nauthor: d\ncompany: e",
        ),
        (
            "apiKey: a\nGH_PAT: b\nauth: c\nmyCred: d\nkey: e",
            "apiKey: *\nGH_PAT: *\nauth: *\nmyCred: *\nkey: *",
        ),
        ("base: a:1@sha256:0", "base: a:1@sha256:0"),
        ("name: x", "name: x"),
    ];
    check(&cases);
}

#[test]
fn illegal_names_and_short_options_are_covered() {
    check(&[
        ("- x.sh -pabcd -u a", "- x.sh -p*********"),
        ("- x.sh -p 80 -u ann:ab", "- x.sh -p 80 -u ******"),
        ("- x.sh -u 10:10 -p8080", "- x.sh -u 10:10 -p8080"),
        ("port: 'a:b'\nports: [80]", "port: '****\nports: [80]"),
        (
            "ssh:\n  users:\n    me:ab:\n      uid: 5",
            "ssh:\n  users:\n    ******\n      uid: *",
        ),
        (
            "ssh:\n  users:\n    Ab: a\n    b: a",
            "ssh:\n  users:\n    *****\n    b: *",
        ),
        (
            "ssh:\n  host_port: 80:22\nssh: a",
            "ssh:\n  host_port: 80:22\nssh: *",
        ),
    ]);
}

fn check(cases: &[(&str, &str)]) {
    for &(text, expected) in cases {
        let source = SourceFile::new("config", text);
        assert_eq!(redact(&source), expected, "{text}");
    }
}
