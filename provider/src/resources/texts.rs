//! Checks of single texts that several schemas have. The macro of the schema hands over what the attribute holds, by
//! reference.
#![allow(clippy::ptr_arg, reason = "see above")]

use kubeblocks_schemas::duration::{DurationError, parse_retention_period};
use kubeblocks_schemas::names::{NameError, NameKind, check_name};

/// The name of an object.
pub(crate) fn object_name(name: &String) -> Result<(), NameError> {
    check_name(NameKind::Object, name)
}

/// The name of a namespace.
pub(crate) fn namespace_name(name: &String) -> Result<(), NameError> {
    check_name(NameKind::Namespace, name)
}

/// How long a backup is kept.
pub(crate) fn retention(text: &String) -> Result<(), DurationError> {
    parse_retention_period(text).map(drop)
}

/// What becomes of a backup's data.
pub(crate) fn deletion_policy(text: &String) -> Result<(), String> {
    one_of(text, &["Delete", "Retain"])
}

/// One of a few words.
pub(crate) fn one_of(text: &str, known: &[&str]) -> Result<(), String> {
    if known.contains(&text) {
        return Ok(());
    }
    Err(format!("{text:?} is not one of {}", known.join(", ")))
}
