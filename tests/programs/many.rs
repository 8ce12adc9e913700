//! Spawns as many tasks as its argument says, which wait in three ways, prints `done` when all of
//! them do, and stays.

use std::env;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, Semaphore};
use tokio::time::sleep;

/// What the tasks share.
struct Shared {
    started: Semaphore,
    never: Notify,
    full: Semaphore,
}

async fn start(number: u64, shared: Arc<Shared>) {
    shared.started.add_permits(1);
    match number % 3 {
        0 => shared.never.notified().await,
        1 => drop(shared.full.acquire().await),
        _ => nap(number).await,
    }
}

async fn nap(number: u64) {
    sleep(Duration::from_secs(3600 + number)).await;
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let count: u32 = env::args().nth(1).and_then(|word| word.parse().ok()).expect("a number");
    let shared = Arc::new(Shared {
        started: Semaphore::new(0),
        never: Notify::new(),
        full: Semaphore::new(0),
    });
    let mut tasks = Vec::new();
    for number in 0..count {
        tasks.push(tokio::spawn(start(u64::from(number), shared.clone())));
    }
    drop(shared.started.acquire_many(count).await);
    println!("done");
    for task in tasks {
        task.await.expect("it never ends");
    }
}
