//! Findings as one sentence each: who waits for what, and by whose doing it does not come.

use std::collections::BTreeSet;

use super::blows;
use super::schema::Looks;
use super::spans::span;
use super::stands::stands;
use super::words::{CLOSED, Words, article, at, at_place, kind, receiver, unflushed, waited};
use crate::diagnosis::{Finding, FindingKind, Step};
use crate::graph::{EdgeKind, Needed, Node, NodeId};
use crate::model::{Activity, Amount, EndedBy, Hold, Holding, TaskKind, TaskState, Thread, Wait};

/// Most waits in a row that the sentence tells.
const MOST_WAITS: usize = 3;

/// Most movements that the sentence tells.
const MOST_MOVED: usize = 3;

/// Most waits in a row that lead to an end.
const MOST_TO_END: usize = 6;

/// The sentence of a finding.
pub(super) fn sentence(words: &Words<'_, '_>, finding: &Finding, looks: &Looks) -> String {
    let claim = claim(words, finding, looks);
    match finding.timer().and_then(|node| timer(words, node)) {
        Some(timer) => format!("{claim}; {timer} would end that"),
        None => claim,
    }
}

/// `a timer that fires in 3599.0 s`.
pub(super) fn timer(words: &Words<'_, '_>, node: NodeId) -> Option<String> {
    const NANOSECONDS_PER_MILLISECOND: i64 = 1_000_000;
    let left = words.case.graph.timer(node)? / NANOSECONDS_PER_MILLISECOND;
    Some(format!("a timer that fires in {}", span(u64::try_from(left).ok()?)))
}

fn claim(words: &Words<'_, '_>, finding: &Finding, looks: &Looks) -> String {
    match finding.kind {
        FindingKind::Deadlock => circle(words, finding),
        FindingKind::NeverClosed => chain(words, finding),
        FindingKind::SelfDeadlock => own(words, finding),
        FindingKind::Futurelock => futurelock(words, finding),
        FindingKind::BlockedWorker | FindingKind::Starvation if finding.is_circle => {
            chain(words, finding)
        }
        FindingKind::BlockedWorker => blocked(words, finding),
        FindingKind::Starvation => starved(words, finding),
        FindingKind::LostWakeup => unwoken(words, finding),
        FindingKind::Livelock => busy(words, finding, looks),
        FindingKind::ExternalWait => outside(words, finding),
        FindingKind::ExitHang => kept(words, finding),
        FindingKind::Slow => format!("it still gets on: {}", moved(&looks.moved)),
        FindingKind::Panic | FindingKind::Crash => blows::blow(words, finding),
        FindingKind::Undetermined if finding.steps.is_empty() => {
            "what it waits for was not found".to_owned()
        }
        FindingKind::Undetermined if finding.is_circle => {
            format!("perhaps in a circle, {}", chain(words, finding))
        }
        FindingKind::Undetermined => chain(words, finding),
    }
}

/// What moved, as far as one sentence goes.
fn moved(moved: &[String]) -> String {
    let said = moved.iter().take(MOST_MOVED).map(String::as_str).collect::<Vec<_>>().join("; ");
    match moved.len().saturating_sub(MOST_MOVED) {
        0 => said,
        more => format!("{said}; and {more} more"),
    }
}

/// One wait of a cause, with the thread that stands between a task and what it waits for.
pub(super) struct Told {
    /// Who waits.
    pub(super) who: NodeId,
    /// What of that waits: a thread that polls a task may block on a future of its own.
    pub(super) leaf: NodeId,
    /// The step that says what for.
    pub(super) step: Step,
    /// Who is waited for.
    pub(super) next: Option<NodeId>,
}

