//! What every operation of a provider has at hand: whether it should stop, a place for warnings, private data.
//! Knows no protocol.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use tokio_util::sync::CancellationToken;

use crate::diagnostic::{Diagnostic, Diagnostics};

/// Private data of a resource: JSON under string keys, stored beside its state and never shown. Not secret: it is
/// plain text in the state file.
pub type Private = BTreeMap<String, serde_json::Value>;

/// One operation's surroundings. Made by the server for each call.
#[derive(Debug, Default)]
pub struct Context {
    stop: CancellationToken,
    warnings: Mutex<Diagnostics>,
    private: Mutex<Private>,
    deferral_allowed: bool,
    write_only_allowed: bool,
}

impl Context {
    /// A context whose operation ends early when `stop` is cancelled.
    pub fn new(stop: CancellationToken) -> Self {
        Self { stop, ..Self::default() }
    }

    /// The same with the private data that the caller sent.
    #[must_use]
    pub fn with_private(mut self, private: Private) -> Self {
        self.private = Mutex::new(private);
        self
    }

    /// The same with what the caller said it can take.
    #[must_use]
    pub fn with_capabilities(mut self, deferral_allowed: bool, write_only_allowed: bool) -> Self {
        self.deferral_allowed = deferral_allowed;
        self.write_only_allowed = write_only_allowed;
        self
    }

    /// Cancelled when the practitioner interrupts (Ctrl-C). Waits must then return at once with what they have.
    pub fn stop(&self) -> &CancellationToken {
        &self.stop
    }

    /// Tells the practitioner something without failing.
    pub fn warn(&self, diagnostic: Diagnostic) {
        self.warnings.lock().unwrap_or_else(PoisonError::into_inner).push(diagnostic);
    }

    /// Takes the warnings given so far.
    pub fn take_warnings(&self) -> Diagnostics {
        std::mem::take(&mut *self.warnings.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Fails with `diagnostics` when one of them is an error; otherwise they are warnings, and go along.
    pub fn settle(&self, diagnostics: Diagnostics) -> Result<(), Diagnostics> {
        if diagnostics.has_errors() {
            return Err(diagnostics);
        }
        diagnostics.into_iter().for_each(|warning| self.warn(warning));
        Ok(())
    }

    /// A value of the private data.
    pub fn private(&self, key: &str) -> Option<serde_json::Value> {
        self.private.lock().unwrap_or_else(PoisonError::into_inner).get(key).cloned()
    }

    /// Sets a value of the private data; it is stored when the operation answers.
    pub fn set_private(&self, key: impl Into<String>, value: serde_json::Value) {
        self.private.lock().unwrap_or_else(PoisonError::into_inner).insert(key.into(), value);
    }

    /// Takes the private data to be stored.
    pub fn take_private(&self) -> Private {
        std::mem::take(&mut *self.private.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether the caller accepts a deferred answer.
    pub fn deferral_allowed(&self) -> bool {
        self.deferral_allowed
    }

    /// Whether the caller knows write-only attributes.
    pub fn write_only_allowed(&self) -> bool {
        self.write_only_allowed
    }
}
