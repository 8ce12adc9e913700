//! One claim, and what it rests on.

use crate::evidence::Certainty;
use crate::graph::{EdgeKind, NodeId};

/// One claim of what is wrong.
#[derive(Clone, PartialEq, Debug)]
pub struct Finding {
    /// What is claimed.
    pub kind: FindingKind,
    /// How sure it is.
    pub certainty: Certainty,
    /// The waits that are the cause, each for the next; in a circle the last for the first.
    pub steps: Vec<Step>,
    /// Whether the last step leads back to the first.
    pub is_circle: bool,
    /// What is part of the cause beyond its steps: also caught in it, in other ways.
    pub others: Vec<NodeId>,
    /// What only waits for the cause.
    pub victims: Vec<NodeId>,
    /// What else is true of the same waits.
    pub also: Vec<FindingKind>,
    /// What keeps it from being surer.
    pub doubts: Vec<Doubt>,
}

/// One wait of a cause.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Step {
    /// Who waits: a part of a task, or a thread.
    pub who: NodeId,
    /// What for, if that stands between it and the next: a resource, a runtime.
    pub through: Option<NodeId>,
    /// In what way it needs the next; absent where nothing more is known.
    pub relation: Option<EdgeKind>,
    /// In what way that leads on to the next; absent where nothing stands between them.
    pub by: Option<EdgeKind>,
    /// Where what the next one has of it lies, if the next one does not have that alone.
    pub place: Option<NodeId>,
    /// What the next one has of it: an index into [`crate::model::World::holdings`].
    pub holding: Option<usize>,
}

/// What keeps a finding from being surer.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Doubt {
    /// That this holding is alive is not certain.
    Holding(usize),
    /// Something moved between the looks.
    Moved(NodeId),
    /// There was only one look.
    OneLook,
    /// How many others could end the wait is not known.
    Uncounted(NodeId),
    /// What it rests on is concluded, not read.
    Concluded,
    /// This timer gives up one of the waits when it fires.
    Timer(NodeId),
    /// This signal, if somebody sends it, gives up one of the waits.
    Signal(NodeId),
}

/// What can be claimed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum FindingKind {
    /// A circle of tasks and threads, each of which has what the one before waits for.
    Deadlock,
    /// One task waits for what it has itself.
    SelfDeadlock,
    /// What is waited for belongs to a future that nothing polls.
    Futurelock,
    /// What is waited for is there or gone, and nothing will wake the task.
    LostWakeup,
    /// A channel or a join waits for ends that are kept by those who will not use them.
    NeverClosed,
    /// A thread of a runtime is blocked in a call that is not async.
    BlockedWorker,
    /// A task can run, and no thread will run it.
    Starvation,
    /// It is busy and does not get on.
    Livelock,
    /// It waits for the world outside of the process.
    ExternalWait,
    /// The body has returned and the process does not end.
    ExitHang,
    /// It gets on, and time ran out.
    Slow,
    /// A thread has panicked.
    Panic,
    /// A signal ends the process.
    Crash,
    /// None of these is likely.
    Undetermined,
}

impl FindingKind {
    /// All kinds.
    pub const ALL: [FindingKind; 14] = [
        FindingKind::Deadlock,
        FindingKind::SelfDeadlock,
        FindingKind::Futurelock,
        FindingKind::LostWakeup,
        FindingKind::NeverClosed,
        FindingKind::BlockedWorker,
        FindingKind::Starvation,
        FindingKind::Livelock,
        FindingKind::ExternalWait,
        FindingKind::ExitHang,
        FindingKind::Slow,
        FindingKind::Panic,
        FindingKind::Crash,
        FindingKind::Undetermined,
    ];

    /// The stable code, as in `cargo asynctest explain deadlock`.
    pub fn slug(self) -> &'static str {
        match self {
            FindingKind::Deadlock => "deadlock",
            FindingKind::SelfDeadlock => "self-deadlock",
            FindingKind::Futurelock => "futurelock",
            FindingKind::LostWakeup => "lost-wakeup",
            FindingKind::NeverClosed => "never-closed",
            FindingKind::BlockedWorker => "blocked-worker",
            FindingKind::Starvation => "starvation",
            FindingKind::Livelock => "livelock",
            FindingKind::ExternalWait => "external-wait",
            FindingKind::ExitHang => "exit-hang",
            FindingKind::Slow => "slow",
            FindingKind::Panic => "panic",
            FindingKind::Crash => "crash",
            FindingKind::Undetermined => "undetermined",
        }
    }

    /// Whether it is what ends the test, and not what keeps it from ending.
    pub fn is_blow(self) -> bool {
        matches!(self, FindingKind::Panic | FindingKind::Crash)
    }

    /// The kind with this code.
    pub fn of(slug: &str) -> Option<FindingKind> {
        FindingKind::ALL.into_iter().find(|kind| kind.slug() == slug)
    }
}

impl Finding {
    /// Whether it is a circle that nothing outside of it ends, as far as it was read.
    pub fn is_closed(&self) -> bool {
        let is_way_out = |doubt: &Doubt| matches!(doubt, Doubt::Timer(_) | Doubt::Signal(_));
        let is_claimed = self.kind != FindingKind::Undetermined;
        self.is_circle && is_claimed && !self.doubts.iter().any(is_way_out)
    }

    /// The timer that ends this when it fires, if there is one.
    pub fn timer(&self) -> Option<NodeId> {
        self.doubts.iter().find_map(|doubt| match doubt {
            Doubt::Timer(node) => Some(*node),
            Doubt::Signal(_)
            | Doubt::Holding(_)
            | Doubt::Moved(_)
            | Doubt::OneLook
            | Doubt::Uncounted(_)
            | Doubt::Concluded => None,
        })
    }

    /// The nodes that are the cause.
    pub fn nodes(&self) -> impl Iterator<Item = NodeId> {
        let steps = self.steps.iter().flat_map(|step| [Some(step.who), step.through]);
        steps.flatten().chain(self.others.iter().copied())
    }
}
