//! Whole pages, as the Registry gets them.

use super::*;
use crate::function::{Parameter, Signature};
use crate::schema::{Attribute, Effect, Mode, Nesting, Shape};
use crate::types::Type;

fn text(name: &str, description: &str, mode: Mode) -> Attribute {
    Attribute::new(name, description, Shape::Type(Type::String), mode)
}

fn shelf() -> Schema {
    let storage = vec![
        text("class", "Storage class.", Mode::Optional),
        text("size", "Size, such as `20Gi`.", Mode::Required),
    ];
    let members = vec![
        Attribute::new(
            "storage",
            "Its storage.",
            Shape::Nested { nesting: Nesting::Single, attributes: storage },
            Mode::Required,
        ),
        text("phase", "Its phase.", Mode::Computed),
    ];
    let ports = Type::List(Box::new(Type::Object([("number".to_owned(), Type::Number)].into())));
    Schema::new("A `shelf` of [books](https://example.com/books).\n\nIt stands *still*.")
        .attribute(text("name", "Name of the shelf.\nA second line.", Mode::Required))
        .attribute(text("password", "Password.", Mode::Optional).sensitive().write_only())
        .attribute(text("kind", "Kind.", Mode::OptionalComputed).deprecated("use `name`"))
        .attribute(Attribute::new(
            "members",
            "The members.",
            Shape::Nested { nesting: Nesting::Map, attributes: members },
            Mode::Optional,
        ))
        .attribute(Attribute::new("ports", "The ports.", Shape::Type(ports), Mode::Computed))
        .attribute(Attribute::new(
            "tags",
            "Tags.",
            Shape::Type(Type::Map(Box::new(Type::Set(Box::new(Type::Bool))))),
            Mode::Computed,
        ))
}

