use std::pin::pin;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval};

/// Tells any number of parts that it is time to stop.
#[derive(Clone, Debug)]
pub struct Stop(watch::Receiver<bool>);

impl Stop {
    /// A stop that is asked for when `asked` is done, such as [`stop_asked`](crate::stop_asked). Needs a running tokio.
    #[must_use]
    pub fn when(asked: impl Future<Output = ()> + Send + 'static) -> Self {
        let (sender, receiver) = watch::channel(false);
        tokio::spawn(async move {
            asked.await;
            sender.send_replace(true);
        });
        Self(receiver)
    }

    /// Waits until it is asked for; at once where it has been.
    pub fn asked(&self) -> impl Future<Output = ()> + Send + use<> {
        let mut receiver = self.0.clone();
        async move {
            // Whoever could ask is gone: that is a stop too.
            drop(receiver.wait_for(|is_asked| *is_asked).await);
        }
    }
}

/// Does a task at once and then again and again, `period` after the last began or when the last is done, until it is asked to
/// stop; a task that is running then is finished first. A task that panics does not end the others.
pub async fn every<F>(period: Duration, stop: impl Future<Output = ()>, mut task: impl FnMut() -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    let mut ticks = interval(period.max(Duration::from_millis(1)));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut stop = pin!(stop);
    loop {
        tokio::select! {
            biased;
            () = &mut stop => return,
            _ = ticks.tick() => {}
        }
        // A panic was logged where it happened, and the next time may go better.
        drop(tokio::spawn(task()).await);
    }
}
