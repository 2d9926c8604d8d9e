//! What is to break, what was asked: the orders of a test and the journal, shared by all connections of a proxy.
//!
//! Decides and remembers; touches no network.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::{Method, StatusCode};
use regex::Regex;
use tokio::sync::watch;

use super::Error;

/// Which requests.
#[derive(Clone, Debug)]
pub struct Matching {
    method: Option<Method>,
    target: Option<Regex>,
    kind: Option<String>,
}

impl Matching {
    /// Every request.
    pub fn any() -> Self {
        Self { method: None, target: None, kind: None }
    }

    /// Requests of this [kind](Request::kind).
    pub fn kind(kind: &str) -> Self {
        Self { kind: Some(kind.to_owned()), ..Self::any() }
    }

    /// Requests whose path and query, as in `/api/v1/pods?watch=true`, contain a match of the regular expression.
    pub fn path(pattern: &str) -> Result<Self, Error> {
        let target = Regex::new(pattern)
            .map_err(|source| Error::Pattern { pattern: pattern.to_owned(), source: Box::new(source) })?;
        Ok(Self { target: Some(target), ..Self::any() })
    }

    /// Only those with this method.
    #[must_use]
    pub fn method(self, method: Method) -> Self {
        Self { method: Some(method), ..self }
    }

    /// Whether a request is meant.
    pub fn fits(&self, request: &Request) -> bool {
        self.method.as_ref().is_none_or(|method| *method == request.method)
            && self.target.as_ref().is_none_or(|target| target.is_match(&request.target))
            && self.kind.as_ref().is_none_or(|kind| *kind == request.kind())
    }
}

/// What happens to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It is answered by the proxy, as an API server that is overloaded or broken does.
    Answer {
        /// The status code.
        status: StatusCode,
        /// Value of the header `Retry-After`, in seconds.
        retry_after: Option<u32>,
    },
    /// It is passed on only after this time.
    Stall(Duration),
    /// It is carried out, but its connection breaks before the answer arrives.
    LoseAnswer,
    /// Its connection breaks before it is carried out.
    Reset,
    /// It waits, and is passed on when the test [releases](super::ApiFaults::release) it.
    Hold,
    /// It is carried out, and its answer waits for the release.
    HoldAnswer,
    /// A watch that is ended by the server at once, as happens after some minutes.
    EndWatch,
    /// A watch whose first event says that its resource version is too old.
    Expire,
}

impl Fault {
    /// 429 with `Retry-After`.
    pub fn too_many_requests(seconds: u32) -> Self {
        Self::Answer { status: StatusCode::TOO_MANY_REQUESTS, retry_after: Some(seconds) }
    }

    /// 500.
    pub fn internal_error() -> Self {
        Self::Answer { status: StatusCode::INTERNAL_SERVER_ERROR, retry_after: None }
    }

    /// 503.
    pub fn unavailable() -> Self {
        Self::Answer { status: StatusCode::SERVICE_UNAVAILABLE, retry_after: None }
    }
}

/// A request that arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// Path and query.
    pub target: String,
    /// The fault that it got.
    pub fault: Option<Fault>,
    /// The status code that the client got, once it did.
    pub status: Option<StatusCode>,
}

impl Request {
    /// Method and path without the names in it: requests of one kind ask the same of the server. A watch and a dry run
    /// are kinds of their own.
    pub fn kind(&self) -> String {
        let (path, query) = self.target.split_once('?').unwrap_or((&self.target, ""));
        let method = if self.is_watch() { "WATCH" } else { self.method.as_str() };
        let dry = if query.contains("dryRun=") { " (dry run)" } else { "" };
        let segments: Vec<&str> = path.trim_matches('/').split('/').collect();
        let (group, rest) = match segments.as_slice() {
            ["api", "v1", rest @ ..] => ("", rest),
            ["apis", group, _, rest @ ..] => (*group, rest),
            _ => return format!("{method} {path}{dry}"),
        };
        let rest = match rest {
            ["namespaces", _, rest @ ..] if !rest.is_empty() => rest,
            rest => rest,
        };
        let Some((plural, rest)) = rest.split_first() else { return format!("{method} {path}{dry}") };
        let name = if rest.is_empty() { "" } else { "/*" };
        let sub = rest.get(1).map(|sub| format!("/{sub}")).unwrap_or_default();
        let dot = if group.is_empty() { "" } else { "." };
        format!("{method} {plural}{dot}{group}{name}{sub}{dry}")
    }

