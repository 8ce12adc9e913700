//! Spawns short tasks of many kinds without end, on four workers, beside some that never end. Every
//! line at which a task can be suspended has an `await` in it, or the macro that has it.

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, Notify, RwLock, Semaphore, mpsc, oneshot};
use tokio::task::{JoinSet, spawn_blocking, yield_now};
use tokio::time::{sleep, timeout};

/// What the tasks share.
struct Shared {
    lock: Mutex<u64>,
    table: RwLock<u64>,
    seats: Semaphore,
    bell: Notify,
}

/// How many tasks never end.
const STAYING: usize = 16;

/// How many tasks there are at most, at a time.
const CROWD: usize = 400;

async fn stay() {
    pending::<()>().await; // stays
}

async fn count(shared: Arc<Shared>) {
    let mut value = shared.lock.lock().await;
    yield_now().await;
    *value += 1;
}

async fn look_up(shared: Arc<Shared>, number: u64) {
    if number.is_multiple_of(7) {
        *shared.table.write().await += 1;
        return;
    }
    let row = shared.table.read().await;
    yield_now().await;
    drop(row);
}

async fn sit(shared: Arc<Shared>) {
    let seats = shared.seats.acquire_many(2).await;
    sleep(Duration::from_millis(1)).await;
    drop(seats);
}

async fn ask() {
    let (sender, receiver) = oneshot::channel();
    tokio::spawn(async move { sender.send(1) });
    receiver.await.unwrap();
}

async fn relay() {
    let (sender, mut receiver) = mpsc::channel(1);
    let writer = tokio::spawn(async move {
        for number in 0..4 {
            sender.send(number).await.unwrap();
        }
    });
    while receiver.recv().await.is_some() {}
    writer.await.unwrap();
}

async fn gather(shared: Arc<Shared>) {
    let mut set = JoinSet::new();
    for _ in 0..3 {
        set.spawn(count(shared.clone()));
    }
    while set.join_next().await.is_some() {}
}

async fn hurry(shared: Arc<Shared>) {
    let heard = timeout(Duration::from_millis(1), shared.bell.notified()).await;
    drop(heard);
    tokio::select! {
        () = shared.bell.notified() => {}
        () = sleep(Duration::from_millis(1)) => {}
    }
    tokio::join!(count(shared.clone()), Box::pin(look_up(shared.clone(), 3)));
}

async fn compute() {
    let sum = spawn_blocking(|| (0..2000u64).fold(0, u64::wrapping_add));
    drop(sum.await);
}

async fn aborted() {
    let task = tokio::spawn(async { sleep(Duration::from_secs(60)).await });
    yield_now().await;
    task.abort();
    drop(task.await);
}

async fn short(shared: Arc<Shared>, number: u64) {
    match number % 9 {
        0 => count(shared).await,
        1 => look_up(shared, number).await,
        2 => sit(shared).await,
        3 => ask().await,
        4 => relay().await,
        5 => gather(shared).await,
        6 => hurry(shared).await,
        7 => compute().await,
        _ => aborted().await,
    }
}

#[tokio::main(flavor = "multi_thread", worker_threads = 4)]
async fn main() {
    let shared = Arc::new(Shared {
        lock: Mutex::new(0),
        table: RwLock::new(0),
        seats: Semaphore::new(4),
        bell: Notify::new(),
    });
    for _ in 0..STAYING {
        tokio::spawn(stay());
    }
    println!("done");
    let crowd = Arc::new(Semaphore::new(CROWD));
    for number in 0.. {
        let place = crowd.clone().acquire_owned().await;
        let shared = shared.clone();
        tokio::spawn(async move {
            short(shared, number).await;
            drop(place);
        });
        if number % 32 == 0 {
            shared_bell(number).await;
        }
    }
}

async fn shared_bell(number: u64) {
    if number % 64 == 0 {
        yield_now().await;
    }
}
