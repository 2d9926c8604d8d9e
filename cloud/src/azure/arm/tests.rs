use super::is_of;

#[test]
fn a_token_goes_to_the_resource_manager_and_its_regions_only() {
    let endpoint = "https://management.azure.com";
    let cases = [
        ("https://management.azure.com/operations/1?t=2", true),
        ("https://westeurope.management.azure.com/operations/1", true),
        ("https://management.azure.com.evil.test/operations/1", false),
        ("https://evilmanagement.azure.com/operations/1", false),
        ("http://management.azure.com/operations/1", false),
        ("https://management.azure.com:8443/operations/1", false),
        ("/operations/1", false),
    ];
    for (url, expected) in cases {
        assert_eq!(is_of(url, endpoint), expected, "{url}");
    }
    assert!(is_of("https://127.0.0.1:4443/operations/1", "https://127.0.0.1:4443/"));
    assert!(!is_of("https://127.0.0.1:4444/operations/1", "https://127.0.0.1:4443"));
}
