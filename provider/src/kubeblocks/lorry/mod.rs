//! Accounts of a database, which exist in the engine alone: lorry, the helper in each pod of a database, makes them.
//!
//! `instance` (which pod) -> [`engine`] and [`protocol`] (pure: what is said) -> [`Lorry`] (says it, with curl in the helper's
//! container: the argv is the same whatever is asked, the request is its standard input).

pub mod engine;
pub mod error;
pub mod instance;
pub mod protocol;

use std::time::Duration;

use kubeblocks_schemas::v1alpha1::Cluster;
use tokio::time::Instant;

pub use engine::{Engine, Role};
pub use error::LorryError;
use instance::{Instance, Standing};
use protocol::{Call, Refusal, User};

use crate::helm::redact::Redaction;
use crate::kubernetes::{Client, Error};
use crate::wait::{Limits, pause};

/// What curl gives a request. An engine makes an account within a second.
const REQUEST_SECONDS: &str = "20";
/// What the whole command is given.
const COMMAND_LIMIT: Duration = Duration::from_secs(30);
/// How soon a database that is not ready is looked at again.
const ASK_AGAIN_AFTER: Duration = Duration::from_secs(2);

/// The helper of one component of a database.
#[derive(Clone, Debug)]
pub struct Lorry {
    client: Client,
    engine: Engine,
    instance: Instance,
    limits: Limits,
}

impl Lorry {
    /// The helper beside the instance that takes writes. Waits for one as long as the limits allow and the database is not
    /// stopped or going.
    pub async fn reach(
        client: &Client,
        cluster: &Cluster,
        component: &str,
        engine: Engine,
        limits: &Limits,
    ) -> Result<Self, LorryError> {
        let client = client.obeying(&limits.stop);
        let namespace = cluster.metadata.namespace.clone().unwrap_or_default();
        let name = cluster.metadata.name.clone().unwrap_or_default();
        loop {
            let current =
                client.get_opt::<Cluster>(Some(&namespace), &name).await.map_err(LorryError::api)?;
            let why = match &current {
                None => return Err(LorryError::Never { why: "it is gone".to_owned() }),
                Some(cluster) => match instance::find(&client, cluster, component).await {
                    Ok(Standing::Ready(instance)) => {
                        return Ok(Self { client, engine, instance, limits: limits.clone() });
                    }
                    Ok(Standing::Later(why)) => why,
                    Ok(Standing::Never(why)) => return Err(LorryError::Never { why }),
                    Err(error) => return Err(LorryError::api(error)),
                },
            };
            again(limits, why).await?;
        }
    }

    /// All accounts but those that the operator makes. Some engines do not tell their roles here.
    pub async fn list(&self) -> Result<Vec<User>, LorryError> {
        protocol::users(&self.call(&Call::list(), &Redaction::default()).await?)
    }

    /// The account of that name.
    pub async fn find(&self, name: &str) -> Result<Option<User>, LorryError> {
        let Some(found) = self.list().await?.into_iter().find(|user| user.name == name) else {
            return Ok(None);
        };
        self.with_role(found).await
    }

    /// An account of the list with its role, which is another question where the list does not tell it. Nothing when the
    /// account has gone in between.
    pub async fn with_role(&self, listed: User) -> Result<Option<User>, LorryError> {
        if self.engine.lists_roles() {
            return Ok(Some(listed));
        }
        match self.call(&Call::describe(&listed.name), &Redaction::default()).await {
            Ok(answer) => Ok(protocol::users(&answer)?
                .into_iter()
                .next()
                .map(|user| User { name: listed.name, ..user })),
            Err(error) => match self.list().await? {
                users if users.iter().any(|user| user.name == listed.name) => Err(error),
                _ => Ok(None),
            },
        }
    }

    /// Makes an account, which may do nothing yet.
    pub async fn create(&self, name: &str, password: &str) -> Result<(), LorryError> {
        self.with_password(&self.engine.create(name, password), password).await
    }

    /// Gives an account another password. Sessions, and what belongs to it, stay.
    pub async fn set_password(&self, name: &str, password: &str) -> Result<(), LorryError> {
        self.with_password(&self.engine.set_password(name, password), password).await
    }

    /// Gives an account a role in the place of the one that it has.
    pub async fn set_role(&self, name: &str, current: Option<&str>, wanted: Role) -> Result<(), LorryError> {
        for call in self.engine.change_role(name, current, wanted) {
            self.call(&call, &Redaction::default()).await?;
        }
        Ok(())
    }

    /// Removes an account. One that is not there is a success.
    pub async fn delete(&self, name: &str) -> Result<(), LorryError> {
        self.call(&Call::delete(name), &Redaction::default()).await.map(drop)
    }

    async fn with_password(&self, call: &Call, password: &str) -> Result<(), LorryError> {
        self.call(call, &protocol::redaction(password, call)).await.map(drop)
    }

    /// The message of the answer. What is refused is said without the secrets.
    async fn call(&self, call: &Call, secrets: &Redaction) -> Result<String, LorryError> {
        loop {
            match protocol::message(&self.send(call, secrets).await?, secrets) {
                Ok(message) => return Ok(message),
                Err(Refusal::NotReady) => {
                    again(&self.limits, "its engine does not answer yet".to_owned()).await?;
                }
                Err(Refusal::NotImplemented) => {
                    return Err(LorryError::NotImplemented { operation: call.operation });
                }
                Err(Refusal::Failed { message }) => {
                    return Err(LorryError::Refused { operation: call.operation, message });
                }
            }
        }
    }

    async fn send(&self, call: &Call, secrets: &Redaction) -> Result<String, LorryError> {
        let Instance { container, port } = &self.instance;
        let url = format!("http://127.0.0.1:{port}/v1.0/bindings/{}", self.engine.character());
        let argv = [
            "curl",
            "--silent",
            "--show-error",
            "--noproxy",
            "*",
            "--max-time",
            REQUEST_SECONDS,
            "--request",
            "POST",
            "--header",
            "Content-Type: application/json",
            "--data-binary",
            "@-",
            &url,
        ];
        let body = call.body();
        tracing::debug!(pod = %container.pod, operation = call.operation, "asking lorry");
        let ran = self.client.exec(container, &argv, body.as_bytes(), COMMAND_LIMIT).await;
        let output = ran.map_err(|source| LorryError::Exec { pod: container.pod.clone(), source })?;
        if output.code != 0 {
            let said = String::from_utf8_lossy(&output.stderr);
            return Err(LorryError::Curl {
                pod: container.pod.clone(),
                code: output.code,
                said: secrets.apply(said.trim()),
            });
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }
}

/// Lets a moment pass before the next look, or says why it was waited in vain.
async fn again(limits: &Limits, why: String) -> Result<(), LorryError> {
    if Instant::now() + ASK_AGAIN_AFTER > limits.deadline {
        return Err(LorryError::TimedOut { why, waited: limits.waited() });
    }
    pause(ASK_AGAIN_AFTER, &limits.stop).await.map_err(|_| LorryError::api(Error::Interrupted))
}
