//! Threads that are blocked in one thing each, which their names say.

use std::io::Read as _;
use std::sync::{Barrier, Condvar, Mutex, OnceLock, RwLock, mpsc};
use std::thread;
use std::time::Duration;

static MUTEX: Mutex<u32> = Mutex::new(0);
static READ: RwLock<u64> = RwLock::new(0);
static WRITE: RwLock<String> = RwLock::new(String::new());
static CONDITION: Condvar = Condvar::new();
static READY: Mutex<bool> = Mutex::new(false);
static FREE: Mutex<u8> = Mutex::new(0);
static ONCE: OnceLock<u32> = OnceLock::new();

fn spawn(name: &str, body: impl FnOnce() + Send + 'static) -> thread::JoinHandle<()> {
    thread::Builder::new().name(name.to_owned()).spawn(body).unwrap()
}

fn long() {
    thread::sleep(Duration::from_secs(3600));
}

fn main() {
    let held = MUTEX.lock().unwrap();
    let writer = READ.write().unwrap();
    let reader = WRITE.read().unwrap();
    let free = FREE.lock().unwrap();
    drop(free);
    spawn("Mutex", || *MUTEX.lock().unwrap() += 1);
    spawn("RwLock read", || println!("{}", READ.read().unwrap()));
    spawn("RwLock write", || WRITE.write().unwrap().push('a'));
    spawn("Condvar", || drop(CONDITION.wait_while(READY.lock().unwrap(), |ready| !*ready)));
    spawn("Condvar timed", || {
        drop(CONDITION.wait_timeout(READY.lock().unwrap(), Duration::from_secs(3600)));
    });
    let (sender, receiver) = mpsc::channel::<u32>();
    spawn("mpsc recv", move || println!("{:?}", receiver.recv()));
    let (full, kept) = mpsc::sync_channel::<u32>(0);
    spawn("mpsc send", move || full.send(1).unwrap());
    spawn("park", thread::park);
    spawn("sleep", long);
    let sleeper = spawn("sleep", long);
    spawn("join", move || sleeper.join().unwrap());
    spawn("scope", || {
        let sleep = thread::Builder::new().name("sleep".to_owned());
        thread::scope(|scope| drop(sleep.spawn_scoped(scope, long)));
    });
    let (told, tell) = mpsc::channel();
    spawn("sleep", move || {
        ONCE.get_or_init(|| {
            told.send(()).unwrap();
            long();
            1
        });
    });
    tell.recv().unwrap();
    spawn("Once", || println!("{}", ONCE.get_or_init(|| 2)));
    spawn("Barrier", || drop(Barrier::new(2).wait()));
    spawn("blocking read", || drop(std::io::stdin().lock().read(&mut [0; 1])));
    // Long enough for each to get there, on a machine that does other things, too.
    thread::sleep(Duration::from_secs(2));
    println!("ready");
    long();
    drop((held, writer, reader, sender, kept));
}
