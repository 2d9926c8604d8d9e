//! What the actions share: the way to the database, the wait, the progress that Terraform shows. Each of them is an
//! [`OperationAction`] of its arguments.

use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use tfplugin::action::Action;
use tfplugin::prelude::*;
use tfplugin::timeouts::{DurationError, parse_duration};
use tokio::sync::mpsc;

use crate::kubeblocks::operation::diagnostic::{Attributes, diagnostic, refused, unsupported};
use crate::kubeblocks::operation::{About, Listener, Operation, Request, foresee, run};
use crate::kubernetes_attribute::KubernetesConnection;
use crate::provider::{Reach, Shared};
use crate::resources::ops_request::convert::path_below;
use crate::wait::{Limits, PLAN_LOOK, at_most};

/// How long the object of a successful action stays to be looked at. Nothing else removes it.
const KEEP: Duration = Duration::from_hours(24);

/// Where an operation is to be done, and how long it may take.
pub struct Place<'a> {
    pub(super) kubernetes: &'a Value<KubernetesConnection>,
    pub(super) namespace: &'a Value<String>,
    pub(super) cluster: &'a Value<String>,
    pub(super) timeout: &'a Value<String>,
}

/// The arguments of an action that does one operation on a database.
pub trait Arguments: TerraformSchema + Send + Sync + 'static {
    /// Full type name of the action.
    const TYPE_NAME: &'static str;
    /// What is said first when it cannot be done.
    const SUMMARY: &'static str;

    /// Where it is to be done.
    fn place(&self) -> Place<'_>;

    /// The operation, when all of it is known.
    fn operation(&self) -> Option<Operation>;

    /// Checks of several arguments together.
    fn check(&self, _diagnostics: &mut Diagnostics) {}
}

/// The action with these arguments.
#[derive(Debug)]
pub struct OperationAction<A> {
    shared: Arc<Shared>,
    arguments: PhantomData<fn() -> A>,
}

impl<A> OperationAction<A> {
    /// The action of a provider.
    pub fn new(shared: Arc<Shared>) -> Self {
        Self { shared, arguments: PhantomData }
    }
}

impl<A: Arguments> Action for OperationAction<A> {
    type Config = A;

    const TYPE_NAME: &'static str = A::TYPE_NAME;

    fn validate(&self, config: &A, diagnostics: &mut Diagnostics) {
        if let Some(kubernetes) = config.place().kubernetes.known() {
            kubernetes.validate(&Path::attribute("kubernetes"), diagnostics);
        }
        config.check(diagnostics);
    }

    async fn plan(&self, context: &Context, config: A) -> Result<(), Diagnostics> {
        Invocation::of(&config).plan(&self.shared, context).await
    }

    async fn invoke(
        &self,
        context: &Context,
        config: A,
        progress: mpsc::Sender<String>,
    ) -> Result<(), Diagnostics> {
        Box::pin(Invocation::of(&config).invoke(&self.shared, context, progress)).await
    }
}

/// An invocation, as far as it is known.
struct Invocation<'a> {
    summary: &'static str,
    place: Place<'a>,
    operation: Option<Operation>,
}

/// How the arguments of an action are called.
struct Names<'a>(&'a Operation);

impl Attributes for Names<'_> {
    fn path(&self, about: &About) -> Path {
        path_below(&Path::root(), about, self.0)
    }

    fn timeout(&self) -> &'static str {
        "timeout"
    }

    fn again(&self) -> &'static str {
        "Invoke the action again to do it once more."
    }
}

/// Sends what it is told to Terraform.
struct Sender(mpsc::Sender<String>);

impl Listener for Sender {
    fn says(&self, text: &str) {
        tracing::info!("{text}");
        // When Terraform is slow to take them, some of many lines may go; the last one is said by the end.
        let _ = self.0.try_send(text.to_owned());
    }

    fn submitted(&self, name: &str) {
        self.says(&format!("OpsRequest {name} is submitted"));
    }
}

impl<'a> Invocation<'a> {
    fn of<A: Arguments>(config: &'a A) -> Self {
        Self { summary: A::SUMMARY, place: config.place(), operation: config.operation() }
    }

    fn known(&self) -> Option<(&str, &str, &Operation)> {
        Some((self.place.namespace.known()?, self.place.cluster.known()?, self.operation.as_ref()?))
    }

    /// Refuses what cannot be done as things are. A database that is not there yet may be so when it is invoked.
    async fn plan(&self, shared: &Shared, context: &Context) -> Result<(), Diagnostics> {
        let Some((namespace, cluster, operation)) = self.known() else { return Ok(()) };
        let Reach::Known(connection) = shared.reach(self.place.kubernetes) else { return Ok(()) };
        // What stands against the Kubernetes cluster the invocation will say.
        let Ok(client) = shared.client(&connection).await else { return Ok(()) };
        let request = Request { namespace, cluster, operation, run: "", keep: None };
        let client = client.obeying(context.stop());
        let Some(Ok(foreseen)) = at_most(PLAN_LOOK, Box::pin(foresee(&client, &request))).await else {
            return Ok(());
        };
        if let Some(reason) = &foreseen.unsupported {
            context.warn(unsupported(reason, &Names(operation)));
        }
        let Some(refusal) = foreseen.refusal else { return Ok(()) };
        let mut found = refused(self.summary, &refusal, &Names(operation));
        found.severity = tfplugin::diagnostic::Severity::Warning;
        found.detail.push_str("\n\nWhen that changes before the action is invoked, all is well.");
        context.warn(found);
        Ok(())
    }

    /// Does it.
    async fn invoke(
        &self,
        shared: &Shared,
        context: &Context,
        progress: mpsc::Sender<String>,
    ) -> Result<(), Diagnostics> {
        let Some((namespace, cluster, operation)) = self.known() else {
            let text = "A part of it is not known. This is a bug in the provider; please report it.";
            return Err(Diagnostic::error(self.summary, text).into());
        };
        let given = self.place.timeout.known().and_then(|text| parse_duration(text).ok());
        let limits = Limits::new(given.unwrap_or(operation.default_timeout()), context.stop());
        let client = shared.client_for(self.place.kubernetes, self.summary).await?;
        let request = Request { namespace, cluster, operation, run: "action", keep: Some(KEEP) };
        let claimed = format!("opsrequest/{}", request.key());
        let Some(_claim) = shared.claim(&client.endpoint(), namespace, &claimed) else {
            let text =
                format!("Another action does the same to {cluster} at this moment, with the same arguments.");
            return Err(Diagnostic::error(self.summary, text).into());
        };
        let sender = Sender(progress);
        match run(&client, &request, &limits, &sender).await {
            Ok(outcome) => {
                if !outcome.message.is_empty() {
                    sender.says(&outcome.message);
                }
                Ok(())
            }
            Err(error) => Err(diagnostic(self.summary, &error, &Names(operation)).into()),
        }
    }
}

#[allow(clippy::ptr_arg, reason = "the schema hands over what the attribute holds")]
pub(super) fn duration(text: &String) -> Result<(), DurationError> {
    parse_duration(text).map(drop)
}
