//! Values to and from bytes: `MessagePack` on the wire, JSON in stored states and as the wire's fallback.
//!
//! Both directions go by a type, and what does not fit it is an error with its path: a value that came in is of its type
//! from then on, and nothing goes out that Terraform would refuse. Knows no schema and no message of the protocol.
//! Errors name places and kinds, never values, as values may be secret.

mod json;
mod msgpack;

pub use self::json::{decode_json, decode_stored_json, encode_json};
pub use self::msgpack::{decode_msgpack, encode_msgpack};
use crate::path::Path;
use crate::raw::{NumberError, RawValue};
use crate::types::{Type, TypeError};

/// What is wrong with a value's bytes or with the value to be written, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodecError {
    /// Where in the value.
    pub path: Path,
    /// What is wrong there.
    pub kind: CodecErrorKind,
}

/// See [`CodecError`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CodecErrorKind {
    /// Another kind of value than the type wants.
    #[error("expected {expected}, found {found}")]
    Mismatch {
        /// What the type wants.
        expected: &'static str,
        /// What is there.
        found: &'static str,
    },
    /// An attribute of the type is not there.
    #[error("the attribute \"{0}\" is missing")]
    MissingAttribute(String),
    /// An attribute that the type does not have.
    #[error("there is no attribute \"{0}\" in the schema")]
    UnknownAttribute(String),
    /// One key twice, perhaps in two spellings of the same Unicode text.
    #[error("a key is given twice")]
    DuplicateKey,
    /// A tuple of another length than its type.
    #[error("expected {expected} elements, found {found}")]
    TupleLength {
        /// How many the type has.
        expected: usize,
        /// How many are there.
        found: usize,
    },
    /// A number that Terraform does not have.
    #[error("{0}")]
    Number(NumberError),
    /// Text that is not UTF-8.
    #[error("the text is not UTF-8")]
    Utf8,
    /// The type that a dynamic value brought.
    #[error("the type of a dynamic value cannot be read: {0}")]
    DynamicType(TypeError),
    /// A dynamic value in another form than a pair of type and value.
    #[error("a dynamic value is a pair of its type and itself")]
    DynamicForm,
    /// What is said of an unknown value.
    #[error("the refinements of an unknown value cannot be read")]
    Refinements,
    /// JSON has no unknown values.
    #[error("the value is not known yet, which JSON cannot say")]
    UnknownInJson,
    /// Nested too deeply.
    #[error("the value is nested too deeply")]
    TooDeep,
    /// The bytes end within the value.
    #[error("the bytes end too early")]
    Truncated,
    /// Bytes after the value.
    #[error("there are bytes after the value")]
    Trailing,
    /// A collection or text longer than the wire can say.
    #[error("longer than the wire can say")]
    TooLong,
}

impl std::fmt::Display for CodecError {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.path.is_root() {
            return write!(formatter, "{}", self.kind);
        }
        write!(formatter, "{}: {}", self.path, self.kind)
    }
}

impl std::error::Error for CodecError {}

/// A failure at a place.
fn error_at(path: &Path, kind: CodecErrorKind) -> CodecError {
    CodecError { path: path.clone(), kind }
}

/// A value that does not fit its type.
fn misfit(kind: &Type, value: &RawValue, path: &Path) -> CodecError {
    error_at(path, CodecErrorKind::Mismatch { expected: name_of(kind), found: value.kind() })
}

/// How messages call a type.
fn name_of(kind: &Type) -> &'static str {
    match kind {
        Type::String => "a string",
        Type::Number => "a number",
        Type::Bool => "a bool",
        Type::Dynamic => "a dynamic value",
        Type::List(_) => "a list",
        Type::Set(_) => "a set",
        Type::Map(_) => "a map",
        Type::Object(_) => "an object",
        Type::Tuple(_) => "a tuple",
    }
}

#[cfg(test)]
mod tests;