/// The steps of a finding as a person would count them: that a task is polled by a thread is no wait
/// of its own.
pub(super) fn told(words: &Words<'_, '_>, finding: &Finding) -> Vec<Told> {
    let mut told: Vec<Told> = Vec::new();
    let mut before: Option<Step> = None;
    for step in &finding.steps {
        let leads_here = |before: &Step| match before.relation {
            Some(EdgeKind::PolledBy) => words.label(before.who) == words.label(step.who),
            relation => relation == Some(EdgeKind::BlocksOn),
        };
        let who =
            before.take().filter(leads_here).map_or(step.who, |before| match before.relation {
                Some(EdgeKind::BlocksOn) => before.who,
                _ => step.who,
            });
        match step.relation {
            Some(EdgeKind::PolledBy) => before = Some(*step),
            Some(EdgeKind::BlocksOn) => before = Some(Step { who, ..*step }),
            _ => told.push(Told { who, leaf: step.who, step: *step, next: None }),
        }
    }
    // The first step may be what the last one leads to.
    if let (Some(last), Some(first)) = (before, told.first_mut()) {
        match last.relation {
            Some(EdgeKind::BlocksOn) => first.who = last.who,
            _ if words.label(first.who) == words.label(last.who) => {}
            _ => told.push(Told { who: last.who, leaf: last.who, step: last, next: None }),
        }
    }
    let whos: Vec<NodeId> = told.iter().map(|told| told.who).collect();
    for (index, entry) in told.iter_mut().enumerate() {
        let next = whos.get(index + 1).or(whos.first().filter(|_| finding.is_circle));
        entry.next = next.copied();
    }
    told
}

/// `2 tasks each wait for what the other has: task 7 (transfer) at src/bank.rs:41 for ...`.
fn circle(words: &Words<'_, '_>, finding: &Finding) -> String {
    let told = told(words, finding);
    let is_thread = |told: &Told| words.task(told.who).is_none();
    let noun = match told.iter().filter(|told| is_thread(told)).count() {
        0 => "tasks",
        count if count == told.len() => "threads",
        _ => "tasks and threads",
    };
    let whose = if told.len() == 2 { "the other" } else { "the next" };
    let waits: Vec<String> = told.iter().take(MOST_WAITS).map(|told| wait(words, told)).collect();
    let rest = if told.len() > MOST_WAITS { ", and so on in a circle" } else { "" };
    format!("{} {noun} each wait for {whose}: {}{rest}", told.len(), waits.join("; "))
}

/// The waits one behind the other.
fn chain(words: &Words<'_, '_>, finding: &Finding) -> String {
    let told = told(words, finding);
    let (most, more) = match finding.is_circle {
        true => (MOST_WAITS, ", and so on in a circle"),
        false => (MOST_TO_END, ", and so on"),
    };
    let waits: Vec<String> = told.iter().take(most).map(|told| wait(words, told)).collect();
    let rest = if told.len() > most { more } else { "" };
    format!("{}{rest}", waits.join("; "))
}

/// `task 7 (transfer) waits for the Mutex that task 9 has, at src/bank.rs:41`.
fn wait(words: &Words<'_, '_>, told: &Told) -> String {
    let place = words.place(told.leaf).or_else(|| words.place(told.who));
    let place = at_place(place.as_ref());
    let who = words.who(told.who);
    match told.step.relation {
        Some(EdgeKind::RunBy | EdgeKind::RunOn) => format!("{who} {}", what(words, told)),
        None => stands(words, told.leaf),
        _ => {
            let verb = verb(words, told.who);
            let since = words.since_line(words.holding(told.step.holding));
            format!("{who} {verb}{place} for {}{since}", what(words, told))
        }
    }
}

fn verb(words: &Words<'_, '_>, who: NodeId) -> &'static str {
    let is_thread = matches!(words.case.graph.node(who), Some(Node::Thread(_)));
    if is_thread && words.task(who).is_some() { "blocks its thread" } else { "waits" }
}

/// What is waited for, and from whom.
pub(super) fn what(words: &Words<'_, '_>, told: &Told) -> String {
    let next =
        told.next.map_or_else(|| "nobody that is known".to_owned(), |next| words.again(next));
    let itself = told.next.is_some_and(|next| words.label(next) == words.label(told.who));
    let next = if itself { "itself".to_owned() } else { next };
    match told.step.relation {
        Some(EdgeKind::EndOf | EdgeKind::BlocksOn) => format!("the end of {next}"),
        Some(EdgeKind::RunBy | EdgeKind::RunOn | EdgeKind::DrivenBy) => run(words, told, &next),
        Some(EdgeKind::SetAside) => format!("being polled by {next}"),
        Some(EdgeKind::Behind) => format!("its turn behind {next}"),
        Some(EdgeKind::PolledBy) => "its own poll to end".to_owned(),
        Some(EdgeKind::WokenBy) if itself => {
            "its own wake-up, which its thread puts off until this very poll has ended".to_owned()
        }
        Some(EdgeKind::WokenBy) => {
            format!("its wake-up, which the thread of {next} puts off until that has been polled")
        }
        Some(
            EdgeKind::WaitsFor
            | EdgeKind::HeldBy
            | EdgeKind::Inside
            | EdgeKind::OwnedBy
            | EdgeKind::Polls,
        )
        | None => resource(words, told, &next),
    }
}

