//! The parts of a graph in the words of the user: who, where, for what.

use super::paths::Paths;
use super::schema::{Location, Origin, WayPoint};
use super::tasks::{self, Labels};
use super::types::short_type;
use crate::diagnosis::Case;
use crate::graph::{Branch, EdgeKind, Node, NodeId, ResourceNode};
use crate::model::{self, Activity, Blow, EndedBy, Future, FutureKind, Holding, Thread, Wait};

/// What is said of nodes is said with these.
pub(super) struct Words<'report, 'world> {
    pub(super) case: &'report Case<'world>,
    pub(super) labels: &'report Labels,
    pub(super) paths: &'report Paths<'report>,
}

impl<'world> Words<'_, 'world> {
    /// A node's name, the same in all of a report: `task 7`, `test body`, `thread 12 writer`.
    pub(super) fn label(&self, id: NodeId) -> String {
        match self.case.graph.node(id) {
            Some(Node::Branch(branch)) => self.labels.label(branch.task.key),
            Some(Node::Thread(thread)) => self.thread_label(thread),
            Some(Node::Resource(resource)) => kind(resource).to_owned(),
            Some(Node::Runtime(runtime)) => format!("{} runtime", runtime.flavor),
            Some(Node::Pool(_)) => "blocking pool".to_owned(),
            Some(Node::Place(_)) => "a place that no task owns alone".to_owned(),
            None => "unknown".to_owned(),
        }
    }

    /// A thread by the task that it polls, or by its own name.
    fn thread_label(&self, thread: &Thread) -> String {
        match &thread.activity {
            Activity::Polls(key) => self.labels.label(*key),
            Activity::Waits(_) | Activity::Blocked(_) | Activity::Running => {
                format!("thread {} {}", thread.id, thread.name)
            }
        }
    }

    /// Who, for the first mention in a sentence: `task 7 (bank::transfer)`, `the test body`.
    pub(super) fn who(&self, id: NodeId) -> String {
        let label = self.label(id);
        let name = self.telling_name(id);
        match (label.as_str(), name) {
            ("test body", _) => "the test body".to_owned(),
            (_, Some(name)) => format!("{label} ({name})"),
            (_, None) => label,
        }
    }

    /// The function of a task; for one that is an async block, the first function that it calls.
    fn telling_name(&self, id: NodeId) -> Option<&'world str> {
        let task = self.task(id)?;
        if !task.name.ends_with('}') {
            return Some(&task.name);
        }
        let mut next = task.future.as_ref();
        while let Some(future) = next {
            let is_users =
                future.line.as_ref().is_some_and(|line| is_users(&self.paths.location(line)));
            if future.kind == FutureKind::AsyncFn && is_users {
                return Some(&future.name);
            }
            next = match future.children.as_slice() {
                [only] => Some(only),
                _ => None,
            };
        }
        Some(&task.name)
    }

    /// Who, when it was mentioned before.
    pub(super) fn again(&self, id: NodeId) -> String {
        match self.label(id) {
            label if label == "test body" => "the test body".to_owned(),
            label => label,
        }
    }

    /// What has just happened to this, if it is the thread that the process was stopped at.
    pub(super) fn blow(&self, id: NodeId) -> Option<&'world Blow> {
        let Some(Node::Thread(thread)) = self.case.graph.node(id) else { return None };
        let moment = self.case.world.moment.as_ref();
        moment.filter(|moment| moment.thread == thread.id).map(|moment| &moment.blow)
    }

    /// The function of the task that a node is, or polls.
    pub(super) fn name(&self, id: NodeId) -> Option<&'world str> {
        Some(self.task(id)?.name.as_str())
    }

    /// The task that a node is, or polls.
    pub(super) fn task(&self, id: NodeId) -> Option<&'world model::Task> {
        match self.case.graph.node(id)? {
            Node::Branch(branch) => Some(branch.task),
            Node::Thread(_) => {
                let key = self.case.task_of(id)?;
                self.case.world.tasks.iter().find(|task| task.key == key)
            }
            Node::Resource(_) | Node::Runtime(_) | Node::Pool(_) | Node::Place(_) => None,
        }
    }

    /// Where it stands: the innermost line of the user's own code on the way to what it waits for.
    pub(super) fn place(&self, id: NodeId) -> Option<Location> {
        match self.case.graph.node(id)? {
            Node::Branch(branch) => self.place_of_branch(branch),
            Node::Thread(thread) => self.place_of_thread(thread),
            Node::Resource(_) | Node::Runtime(_) | Node::Pool(_) | Node::Place(_) => None,
        }
    }

    fn place_of_branch(&self, branch: &Branch<'world>) -> Option<Location> {
        if branch.links.is_empty() {
            let thread = branch.task.thread?;
            let thread = self.case.world.threads.iter().find(|known| known.id == thread)?;
            return self.place_of_thread(thread);
        }
        let mut around = Some(branch);
        while let Some(current) = around {
            let lines = current.links.iter().rev().filter_map(|link| link.line.as_ref());
            let mut places = lines.map(|line| self.paths.location(line));
            if let Some(place) = places.find(is_users) {
                return Some(place);
            }
            around = current.parent.and_then(|parent| self.case.graph.branch(parent));
        }
        None
    }

    fn place_of_thread(&self, thread: &Thread) -> Option<Location> {
        // What waits for a runtime to end lies behind the body: its lines are a wrapper's.
        if matches!(thread.activity, Activity::Waits(_)) {
            return None;
        }
        let lines = thread.frames.iter().filter_map(|frame| frame.line.as_ref());
        lines.map(|line| self.paths.location(line)).find(is_users)
    }

    /// The lines of the user's own code on the way from a task to where a part of it stands,
    /// outermost first.
    pub(super) fn way(&self, id: NodeId) -> Vec<WayPoint> {
        if let Some(Node::Thread(thread)) = self.case.graph.node(id) {
            return self.way_of_thread(thread);
        }
        let mut futures: Vec<&Future> = Vec::new();
        let mut around = self.case.graph.branch(id);
        while let Some(current) = around {
            futures.extend(current.links.iter().rev());
            around = current.parent.and_then(|parent| self.case.graph.branch(parent));
        }
        let point = |future: &&Future| {
            let location = self.paths.location(future.line.as_ref()?);
            is_users(&location).then(|| WayPoint { location, variables: tasks::variables(future) })
        };
        without_repeats(futures.iter().rev().filter_map(point).collect())
    }

    /// The lines on the way to where `who` stands, and from there to where `leaf` does, which is a part of
    /// it or what it blocks on.
    pub(super) fn way_to(&self, who: NodeId, leaf: NodeId) -> Vec<WayPoint> {
        let mut way = self.way(who);
        if who != leaf {
            way.extend(self.way(leaf));
        }
        without_repeats(way)
    }

    /// The user's frames of a thread, outermost first.
    fn way_of_thread(&self, thread: &Thread) -> Vec<WayPoint> {
        if matches!(thread.activity, Activity::Waits(_)) {
            return Vec::new();
        }
        let lines = thread.frames.iter().rev().filter_map(|frame| frame.line.as_ref());
        let locations = lines.map(|line| self.paths.location(line)).filter(is_users);
        let points = locations.map(|location| WayPoint { location, variables: Vec::new() });
        without_repeats(points.collect())
    }

    /// What a node waits for, if that is known.
    pub(super) fn wait(&self, id: NodeId) -> Option<&'world Wait> {
        match self.case.graph.node(id)? {
            Node::Branch(branch) => branch.wait(),
            Node::Thread(thread) => thread.wait.as_ref(),
            Node::Resource(resource) => Some(resource.wait),
            Node::Runtime(_) | Node::Pool(_) | Node::Place(_) => None,
        }
    }

    /// What is waited for, with all that is known of it, in words that stand behind `waits for`.
    pub(super) fn waited(&self, wait: &Wait) -> String {
        let what = waited(wait, tasks::details(wait).as_deref());
        match tasks::poll_function(wait, self.paths) {
            Some(poll) => format!("{what}, in `{}` ({})", poll.function, at(&poll.location)),
            None => what,
        }
    }

    /// The name of the thread whose end is waited for.
    pub(super) fn awaited_thread(&self, wait: &Wait) -> Option<&'world str> {
        let mut threads = self.case.world.threads.iter();
        threads.find(|thread| Some(thread.id) == wait.thread).map(|thread| thread.name.as_str())
    }

    /// Whether a node is a stream in memory.
    pub(super) fn is_stream(&self, id: Option<NodeId>) -> bool {
        let node = id.and_then(|id| self.case.graph.node(id));
        matches!(node, Some(Node::Resource(resource)) if kind(resource).ends_with("Stream"))
    }

    /// Whether a place is a channel's queue.
    pub(super) fn is_queue(&self, id: NodeId) -> bool {
        let edges = self.case.graph.needs(id).iter();
        edges.filter(|edge| edge.kind == EdgeKind::OwnedBy).any(|edge| edge.holding.is_some())
    }

    /// A holding by its index.
    pub(super) fn holding(&self, index: Option<usize>) -> Option<&'world Holding> {
        self.case.world.holdings.get(index?)
    }

    /// Since which line it has been held, and in which variable: ` since src/bank.rs:58 in `guard``.
    pub(super) fn since(&self, holding: Option<&Holding>) -> String {
        let variable = holding.and_then(|holding| holding.variable.as_ref());
        let variable = variable.map(|name| format!(" in `{name}`")).unwrap_or_default();
        format!("{}{variable}", self.since_line(holding))
    }

    /// Since which line it has been held: ` since src/bank.rs:58`.
    pub(super) fn since_line(&self, holding: Option<&Holding>) -> String {
        let since = holding.and_then(|holding| holding.since.as_ref());
        let since = since.map(|line| self.paths.location(line));
        since.map(|place| format!(" since {}", at(&place))).unwrap_or_default()
    }
}

