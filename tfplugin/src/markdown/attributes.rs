//! The attributes of a schema as lists under Required, Optional and Read-Only, and a section for each nested one.

use std::fmt::Write as _;

use super::effects;
use super::paragraph;
use crate::schema::{Attribute, Effect, Mode, Nesting, Shape};
use crate::types::Type;

const WRITE_ONLY_NOTE: &str = "> **NOTE**: Write-only arguments are never stored in plan or state. They take Terraform \
                               1.11 or OpenTofu 1.11, or newer.";

/// A nested attribute whose section is still to be written.
struct Pending<'a> {
    /// Names from the root, joined by dots, as the heading shows them.
    dotted: String,
    anchor: String,
    content: Content<'a>,
}

enum Content<'a> {
    Attributes {
        attributes: &'a [Attribute],
        /// What a change of the attribute that holds them does.
        effects: &'a [Effect],
    },
    /// Attributes of a plain object type have no descriptions, and the mode of the attribute that holds them.
    Object { attributes: &'a std::collections::BTreeMap<String, Type>, read_only: bool },
}

/// The lists of all attributes, and then of all nested ones.
pub(super) fn sections(text: &mut String, attributes: &[Attribute], changeable: bool) {
    let mut pending = Vec::new();
    let root = Around { holder: None, effects: &[], changeable };
    groups(text, attributes, "### ", "", root, &mut pending);
    write_pending(text, pending, changeable);
}

/// What the attributes of a list are in.
#[derive(Clone, Copy)]
struct Around<'a, 'h> {
    /// The attribute that holds them, as headings show it.
    holder: Option<&'h str>,
    /// What a change of it does.
    effects: &'a [Effect],
    /// Whether the page says what a change does.
    changeable: bool,
}

/// The lists of an identity's attributes.
pub(super) fn identity_sections(text: &mut String, attributes: &[Attribute]) {
    for (heading, required) in [("#### Required", true), ("#### Optional", false)] {
        let mut list = String::new();
        for attribute in attributes.iter().filter(|attribute| attribute.required_for_import == required) {
            let kind = type_words(&attribute.shape.to_type());
            let _ = writeln!(list, "{}", line(&attribute.name, &kind, &attribute.description));
        }
        if !list.is_empty() {
            paragraph(text, heading);
            paragraph(text, list.trim_end());
        }
    }
}

fn write_pending(text: &mut String, mut pending: Vec<Pending<'_>>, changeable: bool) {
    // The sections of what is nested further follow their parent's.
    pending.reverse();
    while let Some(next) = pending.pop() {
        paragraph(text, &format!("<a id=\"{}\"></a>\n### Nested Schema for `{}`", next.anchor, next.dotted));
        let mut inner = Vec::new();
        match next.content {
            Content::Attributes { attributes, effects } => {
                let around = Around { holder: Some(&next.dotted), effects, changeable };
                groups(text, attributes, "", ":", around, &mut inner);
            }
            Content::Object { attributes, read_only } => {
                object_group(text, attributes, read_only, &next.dotted, &mut inner);
            }
        }
        pending.extend(inner.into_iter().rev());
    }
}

/// Required, Optional and Read-Only, each when it has an attribute, in alphabetical order.
fn groups<'a>(
    text: &mut String,
    attributes: &'a [Attribute],
    before: &str,
    after: &str,
    around: Around<'a, '_>,
    pending: &mut Vec<Pending<'a>>,
) {
    let mut sorted: Vec<&Attribute> = attributes.iter().collect();
    sorted.sort_by(|left, right| left.name.cmp(&right.name));
    for title in ["Required", "Optional", "Read-Only"] {
        let is_here = |attribute: &&Attribute| group_of(attribute.mode) == title;
        let here: Vec<&Attribute> = sorted.iter().copied().filter(is_here).collect();
        if here.is_empty() {
            continue;
        }
        paragraph(text, &format!("{before}{title}{after}"));
        if here.iter().any(|attribute| attribute.write_only) {
            paragraph(text, WRITE_ONLY_NOTE);
        }
        let lines: Vec<String> = here.into_iter().map(|attribute| item(attribute, around, pending)).collect();
        paragraph(text, &lines.join("\n"));
    }
}

fn group_of(mode: Mode) -> &'static str {
    match mode {
        Mode::Required => "Required",
        Mode::Optional | Mode::OptionalComputed => "Optional",
        Mode::Computed => "Read-Only",
    }
}

