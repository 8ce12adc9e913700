//! How a poll ends and how the task does.

use super::Error;
use super::body::Body;
use super::event::{Event, Place, Waiting};
use super::frames::Frame;
use super::poll::{Mode, place};
use super::story::{Identity, Seen, Stage, Story};
use crate::address::{Address, ThreadId};
use crate::arch::Registers;
use crate::futures::{Coroutine, Walker, await_line};
use crate::model::{Future, FutureState};
use crate::symbols::{SourceLocation, UserCrates};
use crate::tokio::LEAVES;
use crate::value::{Place as Value, Pointee, ValueLimits, render, search};

impl Story<'_> {
    /// The outermost body has returned to what polls it.
    pub(super) fn left_outermost(
        &mut self,
        frame: &Frame,
        registers: &Registers,
        seen: &Seen,
    ) -> Result<(), Error> {
        let Some(following) = self.following() else { return Ok(()) };
        match following.identity {
            Identity::Task { header, headers, .. } => {
                let snapshot = seen.view.snapshot(Vec::new());
                let program = seen.view.program(&snapshot);
                let future = headers.read(&program, header).and_then(|task| task.future);
                let is_whole = future.is_some_and(|future| {
                    frame.environment == Some(future.address)
                        && seen.code.body_entry(&future).is_some()
                });
                // A future around the body may have others to poll, and the body may be one that
                // another awaits.
                self.set_mode(if is_whole { Mode::Free } else { Mode::Step })
            }
            Identity::Future { environment, entry, .. } => {
                let spot = seen.code.spot(entry);
                let body = spot.bodies.last().map(|(body, _)| body);
                let state = body.and_then(|body| seen.state(body, environment));
                if state == Some(FutureState::Suspended) {
                    let snapshot = seen.view.snapshot(Vec::new());
                    let program = seen.view.program(&snapshot);
                    let future = body.and_then(|body| {
                        let type_ = body.environment.as_ref()?;
                        Value::new(&program, body.image, environment, type_.id)
                    });
                    if let Some(future) = future {
                        self.tell_suspension(&future, seen);
                    }
                    return self.end_poll();
                }
                let value = seen.returned_value(&frame.body, registers);
                self.tell(Event::Completed { value });
                self.unwatch()
            }
        }
    }

    /// Tells where the task is suspended and for what, at the end of a poll.
    pub(super) fn tell_task_suspension(&mut self, seen: &Seen) {
        let Some(following) = self.following() else { return };
        let Identity::Task { header, headers, .. } = following.identity else { return };
        let snapshot = seen.view.snapshot(Vec::new());
        let program = seen.view.program(&snapshot);
        let future = headers.read(&program, header).and_then(|task| task.future);
        if let Some(future) = future {
            self.tell_suspension(&future, seen);
        }
    }

    /// Tells where a future is suspended and for what, if it is.
    fn tell_suspension(&mut self, future: &Value<'_>, seen: &Seen) {
        let walker = Walker::new(&LEAVES, seen.view.limits());
        let Some(future) = walker.walk(future).future else { return };
        if future.state.is_some_and(|state| state != FutureState::Suspended) {
            return;
        }
        let mut leaves = Leaves { users: &seen.code.users, chain: Vec::new(), waits: Vec::new() };
        leaves.add(&future, None);
        self.tell(Event::Suspended { waits: leaves.waits });
    }

    /// The task has ended: its output is where whoever waits for it finds it.
    pub(super) fn completed(&mut self, seen: &Seen) -> Result<(), Error> {
        let Some(following) = self.following() else { return Ok(()) };
        let Identity::Task { header, headers, .. } = following.identity else { return Ok(()) };
        let at = following.poll.as_ref().and_then(|poll| poll.frames.last());
        let at = at.and_then(|frame| Some(place(frame.line.as_ref()?, &frame.body.name)));
        let snapshot = seen.view.snapshot(Vec::new());
        let program = seen.view.program(&snapshot);
        let output = headers.read(&program, header).and_then(|task| task.output);
        let limits = seen.values.as_ref();
        let event = match &output {
            Some(output) => ended_with(output, limits),
            None => Event::Completed { value: None },
        };
        if matches!(event, Event::Panicked { .. }) {
            self.tell(Event::Panics { at });
        }
        self.tell(event);
        self.unwatch()
    }

    /// A thread has ended.
    pub(super) fn thread_ended(&mut self, thread: ThreadId) {
        let Some(following) = self.following() else { return };
        let is_poller = following.poll.as_ref().is_some_and(|poll| poll.thread == thread);
        let is_driver = matches!(
            following.identity,
            Identity::Future { thread: Some(driver), .. } if driver == thread
        );
        if is_poller || is_driver {
            let text = "the thread that polls it has ended".to_owned();
            self.tell(Event::Note { text });
            self.track.stage = Stage::Over;
        }
    }

    /// The process has ended.
    pub(super) fn exited(&mut self) {
        if self.track.met {
            let missed = self.watches.missed();
            for text in missed.into_iter().chain(self.track.telling.missed(&self.request)) {
                self.tell(Event::Note { text });
            }
        }
        let text = match &self.track.stage {
            Stage::Starting => "the test ended before it ran".to_owned(),
            Stage::Searching(search) if search.met() == 0 => {
                format!("`{}` was never polled", self.track.name)
            }
            Stage::Searching(search) => {
                format!("`{}`: only {} that fit were polled", self.track.name, search.met())
            }
            Stage::Following(_) => "the test ended before the task did".to_owned(),
            Stage::Over => return,
        };
        self.tell(Event::Note { text });
    }
}

