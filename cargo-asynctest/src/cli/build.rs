//! Cargo's own flags: which are taken, and how they are handed on.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{ArgAction, Args, ValueEnum};

/// The flags of `cargo test` that say what is built and how.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct BuildArguments {
    /// What is asked of cargo's own output, and of its configuration.
    #[command(flatten)]
    pub(crate) general: General,
    /// Which packages.
    #[command(flatten)]
    pub(crate) packages: Packages,
    /// Which targets of them.
    #[command(flatten)]
    pub(crate) targets: Targets,
    /// With which features.
    #[command(flatten)]
    pub(crate) features: Features,
    /// How they are compiled.
    #[command(flatten)]
    pub(crate) compilation: Compilation,
    /// From which manifest, and how it is resolved.
    #[command(flatten)]
    pub(crate) manifest: Manifest,
}

/// What is asked of cargo's own output, and of its configuration.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct General {
    /// Compile, but don't run tests
    #[arg(long)]
    pub(crate) no_run: bool,
    /// Go on after failures, in the build too; tests always go on unless --fail-fast is given
    #[arg(long)]
    pub(crate) no_fail_fast: bool,
    /// How compiler messages look: human, short [default: human]; json: what happens to the tests, or
    /// with --step-task to the task, a line each on stdout
    #[arg(long, value_name = "FMT", hide_possible_values = true)]
    pub(crate) message_format: Option<MessageFormat>,
    /// Output a future incompatibility report at the end of the build
    #[arg(long)]
    pub(crate) future_incompat_report: bool,
    /// Print only what fails
    #[arg(short, long, action = ArgAction::Count)]
    pub(crate) quiet: u8,
    /// Print skipped tests and cargo's own details too (-vv: still more of cargo's)
    #[arg(short, long, action = ArgAction::Count, conflicts_with = "quiet")]
    pub(crate) verbose: u8,
    /// Coloring: auto, always, never
    #[arg(long, value_name = "WHEN", hide_possible_values = true)]
    pub(crate) color: Option<Color>,
    /// Override a configuration value
    #[arg(long, value_name = "KEY=VALUE|PATH")]
    pub(crate) config: Vec<String>,
    /// Unstable (nightly-only) flags to Cargo, see 'cargo -Z help' for details
    #[arg(short = 'Z', value_name = "FLAG")]
    pub(crate) unstable: Vec<String>,
}

/// How compiler messages look.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum MessageFormat {
    /// As always.
    Human,
    /// A line each.
    Short,
    /// Compiler messages as always, and what happens to tests, or to a task, as JSON.
    Json,
}

/// When output is colored.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// Which packages are tested.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Package Selection")]
pub(crate) struct Packages {
    /// Package to run tests for
    #[arg(short, long, value_name = "SPEC")]
    pub(crate) package: Vec<String>,
    /// Test all packages in the workspace
    #[arg(long)]
    pub(crate) workspace: bool,
    /// Alias for --workspace (deprecated)
    #[arg(long)]
    pub(crate) all: bool,
    /// Exclude packages from the test
    #[arg(long, value_name = "SPEC")]
    pub(crate) exclude: Vec<String>,
}

/// Which targets are tested.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Target Selection")]
pub(crate) struct Targets {
    /// Test only this package's library
    #[arg(long)]
    pub(crate) lib: bool,
    /// Test all binaries
    #[arg(long)]
    pub(crate) bins: bool,
    /// Test only the specified binary
    #[arg(long, value_name = "NAME")]
    pub(crate) bin: Vec<String>,
    /// Test all examples
    #[arg(long)]
    pub(crate) examples: bool,
    /// Test only the specified example
    #[arg(long, value_name = "NAME")]
    pub(crate) example: Vec<String>,
    /// Test all targets that have `test = true` set
    #[arg(long)]
    pub(crate) tests: bool,
    /// Test only the specified test target
    #[arg(long, value_name = "NAME")]
    pub(crate) test: Vec<String>,
    /// Test all targets that have `bench = true` set
    #[arg(long)]
    pub(crate) benches: bool,
    /// Test only the specified bench target
    #[arg(long, value_name = "NAME")]
    pub(crate) bench: Vec<String>,
    /// Test all targets (does not include doctests)
    #[arg(long)]
    pub(crate) all_targets: bool,
    /// Doctests are not run here: this names the command that runs them
    #[arg(long)]
    pub(crate) doc: bool,
}

/// With which features.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Feature Selection")]
pub(crate) struct Features {
    /// Space or comma separated list of features to activate
    #[arg(short = 'F', long, value_name = "FEATURES")]
    pub(crate) features: Vec<String>,
    /// Activate all available features
    #[arg(long)]
    pub(crate) all_features: bool,
    /// Do not activate the `default` feature
    #[arg(long)]
    pub(crate) no_default_features: bool,
}

