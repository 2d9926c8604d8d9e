//! Real control planes behind what a cloud makes: nodes, volumes, load balancers, tokens and certificates.

use std::time::Duration;

use acceptance_tests::clouds::{Cloud, ManagedWorld, WorldOptions};
use acceptance_tests::{control_plane, tools};
use base64::Engine as _;
use k8s_openapi::api::core::v1::{Namespace, Node, PersistentVolume, PersistentVolumeClaim, Pod, Service};
use k8s_openapi::api::storage::v1::StorageClass;
use kube::api::{Api, DeleteParams, ListParams, Patch, PatchParams, PostParams};
use kube::runtime::wait::{Condition, await_condition};
use kube::{Client, ResourceExt};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// A limit for what takes a second or two; wide, because machines of tests are busy.
const LIMIT: Duration = Duration::from_mins(2);
/// What tokens for the Kubernetes APIs of AKS are for.
const KUBERNETES: &str = "6dae42f8-4368-4678-94ff-3960e28e3630";
const MANAGEMENT: &str = "https://management.azure.com";
const GROUP: &str = "resourceGroups/orders-rg?api-version=2024-03-01";

/// Azure as an application with all rights sees it.
struct Azure<'a> {
    world: &'a ManagedWorld,
    http: reqwest::Client,
}

impl<'a> Azure<'a> {
    fn new(world: &'a ManagedWorld) -> Self {
        let pem = std::fs::read(world.stand_in().ca_file().unwrap()).unwrap();
        let authority = reqwest::Certificate::from_pem(&pem).unwrap();
        let http = reqwest::Client::builder().no_proxy().tls_certs_merge([authority]).build().unwrap();
        Self { world, http }
    }

    fn variable(&self, name: &str) -> &str {
        &self.world.stand_in().environment()[name]
    }

    async fn token(&self, audience: &str) -> String {
        let url = format!(
            "{}/{}/oauth2/v2.0/token",
            self.world.stand_in().endpoint(),
            self.variable("AZURE_TENANT_ID")
        );
        let form = format!(
            "grant_type=client_credentials&client_id={}&client_secret={}&scope={audience}/.default",
            self.variable("AZURE_CLIENT_ID"),
            self.variable("AZURE_CLIENT_SECRET"),
        );
        let request = self.http.post(url).header("content-type", "application/x-www-form-urlencoded");
        let answer: Value = request.body(form).send().await.unwrap().json().await.unwrap();
        answer["access_token"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned()
    }

    async fn ask(&self, method: reqwest::Method, path: &str, body: &Value) -> Value {
        let subscription = self.variable("AZURE_SUBSCRIPTION_ID");
        let url = format!("{}/subscriptions/{subscription}/{path}", self.world.stand_in().endpoint());
        let request = self.http.request(method, url).bearer_auth(self.token(MANAGEMENT).await);
        let answer = request.json(body).send().await.unwrap();
        let (status, text) = (answer.status(), answer.text().await.unwrap());
        assert!(status.is_success(), "{path}: {status} {text}");
        serde_json::from_str(&text).unwrap_or_default()
    }

    /// Makes a Kubernetes cluster that takes tokens of the application, and waits until it is there.
    async fn make(&self, name: &str) {
        self.ask(reqwest::Method::PUT, GROUP, &json!({ "location": "westeurope" })).await;
        let cluster = json!({
            "location": "westeurope",
            "identity": { "type": "SystemAssigned" },
            "properties": {
                "dnsPrefix": name,
                "kubernetesVersion": "1.34",
                "aadProfile": {
                    "managed": true,
                    "adminGroupObjectIDs": [self.variable("STANDIN_ENTRA_GROUP_ID")],
                },
                "agentPoolProfiles": [{
                    "name": "system",
                    "mode": "System",
                    "count": 2,
                    "vmSize": "Standard_D4s_v5",
                    "osType": "Linux",
                    "availabilityZones": ["1", "2"],
                }],
            },
        });
        self.ask(reqwest::Method::PUT, &path(name, ""), &cluster).await;
        self.world.stand_in().settle().await.unwrap();
    }

    /// A client with the certificate of the cluster's administrator, as the cloud hands it out.
    async fn administrator(&self, name: &str) -> Client {
        let path = path(name, "/listClusterAdminCredential");
        let answer = self.ask(reqwest::Method::POST, &path, &Value::Null).await;
        let encoded = answer["kubeconfigs"][0]["value"].as_str().unwrap();
        let text = base64::engine::general_purpose::STANDARD.decode(encoded).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("kubeconfig");
        std::fs::write(&file, text).unwrap();
        control_plane::client(&file).await.unwrap()
    }

    async fn remove(&self, name: &str) {
        self.ask(reqwest::Method::DELETE, &path(name, ""), &Value::Null).await;
        self.world.stand_in().settle().await.unwrap();
    }
}

fn path(cluster: &str, rest: &str) -> String {
    format!(
        "resourceGroups/orders-rg/providers/Microsoft.ContainerService/managedClusters/{cluster}{rest}?api-version=2026-05-01"
    )
}

fn object<K: DeserializeOwned>(content: Value) -> K {
    serde_json::from_value(content).unwrap()
}

#[track_caller]
fn until<'a, K>(
    api: &'a Api<K>,
    name: &'a str,
    condition: impl Condition<K> + 'a,
) -> impl Future<Output = Option<K>> + 'a
where
    K: kube::Resource + Clone + std::fmt::Debug + Send + DeserializeOwned + 'static,
{
    let caller = std::panic::Location::caller();
    async move {
        let waiting = Box::pin(await_condition(api.clone(), name, condition));
        let Ok(found) = tokio::time::timeout(LIMIT, waiting).await else {
            panic!("{caller}: still not so: {:#?}", api.get_opt(name).await);
        };
        found.unwrap()
    }
}

