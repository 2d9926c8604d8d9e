//! What is served, and that each call is.

use tokio_util::sync::CancellationToken;

use super::fixture::{ThingState, call, server, summaries};
use crate::generated::tfplugin6::*;
use crate::prelude::{
    Context, Create, Diagnostics, ErasedListResource, ErasedResource, ListRequest, ListResource, ListSink,
    NoConfig, NoIdentity, Progress, Provider, Resource, TerraformSchema, Update, Value,
};
use crate::server::Server;
use crate::server::catalog::Catalog;
use crate::server::stop::Stop;

/// Each call of the protocol but state stores, asked about a type that is not served: an answer that says so.
#[tokio::test]
async fn every_call_answers_and_knows_what_it_does_not_know() {
    let (server, _) = server();
    macro_rules! unknown {
        ($($method:ident => $summary:literal),* $(,)?) => {
            $(
                let answer = call!(server, $method, $method::Request::default());
                assert_eq!(summaries(&answer.diagnostics), [$summary], stringify!($method));
            )*
        };
    }
    unknown!(
        validate_resource_config => "Unknown resource!",
        upgrade_resource_state => "Unknown resource!",
        upgrade_resource_identity => "Unknown resource!",
        read_resource => "Unknown resource!",
        plan_resource_change => "Unknown resource!",
        apply_resource_change => "Unknown resource!",
        import_resource_state => "Unknown resource!",
        move_resource_state => "Unknown resource!",
        generate_resource_config => "Unknown resource!",
        validate_data_resource_config => "Unknown data source!",
        read_data_source => "Unknown data source!",
        validate_ephemeral_resource_config => "Unknown ephemeral resource!",
        open_ephemeral_resource => "Unknown ephemeral resource!",
        renew_ephemeral_resource => "Unknown ephemeral resource!",
        close_ephemeral_resource => "Unknown ephemeral resource!",
        validate_list_resource_config => "Unknown list resource!",
        validate_action_config => "Unknown action!",
        plan_action => "Unknown action!",
        // The provider block that was not sent.
        validate_provider_config => "Unexpected value!",
        configure_provider => "Unexpected value!",
    );
    let unsent = call!(server, validate_provider_config, validate_provider_config::Request::default());
    let told = &unsent.diagnostics[0].detail;
    assert!(told.contains("Terraform sent null") && !told.contains("bug in the provider"), "{told}");
    let called = call!(server, call_function, call_function::Request::default());
    assert!(called.error.unwrap().text.starts_with("Unknown function"));
}

#[tokio::test]
async fn everything_that_is_served_is_told() {
    let (server, _) = server();
    let metadata = call!(server, get_metadata, get_metadata::Request::default());
    let schemas = call!(server, get_provider_schema, get_provider_schema::Request::default());
    let functions = call!(server, get_functions, get_functions::Request::default());
    let identities =
        call!(server, get_resource_identity_schemas, get_resource_identity_schemas::Request::default());

    assert_eq!(metadata.resources[0].type_name, "test_thing");
    assert_eq!(metadata.data_sources[0].type_name, "test_thing");
    assert_eq!(metadata.ephemeral_resources[0].type_name, "test_token");
    assert_eq!(metadata.list_resources[0].type_name, "test_thing");
    assert_eq!(metadata.actions[0].type_name, "test_shout");
    assert_eq!(metadata.functions[0].name, "join");
    let all = ServerCapabilities {
        plan_destroy: true,
        get_provider_schema_optional: true,
        move_resource_state: true,
        generate_resource_config: true,
    };
    assert_eq!(metadata.server_capabilities, Some(all));

    assert_eq!(schemas.server_capabilities, Some(all));
    assert_eq!(schemas.diagnostics, []);
    assert!(schemas.provider.is_some(), "Terraform fails without it");
    assert!(schemas.data_source_schemas.contains_key("test_thing"));
    assert!(schemas.ephemeral_resource_schemas.contains_key("test_token"));
    assert!(schemas.list_resource_schemas.contains_key("test_thing"));
    assert!(schemas.action_schemas["test_shout"].schema.is_some());
    assert_eq!(schemas.functions, functions.functions);
    assert_eq!(functions.functions["join"].variadic_parameter.as_ref().unwrap().name, "words");
    let identity = &identities.identity_schemas["test_thing"].identity_attributes;
    assert_eq!((identity.len(), identity[0].required_for_import), (1, true));
}

