//! The memory of this process, in which credentials are while they are used: no core dump holds it, and no other process of
//! the same user reads it.

/// Takes core dumps away from this process and from all that it starts, and on Linux its memory and environment from other
/// processes of the same user. Root may still look.
///
/// What the system refuses stays as it was: a provider that works is worth more, and nothing rests on this alone.
pub fn keep_private() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, setrlimit};
        let none = Rlimit { current: Some(0), maximum: Some(0) };
        let _ = setrlimit(Resource::Core, none);
    }
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{DumpableBehavior, set_dumpable_behavior};
        let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    }
}
