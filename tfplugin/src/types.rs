//! Terraform's type system without schemas: what a value on the wire can be. Pure.

mod json;

use std::collections::BTreeMap;

pub(crate) use self::json::MAX_DEPTH;
pub use self::json::TypeError;

/// The type of a value.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Type {
    /// Unicode text, compared in its NFC form.
    String,
    /// A number of any size and precision.
    Number,
    /// `true` or `false`.
    Bool,
    /// Any type, decided by each value.
    Dynamic,
    /// An ordered sequence of one type.
    List(Box<Type>),
    /// Distinct values of one type, in no order.
    Set(Box<Type>),
    /// Values of one type under string keys.
    Map(Box<Type>),
    /// Named attributes, each of its own type.
    Object(BTreeMap<String, Type>),
    /// A fixed sequence, each element of its own type.
    Tuple(Vec<Type>),
}