/// Where a task could run, and who keeps it from that.
fn run(words: &Words<'_, '_>, told: &Told, next: &str) -> String {
    let through = told.step.through.and_then(|id| words.case.graph.node(id));
    // A thread that polls no task is not on another one.
    let is_thread = told.next.is_some_and(|id| words.task(id).is_none());
    let keeps = match told.next.is_some_and(|id| runs(words, id)) {
        _ if is_thread => format!("is {next}"),
        true => does(next, "uses", "use"),
        false => does(next, "blocks", "block"),
    };
    match through {
        Some(Node::Pool(pool)) => {
            let count = pool.threads.len();
            format!(
                "waits for one of the {count} threads of the blocking pool, one of which {keeps}"
            )
        }
        Some(Node::Runtime(runtime)) if runtime.drivers.len() > 1 => {
            let count = runtime.drivers.len();
            format!("can only run on the {count} threads of its runtime, one of which {keeps}")
        }
        _ if is_thread => format!("can only run on {next}"),
        _ => format!("can only run on the thread that {keeps}"),
    }
}

/// Whether this is a thread, or polled by one, that runs and waits for nothing.
fn runs(words: &Words<'_, '_>, id: NodeId) -> bool {
    let is_free = |thread: &Thread| thread.call.is_none() && thread.wait.is_none();
    match words.case.graph.node(id) {
        Some(Node::Thread(thread)) => is_free(thread),
        Some(Node::Branch(branch)) => {
            let mut threads = words.case.world.threads.iter();
            threads.any(|thread| Some(thread.id) == branch.task.thread && is_free(thread))
        }
        Some(Node::Resource(_) | Node::Runtime(_) | Node::Pool(_) | Node::Place(_)) | None => false,
    }
}

/// How it is said that somebody does something: of who is told about already by a pronoun, and of
/// several in the plural.
fn does(who: &str, verb: &str, of_several: &str) -> String {
    match who {
        "itself" => format!("it {verb} itself"),
        _ if who.contains(" and ") => format!("{who} {of_several}"),
        _ => format!("{who} {verb}"),
    }
}

/// A resource and who has it.
fn resource(words: &Words<'_, '_>, told: &Told, next: &str) -> String {
    let through = told.step.through.and_then(|id| words.case.graph.node(id));
    let known = told.next.and(through);
    let Some(Node::Resource(node)) = known else {
        let wait = words.wait(told.leaf);
        return wait.map_or_else(|| without_wait(words, told.leaf), |wait| words.waited(wait));
    };
    let has = match carried(words, told, next) {
        Some(carried) => carried,
        None => has(words, &told.step, &with_others(words, told, next)),
    };
    match node.by {
        EndedBy::Senders | EndedBy::Receivers => format!("{}, {has}", waited(node.wait, None)),
        _ if node.has_tasks() => {
            format!("the next task of {}, of which {next} is left", article(kind(node)))
        }
        EndedBy::Handles => {
            format!("the end of {}, of which {next} is a part", article(kind(node)))
        }
        EndedBy::Anybody => {
            let wait = words.wait(told.leaf).unwrap_or(node.wait);
            format!("{}, {has}", words.waited(wait))
        }
        EndedBy::Permits if needs_several(node.wait) => {
            let wait = words.wait(told.leaf).unwrap_or(node.wait);
            format!("{}, {has}", words.waited(wait))
        }
        _ => format!("{}, {has}", article(kind(node))),
    }
}

/// Whether one permit would not do.
fn needs_several(wait: &Wait) -> bool {
    wait.amounts.iter().any(|amount| matches!(amount, Amount::Needs(2..)))
}

