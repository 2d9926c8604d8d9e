data "kubeblocks_addons" "all" {}

check "addons" {
  assert {
    condition = alltrue([
      for addon in data.kubeblocks_addons.all.addons : addon.phase != "Failed"
    ])
    error_message = join("\n", [
      for name, addon in data.kubeblocks_addons.all.addons :
      "${name}: ${coalesce(addon.message, "no reason given")}" if addon.phase == "Failed"
    ])
  }
}

output "engines" {
  description = "What databases can be made of, by the add-on that brought it."
  value = {
    for name, addon in data.kubeblocks_addons.all.addons :
    name => addon.cluster_definitions if addon.enabled
  }
}
