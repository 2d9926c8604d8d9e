data "kubeblocks_kubernetes_versions" "aws" {
  cloud  = "aws"
  region = "eu-central-1"
}

output "newest" {
  value = data.kubeblocks_kubernetes_versions.aws.latest_version
}
