//! Pages, and what is found on them.

use std::sync::Mutex;

use kubeblocks_cloud::{ClusterId, Error, Listed, Page, PageRequest};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::ack::AckClusterSearch;
use super::*;
use crate::provider::Shared;
use crate::resources::ack_cluster::AckCluster;
use crate::resources::eks_cluster::{EksCluster, EksClusterIdentity};
use crate::resources::managed::cluster::ClusterResource;

type Resource = ClusterResource<EksCluster>;

/// Pages of names; what was asked is kept.
#[derive(Default)]
struct Book {
    pages: Vec<Vec<&'static str>>,
    missing: Vec<String>,
    ends_with: Option<Error>,
    asked: Mutex<Vec<PageRequest>>,
}

impl Pages for &Book {
    type Id = ClusterId;

    async fn page(&self, request: &PageRequest) -> Result<Page<ClusterId>, Error> {
        self.asked.lock().unwrap().push(request.clone());
        let number: usize = request.after.as_ref().map_or(0, |after| after.parse().unwrap());
        let Some(names) = self.pages.get(number) else {
            return Err(Error::PermissionDenied {
                action: "eks:ListClusters".to_owned(),
                message: "no".to_owned(),
            });
        };
        let is_last = number + 1 == self.pages.len() && self.ends_with.is_none();
        Ok(Page {
            found: names.iter().map(|name| listed(ClusterId((*name).to_owned()), name)).collect(),
            next: (!is_last).then(|| (number + 1).to_string()),
            missing: self.missing.clone(),
        })
    }
}

fn listed<I>(id: I, name: &str) -> Listed<I> {
    Listed { id, name: name.to_owned(), region: None, is_marked: None }
}

/// What is sent of a book to somebody who stops listening after `enough`, and what is told beside it.
async fn sent(
    book: &Book,
    limit: i64,
    enough: usize,
    stop: CancellationToken,
) -> (Vec<String>, Diagnostics, Result<(), Diagnostics>) {
    let (sink, mut items) = mpsc::channel(1);
    let resource = Resource::new(Shared::new());
    let context = Context::new(stop);
    let summary = "Cannot list the EKS clusters".to_owned();
    let wanted = Wanted { resource: &resource, context: &context, with_state: false, limit, summary, sink };
    let sending = wanted.send_all(book, |listed| {
        if listed.name == "odd" {
            return Err(Diagnostic::error("Cannot import the EKS cluster", "It is odd."));
        }
        let identity = EksClusterIdentity {
            region: Value::Known("eu-central-1".to_owned()),
            name: Value::Known(listed.name.clone()),
        };
        Ok(Found { identity, id: listed.id.0.clone(), namespace: None, name: listed.name.clone() })
    });
    let taking = async move {
        let mut names = Vec::new();
        while names.len() < enough
            && let Some(item) = items.recv().await
        {
            names.push(item.display_name);
        }
        names
    };
    let (outcome, names) = tokio::join!(sending, taking);
    (names, context.take_warnings(), outcome)
}

#[tokio::test]
async fn all_pages_are_read_and_what_cannot_be_named_or_found_is_warned_of() {
    let book = Book {
        pages: vec![vec!["a", "odd"], vec![], vec!["b"]],
        missing: vec!["europe-west4-a".to_owned()],
        ..Book::default()
    };
    let (names, warnings, outcome) = sent(&book, 0, usize::MAX, CancellationToken::new()).await;
    assert_eq!((names, outcome), (vec!["a".to_owned(), "b".to_owned()], Ok(())));
    let told: Vec<String> = warnings.iter().map(|found| found.detail.clone()).collect();
    let odd = "kubeblocks_eks_cluster odd is left out. Cannot import the EKS cluster: It is odd.";
    assert!(told.iter().any(|detail| detail == odd), "{told:?}");
    assert_eq!(told.iter().filter(|detail| detail.contains("europe-west4-a")).count(), 3, "{told:?}");
    let asked = book.asked.lock().unwrap();
    let after: Vec<Option<&str>> = asked.iter().map(|request| request.after.as_deref()).collect();
    assert_eq!(after, [None, Some("1"), Some("2")]);
    assert!(asked.iter().all(|request| request.at_most.is_none()));
}

#[tokio::test]
async fn a_limit_ends_the_search_early() {
    let book = Book { pages: vec![vec!["a"], vec!["b"], vec!["c"]], ..Book::default() };
    let (names, _, outcome) = sent(&book, 1, 1, CancellationToken::new()).await;
    assert_eq!((names, outcome), (vec!["a".to_owned()], Ok(())));
    let asked = book.asked.lock().unwrap();
    assert_eq!(*asked, [PageRequest { after: None, at_most: Some(1) }]);
}

#[tokio::test]
async fn what_was_found_before_a_refusal_is_found_all_the_same() {
    let ends_with = Some(Error::Throttled { retry_after: None });
    let book = Book { pages: vec![vec!["a"]], ends_with, ..Book::default() };
    let (names, _, outcome) = sent(&book, 0, usize::MAX, CancellationToken::new()).await;
    assert_eq!(names, ["a"]);
    let errors = outcome.unwrap_err();
    let error = errors.iter().next().unwrap();
    assert_eq!(error.summary, "Cannot list the EKS clusters");
    assert!(error.detail.contains("Not allowed to eks:ListClusters: no."), "{}", error.detail);
}

#[tokio::test]
async fn an_interrupt_ends_the_search() {
    let stop = CancellationToken::new();
    stop.cancel();
    let book = Book { pages: vec![vec!["a"]], ..Book::default() };
    let (names, _, outcome) = sent(&book, 0, usize::MAX, stop).await;
    assert!(names.is_empty());
    assert!(outcome.unwrap_err().has_errors());
}

#[test]
fn a_region_or_all_of_them_are_searched() {
    let region = Value::Known("cn-beijing".to_owned());
    for (region, all_regions, is_clear) in [
        (region.clone(), Value::Null, true),
        (region.clone(), Value::Known(false), true),
        (Value::Null, Value::Known(true), true),
        (Value::Unknown, Value::Known(true), true),
        (region, Value::Known(true), false),
    ] {
        let mut diagnostics = Diagnostics::new();
        AckCluster::validate_search(&AckClusterSearch { region, all_regions }, &mut diagnostics);
        assert_eq!(diagnostics.is_empty(), is_clear);
    }
}

#[test]
fn a_name_is_shown_where_the_id_does_not_hold_it() {
    let table = [
        ("orders", "orders", "orders"),
        ("orders/db", "db", "orders/db"),
        ("cn-hangzhou/c1", "orders", "orders (cn-hangzhou/c1)"),
    ];
    for (id, name, expected) in table {
        assert_eq!(display(id, name), expected);
    }
}
