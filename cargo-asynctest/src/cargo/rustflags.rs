//! Compiler flags that the user has set, which go over every profile.

use std::env;

use toml::Value;

use super::config::Config;

/// Where the user has set `-C debuginfo`, if anywhere.
pub(crate) fn debug_info(config: &Config, triple: &str) -> Option<String> {
    let variables = ["CARGO_ENCODED_RUSTFLAGS", "RUSTFLAGS", "CARGO_BUILD_RUSTFLAGS"];
    for variable in variables {
        if env::var(variable).is_ok_and(|flags| flags.contains("debuginfo")) {
            return Some(variable.to_owned());
        }
    }
    let build = config.value("build.rustflags");
    let target = config.table("target").and_then(|targets| targets.get(triple)?.get("rustflags"));
    let sets =
        |flags: Option<&Value>| flags.is_some_and(|flags| flags.to_string().contains("debuginfo"));
    if sets(build) {
        Some("build.rustflags".to_owned())
    } else if sets(target) {
        Some(format!("target.{triple}.rustflags"))
    } else {
        None
    }
}
