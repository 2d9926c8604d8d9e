//! The function `manifest_decode_multi`: the documents of a YAML text, so that each becomes a resource of its own.

use tfplugin::function::{Function, FunctionError, Parameter, Signature};
use tfplugin::raw::RawValue;
use tfplugin::types::Type;

use crate::resources::object::values::{from_json, yaml_documents};

/// `provider::kubeblocks::manifest_decode_multi(file("engine.yaml"))`.
#[derive(Clone, Copy, Debug)]
pub struct ManifestDecodeMulti;

impl Function for ManifestDecodeMulti {
    const NAME: &'static str = "manifest_decode_multi";

    fn signature(&self) -> Signature {
        Signature::new("Reads a YAML text of several manifests", Type::Dynamic)
            .description("Returns a list of the objects in a YAML text, in their order. Documents are separated by `---`; empty ones are left out. Where `yamldecode` takes one document only, this takes what `kubectl get -o yaml`, `helm template` and the files of add-ons hold. Use it with `for_each` and the resource `kubeblocks_object`.")
            .parameter(Parameter::new("text", Type::String, "YAML documents, such as `file(\"engine.yaml\")`."))
    }

    fn call(&self, arguments: Vec<RawValue>) -> Result<RawValue, FunctionError> {
        let wrong = |message: String| FunctionError { argument: Some(0), message };
        let text = arguments.first().and_then(RawValue::as_str).unwrap_or_default();
        let documents =
            yaml_documents(text).map_err(|error| wrong(format!("The text cannot be used: {error}.")))?;
        for (position, document) in documents.iter().enumerate() {
            if !document.is_object() {
                return Err(wrong(format!("Document {} is no object.", position + 1)));
            }
        }
        Ok(from_json(&serde_json::Value::Array(documents)))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::resources::object::values::to_json;

    fn call(text: &str) -> Result<Option<serde_json::Value>, FunctionError> {
        ManifestDecodeMulti.call(vec![RawValue::from(text)]).map(|value| to_json(&value))
    }

    #[test]
    fn every_document_that_says_something_is_an_element() {
        for (text, expected) in [
            (
                "kind: A\n---\n# nothing\n---\nkind: B\nlist: [1, {c: d}]\n",
                json!([{"kind": "A"}, {"kind": "B", "list": [1, {"c": "d"}]}]),
            ),
            ("kind: A", json!([{"kind": "A"}])),
            ("", json!([])),
        ] {
            assert_eq!(call(text), Ok(Some(expected)), "{text}");
        }
    }

    #[test]
    fn a_text_that_holds_no_manifests_is_refused_with_the_place() {
        for (text, part) in
            [("a: [", "no YAML"), ("a: 1\na: 2\n", "line 2"), ("a: 1\n---\njust text\n", "Document 2")]
        {
            let error = call(text).unwrap_err();
            assert!(error.argument == Some(0) && error.message.contains(part), "{}", error.message);
        }
    }
}
