//! What becomes of a panic: one log line at level error, and a note for the diagnostic that the call answers with.
//!
//! Only a message that is written in the source is repeated. One that was put together at run time may hold a value
//! of the user's, so of that only the place is told.

use std::cell::RefCell;
use std::panic::PanicHookInfo;

use super::hclog;

thread_local! {
    static LAST_PANIC: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Replaces the standard report, whose text Terraform would take for a crash of a Go program.
pub(super) fn install(name: &str) {
    let module = name.to_owned();
    std::panic::set_hook(Box::new(move |panic| {
        let report = describe(panic);
        hclog::write_error(&module, &format!("the provider panicked {report}"));
        LAST_PANIC.with_borrow_mut(|last| *last = Some(report));
    }));
}

/// Where the last panic on this thread happened, once.
pub(crate) fn take_last_panic() -> Option<String> {
    LAST_PANIC.with_borrow_mut(Option::take)
}

fn describe(panic: &PanicHookInfo<'_>) -> String {
    let place =
        panic.location().map_or_else(|| "at an unknown place".to_owned(), |place| format!("at {place}"));
    match panic.payload().downcast_ref::<&'static str>() {
        Some(message) => format!("{place}: {message}"),
        None => place,
    }
}

#[cfg(test)]
mod tests {
    use std::panic::catch_unwind;

    use super::*;

    #[test]
    fn a_panic_tells_its_place_and_only_a_message_without_values() {
        let before = std::panic::take_hook();
        install("notes");
        let secret = String::from("hunter2");
        let plain = catch_unwind(|| panic!("a plain message"));
        let plain_report = take_last_panic();
        let formatted = catch_unwind(|| panic!("refused {secret}"));
        let formatted_report = take_last_panic();
        std::panic::set_hook(before);

        assert!(plain.is_err() && formatted.is_err());
        let plain_report = plain_report.unwrap();
        assert!(plain_report.contains("panic_report.rs:") && plain_report.ends_with(": a plain message"));
        let formatted_report = formatted_report.unwrap();
        assert!(formatted_report.contains("panic_report.rs:") && !formatted_report.contains("refused"));
        assert_eq!(take_last_panic(), None, "a panic is told once");
    }
}
