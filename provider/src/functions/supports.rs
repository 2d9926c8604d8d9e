//! The function `supports`: whether an add-on of KubeBlocks supports a function, by the support matrix.

use kubeblocks_schemas::catalogue::{Addon, Catalogue, Function as Supported, Support};
use tfplugin::function::{Function, FunctionError, Parameter, Signature};
use tfplugin::raw::RawValue;
use tfplugin::types::Type;

use crate::data_sources::catalog::unknown;

/// `provider::kubeblocks::supports("postgresql", "switchover")`.
#[derive(Clone, Copy, Debug)]
pub struct SupportsFunction;

impl Function for SupportsFunction {
    const NAME: &'static str = "supports";

    fn signature(&self) -> Signature {
        let summary = "Whether an add-on of KubeBlocks v0.7 supports a function";
        Signature::new(summary, Type::Bool)
            .description(
                "Returns `true` when the support matrix of KubeBlocks v0.7 says that the add-on supports the function, and `false` when it says that it does not, or says nothing. The data source `kubeblocks_catalog` tells these two apart.",
            )
            .parameter(Parameter::new(
                "addon",
                Type::String,
                "An add-on, such as `\"postgresql\"`, or an engine that an add-on brings, as `definition` of a `kubeblocks_cluster` names it (`\"mongodb-sharding\"`).",
            ))
            .parameter(Parameter::new(
                "function",
                Type::String,
                "A function: `\"vscale\"`, `\"hscale\"`, `\"volume_expand\"`, `\"stop_start\"`, `\"restart\"`, `\"backup_restore\"`, `\"logs\"`, `\"config\"`, `\"upgrade\"`, `\"account\"`, `\"failover\"`, `\"switchover\"` or `\"monitor\"`.",
            ))
    }

    fn call(&self, arguments: Vec<RawValue>) -> Result<RawValue, FunctionError> {
        let text = |index: usize| arguments.get(index).and_then(RawValue::as_str).unwrap_or_default();
        let addon = addon(text(0))?;
        let function = function(text(1))?;
        Ok(RawValue::Bool(addon.support(function) == Support::Yes))
    }
}

fn addon(name: &str) -> Result<&'static Addon, FunctionError> {
    let catalogue = Catalogue::v0_7();
    catalogue.addon(name).or_else(|| catalogue.addon_of(name)).ok_or_else(|| {
        let addons: Vec<&str> = catalogue.addons().map(|addon| addon.name).collect();
        let definitions: Vec<&str> = catalogue.definitions().map(|definition| definition.name).collect();
        FunctionError { argument: Some(0), message: unknown("add-on or engine", name, &addons, &definitions) }
    })
}

fn function(name: &str) -> Result<Supported, FunctionError> {
    Supported::from_name(name).ok_or_else(|| FunctionError {
        argument: Some(1),
        message: unknown("function", name, &Supported::ALL.map(Supported::as_str), &[]),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(addon: &str, function: &str) -> Result<bool, FunctionError> {
        let result = SupportsFunction.call(vec![RawValue::string(addon), RawValue::string(function)])?;
        Ok(result == RawValue::Bool(true))
    }

    #[test]
    fn only_a_yes_of_the_matrix_is_true() {
        for (addon, function, expected) in [
            ("postgresql", "switchover", true),
            ("redis", "switchover", false),
            ("mongodb-sharding", "hscale", true),
            ("polardbx", "hscale", true),
            ("polardb-x", "hscale", true),
            ("oceanbase", "vscale", false),
            ("pika", "restart", false),
        ] {
            assert_eq!(call(addon, function), Ok(expected), "{addon} {function}");
        }
    }

    #[test]
    fn unknown_names_are_errors_of_their_argument_with_what_was_meant() {
        let error = call("postgres", "restart").unwrap_err();
        assert_eq!(error.argument, Some(0));
        assert!(error.message.contains("Did you mean \"postgresql\"?"), "{}", error.message);
        let error = call("redis", "back_up").unwrap_err();
        assert_eq!(error.argument, Some(1));
        assert!(
            error.message.contains("backup_restore") && error.message.contains("vscale"),
            "{}",
            error.message
        );
    }
}
