//! The program that cargo was told to run tests with: `target.<triple>.runner`.

use std::env;
use std::ffi::OsString;
use std::str::FromStr;

use cargo_platform::{Cfg, CfgExpr};
use toml::Value;

use super::config::Config;
use super::error::Error;
use super::rustc;
use crate::cli::calls_runner;

/// The words that go before a test binary; none when it is run directly, or by a runner of ours, whose
/// part a run of ours does itself.
pub(crate) fn target_runner(config: &Config, triple: &str) -> Result<Vec<OsString>, Error> {
    let words = configured(config, triple)?;
    Ok(if calls_runner(&words) { Vec::new() } else { words })
}

fn configured(config: &Config, triple: &str) -> Result<Vec<OsString>, Error> {
    let variable =
        format!("CARGO_TARGET_{}_RUNNER", triple.to_uppercase().replace(['-', '.'], "_"));
    if let Ok(words) = env::var(variable) {
        return Ok(words.split_whitespace().map(OsString::from).collect());
    }
    let targets = || config.table("target").into_iter().flatten();
    let for_triple = targets().find(|(key, _)| *key == triple);
    if let Some(words) = for_triple.and_then(|(_, target)| runner(target)) {
        return Ok(words);
    }
    let mut by_cfg = targets().filter(|(key, _)| key.starts_with("cfg(")).peekable();
    if by_cfg.peek().is_none() {
        return Ok(Vec::new());
    }
    let cfgs = cfgs(config, triple)?;
    Ok(by_cfg
        .filter(|(key, _)| matches(key, &cfgs))
        .find_map(|(_, target)| runner(target))
        .unwrap_or_default())
}

fn runner(target: &Value) -> Option<Vec<OsString>> {
    let words = target.get("runner")?.as_array()?;
    Some(words.iter().filter_map(Value::as_str).map(OsString::from).collect())
}

/// Whether a key such as `cfg(unix)` holds.
fn matches(key: &str, cfgs: &[Cfg]) -> bool {
    key.strip_prefix("cfg(")
        .and_then(|rest| rest.strip_suffix(')'))
        .and_then(|expression| CfgExpr::from_str(expression).ok())
        .is_some_and(|expression| expression.matches(cfgs))
}

fn cfgs(config: &Config, triple: &str) -> Result<Vec<Cfg>, Error> {
    let printed = rustc::cfgs(config, triple)?;
    Ok(printed.lines().filter_map(|line| Cfg::from_str(line).ok()).collect())
}