/// The leaves of an await chain, with the user's lines that lead to each.
struct Leaves<'users> {
    users: &'users UserCrates,
    /// The lines that lead to where this is.
    chain: Vec<Place>,
    waits: Vec<Waiting>,
}

impl Leaves<'_> {
    /// Adds those of a future. `awaited` is what the user's last link awaits.
    fn add(&mut self, future: &Future, awaited: Option<&str>) {
        let is_users = self.users.owns(&future.type_name);
        let line = future.line.as_ref().filter(|_| is_users);
        self.chain.extend(line.map(|line| Place {
            file: line.file.to_string_lossy().into_owned(),
            line: line.line,
            function: future.name.clone(),
            text: None,
        }));
        let awaited = if is_users { None } else { awaited.or(Some(&future.name)) };
        if let Some(wait) = &future.wait {
            let kind = match wait.kind.as_str() {
                "unknown" => awaited.unwrap_or(&wait.type_name),
                kind => kind,
            };
            self.add_wait(kind, &wait.type_name);
        } else if future.children.is_empty() && is_pending(future) {
            self.add_wait(awaited.unwrap_or(&future.name), &future.type_name);
        }
        for child in &future.children {
            self.add(child, awaited);
        }
        if line.is_some() {
            self.chain.pop();
        }
    }

    /// Adds what is waited for here, or one more of it.
    fn add_wait(&mut self, kind: &str, type_name: &str) {
        let same = self.waits.iter_mut().find(|waiting| {
            waiting.kind == kind && waiting.type_name == type_name && waiting.chain == self.chain
        });
        if let Some(same) = same {
            same.count = same.count.saturating_add(1);
            return;
        }
        let (kind, type_name) = (kind.to_owned(), type_name.to_owned());
        self.waits.push(Waiting { chain: self.chain.clone(), kind, type_name, count: 1 });
    }
}

/// Whether a future may still be waited for.
fn is_pending(future: &Future) -> bool {
    future.state.is_none_or(|state| state == FutureState::Suspended)
}

/// What a task's output, `Result<T, JoinError>`, says of its end.
fn ended_with(output: &Value<'_>, limits: Option<&ValueLimits>) -> Event {
    let Some((_, variant)) = output.active_variant() else {
        return Event::Completed { value: None };
    };
    let inner = variant.field("__0");
    if variant.type_.own_name.starts_with("Ok") {
        let value = limits.and_then(|limits| inner.map(|value| render(&value, limits)));
        return Event::Completed { value };
    }
    let representation = inner.and_then(|error| error.field("repr"));
    let kind = representation.as_ref().and_then(Value::variant_name);
    match kind.as_deref() {
        Some("Cancelled") => Event::Cancelled,
        _ => Event::Panicked { message: representation.and_then(|panic| message(&panic)) },
    }
}