/// Who comes next, and who else could help as well and does not.
fn with_others(words: &Words<'_, '_>, told: &Told, next: &str) -> String {
    let step = &told.step;
    let choices = [step.through, step.place].into_iter().flatten();
    let choices = choices
        .filter(|id| words.case.graph.node(*id).is_some_and(|node| node.needed() == Needed::Any));
    let needed = choices.flat_map(|id| words.case.graph.needs(id)).map(|edge| edge.to);
    let is_party =
        |id: &NodeId| matches!(words.case.graph.node(*id), Some(Node::Branch(_) | Node::Thread(_)));
    let labels: BTreeSet<String> = needed.filter(is_party).map(|id| words.again(id)).collect();
    let known = told.next.map(|id| words.again(id)).unwrap_or_default();
    let own = words.again(told.who);
    let others: Vec<&str> = labels
        .iter()
        .filter(|label| **label != known && **label != own)
        .map(String::as_str)
        .collect();
    let is_own = labels.contains(&own);
    let mut all: Vec<String> = Vec::new();
    if is_own && (known != own || !others.is_empty()) {
        all.push("it".to_owned());
    }
    if known != own || all.is_empty() {
        all.push(next.to_owned());
    }
    match others.as_slice() {
        [] => {}
        [other] => all.push((*other).to_owned()),
        others => all.push(format!("{} others", others.len())),
    }
    match all.split_last() {
        Some((last, before)) if !before.is_empty() => format!("{} and {last}", before.join(", ")),
        _ => all.join(""),
    }
}

/// What who comes next has of a resource, and how.
fn has(words: &Words<'_, '_>, step: &Step, next: &str) -> String {
    if step.by == Some(EdgeKind::Inside) {
        return match next {
            "itself" => "which nobody else can reach".to_owned(),
            _ => format!("which only {next} could reach"),
        };
    }
    let hold = words.holding(step.holding).map(|holding| holding.hold);
    if let Some(place) = step.place {
        let what = match hold {
            _ if words.is_stream(step.through) => "whose other end",
            Some(Hold::Sender) => "whose sender",
            Some(Hold::Receiver) => "whose receiver",
            _ => "whose holder",
        };
        return match words.is_queue(place) {
            true => {
                let by = receiver(words, place);
                format!("{what} lies in a message that only {next} could receive{by}")
            }
            false => {
                let kept = unflushed(words.holding(step.holding));
                format!("{what} lies in what only {next} could reach{kept}")
            }
        };
    }
    match hold {
        Some(Hold::Assigned(_)) if next == "itself" => {
            let own = words.holding(step.holding).and_then(|holding| holding.variable.as_ref());
            let own = own.map(|name| format!(" `{name}`")).unwrap_or_default();
            format!("which was handed to a future{own} of its own, not polled since")
        }
        Some(Hold::Assigned(_)) => format!("which was handed to {next}"),
        Some(Hold::Exclusive | Hold::Shared | Hold::Permits(_)) => {
            format!("which {}", does(next, "holds", "hold"))
        }
        Some(Hold::Sender) => {
            let kept = unflushed(words.holding(step.holding));
            format!("which only {}{kept}", does(next, "could send", "could send"))
        }
        Some(Hold::Acceptor) => {
            format!("which only {}", does(next, "could accept", "could accept"))
        }
        Some(Hold::Receiver) if is_closed(words, step) => {
            format!("one of which {}", does(next, "keeps", "keep"))
        }
        Some(Hold::Receiver) => format!("which only {}", does(next, "empties", "empty")),
        Some(Hold::Handle) | None => format!("which {}", does(next, "keeps", "keep")),
    }
}

/// What is waited for is the doing of a value of one's own that is made to be polled, and is not.
fn carried(words: &Words<'_, '_>, told: &Told, next: &str) -> Option<String> {
    let holding = carrying(words, told).filter(|_| next == "itself")?;
    let carrier = holding.carrier.as_deref()?;
    let variable = holding.variable.as_ref().map(|name| format!(" in `{name}`"));
    let variable = variable.unwrap_or_default();
    let does = match (told.step.place, holding.hold) {
        (Some(_), _) => "whose sender lies in a message that only",
        (None, Hold::Sender) => "which only",
        (None, _) => return None,
    };
    let could = if told.step.place.is_some() { "receive" } else { "send" };
    Some(format!("{does} its own {carrier}{variable} could {could}; nothing polls that"))
}

/// The value that says who is waited for: of a message, who will receive it.
pub(super) fn carrying<'world>(words: &Words<'_, 'world>, told: &Told) -> Option<&'world Holding> {
    let Some(place) = told.step.place else { return words.holding(told.step.holding) };
    let owners = words.case.graph.needs(place).iter();
    let mut owners = owners.filter(|edge| edge.kind == EdgeKind::OwnedBy);
    owners.find_map(|edge| words.holding(edge.holding))
}

