//! The threads of a report. In the short form: those that are in the user's own code, and of these
//! the user's frames.

use asynctest_engine::report::{Frame, Thread};

use super::{Detail, Style, chain, one_line};

/// Most threads of the short form.
const MOST: usize = 4;

/// Most frames of a thread in the short form.
const MOST_FRAMES: usize = 6;

/// The lines on all threads that are worth them.
pub(super) fn section(threads: &[Thread], style: Style, detail: Detail) -> Vec<String> {
    match detail {
        Detail::Full => threads
            .iter()
            .flat_map(|thread| {
                let frames = thread.frames.iter().map(|frame| line(frame, style));
                std::iter::once(title(thread, style)).chain(frames.collect::<Vec<_>>())
            })
            .collect(),
        Detail::Short => short(threads, style),
    }
}

fn short(threads: &[Thread], style: Style) -> Vec<String> {
    let busy: Vec<(&Thread, &[Frame])> = threads
        .iter()
        .map(|thread| (thread, inside_runtime(thread)))
        .filter(|(_, frames)| frames.iter().any(is_shown))
        .collect();
    let mut lines = Vec::new();
    for (thread, frames) in busy.iter().take(MOST) {
        lines.push(title(thread, style));
        lines.extend(collapsed(frames, style));
    }
    if busy.len() > MOST {
        let line = format!("  ... {} more threads in report.txt", busy.len() - MOST);
        lines.push(style.dim(&line));
    }
    lines
}

/// A thread's frames up to the runtime that it drives.
///
/// Outside of the outermost `block_on` is `#[tokio::test]`'s synchronous wrapper, whose line is the
/// body's *last* statement, whatever the body waits for; and libtest's main thread, which only
/// waits for the tests.
fn inside_runtime(thread: &Thread) -> &[Frame] {
    if thread.frames.iter().any(|frame| frame.function.starts_with("test::run_tests")) {
        return &[];
    }
    let outermost = thread.frames.iter().rposition(|frame| is_block_on(&frame.function));
    let end = outermost.unwrap_or(thread.frames.len());
    thread.frames.get(..end).unwrap_or_default()
}

/// Whether a function is called `block_on`, whatever the modules are called that it is in.
fn is_block_on(function: &str) -> bool {
    without_arguments(function).rsplit("::").next() == Some("block_on")
}

/// A function's path without the generic arguments at its end.
fn without_arguments(function: &str) -> &str {
    if !function.ends_with('>') {
        return function;
    }
    let mut depth = 0_usize;
    for (index, letter) in function.char_indices().rev() {
        let before = function.get(..index).unwrap_or_default();
        match letter {
            '>' if !before.ends_with('-') => depth += 1,
            '<' if depth <= 1 => return before,
            '<' => depth -= 1,
            _ => {}
        }
    }
    function
}

/// Whether a frame is the user's own, at a known line.
fn is_shown(frame: &Frame) -> bool {
    chain::is_users(frame.origin) && frame.location.is_some()
}

/// The user's frames, and how many others lie between them.
fn collapsed(frames: &[Frame], style: Style) -> Vec<String> {
    let mut lines = Vec::new();
    let mut others: Vec<&Frame> = Vec::new();
    let mut shown = 0;
    for frame in frames {
        if !is_shown(frame) {
            others.push(frame);
            continue;
        }
        lines.extend(left_out(&others, style));
        others.clear();
        lines.push(line(frame, style));
        shown += 1;
        if shown == MOST_FRAMES {
            break;
        }
    }
    let rest: Vec<&Frame> = frames.iter().skip(position(frames, shown)).collect();
    lines.extend(left_out(&rest, style));
    lines
}

/// The index behind the `shown`th frame of the user's.
fn position(frames: &[Frame], shown: usize) -> usize {
    let users = frames.iter().enumerate().filter(|(_, frame)| is_shown(frame));
    match shown.checked_sub(1) {
        Some(last) => users.map(|(index, _)| index + 1).nth(last).unwrap_or(0),
        None => 0,
    }
}

/// `... 14 frames of tokio, std`.
fn left_out(frames: &[&Frame], style: Style) -> Option<String> {
    if frames.is_empty() {
        return None;
    }
    let mut crates: Vec<&str> = Vec::new();
    for frame in frames {
        if let Some(name) = crate_of(&frame.function)
            && !crates.contains(&name)
        {
            crates.push(name);
        }
    }
    let of = match crates.is_empty() {
        true => String::new(),
        false => format!(" of {}", crates.join(", ")),
    };
    let count = frames.len();
    let frames = if count == 1 { "frame" } else { "frames" };
    Some(style.dim(&format!("      ... {count} {frames}{of}")))
}

/// The crate in a function's path: `tokio` of `<tokio::time::Sleep as core::Future>::poll`.
fn crate_of(function: &str) -> Option<&str> {
    let path = function.trim_start_matches(['<', '&', '*']);
    let (name, _) = path.split_once("::")?;
    let plain = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    (!name.is_empty() && name.chars().all(plain)).then_some(name)
}

fn title(thread: &Thread, style: Style) -> String {
    let name = style.bold(&format!("thread {} {}", thread.id, one_line(&thread.name)));
    format!("  {name} · {}", one_line(&thread.doing))
}

fn line(frame: &Frame, style: Style) -> String {
    let place = match &frame.location {
        Some(location) => style.cyan(&chain::place(location)),
        None => one_line(&frame.address),
    };
    let text = frame
        .location
        .as_ref()
        .and_then(|place| place.text.as_deref())
        .map_or_else(String::new, |text| format!("  | {}", one_line(text)));
    format!("      {place}  {}{text}", one_line(&frame.function))
}
