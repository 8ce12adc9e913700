//! The key that asks, at a terminal.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

use asynctest_tests::Error;
use libtest_mimic::Failed;
use nix::pty::openpty;
use nix::sys::signal::{Signal, kill};
use nix::sys::termios::{LocalFlags, tcgetattr};
use nix::unistd::Pid;

use super::Case;
use super::scene::{Scene, TOLD, status, wait_for};

pub(crate) const CASES: &[Case] = &[
    ("a_key_tells_where_tests_stand", a_key_tells),
    ("a_terminal_is_left_as_it_was_found", left_as_found),
];

/// A command at a terminal of its own. Killed when dropped.
struct Session {
    child: Child,
    master: File,
    slave: OwnedFd,
    said: Arc<Mutex<String>>,
    reader: Option<JoinHandle<()>>,
}

fn terminal_error(what: &'static str) -> impl Fn(nix::Error) -> Error {
    move |error| Error::Missing(format!("{what} ({error})"))
}

impl Session {
    fn begin(command: &Command) -> Result<Session, Error> {
        let pty = openpty(None, None).map_err(terminal_error("a terminal"))?;
        let copy = |end: &OwnedFd| {
            end.try_clone().map_err(|error| Error::Missing(format!("an end of it ({error})")))
        };
        let mut session = Command::new("setsid");
        session.args(["--ctty", "--wait"]).arg(command.get_program()).args(command.get_args());
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => session.env(name, value),
                None => session.env_remove(name),
            };
        }
        if let Some(folder) = command.get_current_dir() {
            session.current_dir(folder);
        }
        session.stdin(Stdio::from(copy(&pty.slave)?));
        session.stdout(Stdio::from(copy(&pty.slave)?)).stderr(Stdio::from(copy(&pty.slave)?));
        let program = "setsid".to_owned();
        let child = session.spawn().map_err(|source| Error::Start { program, source })?;
        let said = Arc::new(Mutex::new(String::new()));
        let mut from = File::from(copy(&pty.master)?);
        let heard = said.clone();
        let reader = thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(count @ 1..) = from.read(&mut bytes) {
                let text = String::from_utf8_lossy(bytes.get(..count).unwrap_or_default());
                if let Ok(mut heard) = heard.lock() {
                    heard.push_str(&text);
                }
            }
        });
        let master = File::from(pty.master);
        Ok(Session { child, master, slave: pty.slave, said, reader: Some(reader) })
    }

    fn press(&mut self, key: u8) -> Result<(), Error> {
        let pressed = self.master.write_all(&[key]);
        pressed.map_err(|error| Error::Missing(format!("a key ({error})")))
    }

    fn said(&self) -> String {
        self.said.lock().map(|said| said.clone()).unwrap_or_default()
    }

    /// Whether keys are shown and come by lines, as at a shell.
    fn is_plain(&self) -> Result<bool, Error> {
        let found = tcgetattr(&self.slave).map_err(terminal_error("how it is set"))?;
        Ok(found.local_flags.contains(LocalFlags::ICANON | LocalFlags::ECHO))
    }

    fn wait_until_plain(&self, wanted: bool) -> Result<(), Error> {
        let what = if wanted { "a terminal as it was found" } else { "a terminal that gives keys" };
        wait_for(what, || (self.is_plain().ok()? == wanted).then_some(()))
    }

    fn end(mut self) -> Result<(Option<i32>, String, bool), Error> {
        let status = self.child.wait();
        let status = status.map_err(|source| Error::Start { program: "its end".into(), source })?;
        Ok((status.code(), self.said(), self.is_plain()?))
    }

    /// The process of the tool, below that of its sentinel.
    fn tool(&self) -> Option<i32> {
        let mut id = self.child.id().cast_signed();
        loop {
            let name = status(id, "Name")?;
            let children =
                std::fs::read_to_string(format!("/proc/{id}/task/{id}/children")).ok()?;
            let child = children.split_ascii_whitespace().next()?.parse().ok()?;
            if name.starts_with("cargo-asynctest") && status(child, "Name")?.starts_with("cargo-as")
            {
                return Some(child);
            }
            id = child;
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // It may have ended by itself, and then there is nothing to do.
        let _ = self.child.kill();
        let _ = self.child.wait();
        // It ends with its terminal, which its own copy keeps open.
        drop(self.reader.take());
    }
}

fn told(scene: &Scene) -> Result<Command, Error> {
    let mut command = scene.command()?;
    command.args(["--test", "verdicts", TOLD, "--", "--exact"]);
    Ok(command)
}

fn a_key_tells(scene: &Scene) -> Result<(), Failed> {
    let mut session = Session::begin(&told(scene)?)?;
    scene.begun()?;
    session.wait_until_plain(false)?;
    session.press(b'x')?;
    session.press(b't')?;
    let head = format!("fixtures::verdicts::{TOLD}  ");
    wait_for("its report", || session.said().contains(&head).then_some(()))?;
    // The test goes on, and its stdin is nobody's.
    scene.tell()?;
    let (code, said, is_plain) = session.end()?;
    let reports = said.matches(&head).count();
    match (code, reports, is_plain) {
        (Some(0), 1, true) => Ok(()),
        found => Err(format!("{found:?}\n{said}").into()),
    }
}

fn left_as_found(scene: &Scene) -> Result<(), Failed> {
    let mut session = Session::begin(&told(scene)?)?;
    scene.begun()?;
    session.wait_until_plain(false)?;
    let tool = wait_for("the tool", || session.tool())?;
    let send = |signal| kill(Pid::from_raw(tool), signal).map_err(terminal_error("a signal"));
    // Ctrl-Z and `fg`.
    session.press(0x1a)?;
    session.wait_until_plain(true)?;
    wait_for("a tool that has stopped", || {
        status(tool, "State").is_some_and(|state| state.starts_with('T')).then_some(())
    })?;
    let sentinel = status(tool, "PPid").and_then(|id| id.parse().ok()).unwrap_or(tool);
    kill(Pid::from_raw(sentinel), Signal::SIGCONT).map_err(terminal_error("a signal"))?;
    send(Signal::SIGCONT)?;
    session.wait_until_plain(false)?;
    send(Signal::SIGKILL)?;
    let (code, said, is_plain) = session.end()?;
    if code != Some(0) && is_plain {
        Ok(())
    } else {
        Err(format!("{code:?} {is_plain}\n{said}").into())
    }
}