/// How things are compiled.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Compilation Options")]
pub(crate) struct Compilation {
    /// Number of parallel build jobs, defaults to # of CPUs
    #[arg(short, long, alias = "build-jobs", value_name = "N", allow_hyphen_values = true)]
    pub(crate) jobs: Option<String>,
    /// Build artifacts in release mode, with optimizations
    #[arg(short, long, conflicts_with = "profile")]
    pub(crate) release: bool,
    /// Build artifacts with the specified profile
    #[arg(long, alias = "cargo-profile", value_name = "PROFILE-NAME")]
    pub(crate) profile: Option<String>,
    /// Build for the target triple
    #[arg(long, value_name = "TRIPLE")]
    pub(crate) target: Vec<String>,
    /// Directory for all generated artifacts
    #[arg(long, value_name = "DIRECTORY")]
    pub(crate) target_dir: Option<PathBuf>,
    /// Output a build timing report at the end of the build
    #[arg(long)]
    pub(crate) timings: bool,
}

/// From which manifest, and how it is resolved.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Manifest Options")]
pub(crate) struct Manifest {
    /// Path to Cargo.toml
    #[arg(long, value_name = "PATH")]
    pub(crate) manifest_path: Option<PathBuf>,
    /// Ignore `rust-version` specification in packages
    #[arg(long)]
    pub(crate) ignore_rust_version: bool,
    /// Assert that `Cargo.lock` will remain unchanged
    #[arg(long)]
    pub(crate) locked: bool,
    /// Run without accessing the network
    #[arg(long)]
    pub(crate) offline: bool,
    /// Equivalent to specifying both --locked and --offline
    #[arg(long)]
    pub(crate) frozen: bool,
}

/// Words for a command line, in the order in which they are added.
#[derive(Default)]
struct Words(Vec<OsString>);

impl Words {
    fn flag(&mut self, name: &str, given: bool) {
        if given {
            self.0.push(name.into());
        }
    }

    fn each(&mut self, name: &str, values: impl IntoIterator<Item = impl Into<OsString>>) {
        for value in values {
            self.0.push(name.into());
            self.0.push(value.into());
        }
    }
}

impl BuildArguments {
    /// Everything for `cargo test --no-run`, the message format apart.
    pub(crate) fn for_build(&self) -> Vec<OsString> {
        let mut words = Words::default();
        words.flag("--no-fail-fast", self.general.no_fail_fast);
        words.flag("--future-incompat-report", self.general.future_incompat_report);
        words.flag("--quiet", self.general.quiet > 0);
        for _ in 0..self.general.verbose {
            words.flag("--verbose", true);
        }
        self.packages.add(&mut words);
        self.targets.add(&mut words);
        words.0.extend(self.shared());
        words.flag("--timings", self.compilation.timings);
        words.0
    }

    /// The flags that `cargo metadata` takes too.
    pub(crate) fn for_metadata(&self) -> Vec<OsString> {
        let mut words = Words::default();
        self.features.add(&mut words);
        self.manifest.add_resolution(&mut words);
        self.add_configuration(&mut words);
        words.0
    }

    /// The flags that decide what is compiled, package and target selection apart: for a command
    /// that builds the same again.
    pub(crate) fn shared(&self) -> Vec<OsString> {
        let mut words = Words::default();
        self.features.add(&mut words);
        self.compilation.add(&mut words);
        self.manifest.add_resolution(&mut words);
        words.flag("--ignore-rust-version", self.manifest.ignore_rust_version);
        self.add_configuration(&mut words);
        words.0
    }

    /// The package selection, for another command of cargo's.
    pub(crate) fn package_selection(&self) -> Vec<OsString> {
        let mut words = Words::default();
        self.packages.add(&mut words);
        words.0
    }

    fn add_configuration(&self, words: &mut Words) {
        words.each("--config", &self.general.config);
        words.each("-Z", &self.general.unstable);
    }
}

impl Packages {
    fn add(&self, words: &mut Words) {
        words.each("--package", &self.package);
        words.flag("--workspace", self.workspace || self.all);
        words.each("--exclude", &self.exclude);
    }
}

impl Targets {
    /// Whether any was named: then cargo runs no doctests.
    pub(crate) fn named(&self) -> bool {
        let mut words = Words::default();
        self.add(&mut words);
        !words.0.is_empty()
    }

    fn add(&self, words: &mut Words) {
        words.flag("--lib", self.lib);
        words.flag("--bins", self.bins);
        words.each("--bin", &self.bin);
        words.flag("--examples", self.examples);
        words.each("--example", &self.example);
        words.flag("--tests", self.tests);
        words.each("--test", &self.test);
        words.flag("--benches", self.benches);
        words.each("--bench", &self.bench);
        words.flag("--all-targets", self.all_targets);
    }
}

impl Features {
    fn add(&self, words: &mut Words) {
        words.each("--features", &self.features);
        words.flag("--all-features", self.all_features);
        words.flag("--no-default-features", self.no_default_features);
    }
}

impl Compilation {
    fn add(&self, words: &mut Words) {
        words.each("--jobs", &self.jobs);
        words.flag("--release", self.release);
        words.each("--profile", &self.profile);
        words.each("--target", &self.target);
        words.each("--target-dir", &self.target_dir);
    }
}

impl Manifest {
    fn add_resolution(&self, words: &mut Words) {
        words.each("--manifest-path", &self.manifest_path);
        words.flag("--locked", self.locked);
        words.flag("--offline", self.offline);
        words.flag("--frozen", self.frozen);
    }
}

impl Color {
    /// The word for it on a command line.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Color::Auto => "auto",
            Color::Always => "always",
            Color::Never => "never",
        }
    }
}
