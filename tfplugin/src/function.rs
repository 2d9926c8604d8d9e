//! The contract of a provider-defined function: pure, offline, without configuration. Knows no protocol.

use crate::raw::RawValue;
use crate::types::Type;

/// A function that practitioners call as `provider::<name>::<function>(...)`.
pub trait Function: Send + Sync + 'static {
    /// Name in the provider's namespace.
    const NAME: &'static str;

    /// Its parameters and result.
    fn signature(&self) -> Signature;

    /// Computes it. `arguments` has one value for each parameter, then those of the variadic one.
    fn call(&self, arguments: Vec<RawValue>) -> Result<RawValue, FunctionError>;
}

/// The parameters and the result of a function.
#[derive(Clone, Debug)]
pub struct Signature {
    /// One line on what it does.
    pub summary: String,
    /// Markdown.
    pub description: String,
    /// Parameters in order.
    pub parameters: Vec<Parameter>,
    /// A last parameter that may be given any number of times.
    pub variadic_parameter: Option<Parameter>,
    /// Type of the result.
    pub result: Type,
    /// Set when deprecated: what to use instead.
    pub deprecated: Option<String>,
}

/// One parameter.
#[derive(Clone, Debug)]
pub struct Parameter {
    /// Name for messages and documentation.
    pub name: String,
    /// Type of the argument.
    pub kind: Type,
    /// Markdown.
    pub description: String,
    /// Whether `call` takes null.
    pub allow_null: bool,
    /// Whether `call` takes unknown values; without it the result of an unknown argument is unknown.
    pub allow_unknown: bool,
}

/// Why a call failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FunctionError {
    /// Which argument is wrong, from 0.
    pub argument: Option<usize>,
    /// What is wrong and what would be right.
    pub message: String,
}

impl Signature {
    /// A function without parameters; add them with [`Signature::parameter`].
    pub fn new(summary: impl Into<String>, result: Type) -> Self {
        let summary = summary.into();
        Self {
            description: summary.clone(),
            summary,
            parameters: Vec::new(),
            variadic_parameter: None,
            result,
            deprecated: None,
        }
    }

    /// The same with a longer description in Markdown.
    #[must_use]
    pub fn description(mut self, description: impl Into<String>) -> Self {
        self.description = description.into();
        self
    }

    /// The same with one more parameter.
    #[must_use]
    pub fn parameter(mut self, parameter: Parameter) -> Self {
        self.parameters.push(parameter);
        self
    }

    /// The same with a last parameter that may be given any number of times.
    #[must_use]
    pub fn variadic(mut self, parameter: Parameter) -> Self {
        self.variadic_parameter = Some(parameter);
        self
    }
}

impl Parameter {
    /// A parameter that takes known values only.
    pub fn new(name: impl Into<String>, kind: Type, description: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            kind,
            description: description.into(),
            allow_null: false,
            allow_unknown: false,
        }
    }
}
