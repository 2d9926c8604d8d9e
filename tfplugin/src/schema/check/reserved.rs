//! The names at the root of a block that Terraform reads itself, before the provider sees the block. Pure.

use super::{SchemaProblem, SchemaProblemKind};
use crate::path::Path;
use crate::schema::Schema;

const IN_RESOURCES: [&str; 7] =
    ["connection", "count", "depends_on", "for_each", "lifecycle", "provider", "provisioner"];
const IN_PROVIDER: [&str; 2] = ["alias", "version"];

pub(super) fn in_resources(schema: &Schema) -> Vec<SchemaProblem> {
    used(schema, &IN_RESOURCES)
}

pub(super) fn in_provider(schema: &Schema) -> Vec<SchemaProblem> {
    used(schema, &IN_PROVIDER)
}

fn used(schema: &Schema, reserved: &[&str]) -> Vec<SchemaProblem> {
    schema
        .attributes
        .iter()
        .filter(|attribute| reserved.contains(&attribute.name.as_str()))
        .map(|attribute| SchemaProblem {
            path: Path::attribute(attribute.name.as_str()),
            kind: SchemaProblemKind::ReservedName,
        })
        .collect()
}