/// The message in a panic's payload, which is a `&str` or a `String` unless the program made it.
fn message(panic: &Value<'_>) -> Option<String> {
    let boxed = search(&panic.field("__0")?, DEPTH, &|type_| type_.member("vtable").is_some());
    let boxed = boxed.first()?;
    let payload = match boxed.pointee()? {
        Pointee::Dynamic(payload) | Pointee::Thin(payload) => payload,
        Pointee::UnknownDynamic(vtable) => match string_behind(boxed, vtable) {
            Some(string) => string,
            None => return literal_behind(boxed, vtable),
        },
    };
    let is_text = payload.type_.name == "&str" || payload.type_.is(STRING);
    is_text.then(|| render(&payload, &ValueLimits::line()))
}

/// The type of text that is owned.
const STRING: &str = "alloc::string::String";

/// The `String` behind a trait object whose vtable std has, without debug info for it: its first
/// entry is the function that drops one.
fn string_behind<'program>(boxed: &Value<'program>, vtable: Address) -> Option<Value<'program>> {
    let program = boxed.program;
    let drop = program.read_address(vtable).ok()?;
    let (image, at) = program.image_at(drop)?;
    let function = program.object(image)?.functions_at(at).pop()?;
    if !function.name.ends_with(&format!("<{STRING}>")) {
        return None;
    }
    let object = program.object(boxed.image)?;
    let is_it = |id: &crate::symbols::TypeId| {
        object.type_of(*id).is_some_and(|type_| type_.is(STRING) && !type_.members().is_empty())
    };
    let string = object.types_anywhere(&|name| name == "String").into_iter().find(is_it)?;
    boxed.at(boxed.field("pointer")?.pointer()?, string)
}

/// The `&'static str` behind a trait object whose vtable std has, without debug info for it: two words
/// that need no dropping, of which the first leads into a file of the program and the second is the
/// length of text there.
fn literal_behind(boxed: &Value<'_>, vtable: Address) -> Option<String> {
    const WORD: u64 = 8;
    const LONGEST: u64 = 4096;
    let program = boxed.program;
    let word = |at: Address| program.read_unsigned(at, WORD).ok();
    let header = [0, 1, 2].map(|index| word(vtable.offset(index * WORD)));
    if header != [Some(0), Some(2 * WORD), Some(WORD)] {
        return None;
    }
    let data = boxed.field("pointer")?.pointer()?;
    let (start, length) = (Address(word(data)?), word(data.offset(WORD))?);
    program.image_at(start).filter(|_| length <= LONGEST)?;
    let mut bytes = vec![0; usize::try_from(length).ok()?];
    program.read(start, &mut bytes).ok()?;
    String::from_utf8(bytes).ok().map(|text| format!("{text:?}"))
}

/// How deep in wrappers a panic's payload is looked for.
const DEPTH: usize = 6;

impl Seen {
    /// The state of the coroutine of a body that lies at an address.
    pub(super) fn state(&self, body: &Body, at: Address) -> Option<FutureState> {
        let snapshot = self.view.snapshot(Vec::new());
        let program = self.view.program(&snapshot);
        let type_ = body.environment.as_ref()?;
        let place = Value::new(&program, body.image, at, type_.id)?;
        Some(Coroutine::read(&place)?.state)
    }

    /// The line of the `.await` that the coroutine of a body is suspended at, if it is suspended.
    pub(super) fn suspended_line(&self, body: &Body, at: Address) -> Option<SourceLocation> {
        let snapshot = self.view.snapshot(Vec::new());
        let program = self.view.program(&snapshot);
        let type_ = body.environment.as_ref()?;
        let place = Value::new(&program, body.image, at, type_.id)?;
        let coroutine = Coroutine::read(&place)?;
        if coroutine.state != FutureState::Suspended {
            return None;
        }
        let line = await_line(&coroutine)?;
        Some(SourceLocation { file: line.file, line: line.line, column: None })
    }
}
