//! Values as they travel: any type, any part of them null or unknown. Authors of providers meet
//! [`crate::typed::Value`] instead. Pure.

mod access;
mod construct;
mod number;
mod walk;

use std::collections::BTreeMap;

pub use self::construct::normalize;
pub use self::number::{Number, NumberError};
use crate::types::Type;

/// What is known of a value that is not known yet. Promises: what is planned with a refinement must hold at apply.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Refinements {
    /// `Some(false)`: it will not be null. `Some(true)`: it will be null.
    pub null: Option<bool>,
    /// The text it will begin with.
    pub string_prefix: Option<String>,
    /// Lower bound of a number, and whether the bound itself is allowed.
    pub number_lower_bound: Option<(Number, bool)>,
    /// Upper bound of a number, and whether the bound itself is allowed.
    pub number_upper_bound: Option<(Number, bool)>,
    /// Least length of a collection.
    pub collection_length_lower_bound: Option<i64>,
    /// Greatest length of a collection.
    pub collection_length_upper_bound: Option<i64>,
}

/// A value of any type.
///
/// Nulls and unknowns carry no type: the schema beside them says it. Strings are NFC. The elements of a set are kept
/// in a canonical order without duplicates, so that `==` is Terraform's equality. Equality of unknowns compares
/// refinements too. The order of values means nothing to Terraform; it only makes sets canonical.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RawValue {
    /// No value.
    Null,
    /// A value that is only known at apply.
    Unknown(Option<Box<Refinements>>),
    /// A boolean.
    Bool(bool),
    /// A number.
    Number(Number),
    /// Text in NFC.
    String(String),
    /// Elements of a list.
    List(Vec<RawValue>),
    /// Elements of a set. Make it with [`RawValue::set`].
    Set(Vec<RawValue>),
    /// Elements of a tuple.
    Tuple(Vec<RawValue>),
    /// Elements of a map.
    Map(BTreeMap<String, RawValue>),
    /// Attributes of an object; every attribute of its type is there.
    Object(BTreeMap<String, RawValue>),
    /// A value where the schema says [`Type::Dynamic`], with the type that it brought.
    Dynamic(Box<(Type, RawValue)>),
}

#[cfg(test)]
mod tests;
