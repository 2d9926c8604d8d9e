# A context of a kubeconfig.
provider "kubeblocks" {
  alias = "staging"

  kubernetes = {
    auth = {
      method             = "kubeconfig"
      kubeconfig_path    = "~/.kube/config"
      kubeconfig_context = "staging"
    }
  }
}

# An API server by its URL, with tokens from a command. Nothing secret is stored.
provider "kubeblocks" {
  alias = "production"

  kubernetes = {
    endpoint       = "https://api.production.example.com"
    ca_certificate = file("${path.module}/production-ca.pem")

    auth = {
      method    = "exec"
      command   = "aws"
      arguments = ["eks", "get-token", "--cluster-name", "production", "--output", "json"]
    }
  }
}

# AWS for managed Kubernetes clusters, as a role in another account.
provider "kubeblocks" {
  alias = "aws"

  aws = {
    region = "eu-central-1"

    assume_role = {
      role_arn     = "arn:aws:iam::123456789012:role/platform"
      session_name = "terraform"
    }
  }
}
