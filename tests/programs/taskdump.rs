//! Spawns tasks that wait in various ways, lets Tokio itself dump them, prints what it says, and
//! stays. Needs Tokio's feature `taskdump` and `--cfg tokio_unstable`.
//!
//! A line of the output is a task's id and the lines of this file in one of its traces, outermost
//! first: `7 31 38`. The last line is `done`.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::{Mutex, Notify, Semaphore, mpsc, oneshot};
use tokio::task::yield_now;

async fn lock(mutex: Arc<Mutex<u32>>) {
    let mut value = mutex.lock().await;
    *value += 1;
}

async fn notified(notify: Arc<Notify>) {
    inner(&notify).await;
}

async fn inner(notify: &Notify) {
    let boxed: Pin<Box<dyn Future<Output = ()> + Send + '_>> = Box::pin(async {
        notify.notified().await;
    });
    boxed.await;
}

async fn receive(mut receiver: mpsc::Receiver<u32>) {
    while let Some(number) = receiver.recv().await {
        println!("{number}");
    }
}

async fn answer(receiver: oneshot::Receiver<u32>) -> u32 {
    let value = receiver.await;
    value.unwrap_or(0)
}

async fn enter(semaphore: Arc<Semaphore>) {
    let permit = semaphore.acquire().await;
    drop(permit);
}

async fn sleep() {
    tokio::time::sleep(Duration::from_secs(3600)).await;
}

async fn join(notify: Arc<Notify>) {
    tokio::join!(notified(notify.clone()), inner(&notify));
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let mutex = Arc::new(Mutex::new(0));
    let _guard = mutex.lock().await;
    let notify = Arc::new(Notify::new());
    let (_sender, receiver) = mpsc::channel(1);
    let (_answer, question) = oneshot::channel();
    tokio::spawn(lock(mutex.clone()));
    tokio::spawn(notified(notify.clone()));
    tokio::spawn(receive(receiver));
    tokio::spawn(answer(question));
    tokio::spawn(enter(Arc::new(Semaphore::new(0))));
    tokio::spawn(sleep());
    tokio::spawn(join(notify.clone()));
    // One thread polls all tasks in turn, so each has come to its last wait by then.
    for _ in 0..20 {
        yield_now().await;
    }
    let dump = Handle::current().dump().await;
    for task in dump.tasks().iter() {
        for trace in task.trace().resolve_backtraces() {
            let frames: Vec<_> = trace.frames().collect();
            let symbols = frames.iter().flat_map(|frame| frame.symbols());
            let own = symbols.filter(|symbol| {
                symbol.filename().is_some_and(|path| path.ends_with("src/main.rs"))
            });
            let mut lines: Vec<String> =
                own.filter_map(|symbol| symbol.lineno()).map(|line| line.to_string()).collect();
            lines.reverse();
            println!("{} {}", task.id(), lines.join(" "));
        }
    }
    println!("done");
    std::future::pending::<()>().await;
}