#[tokio::test]
async fn a_schema_says_all_that_terraform_needs_of_each_attribute() {
    let (server, _) = server();
    let schemas = call!(server, get_provider_schema, get_provider_schema::Request::default());
    let schema = &schemas.resource_schemas["test_thing"];
    assert_eq!(schema.version, 2);
    let block = schema.block.as_ref().unwrap();
    assert_eq!((block.version, block.description.as_str()), (2, "A thing."));
    let order: Vec<&str> = block.attributes.iter().map(|attribute| attribute.name.as_str()).collect();
    let declared: Vec<String> =
        ThingState::schema().attributes.into_iter().map(|attribute| attribute.name).collect();
    assert_eq!(order, declared);

    let attribute = |name: &str| block.attributes.iter().find(|attribute| attribute.name == name).unwrap();
    // Required, optional, computed, write-only, type.
    let flags = |name: &str| {
        let attribute = attribute(name);
        let kind = String::from_utf8(attribute.r#type.to_vec()).unwrap();
        (attribute.required, attribute.optional, attribute.computed, attribute.write_only, kind)
    };
    assert_eq!(flags("name"), (true, false, false, false, "\"string\"".to_owned()));
    assert_eq!(flags("behavior"), (false, true, false, false, "\"string\"".to_owned()));
    assert_eq!(flags("label"), (false, true, true, false, "\"string\"".to_owned()), "a default is computed");
    assert_eq!(flags("id"), (false, false, true, false, "\"number\"".to_owned()));
    assert_eq!(flags("secret"), (false, true, false, true, "\"string\"".to_owned()));
    assert_eq!(flags("parts"), (false, true, false, false, String::new()), "a nested type replaces the type");
    let parts = attribute("parts").nested_type.as_ref().unwrap();
    assert_eq!(parts.nesting(), schema::object::NestingMode::Map);
    assert_eq!(parts.attributes.len(), 3);
    assert!(block.attributes.iter().all(|attribute| attribute.description_kind() == StringKind::Markdown));
}

/// Serves one name twice, a list without its resource's identity, and a schema that no Terraform takes.
struct Mistaken;

/// A broken thing.
#[derive(Clone, Debug, TerraformSchema)]
struct Broken {
    /// A name that Terraform keeps for itself.
    #[tf(optional)]
    count: Value<i64>,
}

macro_rules! broken {
    ($resource:ident, $name:literal) => {
        struct $resource;

        impl Resource for $resource {
            type State = Broken;
            type Identity = NoIdentity;
            const TYPE_NAME: &'static str = $name;

            fn identity(&self, _: &Broken) -> NoIdentity {
                NoIdentity
            }

            async fn create(
                &self,
                _: &Context,
                new: Create<Broken>,
                _: &Progress<Broken>,
            ) -> Result<Broken, Diagnostics> {
                Ok(new.planned)
            }

            async fn read(&self, _: &Context, state: Broken) -> Result<Option<Broken>, Diagnostics> {
                Ok(Some(state))
            }

            async fn update(
                &self,
                _: &Context,
                change: Update<Broken>,
                _: &Progress<Broken>,
            ) -> Result<Broken, Diagnostics> {
                Ok(change.planned)
            }

            async fn delete(&self, _: &Context, _: Broken) -> Result<(), Diagnostics> {
                Ok(())
            }
        }
    };
}

broken!(First, "test_twin");
broken!(Second, "test_twin");

struct Twins;

impl ListResource for Twins {
    type Config = NoConfig;
    type Resource = First;

    async fn list(
        &self,
        _: &Context,
        _: ListRequest<NoConfig>,
        _: ListSink<First>,
    ) -> Result<(), Diagnostics> {
        Ok(())
    }
}

impl Provider for Mistaken {
    type Config = NoConfig;

    async fn configure(&self, _: &Context, _: NoConfig) -> Result<(), Diagnostics> {
        Ok(())
    }

    fn resources(&self) -> Vec<Box<dyn ErasedResource>> {
        vec![Box::new(First), Box::new(Second)]
    }

    fn list_resources(&self) -> Vec<Box<dyn ErasedListResource>> {
        vec![Box::new(Twins)]
    }
}

#[tokio::test]
async fn mistakes_in_what_is_served_are_told_with_the_schema() {
    let stop = Stop::new(CancellationToken::new());
    let server = Server { catalog: Catalog::new(Mistaken), stop };
    let schemas = call!(&server, get_provider_schema, get_provider_schema::Request::default());
    let told: Vec<&str> = schemas.diagnostics.iter().map(|diagnostic| diagnostic.detail.as_str()).collect();
    assert_eq!(told.len(), 3, "{told:?}");
    for (detail, part) in told.iter().zip(["serves test_twin twice", "list resource test_twin", "count"]) {
        assert!(detail.contains(part), "{detail}");
    }
}
