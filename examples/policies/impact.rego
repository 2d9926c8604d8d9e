# What a plan does to databases, by the attribute `planned_impact` of the provider. Input: `terraform show -json plan.out`.
#
# What may be done all the same is said by data (`--data exceptions.json`), see README.md.
package kubeblocks.impact

import rego.v1

# Objects of the provider to which something is done. On a no-op `planned_impact` still tells of an earlier change.
changes contains change if {
	some change in input.resource_changes
	change.mode == "managed"
	startswith(change.type, "kubeblocks_")
	some action in change.change.actions
	action in {"create", "update", "delete"}
}

# Data loss -----------------------------------------------------------------------------------------------------------

deny contains message if {
	some change in changes
	change.change.after.planned_impact.level == "data_loss"
	not accepted(change, "data_loss")
	message := sprintf("%s: deletes data: %s", [change.address, effects(change)])
}

# Of what a destroy or a replacement takes away the plan tells no impact: its type and what was written of it do.
deny contains message if {
	some change in changes
	"delete" in change.change.actions
	some what in destroyed_data(change.type, change.change.before)
	not accepted(change, "data_loss")
	message := sprintf("%s: deletes data: it is destroyed with %s", [change.address, what])
}

destroyed_data("kubeblocks_cluster", before) := {"its volumes"} if not keeps_data(before)

destroyed_data("kubeblocks_backup", before) := {"what it has stored"} if not before.deletion_policy == "Retain"

destroyed_data(type, _) := {"every database in it"} if {
	type in {"kubeblocks_ack_cluster", "kubeblocks_aks_cluster", "kubeblocks_eks_cluster", "kubeblocks_gke_cluster"}
}

keeps_data(before) if before.termination_policy in {"Halt", "DoNotTerminate"}

# Downtime ------------------------------------------------------------------------------------------------------------

deny contains message if {
	some change in changes
	takes_out_of_service(change)
	not in_window
	not accepted(change, "downtime")
	message := sprintf("%s: downtime outside of a change window: %s", [change.address, effects(change)])
}

takes_out_of_service(change) if change.change.after.planned_impact.level == "downtime"

takes_out_of_service(change) if {
	change.type == "kubeblocks_cluster"
	"delete" in change.change.actions
	keeps_data(change.change.before)
}

# The windows are in UTC: `{ "days": ["Saturday"], "from": 1, "to": 5 }` is Saturday from 1:00 to 4:59.
in_window if {
	some window in data.windows
	now := time.now_ns()
	time.weekday(now) in window.days
	[hour, _, _] := time.clock(now)
	hour >= window.from
	hour < window.to
}

# Not known -----------------------------------------------------------------------------------------------------------

# What is made new cannot disturb what is there.
deny contains message if {
	some change in changes
	not change.change.actions == ["create"]
	unknown(change)
	not accepted(change, "unknown")
	message := sprintf("%s: what it disturbs is not known before the apply", [change.address])
}

unknown(change) if change.change.after_unknown.planned_impact == true

unknown(change) if change.change.after_unknown.planned_impact.level == true

# So it is when the plan was made by a release of the provider that tells nothing.
unknown(change) if {
	change.type == "kubeblocks_cluster"
	not change.change.actions == ["delete"]
	not change.change.after.planned_impact.level
}

# Exceptions ----------------------------------------------------------------------------------------------------------

accepted(change, level) if level in data.accepted[change.address]

# A label of the database says so, too. It counts as it was before the change, so that nobody gives it and deletes in one.
accepted(change, level) if {
	change.change.before.labels["change-policy"] == level
}

effects(change) := text if {
	texts := [reason.text | some reason in change.change.after.planned_impact.reasons]
	count(texts) > 0
	text := concat("; ", texts)
} else := "see the review"
