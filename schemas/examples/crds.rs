//! Prints all definitions as one JSON list, for `kubectl apply --server-side -f -`.

use std::error::Error;
use std::io::Write;

fn main() -> Result<(), Box<dyn Error>> {
    let list = serde_json::json!({
        "apiVersion": "v1",
        "kind": "List",
        "items": kubeblocks_schemas::crds()?,
    });
    writeln!(std::io::stdout(), "{list:#}")?;
    Ok(())
}
