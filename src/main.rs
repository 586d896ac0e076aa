//! Hands the command line to the library and its exit status to the system.

use std::process::ExitCode;

fn main() -> ExitCode {
    pei::catch_panics();
    pei::run(std::env::args_os()).into()
}
