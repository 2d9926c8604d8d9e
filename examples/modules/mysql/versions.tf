terraform {
  required_version = ">= 1.11"

  required_providers {
    kubeblocks = {
      source  = "kubeblocks/kubeblocks"
      version = ">= 0.1.0"
    }
  }
}
