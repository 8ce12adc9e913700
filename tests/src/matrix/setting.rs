//! What fixtures are built with, and which of the many settings a test run tries.

use std::env;
use std::process::{Command, Stdio};

/// A minor version of Tokio 1.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Version(pub u32);

impl Version {
    /// The feature that a fixture asks for which needs this version.
    pub fn feature(self) -> String {
        format!("{}{}", Version::FEATURE, self.0)
    }

    /// How the names of such features begin.
    pub const FEATURE: &str = "tokio-1.";
}

/// Which Tokio.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Tokio {
    /// What tests call it.
    pub name: &'static str,
    /// As Cargo.toml asks for it.
    pub requirement: &'static str,
    /// Its version; absent for the newest there is.
    version: Option<Version>,
}

impl Tokio {
    /// Whether it has what came with `version`.
    pub fn has(self, version: Version) -> bool {
        self.version.is_none_or(|own| own >= version)
    }
}

/// The older version that is always tried.
const USUAL: Version = Version(38);

/// The newest Tokio there is.
pub const NEWEST: Tokio = Tokio { name: "tokio-newest", requirement: "1", version: None };

/// The versions that fixtures are tried on, the newest one last.
pub const TOKIOS: [Tokio; 7] = [
    Tokio { name: "tokio-1.20", requirement: "~1.20", version: Some(Version(20)) },
    Tokio { name: "tokio-1.28", requirement: "~1.28", version: Some(Version(28)) },
    Tokio { name: "tokio-1.35", requirement: "~1.35", version: Some(Version(35)) },
    Tokio { name: "tokio-1.38", requirement: "~1.38", version: Some(Version(38)) },
    Tokio { name: "tokio-1.44", requirement: "~1.44", version: Some(Version(44)) },
    Tokio { name: "tokio-1.47", requirement: "~1.47", version: Some(Version(47)) },
    NEWEST,
];

/// How something is compiled.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Profile {
    /// Without optimization.
    Dev,
    /// With it, and with debug info.
    Release,
    /// Likewise, and optimized across crates.
    ThinLto,
}

/// The name of the profile for optimization across crates in the manifests of fixtures.
pub(super) const THIN: &str = "thin";

impl Profile {
    /// All of them.
    pub const ALL: [Profile; 3] = [Profile::Dev, Profile::Release, Profile::ThinLto];

    /// What tests call it.
    pub fn name(self) -> &'static str {
        match self {
            Profile::Dev => "dev",
            Profile::Release => "release",
            Profile::ThinLto => THIN,
        }
    }

    /// Cargo's arguments for it.
    pub fn arguments(self) -> &'static [&'static str] {
        match self {
            Profile::Dev => &[],
            Profile::Release => &["--release"],
            Profile::ThinLto => &["--profile", THIN],
        }
    }
}

/// Which rustc and cargo.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Toolchain {
    /// Those that these tests are built with.
    Default,
    /// Last night's.
    Nightly,
}

impl Toolchain {
    /// Its name for rustup; none for the default one.
    pub fn name(self) -> Option<&'static str> {
        match self {
            Toolchain::Default => None,
            Toolchain::Nightly => Some("nightly"),
        }
    }

    /// Whether it is installed.
    pub fn is_installed(self) -> bool {
        let Some(name) = self.name() else { return true };
        let mut command = Command::new("rustup");
        command.args(["which", "--toolchain", name, "cargo"]);
        let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status();
        status.is_ok_and(|status| status.success())
    }
}

/// What fixtures are built with, but for the profile.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Setting {
    /// The Tokio.
    pub tokio: Tokio,
    /// The toolchain.
    pub toolchain: Toolchain,
}

impl Setting {
    /// The newest Tokio with the default toolchain.
    pub const NEWEST: Setting = Setting { tokio: NEWEST, toolchain: Toolchain::Default };

    /// What tests call it.
    pub fn name(self) -> String {
        match self.toolchain.name() {
            None => self.tokio.name.to_owned(),
            Some(toolchain) => format!("{}-{toolchain}", self.tokio.name),
        }
    }
}

/// The settings and profiles that fixtures are tried in: an old Tokio and the newest, dev and
/// optimized; with `ASYNCTEST_MATRIX=full` in the environment, everything with everything.
pub fn settings() -> Vec<(Setting, Profile)> {
    let is_full = env::var_os("ASYNCTEST_MATRIX").is_some_and(|value| value == "full");
    let all = TOKIOS.iter().flat_map(|tokio| {
        let setting = Setting { tokio: *tokio, toolchain: Toolchain::Default };
        let is_usual = *tokio == NEWEST || tokio.version == Some(USUAL);
        let is_tried =
            move |profile: &Profile| is_full || (is_usual && *profile != Profile::ThinLto);
        Profile::ALL.into_iter().filter(is_tried).map(move |profile| (setting, profile))
    });
    let nightly = Setting { tokio: NEWEST, toolchain: Toolchain::Nightly };
    let nightly = Profile::ALL.into_iter().filter(|_| is_full).map(|profile| (nightly, profile));
    all.chain(nightly).collect()
}