/// Whether what is waited for is that the receivers of a channel go.
fn is_closed(words: &Words<'_, '_>, step: &Step) -> bool {
    let through = step.through.and_then(|id| words.case.graph.node(id));
    matches!(through, Some(Node::Resource(node)) if node.wait.kind.ends_with(CLOSED))
}

/// What keeps a node that waits for nothing that is known.
fn without_wait(words: &Words<'_, '_>, id: NodeId) -> String {
    match words.case.graph.node(id) {
        Some(Node::Thread(thread)) => match (&thread.activity, &thread.call) {
            (Activity::Waits(what), _) => what.clone(),
            (_, Some(call)) => format!("the system call {call}"),
            (_, None) => "nothing: it is running".to_owned(),
        },
        Some(Node::Branch(branch)) if branch.task.state == TaskState::Running => {
            "nothing: it is running".to_owned()
        }
        Some(Node::Branch(branch)) if branch.task.state == TaskState::Scheduled => {
            "a thread to run it".to_owned()
        }
        Some(
            Node::Branch(_) | Node::Resource(_) | Node::Runtime(_) | Node::Pool(_) | Node::Place(_),
        )
        | None => "what is not known".to_owned(),
    }
}

fn own(words: &Words<'_, '_>, finding: &Finding) -> String {
    let told = told(words, finding);
    let Some(first) = told.first() else { return String::new() };
    wait(words, first)
}

/// Who waits, which of its futures has that, and that nothing polls it.
fn futurelock(words: &Words<'_, '_>, finding: &Finding) -> String {
    let is_aside =
        |id: NodeId| words.case.graph.branch(id).is_some_and(|known| known.aside.is_some());
    let told = told(words, finding);
    let Some(waiter) = told.iter().find(|told| told.next.is_some_and(is_aside)) else {
        return chain(words, finding);
    };
    let aside = waiter.next.and_then(|id| words.case.graph.branch(id));
    let variable = aside.and_then(|branch| branch.aside?.variable.as_deref());
    let future = match variable {
        Some(variable) => format!("future `{variable}`"),
        None => "future".to_owned(),
    };
    let owner = waiter.next.map(|id| words.label(id)).unwrap_or_default();
    let is_own = owner == words.label(waiter.who);
    let whose = if is_own { "its own".to_owned() } else { format!("{owner}'s") };
    let hold = words.holding(waiter.step.holding).map(|holding| holding.hold);
    let has = match (waiter.step.relation, hold) {
        (Some(EdgeKind::Behind), _) => format!("for which {whose} {future} is ahead in the queue"),
        (_, Some(Hold::Assigned(_))) => format!("which was handed to {whose} {future}"),
        _ => format!("which {whose} {future} holds"),
    };
    let who = words.who(waiter.who);
    let place = at_place(words.place(waiter.who).as_ref());
    let what = words.wait(waiter.who).map_or("what".to_owned(), |wait| waited(wait, None));
    format!("{who} waits for {what}{place}, {has}; nothing polls that future")
}

fn blocked(words: &Words<'_, '_>, finding: &Finding) -> String {
    let Some(step) = finding.steps.first() else { return String::new() };
    let place = at_place(words.place(step.who).as_ref());
    let call = match words.case.graph.node(step.who) {
        Some(Node::Thread(thread)) => call_of(words, thread),
        _ => "a call".to_owned(),
    };
    let who = words.who(step.who);
    format!("{who} blocks its thread{place} in {call}: nothing else runs on that thread")
}

/// The call that a thread is blocked in.
fn call_of(words: &Words<'_, '_>, thread: &Thread) -> String {
    match (&thread.wait, &thread.call) {
        (Some(wait), _) => match words.awaited_thread(wait) {
            Some(name) => format!("a wait for the end of thread {name}"),
            None => format!("{} (not async)", wait.kind),
        },
        (None, Some(call)) => format!("the system call {call}"),
        (None, None) => "a call".to_owned(),
    }
}