/// That a buffer has not handed on what was written: ` (6 bytes lie in its buffer, not flushed)`.
pub(super) fn unflushed(holding: Option<&Holding>) -> String {
    match holding.and_then(|holding| holding.unflushed) {
        Some(1) => " (1 byte lies in its buffer, not flushed)".to_owned(),
        Some(bytes) => format!(" ({bytes} bytes lie in its buffer, not flushed)"),
        None => String::new(),
    }
}

/// With which variable a message will be received: ` (with `requests` since src/lib.rs:12)`.
pub(super) fn receiver(words: &Words<'_, '_>, queue: NodeId) -> String {
    let owners = words.case.graph.needs(queue).iter();
    let owners = owners.filter(|edge| edge.kind == EdgeKind::OwnedBy);
    let surest = owners.max_by_key(|edge| edge.certainty);
    let holding = surest.and_then(|edge| words.holding(edge.holding));
    let since = words.since_line(holding);
    match holding.and_then(|holding| holding.variable.as_deref()) {
        Some(name) => format!(" (with `{name}`{since})"),
        None => String::new(),
    }
}

/// What a resource is called.
pub(super) fn kind<'world>(resource: &ResourceNode<'world>) -> &'world str {
    resource.resource.map_or(resource.wait.kind.as_str(), |known| known.kind.as_str())
}

