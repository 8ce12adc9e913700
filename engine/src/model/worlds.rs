//! Worlds as literals, for the tests of everything that is a function of a world.

use std::path::PathBuf;

use super::{
    Activity, Amount, Aside, EndedBy, Future, FutureKind, FutureState, Hold, Holder, Holding, Line,
    Needs, Owner, Resource, ResourceKey, Runtime, Shared, Task, TaskKey, TaskKind, TaskState,
    Thread, Wait, Waiter, Waker, World,
};
use crate::address::{Address, ThreadId};
use crate::evidence::{Certainty, Trust};

/// A world that is being written down.
#[derive(Default)]
pub(crate) struct Scene {
    /// What was written so far.
    pub(crate) world: World,
    next: u64,
}

/// The thread of the test.
pub(crate) const TEST: ThreadId = ThreadId(1);

/// The test's body.
pub(crate) const BODY: TaskKey = TaskKey::Root(TEST, 0);

/// The name of the `number`th resource.
pub(crate) fn key(number: u64) -> ResourceKey {
    ResourceKey(Address(number << 32))
}

/// A wait that ends by the doing of `by`.
pub(crate) fn wait(kind: &str, by: EndedBy) -> Wait {
    Wait { kind: kind.to_owned(), by, type_name: kind.to_owned(), ..Wait::default() }
}

/// A wait for the resource of this number.
pub(crate) fn for_resource(kind: &str, by: EndedBy, number: u64) -> Wait {
    Wait { resource: Some(key(number)), address: Some(key(number).0), ..wait(kind, by) }
}

/// A wait for a lock.
pub(crate) fn lock(number: u64) -> Wait {
    for_resource("Mutex", EndedBy::Holders, number)
}

/// A wait for permits.
pub(crate) fn permits(number: u64) -> Wait {
    for_resource("Semaphore", EndedBy::Permits, number)
}

/// A wait for a message of a channel with so many senders.
pub(crate) fn message(number: u64, senders: u64) -> Wait {
    let amounts = vec![Amount::Senders(senders)];
    Wait { amounts, ..for_resource("mpsc recv", EndedBy::Senders, number) }
}

/// A wait for room in a channel.
pub(crate) fn room(number: u64) -> Wait {
    let amounts = vec![Amount::Available(0)];
    Wait { amounts, ..for_resource("mpsc send", EndedBy::Receivers, number) }
}

/// A wait for the end of a task.
pub(crate) fn end_of(task: TaskKey) -> Wait {
    Wait { task: Some(task), ..wait("JoinHandle", EndedBy::Named) }
}

/// A wait for a notification.
pub(crate) fn notify(number: u64) -> Wait {
    for_resource("Notify", EndedBy::Anybody, number)
}

/// A wait for a moment, so many seconds ahead.
pub(crate) fn timer(seconds: i64) -> Wait {
    let amounts = vec![Amount::FiresIn(seconds * 1_000_000_000)];
    Wait { amounts, ..wait("sleep", EndedBy::Time) }
}

/// A line of the user's code.
pub(crate) fn line(line: u32) -> Line {
    Line { file: PathBuf::from("/w/src/bank.rs"), line, trust: Trust::Read }
}

impl Scene {
    /// A test whose body is nothing yet.
    pub(crate) fn new() -> Scene {
        let mut scene = Scene::default();
        scene.thread(TEST.0, "it::test");
        let task = scene.blank(BODY, TaskKind::BlockOn, "body");
        scene.world.tasks.push(Task { thread: Some(TEST), ..task });
        scene.thread_of(TEST).blocks_on = Some(BODY);
        scene
    }

    /// A place in memory that nothing else has.
    fn place(&mut self) -> Address {
        self.next += 1;
        Address(0x1000 + self.next * 0x1000)
    }

    fn blank(&mut self, key: TaskKey, kind: TaskKind, name: &str) -> Task {
        Task {
            key,
            kind,
            id: Some(self.next),
            name: name.to_owned(),
            future_type: name.to_owned(),
            state: TaskState::Idle,
            is_aborted: false,
            runtime: None,
            pool: None,
            spawned: None,
            thread: None,
            future: None,
            aside: Vec::new(),
            wakers: None,
            is_walked: true,
        }
    }

    /// A spawned task that is idle.
    pub(crate) fn task(&mut self, name: &str) -> TaskKey {
        let key = TaskKey::Spawned(self.place());
        let task = self.blank(key, TaskKind::Spawned, name);
        self.world.tasks.push(task);
        key
    }

    /// The task of this name.
    pub(crate) fn get(&mut self, key: TaskKey) -> &mut Task {
        self.world.tasks.iter_mut().find(|task| task.key == key).expect("a task of the scene")
    }

    /// A future that waits at this line.
    fn future(&mut self, at: u32, waits: Vec<Wait>, needs: Needs) -> Future {
        let leaf = |scene: &mut Scene, wait: Wait| Future {
            name: wait.kind.clone(),
            kind: FutureKind::Type,
            type_name: wait.type_name.clone(),
            address: scene.place(),
            state: None,
            line: None,
            wait: Some(wait),
            children: Vec::new(),
            needs: Needs::Any,
            is_partial: false,
            described: None,
            variables: Vec::new(),
        };
        let children = waits.into_iter().map(|wait| leaf(self, wait)).collect();
        Future {
            name: "f".to_owned(),
            kind: FutureKind::AsyncFn,
            type_name: format!("f{at}"),
            address: self.place(),
            state: Some(FutureState::Suspended),
            line: Some(line(at)),
            wait: None,
            children,
            needs,
            is_partial: false,
            described: None,
            variables: Vec::new(),
        }
    }

