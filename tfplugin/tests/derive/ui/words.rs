//! Words that are not known, given twice, or given in a wrong form.

use tfplugin::TerraformSchema;
use tfplugin::typed::Value;

/// A database.
#[derive(Clone, Debug, TerraformSchema)]
#[tf(versoin = 1, deprecated = 3, version = "one")]
struct Database {
    /// Text.
    #[tf(requierd)]
    typo: Value<String>,
    /// Text.
    #[tf(required, colour = "red")]
    unknown: Value<String>,
    /// Text.
    #[tf(required, required)]
    twice: Value<String>,
    /// Text.
    #[tf(required, sensitive = true)]
    flag: Value<String>,
    /// Text.
    #[tf(required, validate)]
    check: Value<String>,
    /// Text.
    #[tf(required, rename = 1)]
    rename: Value<String>,
    /// Text.
    #[tf(required rename)]
    comma: Value<String>,
    /// Text.
    #[tf(required, effect = "explodes")]
    effect: Value<String>,
    /// Text.
    #[tf(required, effect = [in_place])]
    effects: Value<String>,
}

fn main() {}
