//! Real NATS servers on this computer: one, or a cluster of three, to be killed, paused, wiped and damaged.

use std::{
    env, fs,
    net::{SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    thread::sleep,
    time::{Duration, Instant},
};

use behalf_connect::nats::NatsRelay;
use tempfile::TempDir;

use crate::behalf::repository;

/// Servers that run until this is dropped.
pub struct Servers {
    folder: TempDir,
    nodes: Vec<Node>,
    /// `nats`, or `tls` with a certificate of their own authority.
    scheme: &'static str,
}

struct Node {
    port: u16,
    config: PathBuf,
    store: PathBuf,
    child: Option<Child>,
}

/// The server's program: `$NATS_SERVER`, which `./x test` sets, or what is there.
///
/// # Panics
/// Where it was promised, or continuous integration runs without it.
pub fn program() -> Option<PathBuf> {
    if let Some(named) = env::var_os("NATS_SERVER").map(PathBuf::from) {
        assert!(named.is_file(), "NATS_SERVER names no file: {}", named.display());
        return Some(named);
    }
    let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| repository().join("target"), PathBuf::from);
    let mut places = vec![target.join("nats/bin/nats-server")];
    if let Some(path) = env::var_os("PATH") {
        places.extend(env::split_paths(&path).map(|folder| folder.join("nats-server")));
    }
    let found = places.into_iter().find(|place| place.is_file());
    if found.is_none() {
        assert!(
            env::var_os("CI").is_none(),
            "there is no nats-server: run ./x test"
        );
        eprintln!("SKIPPED: there is no nats-server. `./x test` installs one; or name yours in NATS_SERVER.");
    }
    found
}

impl Servers {
    /// One server; `None` where there is no program.
    pub fn one() -> Option<Self> {
        Self::start(1, "", "nats")
    }

    /// A cluster of three.
    pub fn three() -> Option<Self> {
        Self::start(3, "", "nats")
    }

    /// One server with more in its configuration; `FOLDER` stands for where it lies.
    pub fn with(more: &str, scheme: &'static str, prepare: impl FnOnce(&Path)) -> Option<Self> {
        program()?;
        let folder = tempfile::Builder::new().prefix("behalf-nats-").tempdir().unwrap();
        prepare(folder.path());
        Some(Self::start_in(folder, 1, more, scheme))
    }

    fn start(count: usize, more: &str, scheme: &'static str) -> Option<Self> {
        program()?;
        let folder = tempfile::Builder::new().prefix("behalf-nats-").tempdir().unwrap();
        Some(Self::start_in(folder, count, more, scheme))
    }

    fn start_in(folder: TempDir, count: usize, more: &str, scheme: &'static str) -> Self {
        let ports = free_ports(count * 2);
        let routes: Vec<_> = ports[count..]
            .iter()
            .map(|port| format!("\"nats://127.0.0.1:{port}\""))
            .collect();
        let nodes = (0..count)
            .map(|n| {
                let store = folder.path().join(format!("node-{n}"));
                let config = folder.path().join(format!("node-{n}.conf"));
                let mut text = format!(
                    "server_name: node-{n}\nlisten: 127.0.0.1:{}\njetstream {{ store_dir: {:?}, sync_interval: always }}\n",
                    ports[n], store
                );
                if count > 1 {
                    text += &format!(
                        "cluster {{ name: test, listen: 127.0.0.1:{}, routes: [{}] }}\n",
                        ports[count + n],
                        routes.join(", ")
                    );
                }
                text += &more.replace("FOLDER", folder.path().to_str().unwrap());
                fs::write(&config, text).unwrap();
                Node {
                    port: ports[n],
                    config,
                    store,
                    child: None,
                }
            })
            .collect();
        let mut servers = Self {
            folder,
            nodes,
            scheme,
        };
        for n in 0..count {
            servers.starts(n);
        }
        servers
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.nodes.len()
    }

    /// Where they lie.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The address of all of them.
    pub fn address(&self) -> String {
        self.address_of("", "")
    }

