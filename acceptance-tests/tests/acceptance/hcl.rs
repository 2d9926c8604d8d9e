//! Configurations of the tests, as a practitioner would write them.

use std::fmt::Write as _;
use std::path::Path;

/// Says where the provider comes from.
pub(crate) const REQUIRED_PROVIDERS: &str = r#"
terraform {
  required_providers {
    kubeblocks = { source = "kubeblocks/kubeblocks" }
  }
}
"#;

/// The provider block with a kubeconfig.
pub(crate) fn provider(kubeconfig: &Path) -> String {
    format!(
        r#"
provider "kubeblocks" {{
  kubernetes = {{
    auth = {{ method = "kubeconfig", kubeconfig_path = "{}" }}
  }}
}}
"#,
        kubeconfig.display()
    )
}

/// A redis `kubeblocks_cluster`; fields are changed by the builder methods.
#[derive(Clone, Debug)]
pub(crate) struct Redis {
    pub(crate) label: String,
    pub(crate) namespace: String,
    pub(crate) name: String,
    pub(crate) termination_policy: String,
    pub(crate) replicas: u32,
    pub(crate) cpu: String,
    pub(crate) memory: String,
    pub(crate) size: String,
    pub(crate) component: String,
    pub(crate) extra: String,
}

impl Redis {
    /// Two small instances under the given name.
    pub(crate) fn new(namespace: &str, name: &str) -> Self {
        Self {
            label: name.replace('-', "_"),
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            termination_policy: "WipeOut".to_owned(),
            replicas: 2,
            cpu: "100m".to_owned(),
            memory: "128Mi".to_owned(),
            size: "1Gi".to_owned(),
            component: String::new(),
            extra: String::new(),
        }
    }

    /// Address of the resource.
    pub(crate) fn address(&self) -> String {
        format!("kubeblocks_cluster.{}", self.label)
    }

    /// Adds lines to the resource.
    pub(crate) fn extra(mut self, lines: &str) -> Self {
        let _ = writeln!(self.extra, "  {lines}");
        self
    }

    /// Sets lines of the component.
    pub(crate) fn component(mut self, lines: &str) -> Self {
        lines.clone_into(&mut self.component);
        self
    }

    pub(crate) fn replicas(mut self, replicas: u32) -> Self {
        self.replicas = replicas;
        self
    }

    pub(crate) fn memory(mut self, memory: &str) -> Self {
        memory.clone_into(&mut self.memory);
        self
    }

    pub(crate) fn size(mut self, size: &str) -> Self {
        size.clone_into(&mut self.size);
        self
    }

    pub(crate) fn policy(mut self, policy: &str) -> Self {
        policy.clone_into(&mut self.termination_policy);
        self
    }
}

impl std::fmt::Display for Redis {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            formatter,
            r#"
resource "kubeblocks_cluster" "{label}" {{
  namespace          = "{namespace}"
  name               = "{name}"
  definition         = "redis"
  version            = "redis-7.0.6"
  termination_policy = "{policy}"

  components = {{
    redis = {{
      replicas  = {replicas}
      resources = {{ cpu = "{cpu}", memory = "{memory}" }}
      volumes   = {{ data = {{ size = "{size}" }} }}
      {component}
    }}
  }}
{extra}
}}
"#,
            label = self.label,
            namespace = self.namespace,
            name = self.name,
            policy = self.termination_policy,
            replicas = self.replicas,
            cpu = self.cpu,
            memory = self.memory,
            size = self.size,
            component = self.component,
            extra = self.extra.trim_end(),
        )
    }
}
