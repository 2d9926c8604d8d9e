//! What a struct that derives `TerraformSchema` calls: reading an object attribute by attribute, and turning the
//! author's functions into rules of the schema. Pure.

use std::collections::BTreeMap;
use std::fmt::{self, Display};
use std::marker::PhantomData;
use std::sync::Arc;

use super::{Value, ValueType, mismatch};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::path::Path;
use crate::raw::RawValue;
use crate::schema::{Validate, Validator};

/// Reads an object's attributes one by one and keeps what failed until the end, so that one run names every mistake.
#[derive(Debug)]
pub struct ObjectReader {
    attributes: BTreeMap<String, RawValue>,
    path: Path,
    diagnostics: Diagnostics,
}

impl ObjectReader {
    /// Starts with an object; anything else is an error.
    pub fn new(raw: RawValue, path: &Path) -> Result<Self, Diagnostics> {
        match raw {
            RawValue::Object(attributes) => {
                Ok(Self { attributes, path: path.clone(), diagnostics: Diagnostics::new() })
            }
            other => Err(mismatch("an object", &other, path)),
        }
    }

    /// Takes an attribute; one that is not there counts as null. After a failure it gives null, and
    /// [`ObjectReader::finish`] gives the error.
    pub fn take<T: ValueType>(&mut self, name: &str) -> Value<T> {
        let Some(raw) = self.attributes.remove(name) else {
            return Value::Null;
        };
        Value::from_raw(raw, &self.path.then_attribute(name)).unwrap_or_else(|diagnostics| {
            self.diagnostics.append(diagnostics);
            Value::Null
        })
    }

    /// Fails when an attribute failed.
    pub fn finish(self) -> Result<(), Diagnostics> {
        self.diagnostics.into_result(())
    }
}

/// A check over typed values as a rule of the schema. The error says what is wrong and what would be right.
pub fn validator<T, E>(check: impl Fn(&T) -> Result<(), E> + Send + Sync + 'static) -> Validator
where
    T: ValueType,
    E: Display + 'static,
{
    let check = move |value: &T| check(value).map_err(|error| error.to_string());
    Arc::new(TypedCheck { check, value: PhantomData })
}

struct TypedCheck<T, F> {
    check: F,
    value: PhantomData<fn(&T)>,
}

impl<T, F> fmt::Debug for TypedCheck<T, F> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "check of a {}", std::any::type_name::<T>())
    }
}

impl<T, F> Validate for TypedCheck<T, F>
where
    T: ValueType,
    F: Fn(&T) -> Result<(), String> + Send + Sync,
{
    fn validate(&self, value: &RawValue, path: &Path, diagnostics: &mut Diagnostics) {
        match T::from_known(value.clone(), path) {
            Ok(value) => {
                if let Err(reason) = (self.check)(&value) {
                    diagnostics.push(Diagnostic::error("Invalid attribute value", reason).at(path.clone()));
                }
            }
            Err(mismatches) => diagnostics.append(mismatches),
        }
    }
}

/// Whether two raw values mean the same by a rule over typed ones. Values that are not of the type differ.
pub fn mean_the_same<T: ValueType>(
    prior: &RawValue,
    config: &RawValue,
    equal: impl Fn(&T, &T) -> bool,
) -> bool {
    let path = Path::root();
    match (Value::from_raw(prior.clone(), &path), Value::from_raw(config.clone(), &path)) {
        (Ok(Value::Known(prior)), Ok(Value::Known(config))) => equal(&prior, &config),
        _ => false,
    }
}
