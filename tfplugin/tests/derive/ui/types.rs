//! Types that do not fit, pointed out where the author wrote them.

use tfplugin::TerraformSchema;
use tfplugin::typed::Value;

#[derive(Clone, Debug)]
struct Port;

/// A database.
#[derive(Clone, Debug, TerraformSchema)]
struct Database {
    /// Text.
    #[tf(required)]
    port: Value<Port>,
    /// Text.
    #[tf(required, validate = is_positive)]
    name: Value<String>,
}

fn is_positive(number: &i64) -> Result<(), String> {
    if *number > 0 { Ok(()) } else { Err("must be above 0".to_owned()) }
}

fn main() {}
