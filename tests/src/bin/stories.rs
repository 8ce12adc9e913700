//! Steps the same task again and again, and says how many of its stories are the same.
//!
//! `cargo run -p asynctest-tests --bin stories -- --runs 1000 migrating`

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use asynctest_tests::Error;
use asynctest_tests::matrix::{Profile, Setting};
use asynctest_tests::stories::{Means, STEPPED, Stepped, difference, story};
use clap::Parser;

/// Steps the same task again and again, on the newest Tokio in dev, and says how many of its stories
/// are the same.
#[derive(Parser)]
struct Arguments {
    /// Which story, by the name of its golden one.
    #[arg(default_value = "migrating")]
    story: String,
    /// How often.
    #[arg(long, default_value_t = 1000)]
    runs: u32,
    /// Stop threads by breakpoints, as where watchpoints do not fire.
    #[arg(long)]
    by_breakpoints: bool,
    /// The folder that programs are built in.
    #[arg(long, default_value = "target")]
    target: PathBuf,
}

fn main() -> ExitCode {
    match again(&Arguments::parse()) {
        Ok(is_same) => ExitCode::from(u8::from(!is_same)),
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}

/// True when all stories are the same.
fn again(arguments: &Arguments) -> Result<bool, Error> {
    let named = STEPPED.into_iter().find(|stepped| stepped.golden == arguments.story);
    let stepped = named.ok_or_else(|| Error::Missing(format!("story {}", arguments.story)))?;
    let target = arguments.target.canonicalize().map_err(Error::file(&arguments.target))?;
    let begun = Instant::now();
    let means = match arguments.by_breakpoints {
        true => Means::Breakpoints,
        false => Means::Watchpoints,
    };
    let stories = stories(stepped, means, arguments.runs, &target)?;
    let mut counted: Vec<(&String, &u32)> = stories.iter().collect();
    counted.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
    let Some(((usual, most), others)) = counted.split_first() else { return Ok(true) };
    println!(
        "{}: {most} of {} stories are the same, {} lines each; {:.1} s",
        arguments.story,
        arguments.runs,
        usual.lines().count(),
        begun.elapsed().as_secs_f64()
    );
    for (other, count) in others {
        println!("{count} times {}", difference(usual, other));
    }
    Ok(others.is_empty())
}

/// The different stories, and how often each was told.
fn stories(
    stepped: Stepped,
    means: Means,
    runs: u32,
    target: &Path,
) -> Result<BTreeMap<String, u32>, Error> {
    let mut stories = BTreeMap::new();
    for _ in 0..runs {
        let told = story(stepped, means, Setting::NEWEST, Profile::Dev, target)?;
        *stories.entry(told).or_default() += 1;
    }
    Ok(stories)
}