    /// Whether the server is asked to change something.
    pub fn is_write(&self) -> bool {
        self.method != Method::GET
    }

    /// Whether this is a watch.
    pub fn is_watch(&self) -> bool {
        let query = self.target.split_once('?').map_or("", |(_, query)| query);
        query.split('&').any(|pair| matches!(pair, "watch=true" | "watch=1"))
    }
}

/// Orders and journal of one proxy.
#[derive(Debug, Default)]
pub(super) struct Rules {
    orders: Mutex<VecDeque<Order>>,
    journal: watch::Sender<Journal>,
    cuts: watch::Sender<u64>,
    releases: watch::Sender<u64>,
}

/// A fault that is to be played.
#[derive(Debug)]
struct Order {
    matching: Matching,
    fault: Fault,
    /// How many requests that match are spared first.
    spared: u32,
    times: u32,
}

/// The requests so far. Those forgotten still count for the numbers that name requests.
#[derive(Debug, Default)]
struct Journal {
    forgotten: usize,
    requests: Vec<Request>,
}

impl Rules {
    pub(super) fn add(&self, matching: Matching, fault: Fault, times: u32) {
        self.orders().push_back(Order { matching, fault, spared: 0, times });
    }

    pub(super) fn add_at(&self, matching: Matching, spared: u32, fault: Fault) {
        self.orders().push_back(Order { matching, fault, spared, times: 1 });
    }

    pub(super) fn clear(&self) -> u32 {
        self.orders().drain(..).map(|order| order.times).sum()
    }

    pub(super) fn release(&self) {
        self.releases.send_modify(|releases| *releases += 1);
    }

    /// Changes whenever requests that are held go on.
    pub(super) fn releases(&self) -> watch::Receiver<u64> {
        self.releases.subscribe()
    }

    /// Waits until a fault was played; one that lets the request be carried out, until it was.
    pub(super) async fn wait_for_fault(&self) {
        let played = |request: &Request| match request.fault {
            None => false,
            Some(Fault::HoldAnswer) => request.status.is_some(),
            Some(_) => true,
        };
        let _ = self.journal.subscribe().wait_for(|journal| journal.requests.iter().any(played)).await;
    }

    pub(super) fn cut_watches(&self) {
        self.cuts.send_modify(|cuts| *cuts += 1);
    }

    /// Changes whenever watches are to be cut.
    pub(super) fn cuts(&self) -> watch::Receiver<u64> {
        self.cuts.subscribe()
    }

    pub(super) fn requests(&self) -> Vec<Request> {
        self.journal.borrow().requests.clone()
    }

    pub(super) fn forget_requests(&self) {
        self.journal.send_modify(|journal| {
            journal.forgotten += journal.requests.len();
            journal.requests.clear();
        });
    }

    pub(super) async fn wait_for(&self, matching: &Matching, times: usize) {
        let enough = |journal: &Journal| {
            journal.requests.iter().filter(|request| matching.fits(request)).count() >= times
        };
        // The sender is part of `self`, so the channel cannot be closed.
        let _ = self.journal.subscribe().wait_for(enough).await;
    }

    /// Notes a request and says which fault it gets, with the number by which to note its answer.
    pub(super) fn arrive(&self, mut request: Request) -> (usize, Option<Fault>) {
        request.fault = self.take_fault(&request);
        let fault = request.fault;
        let mut number = 0;
        self.journal.send_modify(|journal| {
            number = journal.forgotten + journal.requests.len();
            journal.requests.push(request);
        });
        (number, fault)
    }

    pub(super) fn answer(&self, number: usize, status: StatusCode) {
        self.journal.send_modify(|journal| {
            let index = number.checked_sub(journal.forgotten);
            if let Some(request) = index.and_then(|index| journal.requests.get_mut(index)) {
                request.status = Some(status);
            }
        });
    }

    fn take_fault(&self, request: &Request) -> Option<Fault> {
        let mut orders = self.orders();
        orders.retain(|order| order.times > 0);
        for order in orders.iter_mut().filter(|order| order.matching.fits(request)) {
            if order.spared == 0 {
                order.times -= 1;
                return Some(order.fault);
            }
            order.spared -= 1;
        }
        None
    }

