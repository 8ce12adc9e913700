//! Two versions of Tokio in one process: each has a runtime, and tasks with ids of its own. Futures of
//! one are polled by the other.

use std::sync::Arc;
use std::thread;

use tokio::sync::Mutex;
use tokio_old as old;

#[test]
fn hangs() {
    let new = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
    let old = old::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
    let lock = Arc::new(Mutex::new(0));
    let lock_old = Arc::new(old::sync::Mutex::new(0));
    let guard = new.block_on(lock.lock());
    let guard_old = old.block_on(lock_old.lock());
    let first = new.spawn(add(lock.clone())); //~ spawned new
    old.spawn(add_crossed(lock.clone())); //~ spawned crossed
    new.spawn(add_old_crossed(lock_old.clone())); //~ spawned crossed_old
    let last = old.spawn(add_old(lock_old.clone())); //~ spawned old
    let outside = thread::spawn(move || old.block_on(last)); //~ root outside 0 waits JoinHandle old
    new.block_on(first).unwrap(); //~ body 0 waits JoinHandle new
    outside.join().unwrap().unwrap();
    drop((guard, guard_old));
}

async fn add(lock: Arc<Mutex<u32>>) {
    *lock.lock().await += 1; //~ task new 1 waits Mutex
}

async fn add_crossed(lock: Arc<Mutex<u32>>) {
    *lock.lock().await += 1; //~ task crossed 1 waits Mutex
}

async fn add_old(lock: Arc<old::sync::Mutex<u32>>) {
    *lock.lock().await += 1; //~ task old 1 waits Mutex
}

async fn add_old_crossed(lock: Arc<old::sync::Mutex<u32>>) {
    *lock.lock().await += 1; //~ task crossed_old 1 waits Mutex
}
