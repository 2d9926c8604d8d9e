//! The contract of an ephemeral resource: values that are never stored. Knows no protocol.

use std::future::Future;
use std::time::SystemTime;

use crate::context::{Context, Private};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::typed::TerraformSchema;

/// Something that is opened for the time of one run: credentials, tokens.
pub trait EphemeralResource: Send + Sync + 'static {
    /// Configuration and result in one.
    type State: TerraformSchema;

    /// Full type name, such as `kubeblocks_credentials`.
    const TYPE_NAME: &'static str;

    /// Checks of several attributes together; unknowns are to be passed over.
    fn validate(&self, _config: &Self::State, _diagnostics: &mut Diagnostics) {}

    /// Opens it. `config` is wholly known.
    fn open(
        &self,
        context: &Context,
        config: Self::State,
    ) -> impl Future<Output = Result<Opened<Self::State>, Diagnostics>> + Send;

    /// Prolongs it; called at `renew_at`.
    fn renew(
        &self,
        _context: &Context,
        _private: Private,
    ) -> impl Future<Output = Result<Renewed, Diagnostics>> + Send {
        async {
            Err(Diagnostic::provider_bug(
                format!("{} cannot be renewed", Self::TYPE_NAME),
                "It gave a time of renewal, but has no renewal.",
            )
            .into())
        }
    }

    /// Gives it back at the end of the run.
    fn close(
        &self,
        _context: &Context,
        _private: Private,
    ) -> impl Future<Output = Result<(), Diagnostics>> + Send {
        async { Ok(()) }
    }
}

/// An opened ephemeral resource.
#[derive(Debug)]
pub struct Opened<S> {
    /// The result, wholly known.
    pub result: S,
    /// When to call `renew`; `None`: never.
    pub renew_at: Option<SystemTime>,
    /// Handed to `renew` and `close`.
    pub private: Private,
}

/// A prolonged ephemeral resource.
#[derive(Debug)]
pub struct Renewed {
    /// When to call `renew` again; `None`: never.
    pub renew_at: Option<SystemTime>,
    /// Handed to `renew` and `close`.
    pub private: Private,
}
