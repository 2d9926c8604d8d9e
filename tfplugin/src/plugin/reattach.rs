//! What `--debug` prints: the variable by which Terraform attaches to a running provider. Pure but for the process id.

use serde_json::json;

use super::About;
use super::environment::PROTOCOL_VERSION;
use super::listener::Address;

/// The same provider has a source address on each registry; OpenTofu looks for its own.
const TERRAFORM_REGISTRY: &str = "registry.terraform.io/";
const OPENTOFU_REGISTRY: &str = "registry.opentofu.org/";

/// The text for the developer, with the line to copy.
pub(super) fn instructions(about: About<'_>, address: &Address) -> String {
    format!(
        "{name} {version} waits for Terraform or OpenTofu. In another terminal:\n\
         \n\
         \x20 export TF_REATTACH_PROVIDERS='{providers}'\n\
         \n\
         Ctrl-C ends it.\n",
        name = about.name,
        version = about.version,
        providers = providers(about.address, address, std::process::id()),
    )
}

fn providers(source: &str, address: &Address, process: u32) -> serde_json::Value {
    let attach = json!({
        "Protocol": "grpc",
        "ProtocolVersion": PROTOCOL_VERSION,
        "Pid": process,
        // Without this mark Terraform would end the process after its first run.
        "Test": true,
        "Addr": { "Network": address.network(), "String": address.location().to_string() },
    });
    let mut providers = serde_json::Map::new();
    if let Some(name) = source.strip_prefix(TERRAFORM_REGISTRY) {
        providers.insert(format!("{OPENTOFU_REGISTRY}{name}"), attach.clone());
    }
    providers.insert(source.to_owned(), attach);
    providers.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terraform_and_opentofu_find_the_provider_under_their_own_registry() {
        let address = Address::Unix("/tmp/tfp-Ab/s".into());
        let attach = json!({
            "Protocol": "grpc",
            "ProtocolVersion": 6,
            "Pid": 42,
            "Test": true,
            "Addr": { "Network": "unix", "String": "/tmp/tfp-Ab/s" },
        });
        assert_eq!(
            providers("registry.terraform.io/acme/notes", &address, 42),
            json!({ "registry.opentofu.org/acme/notes": attach, "registry.terraform.io/acme/notes": attach })
        );
        assert_eq!(
            providers("example.com/acme/notes", &address, 42),
            json!({ "example.com/acme/notes": attach })
        );
    }
}
