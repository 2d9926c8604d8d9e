//! The provider's process: hands everything to the library, or to a command.

mod command_line;

use std::process::ExitCode;

fn main() -> ExitCode {
    command_line::run()
}
