//! The roles of `examples/permissions`: each is bound to an account that then lives a feature's whole life. The API server's
//! record shows that nothing was missing and that no right is superfluous.

mod account;
pub(crate) mod clouds;
mod databases;
mod platform;

use account::Account;

use crate::hcl;
use crate::terraform::Workspace;

/// What is applied, changed and destroyed with the rights of an account. Each apply is followed by an empty plan of the
/// account that only reads, and so is each destroy preceded by its plan.
async fn live(account: &Account<'_>, workspace: &Workspace, configurations: &[String]) {
    for configuration in configurations {
        workspace.write("main.tf", configuration);
        as_reader(account, workspace).plan().await.succeeded();
        as_writer(account, workspace).apply().await.succeeded();
        as_reader(account, workspace).plan_is_empty().await;
    }
    as_reader(account, workspace).run(["plan", "-destroy", "-no-color", "-input=false"]).await.succeeded();
    as_writer(account, workspace).destroy().await.succeeded();
}

fn as_reader<'a>(account: &Account<'_>, workspace: &'a Workspace) -> &'a Workspace {
    workspace.write("provider.tf", hcl::provider(&account.reader()))
}

fn as_writer<'a>(account: &Account<'_>, workspace: &'a Workspace) -> &'a Workspace {
    workspace.write("provider.tf", hcl::provider(&account.kubeconfig()))
}
