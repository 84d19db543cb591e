//! Keeps a replica in touch: cycle after cycle, at every interval, soon after something was done here, and soon after
//! something new lies on the relay. The window, `behalf sync --watch` and `behalf agent` run this same loop.

use std::{future::Future, sync::Arc, time::Duration};

use behalf_core::{
    Code, Error, Result,
    desk::{
        Desk,
        view::{SyncReport, SyncState},
    },
    model::Time,
    wire::Relay,
};
use tokio::{
    sync::Notify,
    task::spawn_blocking,
    time::{Instant, sleep},
};

/// How often this replica is looked at for something to send. One pragma.
const LOOK_HERE: Duration = Duration::from_millis(500);

/// What the agent has to say.
#[derive(Debug)]
pub enum News {
    /// What the sync line says.
    State(SyncState),
    /// A cycle has completed.
    Cycle(SyncReport),
    /// A cycle has not; it is tried again.
    Failed(Error),
}

/// Runs until `stop` resolves; a cycle under way is finished first. `nudge` starts a cycle at once. Returns what was
/// done in all.
///
/// # Errors
/// A fault of ours that waiting does not mend.
pub async fn run(
    desk: Arc<Desk>,
    relay: Arc<dyn Relay>,
    nudge: Arc<Notify>,
    hear: Arc<dyn Fn(News) + Send + Sync>,
    stop: impl Future<Output = ()>,
) -> Result<SyncReport> {
    tokio::pin!(stop);
    let mut sum = SyncReport::default();
    loop {
        // Taken before the cycle: what comes while it runs is new afterwards.
        let mut before = Seen::now(&desk, &relay).await?;
        match cycle(&desk, &relay, &hear).await? {
            Ok(report) => {
                sum += report;
                hear(News::Cycle(report));
            }
            Err(e) if e.code() == Code::Internal => return Err(e),
            Err(e) => {
                // What it could not send is no news: it waits for the interval.
                before = Seen::now(&desk, &relay).await?;
                hear(News::Failed(e));
            }
        }
        let interval = Duration::from_secs(desk.sync_interval()?.max(1).into());
        let mut state = desk.sync_state()?;
        let next = chrono::Utc::now() + interval;
        state.next = Some(Time(next.timestamp_millis()).rfc3339());
        hear(News::State(state));
        tokio::select! {
            () = &mut stop => return Ok(sum),
            () = nudge.notified() => {}
            woken = something_new(&desk, &relay, before, interval) => woken?,
        }
    }
}

/// One cycle, off the async threads: SQLite and folders block. The outer error is ours, the inner one the cycle's.
async fn cycle(
    desk: &Arc<Desk>,
    relay: &Arc<dyn Relay>,
    hear: &Arc<dyn Fn(News) + Send + Sync>,
) -> Result<Result<SyncReport>> {
    let (desk, relay, hear) = (Arc::clone(desk), Arc::clone(relay), Arc::clone(hear));
    blocking(move || desk.sync(&*relay, &mut |state| hear(News::State(state.clone())))).await
}

/// What was there at a moment: this replica's data version and the relay's pulse.
struct Seen {
    here: i64,
    there: Option<u64>,
}

impl Seen {
    async fn now(desk: &Desk, relay: &Arc<dyn Relay>) -> Result<Self> {
        Ok(Self {
            here: desk.data_version()?,
            there: pulse(relay).await?,
        })
    }
}

/// Resolves after the interval, or sooner when this replica has something to send or the relay has changed.
async fn something_new(
    desk: &Desk,
    relay: &Arc<dyn Relay>,
    mut seen: Seen,
    interval: Duration,
) -> Result<()> {
    let until = Instant::now() + interval;
    let (every, mut looked) = (relay.pulse_every(), Instant::now());
    while Instant::now() < until {
        sleep(LOOK_HERE.min(every)).await;
        let here = desk.data_version()?;
        if here != seen.here && desk.sync_state()?.waiting > 0 {
            return Ok(());
        }
        seen.here = here;
        if looked.elapsed() >= every {
            looked = Instant::now();
            let there = pulse(relay).await?;
            if there.is_some() && there != seen.there {
                return Ok(());
            }
            seen.there = there;
        }
    }
    Ok(())
}

/// The relay's pulse; `None` while it is away.
async fn pulse(relay: &Arc<dyn Relay>) -> Result<Option<u64>> {
    let relay = Arc::clone(relay);
    Ok(blocking(move || relay.pulse()).await?.ok())
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    spawn_blocking(work)
        .await
        .map_err(|e| Error::unavailable(format!("Background work was cut off: {e}"), "Start it again."))
}
