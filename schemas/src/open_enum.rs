//! `open_enum!`: enums of the API that never fail to read. A value that is newer than this crate becomes
//! `Other`, so that an upgrade of the operator cannot break a refresh.

/// Declares an enum whose variants stand for strings, with `Other` for every other string.
macro_rules! open_enum {
    ($(#[$meta:meta])* pub enum $name:ident { $($(#[$variant_meta:meta])* $variant:ident = $text:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $($(#[$variant_meta])* $variant,)+
            /// A value that this version of the crate does not know.
            Other(String),
        }

        impl $name {
            /// Every value that v0.7 knows, as it is written in the API.
            pub const KNOWN: &'static [&'static str] = &[$($text),+];

            /// The value as it is written in the API.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $text,)+
                    Self::Other(text) => text,
                }
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                match text {
                    $($text => Self::$variant,)+
                    other => Self::Other(other.to_owned()),
                }
            }
        }

        /// The empty value, which the API server refuses: a required field that was never set is noticed.
        impl Default for $name {
            fn default() -> Self {
                Self::Other(String::new())
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str(self.as_str())
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                <String as serde::Deserialize>::deserialize(deserializer).map(|text| Self::from(text.as_str()))
            }
        }

        #[cfg(feature = "crd")]
        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({"type": "string", "enum": Self::KNOWN})
            }
        }
    };
}
pub(crate) use open_enum;

#[cfg(test)]
mod tests {
    use crate::v1alpha1::{ComponentPhase, UpgradePolicy};

    #[test]
    fn known_values_become_variants_and_write_back_as_they_were() {
        for text in ComponentPhase::KNOWN {
            let phase: ComponentPhase = serde_json::from_value((*text).into()).unwrap();
            assert!(!matches!(phase, ComponentPhase::Other(_)), "{text}");
            assert_eq!(phase.to_string(), *text);
        }
        assert_eq!(UpgradePolicy::from("autoReload"), UpgradePolicy::AutoReload);
    }

    #[test]
    fn a_value_of_a_later_version_is_kept() {
        let phase: ComponentPhase = serde_json::from_str("\"Starting\"").unwrap();
        assert_eq!(phase, ComponentPhase::Other("Starting".into()));
        assert_eq!(serde_json::to_string(&phase).unwrap(), "\"Starting\"");
    }
}
