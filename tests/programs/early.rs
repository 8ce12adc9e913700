//! A Tokio of the first versions, whose runtimes kept no list of their tasks: a task is known by those
//! who wait for it.

use tokio::runtime::Builder;
use tokio::sync::oneshot;

#[test]
fn many_threads() {
    hang(&mut Builder::new_multi_thread());
}

#[test]
fn one_thread() {
    hang(&mut Builder::new_current_thread());
}

fn hang(builder: &mut Builder) {
    let runtime = builder.build().unwrap();
    let (_keep, receiver) = oneshot::channel();
    let (_keep_other, other) = oneshot::channel();
    runtime.spawn(unseen(other)); //~ spawned unseen
    runtime.block_on(body(receiver));
}

async fn body(receiver: oneshot::Receiver<()>) {
    let waiter = tokio::spawn(seen(receiver)); //~ spawned seen
    waiter.await.unwrap(); //~ body 1 waits JoinHandle seen
}

async fn seen(receiver: oneshot::Receiver<()>) {
    receiver.await.unwrap(); //~ task seen 1 waits oneshot
}

async fn unseen(receiver: oneshot::Receiver<()>) {
    receiver.await.unwrap(); //~ task unseen 1 waits oneshot
}
