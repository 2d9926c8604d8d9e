//! Whether a schema keeps the rules that Terraform has for schemas. Pure.
