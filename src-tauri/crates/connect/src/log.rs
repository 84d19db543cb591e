//! Where `tracing` goes: to standard error for whoever sits there, and into the data folder for whoever helps (H-08).

use std::{io, path::Path, sync::Mutex};

use behalf_core::store::LogFile;
use tracing_subscriber::{
    EnvFilter, Layer as _, fmt, layer::SubscriberExt as _, util::SubscriberInitExt as _,
};

/// What the file keeps of Behalf's own doing. Of others only what is wrong.
const KEPT: &str = "warn,behalf_core=info,behalf_connect=info,behalf_desktop=info,behalf=info";

/// Starts logging. `RUST_LOG` chooses how much standard error gets, `otherwise` without it.
pub fn log(otherwise: &str, folder: Option<&Path>) {
    let shown = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(otherwise));
    let kept = folder.and_then(LogFile::open).map(|file| {
        fmt::layer()
            .with_ansi(false)
            .with_writer(Mutex::new(file))
            .with_filter(EnvFilter::new(KEPT))
    });
    let started = tracing_subscriber::registry()
        .with(fmt::layer().with_writer(io::stderr).with_filter(shown))
        .with(kept)
        .try_init();
    if let Err(error) = started {
        tracing::debug!(%error, "logging had been started already");
    }
}
