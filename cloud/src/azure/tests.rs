use std::collections::HashMap;

use super::*;

fn connected(pairs: &[(&str, &str)]) -> Result<Aks, String> {
    // Fails only when another test was first.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let pairs: HashMap<&str, &str> = pairs.iter().copied().collect();
    let environment = |name: &str| pairs.get(name).map(|value| (*value).to_owned());
    Aks::new(&Config::default(), &environment).map_err(|error| error.to_string())
}

#[test]
fn what_is_missing_or_unsafe_is_told_before_anybody_is_asked() {
    let cases: [(&[(&str, &str)], &str); 3] = [
        (&[], "AZURE_SUBSCRIPTION_ID"),
        (&[("ARM_SUBSCRIPTION_ID", "s"), ("AZURE_RESOURCE_MANAGER_ENDPOINT", "http://x")], "https only"),
        (&[("ARM_SUBSCRIPTION_ID", "s"), ("AZURE_AUTHORITY_HOST", "http://x")], "https only"),
    ];
    for (environment, expected) in cases {
        let error = connected(environment).unwrap_err();
        assert!(error.contains(expected), "{error}");
    }
    assert!(connected(&[("AZURE_SUBSCRIPTION_ID", "s")]).is_ok());
}

#[test]
fn a_conflict_is_waited_for_and_nothing_else_is() {
    let busy = Error::Conflict { what: "AKS cluster \"a\" is".to_owned(), message: "later".to_owned() };
    assert_eq!(patient(Err(busy)).unwrap(), waiting("AKS cluster \"a\" is (later)".to_owned()));
    assert!(patient(Err(Error::NotFound { what: "it".to_owned() })).is_err());
    assert_eq!(patient(Ok(Progress::Done)).unwrap(), Progress::Done);
}

#[test]
fn a_version_is_standard_unless_it_is_a_preview_or_costs_more() {
    let found = |text: &str| offer(serde_json::from_str(text).unwrap());
    let plain = found(r#"{"version": "1.34", "isDefault": true, "isPreview": null}"#);
    assert_eq!((plain.is_default, plain.is_standard), (true, true));
    assert!(!found(r#"{"version": "1.36", "isPreview": true}"#).is_standard);
    let paid = r#"{"version": "1.30", "capabilities": {"supportPlan": ["AKSLongTermSupport"]}}"#;
    assert!(!found(paid).is_standard);
}
