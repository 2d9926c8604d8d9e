//! Words that do not go together.

use tfplugin::TerraformSchema;
use tfplugin::typed::Value;

/// A database.
#[derive(Clone, Debug, TerraformSchema)]
struct Database {
    /// Text.
    #[tf(required, default = "a")]
    required_default: Value<String>,
    /// Text.
    #[tf(optional, computed, default = "a")]
    computed_default: Value<String>,
    /// Text.
    #[tf(optional, computed, write_only)]
    stored: Value<String>,
    /// Text.
    #[tf(optional, write_only, requires_replace)]
    compared: Value<String>,
    /// Text.
    #[tf(optional, not_null)]
    promise: Value<String>,
    /// Text.
    #[tf(required, unknown_on_update)]
    unknown: Value<String>,
    /// Text.
    #[tf(computed, validate = check, semantic_equal = same)]
    checked: Value<String>,
    /// Text.
    #[tf(required_for_import, optional_for_import)]
    undecided: Value<String>,
    /// Text.
    #[tf(required, required_for_import)]
    identity: Value<String>,
    /// Text.
    #[tf(computed, effect = "in_place")]
    given: Value<String>,
    /// Text.
    #[tf(required, requires_replace, effect = "in_place")]
    replaced: Value<String>,
}

fn check(_: &str) -> Result<(), String> {
    Ok(())
}

fn same(_: &str, _: &str) -> bool {
    true
}

fn main() {}