    /// The task stands at this line and waits there.
    pub(crate) fn waits(&mut self, key: TaskKey, at: u32, wait: Wait) {
        self.get(key).future = None;
        let future = self.future(at, vec![wait], Needs::Any);
        self.get(key).future = Some(future);
    }

    /// The task stands at this line and waits for several things at once. Gives the futures.
    pub(crate) fn waits_for(
        &mut self,
        key: TaskKey,
        at: u32,
        needs: Needs,
        waits: Vec<Wait>,
    ) -> Vec<Address> {
        let future = self.future(at, waits, needs);
        let parts = future.children.iter().map(|child| child.address).collect();
        self.get(key).future = Some(future);
        parts
    }

    /// The task has a future that it does not poll, which stands at this line.
    pub(crate) fn aside(&mut self, key: TaskKey, at: u32, wait: Wait) -> Holder {
        let future = self.future(at, vec![wait], Needs::Any);
        let address = future.address;
        let within = self.get(key).future.as_ref().expect("a future around it").address;
        self.get(key).aside.push(Aside {
            future,
            variable: Some("first".to_owned()),
            within,
            at: Some(line(at)),
            since: Some(line(at)),
            certainty: Certainty::Definite,
        });
        Holder::Aside(key, address)
    }

    /// The task is being polled by this thread.
    pub(crate) fn runs(&mut self, key: TaskKey, thread: ThreadId) {
        let task = self.get(key);
        task.state = TaskState::Running;
        task.thread = Some(thread);
        task.future = None;
        let thread = self.thread_of(thread);
        thread.activity = Activity::Polls(key);
        thread.blocks_on = None;
    }

    /// A thread that is parked.
    pub(crate) fn thread(&mut self, number: i32, name: &str) -> ThreadId {
        let id = ThreadId(number);
        self.world.threads.push(Thread {
            id,
            name: name.to_owned(),
            activity: Activity::Blocked("futex".to_owned()),
            call: Some("futex".to_owned()),
            blocks_on: None,
            cpu: 0,
            rests: 0,
            wait: None,
            frames: Vec::new(),
        });
        id
    }

    /// The thread of this id.
    pub(crate) fn thread_of(&mut self, id: ThreadId) -> &mut Thread {
        self.world.threads.iter_mut().find(|thread| thread.id == id).expect("a thread")
    }

    /// A runtime that these threads drive, and the tasks in it.
    pub(crate) fn runtime(&mut self, drivers: &[ThreadId], tasks: &[TaskKey]) {
        let index = self.world.runtimes.len();
        self.world.runtimes.push(Runtime {
            address: Address(index as u64),
            flavor: "multi-thread".to_owned(),
            tasks: tasks.len(),
            drivers: drivers.to_vec(),
        });
        for key in tasks {
            self.get(*key).runtime = Some(index);
        }
    }

    /// Somebody has this of a resource.
    pub(crate) fn holds(&mut self, holder: Holder, number: u64, hold: Hold) -> &mut Holding {
        let address = self.place();
        self.world.holdings.push(Holding {
            resource: key(number),
            hold,
            type_name: "Guard".to_owned(),
            address,
            holder,
            within: None,
            variable: Some("guard".to_owned()),
            since: Some(line(10)),
            certainty: Certainty::Definite,
            carrier: None,
            unflushed: None,
        });
        self.world.holdings.last_mut().expect("the one just added")
    }

    /// A lock that a task has.
    pub(crate) fn locks(&mut self, key: TaskKey, number: u64) -> &mut Holding {
        self.holds(Holder::Task(key), number, Hold::Exclusive)
    }

    /// The resource lies in a value that these have together, of so many owners.
    pub(crate) fn shares(
        &mut self,
        number: u64,
        count: Option<u64>,
        owners: &[(Holder, Certainty)],
    ) {
        let owner = |(holder, certainty): &(Holder, Certainty)| Owner {
            address: self.place(),
            holder: *holder,
            within: None,
            certainty: *certainty,
        };
        let owners = owners.iter().map(owner).collect();
        let address = key(number).0.back(16);
        self.world.shared.retain(|shared| shared.address != address);
        self.world.shared.push(Shared { address, size: 64, count, owners });
    }

    /// What is known of a resource: its amounts, and in whose leaves its waiters are.
    pub(crate) fn resource(&mut self, number: u64, amounts: &[Amount], queue: &[Address]) {
        let waiter = |at: &Address| Waiter { node: at.offset(8), needs: 1, waker: None::<Waker> };
        self.world.resources.push(Resource {
            key: key(number),
            kind: "Mutex".to_owned(),
            type_name: "Mutex".to_owned(),
            address: None,
            amounts: amounts.to_vec(),
            waiters: Some(queue.iter().map(waiter).collect()),
            listeners: Vec::new(),
            tasks: Vec::new(),
        });
    }

    /// Where the leaf of a task lies, or of its first future that nothing polls.
    pub(crate) fn leaf(&mut self, holder: Holder) -> Address {
        let future = match holder {
            Holder::Task(key) => self.get(key).future.as_ref(),
            Holder::Aside(key, _) => self.get(key).aside.first().map(|aside| &aside.future),
            Holder::Thread(..) | Holder::Shared(_) | Holder::Static(_) | Holder::Queued(_) => None,
        };
        future.expect("a future").children.first().expect("a leaf").address
    }
}

/// A leaf by itself, which lies at a place of its own.
pub(crate) fn standing_alone(wait: Wait, number: u64) -> Future {
    Future {
        name: wait.kind.clone(),
        kind: FutureKind::Type,
        type_name: wait.type_name.clone(),
        address: Address(0x7000_0000 + number * 0x1000),
        state: None,
        line: None,
        wait: Some(wait),
        children: Vec::new(),
        needs: Needs::Any,
        is_partial: false,
        described: None,
        variables: Vec::new(),
    }
}
