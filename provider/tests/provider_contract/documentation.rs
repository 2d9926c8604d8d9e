//! The Registry's pages in `docs/`, made from the schemas and the files in `examples/`. Guides are written by hand.

use kubeblocks_provider::provider::{KubeblocksProvider, ProviderConfig};
use tfplugin::markdown::{ImportHelp, Page, PageKind, function_page, page};
use tfplugin::prelude::*;
use tfplugin::schema::Schema;

use crate::golden::{assert_folder, repository};

const PROVIDER: &str = "kubeblocks";

/// A file below `examples`. Everything that is served has one.
fn example(path: &str) -> String {
    let path = repository("examples").join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn schema_page(
    kind: PageKind,
    name: &str,
    schema: &Schema,
    example: &str,
    import: Option<ImportHelp<'_>>,
) -> (String, String) {
    let (subcategory, picture, further) = ("", "", &[][..]);
    let text = page(&Page {
        provider: PROVIDER,
        name,
        kind,
        subcategory,
        schema,
        picture,
        example,
        further,
        import,
    });
    let short = name.trim_start_matches("kubeblocks_");
    let file = kind.folder().map_or_else(|| "index.md".to_owned(), |folder| format!("{folder}/{short}.md"));
    (file, text)
}

/// The first page: a picture, a configuration that works, and the ways to a Kubernetes cluster.
fn index() -> String {
    page(&Page {
        provider: PROVIDER,
        name: PROVIDER,
        kind: PageKind::Provider,
        subcategory: "",
        schema: &ProviderConfig::schema(),
        picture: &example("provider/flow.txt"),
        example: &example("provider/provider.tf"),
        further: &[("Which Kubernetes cluster, and as whom", &example("provider/connections.tf"))],
        import: None,
    })
}

#[test]
fn the_picture_fits_into_the_registry_s_page() {
    let picture = example("provider/flow.txt");
    let longest = picture.lines().map(|line| line.chars().count()).max().unwrap();
    assert!(longest <= 80, "{longest} characters in a line");
}

#[test]
fn the_pages_are_made_from_today_s_schemas_and_examples() {
    let provider = KubeblocksProvider::new();
    let mut pages = vec![("index.md".to_owned(), index())];
    for resource in provider.resources() {
        let name = resource.type_name();
        let of = |file: &str| example(&format!("resources/{name}/{file}"));
        // What has no identity cannot be imported either.
        if resource.identity_schema().attributes.is_empty() {
            pages.push(schema_page(PageKind::Resource, name, &resource.schema(), &of("resource.tf"), None));
            continue;
        }
        let (by_identity, by_id, by_command) =
            (of("import-by-identity.tf"), of("import-by-string-id.tf"), of("import.sh"));
        let identity = resource.identity_schema();
        let import = ImportHelp {
            by_identity: Some((&identity, &by_identity)),
            by_id: &by_id,
            by_command: &by_command,
        };
        pages.push(schema_page(
            PageKind::Resource,
            name,
            &resource.schema(),
            &of("resource.tf"),
            Some(import),
        ));
    }
    for data_source in provider.data_sources() {
        let name = data_source.type_name();
        let example = example(&format!("data-sources/{name}/data-source.tf"));
        pages.push(schema_page(PageKind::DataSource, name, &data_source.schema(), &example, None));
    }
    for ephemeral in provider.ephemeral_resources() {
        let name = ephemeral.type_name();
        let example = example(&format!("ephemeral-resources/{name}/ephemeral-resource.tf"));
        pages.push(schema_page(PageKind::EphemeralResource, name, &ephemeral.schema(), &example, None));
    }
    for function in provider.functions() {
        let name = function.name();
        let example = example(&format!("functions/{name}/function.tf"));
        pages.push((
            format!("functions/{name}.md"),
            function_page(PROVIDER, name, &function.signature(), &example),
        ));
    }
    for action in provider.actions() {
        let name = action.type_name();
        let example = example(&format!("actions/{name}/action.tf"));
        pages.push(schema_page(PageKind::Action, name, &action.schema(), &example, None));
    }
    for list in provider.list_resources() {
        let name = list.type_name();
        let example = example(&format!("list-resources/{name}/list-resource.tfquery.hcl"));
        pages.push(schema_page(PageKind::ListResource, name, &list.schema(), &example, None));
    }
    pages.extend(guides());
    assert_folder("docs", ".md", &pages);
}

/// The guides as they are, so that they are not taken for pages of what is no longer served.
fn guides() -> Vec<(String, String)> {
    let Ok(entries) = std::fs::read_dir(repository("docs/guides")) else { return Vec::new() };
    entries
        .map(|entry| {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            (format!("guides/{name}"), std::fs::read_to_string(&path).unwrap())
        })
        .collect()
}

#[test]
fn guides_have_the_head_that_the_registry_asks_for() {
    let guides = guides();
    assert!(!guides.is_empty());
    for (name, text) in guides {
        let head =
            text.strip_prefix("---\n").and_then(|rest| rest.split_once("\n---\n")).map(|(head, _)| head);
        let head = head.unwrap_or_else(|| panic!("{name} has no front matter"));
        for field in ["page_title: ", "description: "] {
            assert!(head.lines().any(|line| line.starts_with(field)), "{name} lacks {field:?}");
        }
    }
}

#[test]
fn the_guide_of_doctor_tells_every_check() {
    let guide = std::fs::read_to_string(repository("docs/guides/doctor.md")).unwrap();
    for check in kubeblocks_provider::doctor::CHECKS {
        assert!(guide.contains(&format!("| `{check}` |")), "{check}");
    }
}

#[test]
fn the_guide_of_permissions_names_every_file_and_a_test_lives_with_each() {
    let guide = std::fs::read_to_string(repository("docs/guides/permissions.md")).unwrap();
    let mut tests = String::new();
    all_of(&repository("acceptance-tests/tests/acceptance/permissions"), &mut tests);
    for entry in std::fs::read_dir(repository("examples/permissions")).unwrap().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        assert!(guide.contains(&format!("/examples/permissions/{name})")), "{name} is not in the guide");
        let in_tests = name.strip_suffix(".yaml").unwrap_or(&name);
        assert!(tests.contains(&format!("\"{in_tests}\"")), "{name} has no test");
    }
}

