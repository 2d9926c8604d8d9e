//! Pages of a provider's documentation as the Registry shows them, written from the schemas, so that they cannot drift.
//! Pure; the running provider does not use it.

mod attributes;
mod effects;
mod function;

#[cfg(test)]
mod tests;

use std::fmt::Write as _;

pub use self::function::function_page;
use crate::schema::Schema;

/// What a page describes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PageKind {
    /// The provider block: `docs/index.md`.
    Provider,
    /// A managed resource: `docs/resources`.
    Resource,
    /// A data source: `docs/data-sources`.
    DataSource,
    /// An ephemeral resource: `docs/ephemeral-resources`.
    EphemeralResource,
    /// A list resource: `docs/list-resources`.
    ListResource,
    /// An action: `docs/actions`.
    Action,
}

impl PageKind {
    /// The folder below `docs` where the Registry looks for such a page; none for the provider's own.
    pub fn folder(self) -> Option<&'static str> {
        match self {
            Self::Provider => None,
            Self::Resource => Some("resources"),
            Self::DataSource => Some("data-sources"),
            Self::EphemeralResource => Some("ephemeral-resources"),
            Self::ListResource => Some("list-resources"),
            Self::Action => Some("actions"),
        }
    }

    fn title(self) -> &'static str {
        match self {
            Self::Provider => "Provider",
            Self::Resource => "Resource",
            Self::DataSource => "Data Source",
            Self::EphemeralResource => "Ephemeral Resource",
            Self::ListResource => "List Resource",
            Self::Action => "Action",
        }
    }
}

/// A page to be written.
#[derive(Clone, Copy, Debug)]
pub struct Page<'a> {
    /// The provider's short name, such as `kubeblocks`.
    pub provider: &'a str,
    /// The full type name; of the provider page, the provider's short name.
    pub name: &'a str,
    /// What it describes.
    pub kind: PageKind,
    /// Heading under which the Registry files it; may be empty.
    pub subcategory: &'a str,
    /// Its schema.
    pub schema: &'a Schema,
    /// A drawing of text characters, as the Registry renders no diagrams, and images only from other places; left out
    /// when empty.
    pub picture: &'a str,
    /// A complete configuration in HCL; left out when empty.
    pub example: &'a str,
    /// More configurations, each under its heading.
    pub further: &'a [(&'a str, &'a str)],
    /// How an existing object is taken over.
    pub import: Option<ImportHelp<'a>>,
}

/// How an existing object is taken over. What is empty is left out.
#[derive(Clone, Copy, Debug, Default)]
pub struct ImportHelp<'a> {
    /// Schema of the identity, with an example `import` block that uses it.
    pub by_identity: Option<(&'a Schema, &'a str)>,
    /// An example `import` block with `id`.
    pub by_id: &'a str,
    /// An example call of `terraform import`.
    pub by_command: &'a str,
}

/// The Markdown of a page.
pub fn page(page: &Page<'_>) -> String {
    // The Registry files the provider's own page under nothing.
    let subcategory = (page.kind != PageKind::Provider).then_some(page.subcategory);
    let mut text = front_matter(&page_title(page), subcategory, &page.schema.description);
    let heading = match page.kind {
        PageKind::Provider => format!("# {} Provider", page.name),
        kind => format!("# {} ({})", page.name, kind.title()),
    };
    paragraph(&mut text, &heading);
    if let Some(instead) = &page.schema.deprecated {
        paragraph(&mut text, &format!("~> **Deprecated** {instead}"));
    }
    paragraph(&mut text, page.schema.description.trim());
    if !page.picture.trim().is_empty() {
        code(&mut text, "text", page.picture);
    }
    if !page.example.trim().is_empty() {
        paragraph(&mut text, "## Example Usage");
        code(&mut text, "terraform", page.example);
    }
    for (heading, example) in page.further {
        paragraph(&mut text, &format!("### {heading}"));
        code(&mut text, "terraform", example);
    }
    paragraph(&mut text, "<!-- schema generated from the provider -->\n## Schema");
    let changeable = page.kind == PageKind::Resource;
    if changeable {
        paragraph(&mut text, &effects::legend(&page.schema.attributes));
    }
    attributes::sections(&mut text, &page.schema.attributes, changeable);
    if let Some(import) = &page.import {
        import_section(&mut text, import);
    }
    text.truncate(text.trim_end().len());
    text.push('\n');
    text
}

fn page_title(page: &Page<'_>) -> String {
    match page.kind {
        PageKind::Provider => format!("Provider: {}", page.name),
        kind => format!("{} {} - {}", page.name, kind.title(), page.provider),
    }
}

fn front_matter(title: &str, subcategory: Option<&str>, description: &str) -> String {
    let mut text = String::from("---\n");
    let _ = writeln!(text, "page_title: {}", quoted(title));
    if let Some(subcategory) = subcategory {
        let _ = writeln!(text, "subcategory: {}", quoted(subcategory));
    }
    text.push_str("description: |-\n");
    for line in plain(description).lines() {
        let _ = writeln!(text, "{}", format!("  {line}").trim_end());
    }
    text.push_str("---\n\n");
    text
}

/// A YAML string; the escapes of JSON are YAML's too.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// Markdown as plain text, as far as a summary needs it: code and emphasis lose their marks, links their targets.
fn plain(markdown: &str) -> String {
    let mut text = String::new();
    let mut rest = markdown.trim();
    while let Some(position) = rest.find(['`', '*', '[']) {
        let (before, marked) = rest.split_at(position);
        text.push_str(before);
        let link = marked.strip_prefix('[').and_then(|inner| {
            let (label, after) = inner.split_once("](")?;
            let (_, after) = after.split_once(')')?;
            (!label.contains(['[', ']'])).then_some((label, after))
        });
        if let Some((label, after)) = link {
            text.push_str(&plain(label));
            rest = after;
            continue;
        }
        if marked.starts_with('[') {
            text.push('[');
        }
        rest = &marked[1..];
    }
    text.push_str(rest);
    text
}

fn import_section(text: &mut String, import: &ImportHelp<'_>) {
    paragraph(text, "## Import");
    if let Some((schema, example)) = import.by_identity {
        paragraph(
            text,
            "With Terraform 1.12 or newer, an `import` block can name the object by its identity:",
        );
        code(text, "terraform", example);
        paragraph(text, "<!-- identity schema generated from the provider -->\n### Identity Schema");
        attributes::identity_sections(text, &schema.attributes);
    }
    if !import.by_id.trim().is_empty() {
        paragraph(text, "An `import` block can name the object by its `id`:");
        code(text, "terraform", import.by_id);
    }
    if !import.by_command.trim().is_empty() {
        paragraph(text, "The command `terraform import` does the same outside of the configuration:");
        code(text, "shell", import.by_command);
    }
}

fn paragraph(text: &mut String, paragraph: &str) {
    if !paragraph.is_empty() {
        text.push_str(paragraph);
        text.push_str("\n\n");
    }
}

fn code(text: &mut String, language: &str, code: &str) {
    let _ = write!(text, "```{language}\n{}\n```\n\n", code.trim_end());
}
