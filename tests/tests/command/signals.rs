//! What the command is told by signals, and what is left of it when it is killed.

use std::fs;
use std::os::unix::process::CommandExt;
use std::thread;
use std::time::Duration;

use asynctest_tests::Error;
use libtest_mimic::Failed;
use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;

use super::Case;
use super::scene::{Scene, Started, TOLD, is_alive, wait_for};

pub(crate) const CASES: &[Case] = &[
    ("after_control_c_what_was_running_is_named", control_c),
    ("after_control_c_it_is_said_where_a_test_stood", control_c_tells),
    ("control_c_ends_a_test_that_is_stepped", control_c_stepped),
    ("control_c_ends_a_test_that_is_stepped_by_breakpoints", control_c_breakpoints),
    ("who_asks_is_told_where_a_test_stands", asked),
    ("nothing_survives_the_tool", tool_killed),
    ("nothing_survives_the_sentinel", sentinel_killed),
];

/// A run in a process group of its own, with the process id of its one test.
fn start(scene: &Scene) -> Result<(Started, i32), Failed> {
    let mut command = scene.command()?;
    command.args(["--test", "verdicts", "--timeout", "0", TOLD]).process_group(0);
    let run = Started::new(&mut command)?;
    let test = scene.begun()?;
    Ok((run, test))
}

fn id(run: &Started) -> Result<Pid, Failed> {
    Ok(Pid::from_raw(i32::try_from(run.child.id())?))
}

fn control_c(scene: &Scene) -> Result<(), Failed> {
    let (mut run, test) = start(scene)?;
    killpg(id(&run)?, Signal::SIGINT)?;
    let code = run.end()?;
    let running = format!(" fixtures::verdicts {TOLD}");
    let is_named =
        run.said.lines().any(|line| line.starts_with("     running [") && line.ends_with(&running));
    let json = scene.run_json()?;
    let interrupted = json.pointer("/totals/interrupted").is_some_and(|count| count == 1);
    let is_right = code == Some(130) && is_named && interrupted && !is_alive(test);
    if is_right { Ok(()) } else { Err(format!("{code:?}\n{}\n{json:#}", run.said).into()) }
}

/// Where the test waits that is told to end.
const STANDS: &str = "sleep(Duration::from_millis(10)).await;";

fn control_c_tells(scene: &Scene) -> Result<(), Failed> {
    let (mut run, test) = start(scene)?;
    // A test that has only just begun has nothing to tell.
    thread::sleep(Duration::from_millis(1100));
    killpg(id(&run)?, Signal::SIGINT)?;
    let code = run.end()?;
    let is_right = code == Some(130) && run.said.contains(STANDS) && !is_alive(test);
    if is_right { Ok(()) } else { Err(format!("{code:?}\n{}", run.said).into()) }
}

fn control_c_stepped(scene: &Scene) -> Result<(), Failed> {
    interrupt_stepped(scene, "watchpoints")
}

fn control_c_breakpoints(scene: &Scene) -> Result<(), Failed> {
    interrupt_stepped(scene, "breakpoints")
}

/// Steps the body of a test that goes round until it is told, and is interrupted in the middle.
fn interrupt_stepped(scene: &Scene, means: &str) -> Result<(), Failed> {
    let mut command = scene.command()?;
    command.args(["--test", "verdicts", "--timeout", "0", "--step-by", means]);
    command.args(["--step-task", "main", "--", "--exact", TOLD]).process_group(0);
    let mut run = Started::new(&mut command)?;
    let test = scene.begun()?;
    thread::sleep(Duration::from_millis(500));
    killpg(id(&run)?, Signal::SIGINT)?;
    let code = run.end()?;
    if code == Some(130) && !is_alive(test) {
        return Ok(());
    }
    Err(format!("{code:?}, the test lives: {}\n{}", is_alive(test), run.said).into())
}

fn asked(scene: &Scene) -> Result<(), Failed> {
    let (mut run, _) = start(scene)?;
    for signal in [Signal::SIGQUIT, Signal::SIGUSR1] {
        kill(id(&run)?, signal)?;
        run.read_to(|line| line.contains(STANDS))?;
    }
    scene.tell()?;
    let code = run.end()?;
    let is_right = code == Some(0) && run.said.contains("1 test run: 1 passed");
    if is_right { Ok(()) } else { Err(format!("{code:?}\n{}", run.said).into()) }
}

fn tool_killed(scene: &Scene) -> Result<(), Failed> {
    let (mut run, test) = start(scene)?;
    let sentinel = id(&run)?;
    let path = format!("/proc/{sentinel}/task/{sentinel}/children");
    let children = fs::read_to_string(&path).map_err(Error::file(path.as_ref()))?;
    kill(Pid::from_raw(children.trim().parse()?), Signal::SIGKILL)?;
    let code = run.end()?;
    // The sentinel ends when it has ended all.
    if code == Some(137) && !is_alive(test) {
        return Ok(());
    }
    Err(format!("{code:?}, the test lives: {}\n{}", is_alive(test), run.said).into())
}

fn sentinel_killed(scene: &Scene) -> Result<(), Failed> {
    let (run, test) = start(scene)?;
    kill(id(&run)?, Signal::SIGKILL)?;
    Ok(wait_for("the end of the test", || (!is_alive(test)).then_some(()))?)
}
