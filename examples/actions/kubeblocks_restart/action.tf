action "kubeblocks_restart" "orders" {
  config {
    namespace = "shop"
    cluster   = "orders"

    components = ["postgresql"]
  }
}

# Restarts the database whenever the certificate changes.
resource "terraform_data" "certificate" {
  input = var.certificate_fingerprint

  lifecycle {
    action_trigger {
      events  = [after_update]
      actions = [action.kubeblocks_restart.orders]
    }
  }
}

variable "certificate_fingerprint" {
  type = string
}
