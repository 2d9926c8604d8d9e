//! What cannot declare a schema.

use tfplugin::TerraformSchema;
use tfplugin::typed::Value;

/// A choice.
#[derive(Clone, Debug, TerraformSchema)]
enum Choice {
    One,
}

/// A pair.
#[derive(Clone, Debug, TerraformSchema)]
struct Pair(Value<String>, Value<String>);

#[derive(Clone, Debug, TerraformSchema)]
struct Undescribed {}

/// A box.
#[derive(Clone, Debug, TerraformSchema)]
struct Parcel<T> {
    /// Text.
    #[tf(required)]
    content: Value<T>,
}

fn main() {}
