package kubeblocks.impact_test

import rego.v1

import data.kubeblocks.impact

address := "kubeblocks_cluster.orders"

plan(type, actions, before, after, unknown) := {"resource_changes": [{
	"address": address,
	"mode": "managed",
	"type": type,
	"change": {"actions": actions, "before": before, "after": after, "after_unknown": unknown},
}]}

# A change in place with this level.
updated(level) := plan("kubeblocks_cluster", ["update"], {}, {"planned_impact": planned(level)}, {})

planned(level) := {"level": level, "reasons": [{"path": "a", "level": level, "text": "because of a"}]}

destroyed(type, before) := plan(type, ["delete"], before, null, {})

message(text) := {sprintf("%s: %s", [address, text])}

# 2026-01-03 is a Saturday.
saturday(hour) := time.parse_rfc3339_ns(sprintf("2026-01-03T%02d:30:00Z", [hour]))

window := [{"days": ["Saturday"], "from": 1, "to": 5}]

test_data_loss_is_refused_with_its_reason if {
	impact.deny == message("deletes data: because of a") with input as updated("data_loss")
}

# The new half of a replacement is planned like any new object.
test_a_replacement_is_a_destruction if {
	every actions in [["delete", "create"], ["create", "delete"]] {
		impact.deny == message("deletes data: it is destroyed with its volumes") with input as replaced(actions, "Delete")
		impact.deny == message("downtime outside of a change window: see the review") with input as replaced(actions, "Halt")
	}
}

replaced(actions, policy) := plan(
	"kubeblocks_cluster", actions,
	{"termination_policy": policy}, {"planned_impact": {"level": "none", "reasons": []}}, {},
)

test_nothing_and_restarts_pass if {
	every level in ["none", "rolling_restart"] {
		count(impact.deny) == 0 with input as updated(level)
	}
}

test_an_old_impact_of_a_no_op_passes if {
	quiet := plan("kubeblocks_cluster", ["no-op"], {}, {"planned_impact": planned("data_loss")}, {})
	count(impact.deny) == 0 with input as quiet
}

test_an_address_on_the_list_passes_for_its_level_alone if {
	accepted := {address: ["data_loss"]}
	count(impact.deny) == 0 with input as updated("data_loss") with data.accepted as accepted
	count(impact.deny) == 1 with input as updated("downtime") with data.accepted as accepted
	count(impact.deny) == 1 with input as updated("data_loss") with data.accepted as {"kubeblocks_cluster.other": ["data_loss"]}
}

test_a_label_from_before_passes_and_a_new_one_does_not if {
	labelled := {"labels": {"change-policy": "data_loss"}}
	after := {"planned_impact": planned("data_loss"), "labels": {"change-policy": "data_loss"}}
	count(impact.deny) == 0 with input as plan("kubeblocks_cluster", ["update"], labelled, after, {})
	count(impact.deny) == 1 with input as plan("kubeblocks_cluster", ["update"], {}, after, {})
}

test_destroying_data_is_refused if {
	every case in [
		["kubeblocks_cluster", {"termination_policy": "Delete"}, "its volumes"],
		["kubeblocks_cluster", {"termination_policy": "WipeOut"}, "its volumes"],
		["kubeblocks_backup", {"deletion_policy": null}, "what it has stored"],
		["kubeblocks_eks_cluster", {}, "every database in it"],
	] {
		[type, before, what] := case
		expected := message(sprintf("deletes data: it is destroyed with %s", [what]))
		impact.deny == expected with input as destroyed(type, before)
	}
}

test_destroying_what_keeps_its_data_is_no_loss if {
	count(impact.deny) == 0 with input as destroyed("kubeblocks_backup", {"deletion_policy": "Retain"})
	count(impact.deny) == 0 with input as destroyed("kubeblocks_account", {})
	halted := destroyed("kubeblocks_cluster", {"termination_policy": "Halt"})
	impact.deny == message("downtime outside of a change window: see the review") with input as halted
}

test_downtime_passes_in_a_window_only if {
	every case in [[0, 1], [1, 0], [4, 0], [5, 1]] {
		[hour, refused] := case
		count(impact.deny) == refused with input as updated("downtime")
			with data.windows as window
			with time.now_ns as saturday(hour)
	}
	sunday := time.add_date(saturday(2), 0, 0, 1)
	count(impact.deny) == 1 with input as updated("downtime") with data.windows as window with time.now_ns as sunday
	count(impact.deny) == 1 with input as updated("downtime") with time.now_ns as saturday(2)
}

test_a_window_is_no_leave_to_delete if {
	count(impact.deny) == 1 with input as updated("data_loss")
		with data.windows as window
		with time.now_ns as saturday(2)
}

test_what_is_not_known_is_refused_unless_it_is_new if {
	expected := message("what it disturbs is not known before the apply")
	every unknown in [{"planned_impact": true}, {"planned_impact": {"level": true}}, {}] {
		impact.deny == expected with input as plan("kubeblocks_cluster", ["update"], {}, {}, unknown)
		count(impact.deny) == 0 with input as plan("kubeblocks_cluster", ["create"], null, {}, unknown)
	}
	every unknown in [{"planned_impact": true}, {"planned_impact": {"level": true}}] {
		impact.deny == expected with input as plan("kubeblocks_eks_node_group", ["update"], {}, {}, unknown)
	}
	count(impact.deny) == 0 with input as plan("kubeblocks_account", ["update"], {}, {}, {})
}

test_other_providers_and_data_sources_are_left_alone if {
	alike := plan("aws_instance", ["update"], {}, {"planned_impact": planned("data_loss")}, {})
	count(impact.deny) == 0 with input as alike
	read := json.patch(updated("data_loss"), [{"op": "replace", "path": "/resource_changes/0/mode", "value": "data"}])
	count(impact.deny) == 0 with input as read
	count(impact.deny) == 0 with input as {"format_version": "1.2"}
}
