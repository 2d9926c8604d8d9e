"""The configuration that the benchmarks speak of: the provider, and a database that differs from others by its name alone."""

PROVIDER = """
terraform {
  required_providers {
    kubeblocks = { source = "kubeblocks/kubeblocks" }
  }
}
"""


def databases(repeat, name):
    """`kubeblocks_cluster.this`, repeated as the line says, each of them with this name."""
    return f"""
resource "kubeblocks_cluster" "this" {{
  {repeat}
  namespace          = "bench"
  name               = {name}
  definition         = "postgresql"
  version            = "postgresql-14.8.0"
  termination_policy = "Delete"

  components = {{
    postgresql = {{
      replicas  = 2
      resources = {{ cpu = "500m", memory = "512Mi" }}
      volumes   = {{ data = {{ size = "20Gi" }} }}
    }}
  }}
}}
"""


def settings(programs):
    """Settings of Terraform by which a provider of an address is the one in a folder."""
    overrides = "".join(f'    "{address}" = "{folder}"\n' for address, folder in programs.items())
    return f"provider_installation {{\n  dev_overrides {{\n{overrides}  }}\n  direct {{}}\n}}\n"
