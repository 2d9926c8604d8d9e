//! The function `quantity`: what a Kubernetes quantity means, so that configurations can compare and compute.

use std::collections::BTreeMap;

use kubeblocks_schemas::quantity::Quantity;
use tfplugin::function::{Function, FunctionError, Parameter, Signature};
use tfplugin::raw::{Number, RawValue};
use tfplugin::types::Type;

/// Nano-units, the finest that a quantity holds, in one unit.
const NANO: i128 = 1_000_000_000;

/// `provider::kubeblocks::quantity("1.5Gi")`.
#[derive(Clone, Copy, Debug)]
pub struct QuantityFunction;

impl Function for QuantityFunction {
    const NAME: &'static str = "quantity";

    fn signature(&self) -> Signature {
        Signature {
            summary: "Reads a Kubernetes quantity".to_owned(),
            description: "Returns an object of two attributes: `value`, the exact number of base units (cores for CPU, bytes for memory and storage), and `canonical`, the quantity as Kubernetes writes it. Quantities that mean the same have the same `value`: `\"1Gi\"` and `\"1024Mi\"`, `\"1\"` and `\"1000m\"`. Compare and compute with `value`, for example in a `validation` block.".to_owned(),
            parameters: vec![Parameter {
                name: "text".to_owned(),
                kind: Type::String,
                description: "A quantity, such as `\"500m\"`, `\"1.5Gi\"` or `\"20G\"`.".to_owned(),
                allow_null: false,
                allow_unknown: false,
            }],
            variadic_parameter: None,
            result: Type::Object(BTreeMap::from([
                ("canonical".to_owned(), Type::String),
                ("value".to_owned(), Type::Number),
            ])),
            deprecated: None,
        }
    }

    fn call(&self, arguments: Vec<RawValue>) -> Result<RawValue, FunctionError> {
        let wrong = |message: String| FunctionError { argument: Some(0), message };
        let text = arguments.first().and_then(RawValue::as_str).unwrap_or_default();
        let quantity: Quantity = text.parse().map_err(|error| wrong(format!("{error}.")))?;
        let value = exact(quantity).ok_or_else(|| wrong(format!("{text:?} is too large.")))?;
        Ok(RawValue::object([
            ("canonical", RawValue::string(quantity.to_string())),
            ("value", RawValue::number(value)),
        ]))
    }
}

/// The exact number of units. Whole units are rounded up, so the rest is zero or negative.
fn exact(quantity: Quantity) -> Option<Number> {
    let units = quantity.units();
    let rest = quantity.checked_sub(Quantity::from_units(i64::try_from(units).ok()?))?;
    let nanos = units * NANO + rest.checked_mul(1_000_000_000)?.units();
    let sign = if nanos < 0 { "-" } else { "" };
    let size = nanos.unsigned_abs();
    let nano = NANO.unsigned_abs();
    Number::parse(&format!("{sign}{}.{:09}", size / nano, size % nano)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(text: &str) -> Result<(String, String), FunctionError> {
        let result = QuantityFunction.call(vec![RawValue::string(text)])?;
        let Some(RawValue::Number(value)) = result.attribute("value").cloned() else { panic!("no number") };
        Ok((value.to_string(), result.attribute("canonical").unwrap().as_str().unwrap().to_owned()))
    }

    #[test]
    fn a_quantity_has_an_exact_value_and_a_canonical_form() {
        for (text, value, canonical) in [
            ("0", "0", "0"),
            ("1", "1", "1"),
            ("1000m", "1", "1"),
            ("500m", "0.5", "500m"),
            ("1.5Gi", "1610612736", "1536Mi"),
            ("1024Mi", "1073741824", "1Gi"),
            ("20G", "20000000000", "20G"),
            ("1n", "0.000000001", "1n"),
            ("-500m", "-0.5", "-500m"),
            ("1e3", "1000", "1e3"),
            ("7Ei", "8070450532247928832", "7Ei"),
        ] {
            assert_eq!(call(text), Ok((value.to_owned(), canonical.to_owned())), "{text}");
        }
    }

    #[test]
    fn what_is_no_quantity_is_refused_with_an_example() {
        for text in ["", "2 Gi", "2GB", "lots"] {
            let error = call(text).unwrap_err();
            assert_eq!(error.argument, Some(0), "{text}");
            assert!(error.message.contains('2'), "{text}: {}", error.message);
        }
    }
}
