package kubeblocks.databases_test

import rego.v1

import data.kubeblocks.databases

address := "kubeblocks_cluster.orders"

plan(actions, after, unknown) := {"resource_changes": [{
	"address": address,
	"mode": "managed",
	"type": "kubeblocks_cluster",
	"change": {"actions": actions, "before": null, "after": after, "after_unknown": unknown},
}]}

created(after) := plan(["create"], after, {})

backup := {"repo": "main", "method": "volume-snapshot"}

production(policy, final_backup) := {
	"termination_policy": policy,
	"labels": {"environment": "production"},
	"backup": backup,
	"final_backup": final_backup,
}

test_wipe_out_is_refused_but_for_scratch if {
	every actions in [["create"], ["update"], ["delete", "create"]] {
		count(databases.deny) == 1 with input as plan(actions, {"termination_policy": "WipeOut"}, {})
	}
	scratch := {"termination_policy": "WipeOut", "labels": {"environment": "scratch"}}
	count(databases.deny) == 0 with input as created(scratch)
	count(databases.deny) == 0 with input as plan(["no-op"], {"termination_policy": "WipeOut"}, {})
}

test_other_policies_pass if {
	every policy in ["Delete", "Halt", "DoNotTerminate"] {
		count(databases.deny) == 0 with input as created({"termination_policy": policy})
	}
}

test_production_keeps_its_data if {
	every case in [["Delete", null, 1], ["Delete", {}, 0], ["Halt", null, 0], ["DoNotTerminate", null, 0], ["WipeOut", {}, 1]] {
		[policy, final_backup, refused] := case
		count(databases.deny) == refused with input as created(production(policy, final_backup))
	}
}

test_a_database_without_backups_is_warned_of if {
	every case in [
		[{"backup": null}, {}, 1],
		[{}, {}, 1],
		[{"backup": object.union(backup, {"enabled": false})}, {}, 1],
		[{"backup": object.union(backup, {"enabled": null})}, {}, 0],
		[{"backup": backup}, {}, 0],
		[{}, {"backup": true}, 0],
		[{"labels": {"environment": "scratch"}}, {}, 0],
	] {
		[after, unknown, warned] := case
		count(databases.warn) == warned with input as plan(["create"], after, unknown)
	}
}
