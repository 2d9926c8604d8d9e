variable "volume_size" {
  type    = string
  default = "20Gi"

  validation {
    condition     = provider::kubeblocks::quantity(var.volume_size).value >= provider::kubeblocks::quantity("10Gi").value
    error_message = "A volume has at least 10Gi."
  }
}

output "bytes" {
  value = provider::kubeblocks::quantity("1.5Gi").value # 1610612736
}
