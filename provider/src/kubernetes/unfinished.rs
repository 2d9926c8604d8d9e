//! The mark of an object whose create Terraform has not been told the end of: whoever finds it knows that the object is no
//! other's, and goes on with it.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::Resource;

use super::ownership::Ownership;

/// Annotation of such an object; its value says what was under way.
pub const MARK: &str = "terraform.kubeblocks.io/unfinished";
/// Value of the mark of a create.
pub const CREATING: &str = "create";

/// The object with the mark of a create.
pub fn marked<K: Resource + Clone>(object: &K) -> K {
    let mut object = object.clone();
    object.meta_mut().annotations.get_or_insert_default().insert(MARK.to_owned(), CREATING.to_owned());
    object
}

/// Whether an object was made by a create of ours that was cut off.
pub fn is_cut_off(meta: &ObjectMeta) -> bool {
    let mark = meta.annotations.as_ref().and_then(|annotations| annotations.get(MARK));
    mark.is_some_and(|mark| mark == CREATING) && Ownership::ours(meta).is_some()
}
