//! The progress details of an operation: one entry per object, with times and events on every change.
//!
//! Pure but for the clock.

use crate::operator::api::{OpsComponentStatus, ProgressDetail};
use crate::operator::conditions::now;
use crate::operator::events::Severity;

/// An event that a change of progress brings.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Report {
    pub(super) severity: Severity,
    pub(super) reason: &'static str,
    pub(super) message: String,
}

/// Notes the state of one object. What has failed stays failed until it succeeds.
pub(super) fn note(
    component: &mut OpsComponentStatus,
    key: &str,
    status: &str,
    message: String,
) -> Option<Report> {
    let details = &mut component.progress_details;
    let index = details.iter().position(|known| known.object_key == key).unwrap_or_else(|| {
        details.push(ProgressDetail { object_key: key.to_owned(), ..ProgressDetail::default() });
        details.len() - 1
    });
    let known = details.get_mut(index)?;
    let is_unchanged = known.status == status && known.message == message;
    let is_final = known.status == "Failed" && status != "Succeed";
    if is_unchanged || is_final {
        return None;
    }
    status.clone_into(&mut known.status);
    known.message.clone_from(&message);
    if status == "Processing" && known.start_time.is_none() {
        known.start_time = Some(now());
    }
    if ["Succeed", "Failed"].contains(&status) && known.end_time.is_none() {
        known.end_time = Some(now());
    }
    let (severity, reason) = match status {
        "Succeed" => (Severity::Normal, "Succeed"),
        "Processing" => (Severity::Normal, "Processing"),
        "Failed" => (Severity::Warning, "Failed"),
        _ => return None,
    };
    Some(Report { severity, reason, message })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_detail_reports_changes_once_and_failure_is_left_only_by_success() {
        let mut component = OpsComponentStatus::default();
        let mut note = |status: &str, message: &str| {
            note(&mut component, "Pod/db-0", status, message.to_owned()).map(|report| report.reason)
        };
        assert_eq!(note("Pending", ""), None);
        assert_eq!(note("Processing", "start"), Some("Processing"));
        assert_eq!(note("Processing", "start"), None);
        assert_eq!(note("Failed", "no room"), Some("Failed"));
        assert_eq!(note("Processing", "start"), None);
        assert_eq!(note("Succeed", "done"), Some("Succeed"));
        assert_eq!(component.progress_details.len(), 1);
        let detail = &component.progress_details[0];
        assert!(detail.start_time.is_some() && detail.end_time.is_some());
        assert_eq!(detail.status, "Succeed");
    }
}
