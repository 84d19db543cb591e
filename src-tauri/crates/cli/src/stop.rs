//! Ctrl-C and SIGTERM: a wish to stop, heard between two steps of the work.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use behalf_core::{Error, Result};

/// Becomes true once somebody asked this process to stop. A second time ends it at once.
#[derive(Clone, Default)]
pub struct Stop {
    asked: Arc<AtomicBool>,
}

impl Stop {
    /// Listens from now on.
    ///
    /// # Errors
    /// `Internal` when the system gives no thread or no signal handler.
    pub fn listen() -> Result<Self> {
        let stop = Self::default();
        let told = stop.clone();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(Error::io("signals"))?;
        // Registered before this returns, so that a signal right after is not the end of the process.
        let mut signals = runtime
            .block_on(async { Signals::register() })
            .map_err(Error::io("signals"))?;
        std::thread::Builder::new()
            .name("signals".into())
            .spawn(move || {
                runtime.block_on(async {
                    signals.next().await;
                    told.asked.store(true, Ordering::Relaxed);
                    signals.next().await;
                    std::process::exit(130);
                });
            })
            .map_err(Error::io("signals"))?;
        Ok(stop)
    }

    /// True once asked to stop.
    pub fn asked(&self) -> bool {
        self.asked.load(Ordering::Relaxed)
    }
}

#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn register() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn register() -> std::io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
