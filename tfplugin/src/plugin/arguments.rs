//! The few arguments of a provider's binary. Terraform gives none.

use std::ffi::OsString;

use super::About;

/// What the process was started for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// By Terraform, as its plugin.
    Plugin,
    /// By a developer, to attach to.
    Debug,
    /// To say its version.
    Version,
    /// To say what it is.
    Help,
}

/// An argument that means nothing here.
#[derive(Debug, thiserror::Error)]
#[error("unknown argument {0:?}")]
pub(super) struct UnknownArgument(OsString);

impl Mode {
    /// Reads the arguments after the program's name. One dash works like two, as in programs written in Go.
    pub(super) fn from_arguments(arguments: impl Iterator<Item = OsString>) -> Result<Self, UnknownArgument> {
        let mut mode = Self::Plugin;
        for argument in arguments {
            mode = match argument.to_str() {
                Some("--debug" | "-debug") => Self::Debug,
                Some("--version" | "-version") => Self::Version,
                Some("--help" | "-help" | "-h") => Self::Help,
                Some(_) | None => return Err(UnknownArgument(argument)),
            };
        }
        Ok(mode)
    }
}

/// Whether the arguments after the program's name are those of a developer who attaches to it.
#[must_use]
pub fn is_debugged(arguments: impl Iterator<Item = OsString>) -> bool {
    Mode::from_arguments(arguments).is_ok_and(|mode| mode == Mode::Debug)
}

/// The text of `--help`.
pub(super) fn help(about: About<'_>) -> String {
    format!(
        "{name} {version}, a provider for Terraform and OpenTofu ({address}).\n\
         \n\
         Terraform and OpenTofu start it themselves, without arguments.\n\
         \n\
         \x20 --debug    wait for a Terraform run to attach; prints the variable that tells Terraform where\n\
         \x20 --version  print the version\n\
         \x20 --help     print this text\n",
        name = about.name,
        version = about.version,
        address = about.address,
    )
}

/// What somebody reads who started the binary by hand.
pub(super) fn not_for_hands(about: About<'_>) -> String {
    let source = about.address.split_once('/').map_or(about.address, |(_, source)| source);
    format!(
        "This program is a plugin of Terraform and OpenTofu and does nothing on its own.\n\
         Name it in a configuration and run `terraform init`, which installs it, and `terraform apply`, which starts it:\n\
         \n\
         \x20 terraform {{\n\
         \x20   required_providers {{\n\
         \x20     {name} = {{ source = \"{source}\" }}\n\
         \x20   }}\n\
         \x20 }}\n\
         \n\
         To debug it, start it with --debug.",
        name = about.name,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_choose_the_mode() {
        let cases: [(&[&str], Option<Mode>); 7] = [
            (&[], Some(Mode::Plugin)),
            (&["--debug"], Some(Mode::Debug)),
            (&["-debug"], Some(Mode::Debug)),
            (&["--version"], Some(Mode::Version)),
            (&["-h"], Some(Mode::Help)),
            (&["--port=1"], None),
            (&["--debug", "extra"], None),
        ];
        for (arguments, expected) in cases {
            let mode = Mode::from_arguments(arguments.iter().map(OsString::from)).ok();
            assert_eq!(mode, expected, "{arguments:?}");
            let debugged = is_debugged(arguments.iter().map(OsString::from));
            assert_eq!(debugged, expected == Some(Mode::Debug), "{arguments:?}");
        }
    }

    #[test]
    fn a_person_reads_the_source_without_the_registry() {
        let about = About { name: "notes", version: "1.2.3", address: "registry.terraform.io/acme/notes" };
        assert!(not_for_hands(about).contains("notes = { source = \"acme/notes\" }"));
    }
}
