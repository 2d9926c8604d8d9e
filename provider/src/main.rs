//! The provider's process: hands everything to the library, or to a command.

mod command_line;

use std::process::ExitCode;

/// The one of musl has one lock for all threads. Without huge pages, which would double the memory of a small process.
#[cfg(target_env = "musl")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    command_line::run()
}
