//! Who we are to Azure and to its clusters.

use std::time::Duration;

use acceptance_tests::clouds::StandIn;
use kubeblocks_cloud::azure::{ClusterSpec, Config, connect};
use kubeblocks_cloud::{Error, ManagedKubernetes, Proof};
use serde_json::json;

use super::{Azure, config, plain, refusal, spec};

#[tokio::test]
async fn each_proof_of_an_application_is_taken() {
    let azure = Azure::start().await;
    let base = Config { client_secret: None, ..config(&azure.standin) };
    let file = |name: &str| azure.standin.environment().get(name).map(Into::into);
    let proofs = [
        Config { client_certificate_path: file("AZURE_CLIENT_CERTIFICATE_PATH"), ..base.clone() },
        Config { federated_token_file: file("AZURE_FEDERATED_TOKEN_FILE"), ..base.clone() },
    ];
    for proof in proofs {
        let cloud = connect(&proof).await.unwrap();
        assert_eq!(cloud.versions().await.unwrap().len(), 3, "{proof:?}");
    }
    let wrong = Config { client_secret: Some("marker".to_owned()), ..base };
    match connect(&wrong).await.unwrap().versions().await {
        Err(Error::Unauthenticated { message }) => {
            assert!(message.contains("Invalid client secret") && !message.contains("marker"), "{message}");
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_token_serves_many_requests_and_is_renewed_when_azure_says_that_it_is_over() {
    let azure = Azure::start().await;
    azure.cloud.versions().await.unwrap();
    azure.cloud.versions().await.unwrap();
    assert_eq!(azure.count("Token").await, 1);
    azure.standin.advance(Duration::from_hours(2)).await.unwrap();
    azure.cloud.versions().await.unwrap();
    assert_eq!(azure.count("Token").await, 2);
    // A refusal that a new token does not help against is told.
    azure
        .play("ManagedClusters_ListKubernetesVersions", 9, 401, refusal("InvalidAuthenticationToken", "no"))
        .await;
    match azure.cloud.versions().await {
        Err(Error::Unauthenticated { message }) => assert!(message.contains("InvalidAuthenticationToken")),
        other => panic!("{other:?}"),
    }
    assert_eq!(azure.count("Token").await, 3);
}

#[tokio::test]
async fn a_cluster_with_local_accounts_is_entered_by_a_certificate_and_one_without_by_a_token() {
    let azure = Azure::start().await;
    let (id, _) = azure.make(&plain("local")).await;
    let (credentials, asked) = azure.requests(azure.cloud.credentials(&id)).await;
    assert_eq!(asked.len(), 1);
    let credentials = credentials.unwrap();
    let life = credentials.expires_at.duration_since(std::time::SystemTime::now()).unwrap();
    assert!(life > Duration::from_hours(24 * 700), "{life:?}");
    assert!(matches!(credentials.proof, Proof::Certificate { .. }));

    let group = azure.standin.environment()["STANDIN_ENTRA_GROUP_ID"].clone();
    let wish = ClusterSpec {
        disable_local_accounts: true,
        admin_group_object_ids: vec![group.clone()],
        ..plain("entra")
    };
    let (id, _) = azure.make(&wish).await;
    let observed = azure.cloud.observe(&id).await.unwrap().unwrap();
    assert!(observed.endpoint.is_some() && observed.ca_certificate.is_some());
    let credentials = azure.cloud.credentials(&id).await.unwrap();
    let Proof::Token(token) = credentials.proof else { panic!("no token") };
    let told = review(&azure.standin, &token).await;
    assert_eq!(told["authenticated"], true, "{told}");
    assert_eq!(told["user"]["groups"], json!([group]));
    azure.standin.advance(Duration::from_hours(2)).await.unwrap();
    assert_eq!(review(&azure.standin, &token).await["authenticated"], false);

    let missing = azure.cloud.cluster_id(&spec("missing"));
    assert!(matches!(azure.cloud.credentials(&missing).await, Err(Error::NotFound { .. })));
}

/// What an API server would be told of a token.
async fn review(standin: &StandIn, token: &str) -> serde_json::Value {
    let pem = std::fs::read(standin.ca_file().unwrap()).unwrap();
    let authority = reqwest::Certificate::from_pem(&pem).unwrap();
    let http = reqwest::Client::builder().no_proxy().tls_certs_merge([authority]).build().unwrap();
    let url = format!("{}/__control/tokenreview", standin.endpoint());
    let answer = http.post(url).json(&json!({"spec": {"token": token}})).send().await.unwrap();
    let review: serde_json::Value = answer.json().await.unwrap();
    review["status"].clone()
}
