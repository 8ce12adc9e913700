//! Readers that have read enough.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use asynctest_tests::command::run;
use libtest_mimic::Failed;

use super::Case;
use super::scene::Scene;

pub(crate) const CASES: &[Case] =
    &[("a_report_ends_quietly_when_its_reader_does", report_ends_quietly)];

/// As `cargo asynctest report FOLDER | head -1`.
fn report_ends_quietly(scene: &Scene) -> Result<(), Failed> {
    let mut command = scene.command()?;
    run(command.args(["--test", "ledger", "--timeout", "3s", "--stuck-after", "0"]))?
        .expect_code(100)?;
    let folder = scene.output().join("fixtures-ledger/money_is_neither_made_nor_lost");
    let mut command = scene.command()?;
    command.arg("report").arg(&folder).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut report = command.spawn()?;
    let mut line = String::new();
    if let Some(stdout) = report.stdout.take() {
        // With room for a line alone; the pipe is closed at the end of this block.
        BufReader::with_capacity(16, stdout).read_line(&mut line)?;
    }
    let ended = report.wait_with_output()?;
    let said = String::from_utf8_lossy(&ended.stderr);
    let is_right = line.starts_with("HANG  fixtures::ledger::")
        && said.is_empty()
        && matches!(ended.status.code(), Some(0));
    if is_right { Ok(()) } else { Err(format!("{:?}\n{line}\n{said}", ended.status).into()) }
}