fn item<'a>(attribute: &'a Attribute, around: Around<'a, '_>, pending: &mut Vec<Pending<'a>>) -> String {
    let mut words = vec![shape_words(&attribute.shape)];
    let marks = [
        (attribute.sensitive, "Sensitive"),
        (attribute.write_only, "Write-only"),
        (attribute.deprecated.is_some(), "Deprecated"),
    ];
    words.extend(marks.iter().filter(|(set, _)| *set).map(|(_, mark)| (*mark).to_owned()));
    let mut description = attribute.description.trim().to_owned();
    if let Some(instead) = &attribute.deprecated {
        let _ = write!(description, " **Deprecated**: {instead}");
    }
    let effects = attribute.effects_in(around.effects);
    if around.changeable && attribute.is_configurable() && !effects.is_empty() {
        let _ = write!(description, " *Change: {}.*", effects::listed(effects));
    }
    let content = match &attribute.shape {
        Shape::Nested { attributes, .. } => Some(Content::Attributes { attributes, effects }),
        Shape::Type(kind) => object_in(kind)
            .map(|attributes| Content::Object { attributes, read_only: attribute.mode == Mode::Computed }),
    };
    if let Some(content) = content {
        let below = below(&attribute.name, around.holder, content);
        let _ = write!(description, " (see [below for nested schema](#{}))", below.anchor);
        pending.push(below);
    }
    line(&attribute.name, &words.join(", "), &description)
}

fn object_group<'a>(
    text: &mut String,
    attributes: &'a std::collections::BTreeMap<String, Type>,
    read_only: bool,
    holder: &str,
    pending: &mut Vec<Pending<'a>>,
) {
    paragraph(text, if read_only { "Read-Only:" } else { "Optional:" });
    let mut lines = Vec::new();
    for (name, kind) in attributes {
        let mut description = String::new();
        if let Some(inner) = object_in(kind) {
            let below = below(name, Some(holder), Content::Object { attributes: inner, read_only });
            let _ = write!(description, "(see [below for nested schema](#{}))", below.anchor);
            pending.push(below);
        }
        lines.push(line(name, &type_words(kind), &description));
    }
    paragraph(text, &lines.join("\n"));
}

fn below<'a>(name: &str, holder: Option<&str>, content: Content<'a>) -> Pending<'a> {
    let dotted = holder.map_or_else(|| name.to_owned(), |holder| format!("{holder}.{name}"));
    let prefix = match content {
        Content::Attributes { .. } => "nestedatt",
        Content::Object { .. } => "nestedobjatt",
    };
    Pending { anchor: format!("{prefix}--{}", dotted.replace('.', "--")), dotted, content }
}

/// A list item; further paragraphs of the description stay inside of it.
fn line(name: &str, kind: &str, description: &str) -> String {
    let description = description.trim().replace('\n', "\n  ");
    format!("- `{name}` ({kind}) {description}").trim_end().to_owned()
}

fn shape_words(shape: &Shape) -> String {
    match shape {
        Shape::Type(kind) => type_words(kind),
        Shape::Nested { nesting, .. } => match nesting {
            Nesting::Single => "Attributes".to_owned(),
            Nesting::List => "Attributes List".to_owned(),
            Nesting::Set => "Attributes Set".to_owned(),
            Nesting::Map => "Attributes Map".to_owned(),
        },
    }
}

/// A type in words, such as `Map of List of String`.
pub(super) fn type_words(kind: &Type) -> String {
    match kind {
        Type::String => "String".to_owned(),
        Type::Number => "Number".to_owned(),
        Type::Bool => "Boolean".to_owned(),
        Type::Dynamic => "Dynamic".to_owned(),
        Type::List(inner) => format!("List of {}", type_words(inner)),
        Type::Set(inner) => format!("Set of {}", type_words(inner)),
        Type::Map(inner) => format!("Map of {}", type_words(inner)),
        Type::Object(_) => "Object".to_owned(),
        Type::Tuple(_) => "Tuple".to_owned(),
    }
}

/// The attributes of the object that a type is or gathers.
fn object_in(kind: &Type) -> Option<&std::collections::BTreeMap<String, Type>> {
    match kind {
        Type::Object(attributes) => Some(attributes),
        Type::List(inner) | Type::Set(inner) | Type::Map(inner) => object_in(inner),
        Type::String | Type::Number | Type::Bool | Type::Dynamic | Type::Tuple(_) => None,
    }
}