fn starved(words: &Words<'_, '_>, finding: &Finding) -> String {
    let Some(step) = finding.steps.first() else { return String::new() };
    let task = words.task(step.who);
    let runtime = task.and_then(|task| words.case.world.runtimes.get(task.runtime?));
    let is_closure = task.is_some_and(|task| task.kind == TaskKind::Blocking);
    let why = match runtime {
        _ if is_closure => "it is in the queue of a blocking pool, and no thread has taken it",
        Some(runtime) if runtime.drivers.is_empty() => "nobody drives its runtime",
        Some(_) => "it was woken, and no thread has polled it since",
        None => "it was woken, and it is not known which thread should poll it",
    };
    let who = words.who(step.who);
    if let Some(wait) = words.wait(step.who).filter(|wait| wait.driven_by.is_some()) {
        let place = at_place(words.place(step.who).as_ref());
        let what = words.waited(wait);
        return format!(
            "{who} waits{place} for {what}, and nobody drives the runtime that it is registered with"
        );
    }
    format!("{who} can run, and no thread runs it: {why}")
}

fn unwoken(words: &Words<'_, '_>, finding: &Finding) -> String {
    let Some(step) = finding.steps.first() else { return String::new() };
    let place = at_place(words.place(step.who).as_ref());
    let wait = words.wait(step.who);
    let what = wait.map_or("what is not known".to_owned(), |wait| words.waited(wait));
    let who = words.who(step.who);
    let is_sealed = words.case.graph.branch(step.who).is_some_and(|branch| branch.is_sealed);
    if finding.is_circle {
        return format!(
            "{who} waits for {what}{place}, and nobody can reach that but those who wait for it"
        );
    }
    if let Some(ended) = ended(words, wait) {
        return format!(
            "{who} waits{place} for the end of {ended}, which has ended, and it was not woken"
        );
    }
    match is_sealed {
        true => format!("{who} waits for {what}{place}, and nothing is left that could wake it"),
        false => format!("{who} waits for {what}{place}, which is there, and it was not woken"),
    }
}

/// The task whose end is waited for, if it has ended.
fn ended(words: &Words<'_, '_>, wait: Option<&Wait>) -> Option<String> {
    let key = wait?.task?;
    let task = words.case.world.tasks.iter().find(|task| task.key == key)?;
    (task.state == TaskState::Complete).then(|| words.labels.label(key))
}

fn busy(words: &Words<'_, '_>, finding: &Finding, looks: &Looks) -> String {
    let Some(step) = finding.steps.first() else { return String::new() };
    let place = at_place(words.place(step.who).as_ref());
    let who = words.who(step.who);
    let apart = span(looks.apart_ms);
    let way = words.way(step.who);
    // The loop that never ends may be in what calls this.
    let caller = way.split_last().and_then(|(_, outer)| outer.last());
    let called =
        caller.map(|caller| format!(", called from {},", at(&caller.location))).unwrap_or_default();
    match words.case.graph.node(step.who) {
        Some(Node::Thread(thread)) => {
            let share = share_of_cpu(words, thread).map(|share| format!(", at {share} % of a CPU"));
            let share = share.unwrap_or_default();
            format!(
                "{who} computes{place}{called} in one poll that has not ended in {apart}{share}"
            )
        }
        _ => format!("{who} is polled again and again and stays{place}"),
    }
}

/// Of a hundred parts of the time between the looks, how many a thread computed.
fn share_of_cpu(words: &Words<'_, '_>, thread: &Thread) -> Option<u64> {
    const NANOSECONDS_PER_PERCENT_OF_MS: u64 = 10_000;
    let movement = words.case.movement.as_ref()?;
    let percent = movement.apart_ms.saturating_mul(NANOSECONDS_PER_PERCENT_OF_MS);
    movement.cpu(thread)?.checked_div(percent).map(|share| share.min(100))
}

fn outside(words: &Words<'_, '_>, finding: &Finding) -> String {
    finding.steps.first().map(|step| stands(words, step.who)).unwrap_or_default()
}

fn kept(words: &Words<'_, '_>, finding: &Finding) -> String {
    let mut steps = finding.steps.iter();
    let Some(first) = steps.next() else { return String::new() };
    let what = match words.case.graph.node(first.who) {
        Some(Node::Thread(thread)) => match &thread.activity {
            Activity::Waits(what) => what.clone(),
            Activity::Polls(_) | Activity::Blocked(_) | Activity::Running => "an end".to_owned(),
        },
        _ => "an end".to_owned(),
    };
    let closures: Vec<String> = steps
        .map(|step| {
            format!("{} stays{}", words.who(step.who), at_place(words.place(step.who).as_ref()))
        })
        .collect();
    let of = if closures.is_empty() { String::new() } else { format!("; {}", closures.join(", ")) };
    format!("no body runs any more, and {} waits for {what}{of}", words.who(first.who))
}