fn is_ready(node: &Node) -> bool {
    let spec = node.spec.clone().unwrap_or_default();
    let conditions = node.status.clone().and_then(|status| status.conditions).unwrap_or_default();
    spec.taints.unwrap_or_default().is_empty()
        && conditions.iter().any(|condition| condition.type_ == "Ready" && condition.status == "True")
}

#[tokio::test]
async fn a_cluster_of_a_cloud_is_a_real_one_and_leaves_nothing_to_the_next() {
    let world = ManagedWorld::start(WorldOptions::new(Cloud::Azure)).await.unwrap();
    let azure = Azure::new(&world);
    azure.make("orders").await;
    let client = azure.administrator("orders").await;
    nodes_join(&client).await;
    volumes_follow_the_drivers_of_the_cloud(&client).await;
    services_get_addresses(&client).await;
    tokens_are_reviewed_by_the_cloud(&azure, &world).await;
    certificates_end(&world).await;

    let namespaces: Api<Namespace> = Api::all(client.clone());
    let shop = object(json!({ "metadata": { "name": "shop", "finalizers": ["example.com/never"] } }));
    namespaces.create(&PostParams::default(), &shop).await.unwrap();
    azure.remove("orders").await;

    azure.make("invoices").await;
    let client = azure.administrator("invoices").await;
    let nodes = Api::<Node>::all(client.clone()).list(&ListParams::default()).await.unwrap();
    assert_eq!(nodes.iter().filter(|node| node.name_any().contains("system")).count(), 2);
    assert!(nodes.iter().any(|node| node.name_any() == "addon-jobs"));
    let namespaces: Api<Namespace> = Api::all(client.clone());
    assert!(namespaces.get_opt("shop").await.unwrap().is_none());
    let claims =
        Api::<PersistentVolumeClaim>::all(client.clone()).list(&ListParams::default()).await.unwrap();
    assert!(claims.items.is_empty());
}

