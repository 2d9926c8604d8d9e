//! The contracts without their types: what the server can hold in one list. Each typed contract is also its erased
//! twin, by one blanket implementation; nobody has to write one by hand, though a thing whose schema is only known at
//! run time may. Here values become Rust types and back, and a panic becomes a diagnostic. Knows no protocol.

mod action;
mod data_source;
mod ephemeral;
mod function;
mod list;
mod provider;
mod resource;

use std::any::Any;
use std::future::Future;
use std::panic::AssertUnwindSafe;

use futures::FutureExt;

pub use self::action::ErasedAction;
pub use self::data_source::ErasedDataSource;
pub use self::ephemeral::ErasedEphemeralResource;
pub use self::function::ErasedFunction;
pub use self::list::{ErasedListResource, RawListItem};
pub use self::provider::ErasedProvider;
pub use self::resource::{Applied, ErasedResource};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::path::Path;
use crate::plugin::take_last_panic;
use crate::raw::RawValue;
use crate::typed::ValueType;

/// Reads the struct of a whole block.
fn typed<T: ValueType>(raw: RawValue) -> Result<T, Diagnostics> {
    match raw {
        RawValue::Object(_) => T::from_known(raw, &Path::root()),
        other => Err(Diagnostic::error(
            "Unexpected value",
            format!(
                "An object was expected where Terraform sent {}, which the protocol does not allow. Please report it with \
                 the versions of Terraform and of the provider.",
                other.kind()
            ),
        )
        .into()),
    }
}

/// Runs an author's code; a panic in it becomes an error.
async fn guarded<T>(work: impl Future<Output = Result<T, Diagnostics>>) -> Result<T, Diagnostics> {
    match AssertUnwindSafe(work).catch_unwind().await {
        Ok(outcome) => outcome,
        Err(payload) => Err(panicked(payload.as_ref()).into()),
    }
}

/// [`guarded`] for code that does not wait.
fn guarded_now<T>(work: impl FnOnce() -> Result<T, Diagnostics>) -> Result<T, Diagnostics> {
    match std::panic::catch_unwind(AssertUnwindSafe(work)) {
        Ok(outcome) => outcome,
        Err(payload) => Err(panicked(payload.as_ref()).into()),
    }
}

/// What the practitioner reads of a panic: where it was, and the message only when the source wrote it, as one put
/// together at run time may hold a secret.
pub(in crate::server) fn panicked(payload: &(dyn Any + Send)) -> Diagnostic {
    let place = take_last_panic().unwrap_or_else(|| match payload.downcast_ref::<&'static str>() {
        Some(message) => format!("at an unknown place: {message}"),
        None => "at an unknown place".to_owned(),
    });
    Diagnostic::provider_bug("The provider panicked", format!("It happened {place}."))
}
