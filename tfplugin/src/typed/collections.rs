//! The Rust types that stand for lists, sets and maps. Pure.

use std::collections::BTreeMap;

use super::{Set, Value, ValueType, mismatch};
use crate::diagnostic::Diagnostics;
use crate::path::{Path, PathStep};
use crate::raw::RawValue;
use crate::schema::{Nesting, Shape};

impl<T: ValueType> ValueType for Vec<Value<T>> {
    fn shape() -> Shape {
        T::shape().gathered(Nesting::List)
    }

    fn from_known(raw: RawValue, path: &Path) -> Result<Self, Diagnostics> {
        match raw {
            RawValue::List(elements) => {
                let steps = (0..elements.len()).map(PathStep::Index);
                gather(steps.zip(elements).map(|(step, element)| Value::from_raw(element, &path.then(step))))
            }
            other => Err(mismatch("a list", &other, path)),
        }
    }

    fn into_raw(self) -> RawValue {
        RawValue::list(self.into_iter().map(Value::into_raw))
    }
}

impl<T: ValueType> ValueType for Set<T> {
    fn shape() -> Shape {
        T::shape().gathered(Nesting::Set)
    }

    fn from_known(raw: RawValue, path: &Path) -> Result<Self, Diagnostics> {
        match raw {
            RawValue::Set(elements) => {
                let path = path.then(PathStep::SetElement);
                gather(elements.into_iter().map(|element| Value::from_raw(element, &path))).map(Self)
            }
            other => Err(mismatch("a set", &other, path)),
        }
    }

    fn into_raw(self) -> RawValue {
        RawValue::set(self.0.into_iter().map(Value::into_raw))
    }
}

impl<T: ValueType> ValueType for BTreeMap<String, Value<T>> {
    fn shape() -> Shape {
        T::shape().gathered(Nesting::Map)
    }

    fn from_known(raw: RawValue, path: &Path) -> Result<Self, Diagnostics> {
        match raw {
            RawValue::Map(elements) => gather(elements.into_iter().map(|(key, element)| {
                let element = Value::from_raw(element, &path.then_key(key.as_str()))?;
                Ok((key, element))
            })),
            other => Err(mismatch("a map", &other, path)),
        }
    }

    fn into_raw(self) -> RawValue {
        RawValue::map(self.into_iter().map(|(key, element)| (key, element.into_raw())))
    }
}

/// All elements, or the messages of all that failed.
fn gather<T, C: FromIterator<T>>(
    results: impl Iterator<Item = Result<T, Diagnostics>>,
) -> Result<C, Diagnostics> {
    let mut diagnostics = Diagnostics::new();
    let elements =
        results.filter_map(|result| result.map_err(|messages| diagnostics.append(messages)).ok()).collect();
    diagnostics.into_result(elements)
}

impl<T> Set<T> {
    /// The elements.
    pub fn iter(&self) -> std::slice::Iter<'_, Value<T>> {
        self.0.iter()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// The order does not matter.
impl<T: PartialEq> PartialEq for Set<T> {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len()
            && self.iter().all(|element| other.0.contains(element))
            && other.iter().all(|element| self.0.contains(element))
    }
}

impl<T: Eq> Eq for Set<T> {}

impl<T: PartialEq> FromIterator<T> for Set<T> {
    /// The distinct ones, in the order in which they came first.
    fn from_iter<I: IntoIterator<Item = T>>(elements: I) -> Self {
        let mut distinct = Vec::new();
        for element in elements.into_iter().map(Value::Known) {
            if !distinct.contains(&element) {
                distinct.push(element);
            }
        }
        Self(distinct)
    }
}

impl<T> IntoIterator for Set<T> {
    type Item = Value<T>;
    type IntoIter = std::vec::IntoIter<Value<T>>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a, T> IntoIterator for &'a Set<T> {
    type Item = &'a Value<T>;
    type IntoIter = std::slice::Iter<'a, Value<T>>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}
