//! The connection: kept open, made again by itself, and driven by a small runtime of its own, so that the core, which
//! knows no async, calls and waits.

use std::{
    future::Future,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use async_nats::{Client, ConnectOptions, Event, ServerError, connection::State};
use behalf_core::{Error, Result};
use tokio::{runtime::Runtime, sync::Notify};

use super::{
    address::NatsAddress,
    fault::{Fault, clean, not_connected},
};

/// How long a server may take to let us in.
const CONNECT: Duration = Duration::from_secs(5);
/// How long a broken connection may take to come back before a call gives up.
const PATIENCE: Duration = Duration::from_secs(3);
/// How often the client tries by itself to come back, with what it knows: some fifteen seconds. Then it ends, and a new
/// one is made, which reads the credentials anew and hears why it is not let in.
const TRIES: usize = 15;
/// How long not to try again after there was no connection at all, at first and at most.
const PAUSE: (Duration, Duration) = (Duration::from_secs(5), Duration::from_secs(60));

/// The way to the servers.
pub struct Link {
    address: NatsAddress,
    /// `None` only while it is dropped.
    runtime: Option<Runtime>,
    state: Mutex<Connecting>,
    heard: Arc<Heard>,
}

#[derive(Default)]
struct Connecting {
    client: Option<Client>,
    not_before: Option<Instant>,
    pause: Duration,
}

/// What the servers say unasked.
#[derive(Default)]
pub struct Heard {
    /// Counts the bells, and the times the connection came back.
    pub rings: AtomicU64,
    /// What this user may not do, when it was refused last.
    forbidden: Mutex<Option<(Instant, String)>>,
    /// Rings when it was.
    refused: Notify,
}

impl Link {
    /// A link to an address; nothing is connected yet.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn new(address: NatsAddress) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("relay")
            .enable_all()
            .build()
            .map_err(Error::io("the relay's thread"))?;
        Ok(Self {
            address,
            runtime: Some(runtime),
            state: Mutex::default(),
            heard: Arc::default(),
        })
    }

    /// What was heard.
    pub fn heard(&self) -> &Arc<Heard> {
        &self.heard
    }

    /// Waits for `work`. To be called where blocking is allowed.
    pub fn wait<T>(&self, work: impl Future<Output = Result<T>>) -> Result<T> {
        match &self.runtime {
            Some(runtime) => runtime.block_on(work),
            None => Err(Error::unavailable("The relay was closed.", "")),
        }
    }

    /// Waits for requests, and no longer where one of them is refused: that comes beside it, and it is never answered.
    pub fn wait_for<T>(&self, work: impl Future<Output = Result<T, Fault>>) -> Result<T> {
        let since = Instant::now();
        let done = self.wait(async {
            tokio::select! {
                done = work => Ok(done),
                () = self.heard.refused.notified() => Ok(Err(Fault::TimedOut)),
            }
        })?;
        done.map_err(|fault| {
            let forbidden = lock(&self.heard.forbidden).take_if(|(at, _)| *at >= since);
            match (fault, forbidden) {
                (Fault::TimedOut, Some((_, what))) => Fault::Forbidden(what),
                (fault, _) => fault,
            }
            .words(&self.address.to_string())
        })
    }

    /// Lets something run beside.
    pub fn beside(&self, work: impl Future<Output = ()> + Send + 'static) {
        if let Some(runtime) = &self.runtime {
            runtime.spawn(work);
        }
    }

    /// The client, connected.
    ///
    /// # Errors
    /// `Unavailable` with the reason.
    pub fn client(&self) -> Result<Client> {
        let client = self.made()?;
        match self.wait(async { Ok(stands(&client).await) })? {
            Stands::Connected => Ok(client),
            Stands::Broken => Err(Error::unavailable(
                format!("The connection to {} is broken.", self.address),
                "Behalf tries again by itself. Everything done meanwhile is saved on this computer.",
            )),
            // A new one reads the credentials anew, or says what is wrong with them.
            Stands::Ended => {
                lock(&self.state).client = None;
                self.made()
            }
        }
    }

    /// The client as it was made, now or earlier.
    fn made(&self) -> Result<Client> {
        let mut state = lock(&self.state);
        if let Some(client) = &state.client {
            return Ok(client.clone());
        }
        match self.wait(connect(&self.address, &self.heard)) {
            Ok(client) => {
                state.pause = Duration::ZERO;
                Ok(state.client.insert(client).clone())
            }
            Err(e) => {
                state.pause = (state.pause * 2).clamp(PAUSE.0, PAUSE.1);
                state.not_before = Some(Instant::now() + state.pause);
                Err(e)
            }
        }
    }

    /// Makes a connection where there is none and it is time to try again; says nothing when it cannot.
    pub fn keep_trying(&self) {
        let now = Instant::now();
        let due = {
            let state = lock(&self.state);
            state.client.is_none() && state.not_before.is_none_or(|then| then <= now)
        };
        if due && self.client().is_ok() {
            self.heard.rings.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Drop for Link {
    /// A runtime must not wait for its threads where an async caller drops it.
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// How a connection is that was made once.
enum Stands {
    Connected,
    /// It has not come back for a while, and is tried for.
    Broken,
    /// Nobody tries any more.
    Ended,
}

async fn stands(client: &Client) -> Stands {
    let since = Instant::now();
    while client.connection_state() != State::Connected {
        if since.elapsed() > PATIENCE {
            return Stands::Broken;
        }
        tokio::select! {
            // Refused at once where nobody is left to flush; a connection that may come back lets it wait.
            Err(_) = client.flush() => return Stands::Ended,
            () = tokio::time::sleep(Duration::from_millis(20)) => {}
        }
    }
    Stands::Connected
}

async fn connect(address: &NatsAddress, heard: &Arc<Heard>) -> Result<Client> {
    let told = Arc::clone(heard);
    let stood = AtomicBool::new(false);
    let options: ConnectOptions = address.options().await?;
    let client = options
        .name("behalf")
        .connection_timeout(CONNECT)
        .max_reconnects(TRIES)
        .ping_interval(Duration::from_secs(20))
        // Our own bell does not wake us.
        .no_echo()
        .event_callback(move |event| {
            match event {
                // Whatever rang while the connection was gone was not heard; the first time it was not gone.
                Event::Connected => {
                    if stood.swap(true, Ordering::Relaxed) {
                        told.rings.fetch_add(1, Ordering::Relaxed);
                    }
                }
                Event::ServerError(ServerError::Other(text)) => {
                    let text = clean(&text);
                    tracing::warn!(text, "the relay refuses something");
                    *lock(&told.forbidden) = Some((Instant::now(), text));
                    told.refused.notify_waiters();
                }
                other => tracing::debug!(event = clean(&other.to_string()), "the relay's connection"),
            }
            std::future::ready(())
        })
        .connect(address.servers()?)
        .await
        .map_err(|e| not_connected(&e, &address.to_string()))?;
    tracing::info!(relay = %address, server = clean(&client.server_info().version), "connected");
    Ok(client)
}

/// What a panicking thread left behind is good: nothing here is half done.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