    /// The same with a user before it and a query behind it.
    pub fn address_of(&self, user: &str, query: &str) -> String {
        let hosts: Vec<_> = self
            .nodes
            .iter()
            .map(|n| format!("127.0.0.1:{}", n.port))
            .collect();
        format!("{}://{user}{}{query}", self.scheme, hosts.join(","))
    }

    /// A way to one of them, which serves what it can by itself.
    pub fn relay_of(&self, n: usize) -> NatsRelay {
        relay_at(&format!("{}://127.0.0.1:{}", self.scheme, self.nodes[n].port))
    }

    /// Somebody's way to them.
    pub fn relay(&self) -> NatsRelay {
        relay_at(&self.address())
    }

    /// Starts a node that does not run, and waits until it listens.
    pub fn starts(&mut self, n: usize) {
        let node = &mut self.nodes[n];
        assert!(node.child.is_none(), "node {n} runs");
        let log = fs::File::options()
            .create(true)
            .append(true)
            .open(node.config.with_extension("log"))
            .unwrap();
        let child = Command::new(program().unwrap())
            .arg("-c")
            .arg(&node.config)
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        node.child = Some(child);
        let address = SocketAddr::from(([127, 0, 0, 1], node.port));
        patiently("it listens", || TcpStream::connect(address).is_ok());
    }

    /// kill -9.
    pub fn kills(&mut self, n: usize) {
        let mut child = self.nodes[n].child.take().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// Ends a node as its administrator would.
    pub fn stops(&mut self, n: usize) {
        self.signals(n, "TERM");
        let mut child = self.nodes[n].child.take().unwrap();
        patiently("it ends", || child.try_wait().unwrap().is_some());
    }

    /// Sends a signal to a node: STOP, CONT.
    pub fn signals(&self, n: usize, signal: &str) {
        let child = self.nodes[n].child.as_ref().unwrap();
        let sent = Command::new("kill")
            .args([&format!("-{signal}"), &child.id().to_string()])
            .status();
        assert!(sent.unwrap().success());
    }

    /// The store of a node that does not run.
    pub fn store(&self, n: usize) -> &Path {
        assert!(self.nodes[n].child.is_none(), "node {n} runs");
        &self.nodes[n].store
    }

    /// What a node has logged.
    pub fn log(&self, n: usize) -> String {
        fs::read_to_string(self.nodes[n].config.with_extension("log")).unwrap()
    }

    /// Waits until streams can be made: all nodes are there, and one leads.
    pub fn settle(&self) {
        patiently("the servers are ready", || self.relay().set_up().is_ok());
    }

    /// Waits until every copy of every stream is whole.
    pub fn heal(&self) {
        patiently("every copy is whole", || {
            self.relay()
                .set_up()
                .is_ok_and(|report| report.streams.iter().all(|s| s.behind == 0))
        });
    }
}

/// The relay at an address.
pub fn relay_at(address: &str) -> NatsRelay {
    NatsRelay::new(address.parse().unwrap()).unwrap()
}

impl Drop for Servers {
    fn drop(&mut self) {
        for node in &mut self.nodes {
            if let Some(mut child) = node.child.take() {
                let _ = child.kill();
                let _ = child.wait();
            }
        }
    }
}

/// A port nobody uses at this moment.
pub fn free_port() -> u16 {
    free_ports(1)[0]
}

/// Ports nobody uses at this moment, and none that the system gives to whoever connects somewhere: a server that is stopped
/// for a while finds its own free again.
fn free_ports(count: usize) -> Vec<u16> {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    // Other processes begin elsewhere.
    let first = std::process::id().wrapping_mul(97);
    let all = std::iter::from_fn(|| {
        let next = first.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed));
        Some(10_000 + (next % 20_000) as u16)
    });
    all.filter(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok())
        .take(count)
        .collect()
}

/// Asks again and again, for a minute.
///
/// # Panics
/// When it never becomes true.
pub fn patiently(what: &str, mut is_so: impl FnMut() -> bool) {
    let until = Instant::now() + Duration::from_secs(60);
    while !is_so() {
        assert!(Instant::now() < until, "never: {what}");
        sleep(Duration::from_millis(50));
    }
}
