//! Ctrl-C and SIGTERM: a wish to stop, heard between two steps of the work.

use std::{
    sync::{Arc, Condvar, Mutex, PoisonError},
    time::Duration,
};

use behalf_core::{Error, Result};

/// Becomes true once somebody asked this process to stop. A second time ends it at once.
#[derive(Clone, Default)]
pub struct Stop {
    asked: Arc<(Mutex<bool>, Condvar)>,
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
                    told.ask();
                    signals.next().await;
                    std::process::exit(130);
                });
            })
            .map_err(Error::io("signals"))?;
        Ok(stop)
    }

    /// True once asked to stop.
    pub fn asked(&self) -> bool {
        *self.asked.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits, at most this long; true once asked to stop.
    pub fn wait(&self, at_most: Duration) -> bool {
        let (asked, changed) = &*self.asked;
        let asked = asked.lock().unwrap_or_else(PoisonError::into_inner);
        *changed
            .wait_timeout_while(asked, at_most, |asked| !*asked)
            .unwrap_or_else(PoisonError::into_inner)
            .0
    }

    fn ask(&self) {
        *self.asked.0.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.asked.1.notify_all();
    }
}

/// Resolves once somebody asked this process to stop. A second time ends it at once. To be called on a runtime.
///
/// # Errors
/// When the system gives no signal handler.
pub fn signal() -> std::io::Result<impl Future<Output = ()>> {
    let mut signals = Signals::register()?;
    Ok(async move {
        signals.next().await;
        tokio::spawn(async move {
            signals.next().await;
            std::process::exit(130);
        });
    })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waiting_ends_when_asked() {
        let stop = Stop::default();
        assert!(!stop.wait(Duration::from_millis(1)));
        let other = stop.clone();
        let waiter = std::thread::spawn(move || other.wait(Duration::from_secs(60)));
        stop.ask();
        assert!(waiter.join().unwrap());
        assert!(stop.asked());
    }
}