/// `src/bank.rs:58`.
pub(super) fn at(place: &Location) -> String {
    format!("{}:{}", place.file, place.line)
}

/// ` at src/bank.rs:58`, or nothing.
pub(super) fn at_place(place: Option<&Location>) -> String {
    place.map(|place| format!(" at {}", at(place))).unwrap_or_default()
}

/// Whether a line is the user's, as far as that can be told.
pub(super) fn is_users(place: &Location) -> bool {
    matches!(place.origin, Origin::User | Origin::Unknown)
}

/// What is waited for, in words that stand behind `waits for`.
pub(super) fn waited(wait: &Wait, detail: Option<&str>) -> String {
    let detail = detail.map(|detail| format!(" ({detail})")).unwrap_or_default();
    let kind = wait.kind.as_str();
    match wait.by {
        EndedBy::Nobody => "nothing: it is made to last for ever".to_owned(),
        EndedBy::Time => format!(
            "{}{detail}",
            article(match kind {
                "sleep" => "timer",
                kind => kind,
            })
        ),
        EndedBy::Unknown if kind == "unknown" => {
            format!("a future of type {}{detail}", short_type(&wait.type_name))
        }
        EndedBy::Senders if kind.ends_with("recv") => {
            format!("a message of {}{detail}", article(&channel(kind)))
        }
        EndedBy::Senders if kind == "oneshot" => format!("the value of a oneshot channel{detail}"),
        EndedBy::Senders if kind.ends_with("Stream read") => {
            format!("bytes from {}{detail}", article(kind.trim_end_matches(" read")))
        }
        EndedBy::Receivers if kind.ends_with("Stream write") => {
            format!("room in {}{detail}", article(kind.trim_end_matches(" write")))
        }
        EndedBy::Receivers if kind.ends_with(CLOSED) => {
            let bare = kind.trim_end_matches(CLOSED);
            format!("the end of all receivers of {}{detail}", article(&channel(bare)))
        }
        EndedBy::Receivers => format!("room in {}{detail}", article(&channel(kind))),
        EndedBy::Holders
        | EndedBy::Permits
        | EndedBy::Senders
        | EndedBy::Handles
        | EndedBy::Named
        | EndedBy::World
        | EndedBy::Anybody
        | EndedBy::Unknown => format!("{}{detail}", article(kind)),
    }
}

/// How the kinds of waits end that are for the receivers of a channel to go.
pub(super) const CLOSED: &str = " closed";

/// `mpsc channel` of `mpsc recv`.
fn channel(kind: &str) -> String {
    let bare = kind.trim_end_matches(" recv").trim_end_matches(" send");
    match bare.ends_with("channel") {
        true => bare.to_owned(),
        false => format!("{bare} channel"),
    }
}

/// With `a` or `an` before it, unless it begins with a word such as `any`.
pub(super) fn article(noun: &str) -> String {
    if noun.starts_with("any ") {
        return noun.to_owned();
    }
    let is_vowel = noun.chars().next().is_some_and(|first| "aeioAEIO".contains(first));
    // `mpsc` is spelled: em pee.
    let is_spelled = noun.starts_with("mpsc");
    // As if they began with a w.
    let is_one = ["one", "Once"].iter().any(|word| noun.starts_with(word));
    format!("{} {noun}", if (is_vowel && !is_one) || is_spelled { "an" } else { "a" })
}

/// The same with each line once where it stands several times in a row.
fn without_repeats(mut way: Vec<WayPoint>) -> Vec<WayPoint> {
    way.dedup_by(|one, before| {
        let is_same =
            one.location.file == before.location.file && one.location.line == before.location.line;
        if is_same && before.variables.is_empty() {
            before.variables = std::mem::take(&mut one.variables);
        }
        is_same
    });
    way
}