async fn nodes_join(client: &Client) {
    let api: Api<Node> = Api::all(client.clone());
    let pool = ListParams::default().labels("kubernetes.azure.com/agentpool=system");
    let nodes = api.list(&pool).await.unwrap();
    assert_eq!(nodes.items.len(), 2);
    for node in &nodes {
        let ready = until(&api, &node.name_any(), |node: Option<&Node>| node.is_some_and(is_ready)).await;
        let ready = ready.unwrap();
        assert!(ready.labels()["topology.kubernetes.io/zone"].starts_with("westeurope-"));
        assert!(ready.spec.unwrap().provider_id.unwrap().starts_with("azure:///"));
    }
}

async fn volumes_follow_the_drivers_of_the_cloud(client: &Client) {
    let classes: Api<StorageClass> = Api::all(client.clone());
    let standard = ListParams::default();
    let names: Vec<String> =
        classes.list(&standard).await.unwrap().iter().map(ResourceExt::name_any).collect();
    assert!(
        names.contains(&"managed-csi".to_owned()) && !names.contains(&"standard".to_owned()),
        "{names:?}"
    );

    let foreign = json!({ "metadata": { "name": "foreign" }, "provisioner": "nobody.example.com" });
    classes.create(&PostParams::default(), &object(foreign)).await.unwrap();
    let claims: Api<PersistentVolumeClaim> = Api::default_namespaced(client.clone());
    let claim = |name: &str, class: &str| {
        object::<PersistentVolumeClaim>(json!({
            "metadata": { "name": name },
            "spec": {
                "accessModes": ["ReadWriteOnce"],
                "storageClassName": class,
                "resources": { "requests": { "storage": "1Gi" } },
            },
        }))
    };
    claims.create(&PostParams::default(), &claim("foreign", "foreign")).await.unwrap();
    claims.create(&PostParams::default(), &claim("data", "managed-csi")).await.unwrap();
    let pods: Api<Pod> = Api::default_namespaced(client.clone());
    let pod = json!({
        "metadata": { "name": "database" },
        "spec": {
            "containers": [{ "name": "main", "image": "images.example/main:1" }],
            "volumes": [{ "name": "data", "persistentVolumeClaim": { "claimName": "data" } }],
        },
    });
    pods.create(&PostParams::default(), &object(pod)).await.unwrap();
    until(&pods, "database", |pod: Option<&Pod>| phase(pod) == Some("Running")).await;
    let bound = claims.get("data").await.unwrap();
    let capacity = |claim: &PersistentVolumeClaim| {
        let capacity = claim.status.as_ref().and_then(|status| status.capacity.as_ref());
        capacity.and_then(|all| all.get("storage")).map(|quantity| quantity.0.clone())
    };
    assert_eq!(capacity(&bound).as_deref(), Some("1Gi"));
    let volumes: Api<PersistentVolume> = Api::all(client.clone());
    let volume = bound.spec.and_then(|spec| spec.volume_name).unwrap();
    let made = volumes.get(&volume).await.unwrap();
    assert_eq!(made.annotations()["pv.kubernetes.io/provisioned-by"], "disk.csi.azure.com");

    let bigger = json!({ "spec": { "resources": { "requests": { "storage": "3Gi" } } } });
    claims.patch("data", &PatchParams::default(), &Patch::Merge(bigger)).await.unwrap();
    until(&claims, "data", |claim: Option<&PersistentVolumeClaim>| {
        claim.and_then(capacity).as_deref() == Some("3Gi")
    })
    .await;
    pods.delete("database", &DeleteParams::default().grace_period(0)).await.unwrap();
    claims.delete("data", &DeleteParams::default()).await.unwrap();
    until(&volumes, &volume, |volume: Option<&PersistentVolume>| volume.is_none()).await;
    // Nobody has installed its driver.
    let waiting = claims.get("foreign").await.unwrap();
    assert_eq!(waiting.status.and_then(|status| status.phase).as_deref(), Some("Pending"));
}

