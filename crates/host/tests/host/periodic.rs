use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use host::{Stop, every};
use tokio::sync::{Notify, oneshot};
use tokio::time::timeout;

use crate::catalogue::SOON;

fn stop() -> (oneshot::Sender<()>, Stop) {
    let (sender, asked) = oneshot::channel();
    let stop = Stop::when(async { drop(asked.await) });
    (sender, stop)
}

#[tokio::test]
async fn a_stop_reaches_everyone_who_waits_and_who_waits_later() {
    let (ask, stop) = stop();
    let waiting = [stop.asked(), stop.asked()].map(tokio::spawn);
    assert!(!waiting[0].is_finished());
    ask.send(()).expect("it is waited for");
    for waiting in waiting {
        timeout(SOON, waiting).await.expect("it is reached").expect("without a panic");
    }
    timeout(SOON, stop.asked()).await.expect("it stays asked for");
}

#[tokio::test]
async fn what_is_done_periodically_goes_on_after_a_panic_and_ends_with_a_stop() {
    let (ask, stop) = stop();
    let (count, third) = (Arc::new(AtomicU32::new(0)), Arc::new(Notify::new()));
    let reached = Arc::clone(&third);
    let task = move || {
        let (count, third) = (Arc::clone(&count), Arc::clone(&third));
        async move {
            match count.fetch_add(1, Ordering::Relaxed) {
                0 => panic!("the first goes wrong"),
                2 => third.notify_one(),
                _ => {}
            }
        }
    };
    let running = tokio::spawn(async move { every(Duration::from_millis(1), stop.asked(), task).await });
    timeout(SOON, reached.notified()).await.expect("it is done again and again");
    ask.send(()).expect("it runs");
    timeout(SOON, running).await.expect("it ends").expect("without a panic");
}

#[tokio::test]
async fn a_task_that_is_running_when_the_stop_comes_is_finished_and_none_begins() {
    let (ask, stop) = stop();
    let (begun, gate) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let done = Arc::new(AtomicU32::new(0));
    let (begins, opens, finishes) = (Arc::clone(&begun), Arc::clone(&gate), Arc::clone(&done));
    let task = move || {
        let (begun, gate, done) = (Arc::clone(&begins), Arc::clone(&opens), Arc::clone(&finishes));
        async move {
            begun.notify_one();
            gate.notified().await;
            done.fetch_add(1, Ordering::Relaxed);
        }
    };
    let asked = stop.asked();
    let running = tokio::spawn(async move { every(Duration::from_millis(1), stop.asked(), task).await });
    timeout(SOON, begun.notified()).await.expect("it begins at once");
    ask.send(()).expect("it runs");
    timeout(SOON, asked).await.expect("the stop is known");
    assert!(!running.is_finished());
    gate.notify_one();
    timeout(SOON, running).await.expect("it ends").expect("without a panic");
    assert_eq!(done.load(Ordering::Relaxed), 1);
}
