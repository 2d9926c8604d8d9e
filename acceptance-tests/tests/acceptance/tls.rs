//! The way to the API server: proxies, certificate authorities, versions of TLS. That the provider's own connections take the
//! way is seen at the other end of it.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use crate::hcl::{self, Redis};
use crate::playground::Playground;
use crate::terraform::{Cli, Workspace};

/// Something that asks the API server.
const QUESTION: &str = "data \"kubeblocks_cluster_definitions\" \"all\" {}\n";

/// A proxy that connects whoever asks by `CONNECT`, and notes where to. It ends with the test's runtime.
struct Proxy {
    address: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Proxy {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        let asked = Arc::<Mutex<Vec<String>>>::default();
        let notes = Arc::clone(&asked);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(pass_on(client, Arc::clone(&notes)));
            }
        });
        Self { address, asked }
    }

    /// Where it was asked to connect to, since the last time.
    fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.asked.lock().expect("no panic"))
    }
}

async fn pass_on(client: TcpStream, notes: Arc<Mutex<Vec<String>>>) {
    let mut client = BufReader::new(client);
    let mut target = None;
    let mut line = String::new();
    while client.read_line(&mut line).await.is_ok_and(|length| length > 2) {
        if let Some(rest) = line.strip_prefix("CONNECT ") {
            target = rest.split(' ').next().map(str::to_owned);
        }
        line.clear();
    }
    let target = target.expect("only CONNECT is asked for");
    notes.lock().expect("no panic").push(target.clone());
    let mut server = TcpStream::connect(target).await.expect("the target is there");
    client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.expect("the client listens");
    // Either end may break off.
    let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
}

/// The administrator's kubeconfig with another `cluster`, in the workspace.
fn kubeconfig_with(workspace: &Workspace, original: &Path, change: impl Fn(&mut Value)) -> PathBuf {
    let text = std::fs::read_to_string(original).expect("there is one");
    let mut content: Value = serde_saphyr::from_str(&text).expect("it is YAML");
    change(&mut content["clusters"][0]["cluster"]);
    workspace.write("kubeconfig", content.to_string());
    workspace.path("kubeconfig")
}

/// The address in a kubeconfig's `server`.
fn server_of(kubeconfig: &Path) -> String {
    let text = std::fs::read_to_string(kubeconfig).expect("there is one");
    let content: Value = serde_saphyr::from_str(&text).expect("it is YAML");
    let server = content["clusters"][0]["cluster"]["server"].as_str().expect("a server").to_owned();
    server.trim_start_matches("https://").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_proxy_that_is_named_is_taken_and_no_other() {
    let playground = Playground::shared().await;
    let proxy = Proxy::start().await;
    let url = format!("http://{}", proxy.address);
    let server = server_of(playground.kubeconfig());
    let mut workspace = playground.workspace(Cli::Terraform);
    workspace.write("main.tf", QUESTION);

    workspace.set("HTTPS_PROXY", &url).set("NO_PROXY", "");
    workspace.plan().await.succeeded();
    let asked = proxy.take();
    assert!(!asked.is_empty() && asked.iter().all(|target| *target == server), "{asked:?}");

    workspace.set("NO_PROXY", "example.com,127.0.0.1");
    workspace.plan().await.succeeded();
    assert_eq!(proxy.take(), Vec::<String>::new());

    // That of the kubeconfig comes first, and the environment's is not asked.
    workspace.set("HTTPS_PROXY", "http://127.0.0.1:9").set("NO_PROXY", "");
    let kubeconfig = kubeconfig_with(&workspace, playground.kubeconfig(), |cluster| {
        cluster["proxy-url"] = url.clone().into();
    });
    workspace.write("provider.tf", hcl::provider(&kubeconfig));
    workspace.plan().await.succeeded();
    assert!(proxy.take().contains(&server));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_of_another_authority_is_refused_and_one_that_is_not_verified_is_warned_of() {
    let playground = Playground::shared().await;
    let workspace = playground.workspace(Cli::Terraform);
    workspace.write("main.tf", QUESTION);
    let key = rcgen::KeyPair::generate().expect("a key");
    let mut parameters = rcgen::CertificateParams::default();
    parameters.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let stranger = parameters.self_signed(&key).expect("a certificate").pem();
    let kubeconfig = kubeconfig_with(&workspace, playground.kubeconfig(), |cluster| {
        cluster["certificate-authority-data"] = STANDARD.encode(&stranger).into();
    });
    workspace.write("provider.tf", hcl::provider(&kubeconfig));
    workspace.plan().await.failed().says(&["could not be trusted", "`ca_certificate`"]);

    // The authority of the attribute wins over that of the kubeconfig.
    let original = std::fs::read_to_string(playground.kubeconfig()).expect("there is one");
    let original: Value = serde_saphyr::from_str(&original).expect("it is YAML");
    let authority = original["clusters"][0]["cluster"]["certificate-authority-data"].as_str().expect("one");
    let authority = STANDARD.decode(authority).expect("base64");
    workspace.write("ca.pem", String::from_utf8(authority).expect("PEM"));
    let block = hcl::provider(&kubeconfig);
    let pinned = block.replace("kubernetes = {", "kubernetes = {\n    ca_certificate = file(\"ca.pem\")");
    workspace.write("provider.tf", pinned);
    workspace.plan().await.succeeded();

    let warning = "The API server is not verified";
    let insecure = kubeconfig_with(&workspace, playground.kubeconfig(), |cluster| {
        *cluster = json!({"server": cluster["server"], "insecure-skip-tls-verify": true});
    });
    workspace.write("provider.tf", hcl::provider(&insecure));
    let two = format!("{}{}", Redis::new("default", "one"), Redis::new("default", "two"));
    workspace.write("main.tf", two);
    for _ in 0..2 {
        let plan = workspace.plan().await.succeeded();
        assert_eq!(plan.text().matches(warning).count(), 1, "once in each plan:\n{}", plan.text());
    }
    workspace.write("provider.tf", hcl::provider(playground.kubeconfig()));
    assert!(!workspace.plan().await.succeeded().text().contains(warning));
}

/// The answer of a server that knows TLS 1.1 and nothing later: its version, a random, no session, a cipher of that time.
fn hello_of_tls_1_1() -> Vec<u8> {
    let mut hello = vec![3, 2];
    hello.extend([7; 32]);
    hello.extend([0, 0xc0, 0x14, 0]);
    let length = u8::try_from(hello.len()).expect("it is short");
    let handshake = [&[2, 0, 0, length][..], &hello].concat();
    [&[22, 3, 2, 0, length + 4][..], &handshake].concat()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_speaks_tls_1_1_at_most_is_refused() {
    let playground = Playground::shared().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut greeting = [0; 4096];
                let _ = client.read(&mut greeting).await;
                let _ = client.write_all(&hello_of_tls_1_1()).await;
                // The client says why it goes.
                let _ = client.read(&mut greeting).await;
            });
        }
    });
    let workspace = playground.workspace(Cli::Terraform);
    let kubeconfig = kubeconfig_with(&workspace, playground.kubeconfig(), |cluster| {
        cluster["server"] = format!("https://{address}").into();
    });
    workspace.write("provider.tf", hcl::provider(&kubeconfig)).write("main.tf", QUESTION);
    workspace.plan().await.failed().says(&["The provider speaks TLS 1.2 and 1.3"]);
}