#[test]
fn a_resource_page_has_the_layout_of_the_registry() {
    let identity = Schema::new("").attribute(text("name", "Its name.", Mode::Required).required_for_import());
    let schema = shelf();
    let written = page(&Page {
        provider: "library",
        name: "library_shelf",
        kind: PageKind::Resource,
        subcategory: "Furniture",
        schema: &schema,
        picture: "shelf -> book\n",
        example: "resource \"library_shelf\" \"a\" {\n  name = \"a\"\n}\n",
        further: &[("Another", "# another\n")],
        import: Some(ImportHelp {
            by_identity: Some((&identity, "import {\n  to = library_shelf.a\n}")),
            by_id: "",
            by_command: "terraform import library_shelf.a a",
        }),
    });
    let expected = r#"---
page_title: "library_shelf Resource - library"
subcategory: "Furniture"
description: |-
  A shelf of books.

  It stands still.
---

# library_shelf (Resource)

A `shelf` of [books](https://example.com/books).

It stands *still*.

```text
shelf -> book
```

## Example Usage

```terraform
resource "library_shelf" "a" {
  name = "a"
}
```

### Another

```terraform
# another
```

<!-- schema generated from the provider -->
## Schema

### Required

- `name` (String) Name of the shelf.
  A second line.

### Optional

> **NOTE**: Write-only arguments are never stored in plan or state. They take Terraform 1.11 or OpenTofu 1.11, or newer.

- `kind` (String, Deprecated) Kind. **Deprecated**: use `name`
- `members` (Attributes Map) The members. (see [below for nested schema](#nestedatt--members))
- `password` (String, Sensitive, Write-only) Password.

### Read-Only

- `ports` (List of Object) The ports. (see [below for nested schema](#nestedobjatt--ports))
- `tags` (Map of Set of Boolean) Tags.

<a id="nestedatt--members"></a>
### Nested Schema for `members`

Required:

- `storage` (Attributes) Its storage. (see [below for nested schema](#nestedatt--members--storage))

Read-Only:

- `phase` (String) Its phase.

<a id="nestedatt--members--storage"></a>
### Nested Schema for `members.storage`

Required:

- `size` (String) Size, such as `20Gi`.

Optional:

- `class` (String) Storage class.

<a id="nestedobjatt--ports"></a>
### Nested Schema for `ports`

Read-Only:

- `number` (Number)

## Import

With Terraform 1.12 or newer, an `import` block can name the object by its identity:

```terraform
import {
  to = library_shelf.a
}
```

<!-- identity schema generated from the provider -->
### Identity Schema

#### Required

- `name` (String) Its name.

The command `terraform import` does the same outside of the configuration:

```shell
terraform import library_shelf.a a
```
"#;
    assert_eq!(written, expected);
}

#[test]
fn a_resource_page_says_what_a_change_does_and_other_pages_do_not() {
    let inner = vec![
        text("size", "Its size.", Mode::Required).effect(Effect::InPlace).effect(Effect::Refused),
        text("class", "Its class.", Mode::Optional),
        text("phase", "Its phase.", Mode::Computed),
    ];
    let volume = Shape::Nested { nesting: Nesting::Single, attributes: inner };
    let schema = Schema::new("A shelf.")
        .attribute(text("name", "Its name.", Mode::Required).requires_replace())
        .attribute(text("mode", "Its mode.", Mode::Optional))
        .attribute(Attribute::new("volume", "Its volume.", volume, Mode::Optional).effect(Effect::Downtime));
    let written = |kind| {
        let (provider, name) = ("library", "library_shelf");
        page(&Page {
            provider,
            name,
            kind,
            subcategory: "",
            schema: &schema,
            picture: "",
            example: "",
            further: &[],
            import: None,
        })
    };
    let resource = written(PageKind::Resource);
    for line in [
        "- `name` (String) Its name. *Change: replaces.*\n",
        "- `mode` (String) Its mode.\n",
        "- `volume` (Attributes) Its volume. *Change: downtime.* (see [below",
        "- `size` (String) Its size. *Change: in place or refused.*\n",
        "- `class` (String) Its class. *Change: downtime.*\n",
        "- `phase` (String) Its phase.\n",
        "- *replaces*: the object is destroyed and made anew.\n",
    ] {
        assert!(resource.contains(line), "{line} in {resource}");
    }
    assert!(!resource.contains("*rolling restart*"), "only words that are used are explained: {resource}");
    assert!(!written(PageKind::DataSource).contains("*Change"));
}

#[test]
fn each_kind_of_page_has_its_title_and_folder() {
    let schema = Schema::new("Something.");
    let table = [
        (PageKind::Provider, None, "page_title: \"Provider: library\"", "# library Provider"),
        (
            PageKind::DataSource,
            Some("data-sources"),
            "page_title: \"library Data Source - library\"",
            "# library (Data Source)",
        ),
        (
            PageKind::EphemeralResource,
            Some("ephemeral-resources"),
            "library Ephemeral Resource - library",
            "(Ephemeral Resource)",
        ),
        (
            PageKind::ListResource,
            Some("list-resources"),
            "library List Resource - library",
            "(List Resource)",
        ),
        (PageKind::Action, Some("actions"), "library Action - library", "# library (Action)"),
    ];
    for (kind, folder, title, heading) in table {
        let written = page(&Page {
            provider: "library",
            name: "library",
            kind,
            subcategory: "",
            schema: &schema,
            picture: "",
            example: "",
            further: &[],
            import: None,
        });
        assert_eq!(kind.folder(), folder);
        assert!(written.contains(title) && written.contains(heading), "{written}");
        assert!(!written.contains("## Example Usage") && !written.contains("## Import"));
        assert!(written.ends_with("## Schema\n"));
    }
}

#[test]
fn a_function_page_shows_how_to_call_it() {
    let parameter = |name: &str, kind: Type, allow_null: bool| Parameter {
        name: name.to_owned(),
        kind,
        description: format!("The {name}."),
        allow_null,
        allow_unknown: false,
    };
    let signature = Signature {
        summary: "Joins texts".to_owned(),
        description: "Joins texts with a separator.".to_owned(),
        parameters: vec![parameter("separator", Type::String, true)],
        variadic_parameter: Some(parameter("texts", Type::List(Box::new(Type::String)), false)),
        result: Type::String,
        deprecated: None,
    };
    let expected = r#"---
page_title: "glue function - library"
subcategory: ""
description: |-
  Joins texts
---

# function: glue

Joins texts with a separator.

## Example Usage

```terraform
provider::library::glue(",", ["a"])
```

## Signature

<!-- signature generated from the provider -->

```text
glue(separator string, texts list of string...) string
```

## Arguments

<!-- arguments generated from the provider -->

1. `separator` (String, Nullable) The separator.
2. `texts` (Variadic, List of String) The texts.
"#;
    assert_eq!(
        function_page("library", "glue", &signature, "provider::library::glue(\",\", [\"a\"])\n"),
        expected
    );
}

#[test]
fn marks_of_markdown_do_not_reach_summaries() {
    let table = [
        ("a `b` *c* **d**", "a b c d"),
        ("[x](https://y) z", "x z"),
        ("an [unfinished", "an [unfinished"),
        ("[`code`](y)", "code"),
        ("snake_case stays", "snake_case stays"),
    ];
    for (markdown, expected) in table {
        assert_eq!(plain(markdown), expected);
    }
}
