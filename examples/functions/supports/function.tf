variable "engine" {
  type    = string
  default = "postgresql"

  validation {
    condition     = provider::kubeblocks::supports(var.engine, "backup_restore")
    error_message = "Choose an engine that can be backed up."
  }
}

output "can_switch_over" {
  value = provider::kubeblocks::supports(var.engine, "switchover")
}
