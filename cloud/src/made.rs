//! What was made in a cloud on the way to a Kubernetes cluster: kept in the state, so that it can be found again,
//! shown and removed. Pure.

/// One object of a cloud that was made here.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Object {
    /// What it is for within one cluster, unique there: `vpc`, `public_subnet_0`, `node_role`.
    pub part: String,
    /// What it is, in the cloud's words: `VPC`, `IAM role`, `resource group`.
    pub kind: String,
    /// The cloud's identifier.
    pub id: String,
}

/// All that was made for one cluster, in the order in which it was made; it is removed in the reverse order.
///
/// What is *settled* was seen to be ready by this process, and is not looked at again while it waits for the rest:
/// that is not kept, and two with the same objects are equal.
#[derive(Clone, Debug, Default)]
pub struct Made {
    objects: Vec<Object>,
    settled: std::collections::BTreeSet<String>,
}

impl PartialEq for Made {
    fn eq(&self, other: &Self) -> bool {
        self.objects == other.objects
    }
}

impl Eq for Made {}

impl Made {
    /// What an earlier process made.
    pub fn of(objects: Vec<Object>) -> Self {
        Self { objects, settled: std::collections::BTreeSet::new() }
    }

    /// All objects, in the order in which they were made.
    pub fn objects(&self) -> &[Object] {
        &self.objects
    }

    /// The identifier of a part, if it was made.
    pub fn id(&self, part: &str) -> Option<&str> {
        self.objects.iter().find(|object| object.part == part).map(|object| object.id.as_str())
    }

    /// Notes that a part exists. Another identifier replaces the earlier one at its place.
    pub fn note(&mut self, part: &str, kind: &str, id: &str) {
        if let Some(known) = self.objects.iter_mut().find(|object| object.part == part) {
            kind.clone_into(&mut known.kind);
            id.clone_into(&mut known.id);
        } else {
            self.objects.push(Object { part: part.to_owned(), kind: kind.to_owned(), id: id.to_owned() });
        }
    }

    /// Forgets a part that is gone.
    pub fn forget(&mut self, part: &str) {
        self.objects.retain(|object| object.part != part);
        self.settled.remove(part);
    }

    /// Notes that a step needs no further look by this process. Steps need not be objects.
    pub fn settle(&mut self, step: &str) {
        self.settled.insert(step.to_owned());
    }

    /// Whether a step needs no further look.
    pub fn is_settled(&self, step: &str) -> bool {
        self.settled.contains(step)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_keep_their_order_and_their_place() {
        let mut made = Made::default();
        made.note("vpc", "VPC", "vpc-1");
        made.note("role", "IAM role", "orders-cluster");
        made.note("vpc", "VPC", "vpc-2");
        assert_eq!(made.id("vpc"), Some("vpc-2"));
        let parts: Vec<&str> = made.objects().iter().map(|object| object.part.as_str()).collect();
        assert_eq!(parts, ["vpc", "role"]);
        made.forget("vpc");
        assert_eq!(made.id("vpc"), None);
    }

    #[test]
    fn what_is_settled_is_forgotten_with_its_part_and_is_no_difference() {
        let mut made = Made::default();
        made.note("vpc", "VPC", "vpc-1");
        made.settle("vpc");
        assert!(made.is_settled("vpc"));
        assert_eq!(made, Made::of(made.objects().to_vec()));
        made.forget("vpc");
        assert!(!made.is_settled("vpc"));
    }
}
