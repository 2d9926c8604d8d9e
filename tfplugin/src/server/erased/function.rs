//! The erased twin of [`Function`].

use std::panic::AssertUnwindSafe;

use super::panicked;
use crate::function::{Function, FunctionError, Signature};
use crate::raw::RawValue;

/// A function without its type. See [`Function`] for the meaning of each method.
pub trait ErasedFunction: Send + Sync {
    /// Name in the provider's namespace.
    fn name(&self) -> &'static str;

    /// Its parameters and result.
    fn signature(&self) -> Signature;

    /// Computes it.
    fn call(&self, arguments: Vec<RawValue>) -> Result<RawValue, FunctionError>;
}

impl<F: Function> ErasedFunction for F {
    fn name(&self) -> &'static str {
        F::NAME
    }

    fn signature(&self) -> Signature {
        Function::signature(self)
    }

    fn call(&self, arguments: Vec<RawValue>) -> Result<RawValue, FunctionError> {
        std::panic::catch_unwind(AssertUnwindSafe(|| Function::call(self, arguments))).unwrap_or_else(
            |payload| {
                let diagnostic = panicked(payload.as_ref());
                Err(FunctionError {
                    argument: None,
                    message: format!("{}. {}", diagnostic.summary, diagnostic.detail),
                })
            },
        )
    }
}