fn phase(pod: Option<&Pod>) -> Option<&str> {
    pod?.status.as_ref()?.phase.as_deref()
}

async fn services_get_addresses(client: &Client) {
    let services: Api<Service> = Api::default_namespaced(client.clone());
    let service = json!({
        "metadata": { "name": "shop" },
        "spec": { "type": "LoadBalancer", "selector": { "app": "shop" }, "ports": [{ "port": 5432 }] },
    });
    services.create(&PostParams::default(), &object(service)).await.unwrap();
    let ingress = |service: &Service| {
        let ingress = service.status.clone()?.load_balancer?.ingress?;
        ingress.first()?.ip.clone()
    };
    let served = until(&services, "shop", |service: Option<&Service>| service.and_then(ingress).is_some())
        .await
        .unwrap();
    let address: std::net::Ipv4Addr = ingress(&served).unwrap().parse().unwrap();
    assert_eq!(address.octets()[0], 198);
    assert_eq!(served.finalizers(), ["service.kubernetes.io/load-balancer-cleanup"]);
    services.delete("shop", &DeleteParams::default()).await.unwrap();
    until(&services, "shop", |service: Option<&Service>| service.is_none()).await;
}

async fn tokens_are_reviewed_by_the_cloud(azure: &Azure<'_>, world: &ManagedWorld) {
    let plane = &world.control_planes()[0];
    let pem = std::fs::read(plane.ca_certificate()).unwrap();
    let authority = reqwest::Certificate::from_pem(&pem).unwrap();
    let http = reqwest::Client::builder().no_proxy().tls_certs_merge([authority]).build().unwrap();
    let ask = async |token: &str| {
        let url = format!("{}/api/v1/nodes", plane.endpoint());
        http.get(url).bearer_auth(token).send().await.unwrap().status().as_u16()
    };
    let token = azure.token(KUBERNETES).await;
    assert_eq!(ask(&token).await, 200);
    assert_eq!(ask("not-a-token").await, 401);
    // That of another service is none for Kubernetes.
    assert_eq!(ask(&azure.token(MANAGEMENT).await).await, 401);
    world.stand_in().advance(Duration::from_hours(2)).await.unwrap();
    assert_eq!(ask(&token).await, 401);
    assert_eq!(ask(&azure.token(KUBERNETES).await).await, 200);

    let version = azure.administrator("orders").await.apiserver_version().await.unwrap();
    assert_eq!((version.major.as_str(), version.minor.as_str()), ("1", "34"));
}

/// As a cloud hands them out whose certificates do not live for years.
async fn certificates_end(world: &ManagedWorld) {
    const SIGN: &str = "import sys, time
from pathlib import Path
from standin.authority import Authority
authority = Authority.load(*(Path(path).read_text() for path in sys.argv[1:]))
print(*authority.client('guest', ['system:masters'], time.time() + 10), sep='')";
    let plane = &world.control_planes()[0];
    let (authority, key) = plane.client_authority();
    let output = std::process::Command::new(tools::clouds_python().unwrap())
        .args(["-c", SIGN])
        .args([authority, key])
        .current_dir(tools::clouds_folder())
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let pem = std::fs::read(plane.ca_certificate()).unwrap();
    let client = reqwest::Client::builder()
        .no_proxy()
        .tls_certs_merge([reqwest::Certificate::from_pem(&pem).unwrap()])
        .identity(reqwest::Identity::from_pem(&output.stdout).unwrap())
        .build()
        .unwrap();
    let ask = async || {
        let url = format!("{}/api/v1/nodes", plane.endpoint());
        client.get(url).send().await.unwrap().status().as_u16()
    };
    assert_eq!(ask().await, 200);
    let refused = async {
        while ask().await != 401 {
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    };
    tokio::time::timeout(LIMIT, refused).await.expect("the certificate ends");
}
