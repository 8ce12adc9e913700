//! Processes that a test starts.

use std::fs;

use asynctest_engine::report::Report;
use asynctest_tests::Error;
use libtest_mimic::Failed;

use super::Case;
use super::scene::{Scene, Started};

pub(crate) const CASES: &[Case] = &[("a_server_is_captured_with_its_test", server)];

fn server(scene: &Scene) -> Result<(), Failed> {
    let mut command = scene.command()?;
    command.args(["--test", "server", "--timeout", "3s"]);
    let mut run = Started::new(&mut command)?;
    let code = run.end()?;
    let folder = scene.output().join("fixtures-server/asks/1-deadline");
    let path = folder.join("report.json");
    let text = fs::read_to_string(&path).map_err(Error::file(&path))?;
    let report: Report = serde_json::from_str(&text)?;
    let child = report.children.first().ok_or_else(|| format!("no child:\n{}", run.said))?;
    let is_complete = |report: &Report| {
        report.counts.tasks_found > 0
            && report.counts.tasks_walked == report.counts.tasks_found
            && report.gaps.is_empty()
    };
    let process = child.subject.process;
    let is_right = code == Some(100)
        && is_complete(&report)
        && is_complete(child)
        && child.tasks.iter().any(|task| task.name == "server::answer")
        && run.said.contains(&format!("child process {process}"))
        && run.said.contains(&format!("of process {process}"))
        && run.said.contains("server::answer waits there for a TcpStream read");
    if !is_right {
        return Err(format!("{code:?}\n{}\n{text}", run.said).into());
    }
    again(scene, &folder)
}

/// The saved capture must give the same report.
fn again(scene: &Scene, folder: &std::path::Path) -> Result<(), Failed> {
    let mut command = scene.command()?;
    let output = command.arg("report").arg(folder).output();
    let output = output.map_err(|source| Error::Start { program: "report".into(), source })?;
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    if said.contains("server::answer waits there for a TcpStream read") {
        Ok(())
    } else {
        Err(said.into())
    }
}
