//! The way back: what lay around a cluster that is gone is removed in the reverse order of its making.

use super::arm::{Operation, Removal};
use super::around::{
    ASSIGNMENTS, GROUP, GROUPS, IDENTITIES, IDENTITY, NETWORK, NETWORKS, ROLE, principal, state,
};
use super::ids::Place;
use super::model::{Listed, Plain};
use super::refusal::described;
use super::{Aks, marks, waiting};
use crate::{Error, Made, Progress};

impl Aks {
    /// Removes what lay around a cluster that is gone, in the reverse order; what is to be waited for, if anything.
    pub(super) async fn clear(
        &self,
        place: &Place,
        owner: &str,
        made: &mut Made,
    ) -> Result<Option<Progress>, Error> {
        if !made.is_settled("the identity is gone") {
            self.clear_identity(place, owner, made).await?;
            made.settle("the identity is gone");
        }
        if !made.is_settled("the network is gone") {
            let id = place.network();
            if let Some(progress) = self.clear_one(&id, NETWORKS, owner, NETWORK, made).await? {
                return Ok(Some(progress));
            }
            made.settle("the network is gone");
        }
        self.clear_group(place, owner, made).await
    }

    async fn clear_identity(&self, place: &Place, owner: &str, made: &mut Made) -> Result<(), Error> {
        if let Some(assignment) = made.id(ROLE).map(str::to_owned) {
            self.arm.delete(&assignment, ASSIGNMENTS).await?;
            made.forget(ROLE);
        }
        let id = place.identity();
        let found: Option<Plain> = self.arm.get(&id, IDENTITIES).await?;
        let Some(identity) = found.filter(|found| is_ours(found, owner) || made.id(IDENTITY).is_some())
        else {
            made.forget(IDENTITY);
            return Ok(());
        };
        // Assignments would outlive their principal, and nobody would know whose they were.
        if let Some(principal) = principal(&identity) {
            let list = format!(
                "/subscriptions/{}/providers/Microsoft.Authorization/roleAssignments?$filter=principalId%20eq%20'{principal}'",
                place.subscription
            );
            let listed: Option<Listed> = self.arm.get(&list, ASSIGNMENTS).await?;
            for assignment in listed.unwrap_or_default().value {
                self.arm.delete(&assignment.id, ASSIGNMENTS).await?;
            }
        }
        self.arm.delete(&id, IDENTITIES).await?;
        made.forget(IDENTITY);
        Ok(())
    }

    async fn clear_group(
        &self,
        place: &Place,
        owner: &str,
        made: &mut Made,
    ) -> Result<Option<Progress>, Error> {
        let id = place.group();
        if self.arm.operation(&id).await? == Operation::Running {
            return Ok(Some(waiting(format!("{} (Deleting)", described(&id)))));
        }
        let found: Option<Plain> = self.arm.get(&id, GROUPS).await?;
        let is_known = made.id(GROUP).is_some();
        let Some(group) = found.filter(|found| is_known || is_ours(found, owner)) else {
            made.forget(GROUP);
            return Ok(None);
        };
        if state(&group) != Some("Deleting") {
            // The group goes with all that is in it; so nobody else's may be.
            let listed: Option<Listed> = self.arm.get(&format!("{id}/resources"), GROUPS).await?;
            if let Some(other) = listed.unwrap_or_default().value.first() {
                let holds = format!("{}, which still holds {}", described(&id), described(&other.id));
                return Ok(Some(waiting(format!("{holds}, that was not made here"))));
            }
            if self.arm.delete(&id, GROUPS).await? == Removal::Gone {
                made.forget(GROUP);
                return Ok(None);
            }
        }
        Ok(Some(waiting(format!("{} (Deleting)", described(&id)))))
    }

    /// Removes an object of ours that takes its time.
    async fn clear_one(
        &self,
        id: &str,
        api_version: &str,
        owner: &str,
        part: &str,
        made: &mut Made,
    ) -> Result<Option<Progress>, Error> {
        let going = || Some(waiting(format!("{} (Deleting)", described(id))));
        if self.arm.operation(id).await? == Operation::Running {
            return Ok(going());
        }
        let found: Option<Plain> = self.arm.get(id, api_version).await?;
        let is_known = made.id(part).is_some();
        if found.is_some_and(|found| is_known || is_ours(&found, owner))
            && self.arm.delete(id, api_version).await? == Removal::Going
        {
            return Ok(going());
        }
        made.forget(part);
        Ok(None)
    }
}

fn is_ours(object: &Plain, owner: &str) -> bool {
    marks::owner(object.tags.as_ref()) == Some(owner)
}