    fn orders(&self) -> MutexGuard<'_, VecDeque<Order>> {
        // No code panics while it holds the lock, and half an order cannot be seen.
        self.orders.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(method: Method, target: &str) -> Request {
        Request { method, target: target.to_owned(), fault: None, status: None }
    }

    #[test]
    fn a_fault_meets_the_matching_requests_only_and_as_often_as_ordered() {
        let rules = Rules::default();
        rules.add(Matching::path("/pods").unwrap().method(Method::GET), Fault::internal_error(), 2);
        rules.add(Matching::any(), Fault::LoseAnswer, 1);

        let fault = |method, target| rules.arrive(request(method, target)).1;
        assert_eq!(fault(Method::GET, "/api/v1/pods"), Some(Fault::internal_error()));
        assert_eq!(fault(Method::POST, "/api/v1/pods"), Some(Fault::LoseAnswer));
        assert_eq!(fault(Method::POST, "/api/v1/pods"), None);
        assert_eq!(fault(Method::GET, "/api/v1/nodes"), None);
        assert_eq!(fault(Method::GET, "/api/v1/pods?limit=1"), Some(Fault::internal_error()));
        assert_eq!(fault(Method::GET, "/api/v1/pods"), None);
        assert_eq!(rules.requests().len(), 6);
    }

    #[test]
    fn a_fault_can_meet_a_later_request_of_a_kind() {
        let rules = Rules::default();
        rules.add_at(Matching::kind("GET pods/*"), 1, Fault::Reset);
        let fault = |method, target| rules.arrive(request(method, target)).1;
        assert_eq!(fault(Method::GET, "/api/v1/namespaces/one/pods/a"), None);
        assert_eq!(fault(Method::GET, "/api/v1/namespaces/one/pods"), None);
        assert_eq!(fault(Method::GET, "/api/v1/namespaces/two/pods/b?x=y"), Some(Fault::Reset));
        assert_eq!(fault(Method::GET, "/api/v1/namespaces/two/pods/b"), None);
    }

    #[test]
    fn a_kind_is_what_is_asked_whatever_the_names() {
        for (method, target, expected) in [
            (Method::GET, "/api/v1/namespaces/one/pods/a", "GET pods/*"),
            (Method::GET, "/api/v1/namespaces/one", "GET namespaces/*"),
            (Method::GET, "/api/v1/namespaces/one/pods/a/exec?command=sh", "GET pods/*/exec"),
            (Method::GET, "/apis/apps/v1/statefulsets?watch=true", "WATCH statefulsets.apps"),
            (
                Method::PATCH,
                "/apis/apps.kubeblocks.io/v1alpha1/namespaces/one/clusters/a?dryRun=All&fieldManager=x",
                "PATCH clusters.apps.kubeblocks.io/* (dry run)",
            ),
            (Method::GET, "/apis/apps.kubeblocks.io/v1alpha1", "GET /apis/apps.kubeblocks.io/v1alpha1"),
            (Method::GET, "/version", "GET /version"),
        ] {
            assert_eq!(request(method, target).kind(), expected);
        }
    }

    #[test]
    fn an_answer_is_noted_with_its_request_even_after_others_were_forgotten() {
        let rules = Rules::default();
        let (first, _) = rules.arrive(request(Method::GET, "/one"));
        rules.forget_requests();
        let (second, _) = rules.arrive(request(Method::GET, "/two"));
        rules.answer(first, StatusCode::OK);
        rules.answer(second, StatusCode::CONFLICT);
        let requests = rules.requests();
        assert_eq!((requests[0].target.as_str(), requests[0].status), ("/two", Some(StatusCode::CONFLICT)));
        assert_eq!(requests.len(), 1);
    }

    #[test]
    fn a_watch_is_known_by_its_query() {
        for (target, expected) in [
            ("/api/v1/pods?watch=true", true),
            ("/api/v1/pods?limit=5&watch=1&timeoutSeconds=290", true),
            ("/api/v1/pods?watch=false", false),
            ("/api/v1/pods?labelSelector=watch%3Dtrue", false),
            ("/api/v1/watch=true", false),
        ] {
            assert_eq!(request(Method::GET, target).is_watch(), expected, "{target}");
        }
    }
}
