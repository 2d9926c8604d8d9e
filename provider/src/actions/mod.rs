//! Actions: operations on databases that practitioners invoke, one file each. `invoke` is what they share. The same can be
//! done by the resource `kubeblocks_ops_request` where there are no actions.

mod backup_now;
mod invoke;
mod restart;
mod script;
mod start;
mod stop;
mod switchover;

pub use backup_now::BackupNowAction;
pub use restart::RestartAction;
pub use script::ScriptAction;
pub use start::StartAction;
pub use stop::StopAction;
pub use switchover::SwitchoverAction;
