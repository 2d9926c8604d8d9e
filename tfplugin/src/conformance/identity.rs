//! The rules of resource identities.

use super::values::is_of;
use super::{Violations, violation};
use crate::path::Path;
use crate::raw::RawValue;
use crate::schema::Schema;

/// When an identity was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdentityStage {
    /// In the plan of a create or a replacement: may hold unknowns.
    PlannedCreate,
    /// In the plan of an update.
    PlannedUpdate,
    /// With a state: of a read, an apply or an import.
    State,
}

/// What Terraform refuses in an identity, or what breaks because of it. `prior` is the identity that was stored before,
/// null when there is none; the identity of an object never changes.
pub fn assert_identity(
    schema: &Schema,
    stage: IdentityStage,
    prior: &RawValue,
    identity: &RawValue,
) -> Violations {
    let root = Path::root();
    let mut found = Violations::new();
    if identity.is_null() {
        found.push(violation(&root, "the identity is missing"));
        return found;
    }
    if !is_of(&schema.object_type(), identity) {
        found.push(violation(&root, "the identity is not of its schema's type"));
        return found;
    }
    if stage != IdentityStage::PlannedCreate {
        if !identity.is_wholly_known() {
            found.push(violation(&root, "the identity holds unknowns"));
        }
        if !prior.is_null() && prior != identity {
            found.push(violation(&root, "the identity changed"));
        }
    }
    if stage == IdentityStage::State {
        for attribute in schema.attributes.iter().filter(|attribute| attribute.required_for_import) {
            if identity.attribute(&attribute.name).is_none_or(RawValue::is_null) {
                let path = Path::attribute(attribute.name.clone());
                found.push(violation(&path, "an import would need it, but the identity does not give it"));
            }
        }
    }
    found
}
