//! The storage providers of KubeBlocks v0.7: where backups can go, and what each has to be told. The operator takes
//! whatever a repository says and fails only when a backup is made, so whoever writes one has to check it.

/// A kind of storage that the operator's chart brings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StorageProvider {
    /// Name of the `StorageProvider` object.
    pub name: &'static str,
    /// Parameters that must be given.
    pub required: &'static [&'static str],
    /// Parameters that may be given.
    pub optional: &'static [&'static str],
    /// Which of them are secret.
    pub secret: &'static [&'static str],
    /// Whether the backup tool can talk to it. What it cannot talk to has to be mounted.
    pub tool: bool,
}

const KEYS: &[&str] = &["accessKeyId", "secretAccessKey"];
const REGIONAL: &[&str] = &["bucket", "region", "accessKeyId", "secretAccessKey"];

const fn object_store(name: &'static str) -> StorageProvider {
    StorageProvider {
        name,
        required: REGIONAL,
        optional: &["endpoint", "mountOptions"],
        secret: KEYS,
        tool: true,
    }
}

/// Every provider of the chart, by name.
pub const STORAGE_PROVIDERS: [StorageProvider; 7] = [
    object_store("cos"),
    object_store("gcs-s3comp"),
    StorageProvider {
        required: &["bucket", "endpoint", "accessKeyId", "secretAccessKey"],
        optional: &["mountOptions"],
        ..object_store("minio")
    },
    object_store("obs"),
    object_store("oss"),
    StorageProvider {
        name: "pvc",
        required: &[],
        optional: &["storageClassName", "accessMode", "volumeMode"],
        secret: &[],
        tool: false,
    },
    object_store("s3"),
];

/// The provider of that name.
pub fn storage_provider(name: &str) -> Option<&'static StorageProvider> {
    STORAGE_PROVIDERS.iter().find(|provider| provider.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_provider_is_found_and_what_is_secret_is_a_parameter() {
        for provider in STORAGE_PROVIDERS {
            assert_eq!(storage_provider(provider.name), Some(&provider));
            for secret in provider.secret {
                assert!(provider.required.contains(secret) || provider.optional.contains(secret), "{secret}");
            }
            assert!(provider.required.iter().all(|name| !provider.optional.contains(name)));
        }
        assert!(STORAGE_PROVIDERS.is_sorted_by_key(|provider| provider.name));
        assert_eq!(storage_provider("azure-blob"), None);
    }
}
