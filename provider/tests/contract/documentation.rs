//! The Registry's pages in `docs/`, made from the schemas and the files in `examples/`.

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
    let text = page(&Page { provider: PROVIDER, name, kind, subcategory: "", schema, example, import });
    let short = name.trim_start_matches("kubeblocks_");
    let file = kind.folder().map_or_else(|| "index.md".to_owned(), |folder| format!("{folder}/{short}.md"));
    (file, text)
}

#[test]
fn the_pages_are_made_from_today_s_schemas_and_examples() {
    let provider = KubeblocksProvider::new();
    let mut pages = vec![schema_page(
        PageKind::Provider,
        PROVIDER,
        &ProviderConfig::schema(),
        &example("provider/provider.tf"),
        None,
    )];
    for resource in provider.resources() {
        let name = resource.type_name();
        let of = |file: &str| example(&format!("resources/{name}/{file}"));
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
    assert_folder("docs", ".md", &pages);
}
