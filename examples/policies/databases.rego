# How databases have to be written. Input: `terraform show -json plan.out`.
package kubeblocks.databases

import rego.v1

# Databases as they will be.
databases contains database if {
	some change in input.resource_changes
	change.mode == "managed"
	change.type == "kubeblocks_cluster"
	some action in change.change.actions
	action in {"create", "update"}
	database := {"address": change.address, "after": change.change.after, "unknown": change.change.after_unknown}
}

# A destroy, or a key that is gone from `for_each`, must not take backups with it, ...
deny contains message if {
	some database in databases
	database.after.termination_policy == "WipeOut"
	not is_scratch(database)
	message := sprintf("%s: `WipeOut` removes the backups with the database; use `Delete`, `Halt` or `DoNotTerminate`", [database.address])
}

# ... and in production not even the volumes.
deny contains message if {
	some database in databases
	database.after.labels.environment == "production"
	database.after.termination_policy == "Delete"
	not final_backup(database)
	message := sprintf("%s: in production use `Halt` or `DoNotTerminate`, or write a `final_backup`", [database.address])
}

final_backup(database) if is_object(database.after.final_backup)

# Whoever has no backup finds out when it is too late.
warn contains message if {
	some database in databases
	not is_scratch(database)
	not backed_up(database)
	message := sprintf("%s: no backups are scheduled", [database.address])
}

backed_up(database) if {
	is_object(database.after.backup)
	not database.after.backup.enabled == false
}

backed_up(database) if database.unknown.backup == true

is_scratch(database) if database.after.labels.environment == "scratch"
