//! Language models behind an API. Constant data.

use super::Function::{Restart, StopStart, VerticalScaling};
use super::Workload::Stateful;
use super::{Addon, Component, Definition, port};

/// The add-ons of this group.
pub(super) const ADDONS: &[Addon] = &[GGML, VLLM];

const GGML: Addon = Addon {
    name: "ggml",
    description: "Language models on CPUs",
    object: Some("llm"),
    chart: Some("llm"),
    engine_versions: &[],
    installed_by_default: false,
    supported: &[StopStart, Restart],
    unstated: &[VerticalScaling],
    definitions: &[Definition {
        name: "ggml",
        versions: &[
            "ggml-baichuan-7b-q4",
            "ggml-baichuan2-13b-q4",
            "ggml-baichuan2-7b-4q",
            "ggml-codeshell-7b-chat-q4",
            "ggml-default",
            "ggml-replit-code-3b-f16",
            "ggml-zephyr-beta-7b-q4",
        ],
        default_version: Some("ggml-default"),
        connection_keys: &["username", "password"],
        backup_methods: &[],
        components: &[Component {
            character: Some("ggml"),
            ports: &[port("model", 8000)],
            ..Component::new("ggml", Stateful)
        }],
    }],
};

const VLLM: Addon = Addon {
    name: "vllm",
    description: "Language models on GPUs",
    object: Some("llm"),
    chart: Some("llm"),
    engine_versions: &[],
    installed_by_default: false,
    supported: &[StopStart, Restart],
    unstated: &[],
    definitions: &[Definition {
        name: "vllm",
        versions: &["vllm-latest"],
        default_version: Some("vllm-latest"),
        connection_keys: &["username", "password"],
        backup_methods: &[],
        components: &[Component {
            character: Some("vllm"),
            volumes: &["config"],
            ports: &[port("model", 8000)],
            ..Component::new("vllm", Stateful)
        }],
    }],
};