/// The text of every Rust file below a folder, but for what was built.
fn all_of(folder: &std::path::Path, into: &mut String) {
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() && !path.ends_with("target") && !path.ends_with("node_modules") {
            all_of(&path, into);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            into.push_str(&std::fs::read_to_string(&path).unwrap());
        }
    }
}

#[test]
fn the_threat_model_names_tests_that_exist() {
    let page = std::fs::read_to_string(repository("SECURITY.md")).unwrap();
    let mut sources = String::new();
    for folder in
        ["acceptance-tests/src", "acceptance-tests/tests", "cloud/src", "provider/src", "tfplugin/tests"]
    {
        all_of(&repository(folder), &mut sources);
    }
    let name = regex::Regex::new("`([a-z0-9]+(?:_[a-z0-9]+){3,})`").unwrap();
    let named: Vec<&str> = name.captures_iter(&page).map(|found| found.extract::<1>().1[0]).collect();
    assert!(named.len() > 15, "{named:?}");
    for test in named {
        assert!(sources.contains(&format!("fn {test}(")), "there is no test {test}");
    }
}

/// The sources of the provider without their tests.
fn sources(folder: &std::path::Path, into: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        let name = entry.file_name().to_string_lossy().into_owned();
        // The commands for people have guides of their own.
        if path.is_dir() && !["doctor", "review", "export"].contains(&name.as_str()) {
            sources(&path, into);
        } else if path.extension().is_some_and(|extension| extension == "rs") && !name.contains("test") {
            let text = std::fs::read_to_string(&path).unwrap();
            into.push(text.split("#[cfg(test)]\nmod").next().unwrap_or_default().to_owned());
        }
    }
}

#[test]
fn the_guide_of_troubleshooting_has_every_summary() {
    let in_one_line = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let guide = in_one_line(&std::fs::read_to_string(repository("docs/guides/troubleshooting.md")).unwrap());
    let mut texts = Vec::new();
    sources(&repository("provider/src"), &mut texts);
    let summary = regex::Regex::new(r#"Diagnostic::(?:error|warning)\(\s*"([^"\\]+)""#).unwrap();
    let all: std::collections::BTreeSet<&str> = texts
        .iter()
        .flat_map(|text| summary.captures_iter(text))
        .map(|found| found.extract::<1>().1[0])
        .collect();
    assert!(all.len() > 100, "the summaries are found: {}", all.len());
    let missing: Vec<&&str> = all.iter().filter(|summary| !guide.contains(**summary)).collect();
    assert!(missing.is_empty(), "not in the guide: {missing:#?}");
}
