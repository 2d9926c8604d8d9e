//! What every field must say.

use tfplugin::TerraformSchema;
use tfplugin::typed::Value;

/// A database.
#[derive(Clone, Debug, TerraformSchema)]
struct Database {
    #[tf(required)]
    no_description: Value<String>,
    /// Text.
    no_mode: Value<String>,
    /// Text.
    #[tf(required, computed)]
    two_modes: Value<String>,
    /// Text.
    #[tf(required)]
    no_value: String,
    /// Text.
    #[tf(required)]
    noName: Value<String>,
    /// Text.
    #[tf(required, rename = "no-name")]
    renamed: Value<String>,
    /// Text.
    #[tf(required)]
    twice: Value<String>,
    /// Text.
    #[tf(required, rename = "twice")]
    again: Value<String>,
}

fn main() {}
