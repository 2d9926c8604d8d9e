//! The memory of this process, in which credentials are while they are used: no core dump holds it, and no other process of
//! the same user reads it.
//!
//! What the system refuses stays as it was: a provider that works is worth more, and nothing rests on this alone.

/// Takes core dumps away from this process and from all that it starts.
pub fn forbid_core_dumps() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, setrlimit};
        let none = Rlimit { current: Some(0), maximum: Some(0) };
        let _ = setrlimit(Resource::Core, none);
    }
}

/// Takes the memory and the environment of this process away from other processes of the same user, on Linux. Root may
/// still look.
pub fn close_to_other_processes() {
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{DumpableBehavior, set_dumpable_behavior};
        let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    }
}
