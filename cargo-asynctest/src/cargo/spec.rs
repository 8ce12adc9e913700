//! Cargo's package id specs, as far as telling whether one means a package.

use cargo_metadata::Package;

/// A package id spec, such as `tokio`, `tokio@1.47` or `https://example.org/repo#tokio@1`.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Spec {
    url: Option<String>,
    name: Option<String>,
    version: Option<String>,
}

impl Spec {
    /// Reads one.
    pub(crate) fn parse(text: &str) -> Spec {
        let (url, rest) = match text.split_once("://") {
            None => (None, Some(text)),
            Some(_) => match text.split_once('#') {
                None => (Some(bare(text)), None),
                Some((url, rest)) => (Some(bare(url)), Some(rest)),
            },
        };
        let (name, version) = rest.map_or((None, None), name_and_version);
        // A URL alone names the package by its last part.
        let last = url.as_ref().and_then(|url| url.rsplit('/').next());
        let name = name.or_else(|| last.map(str::to_owned));
        Spec { url, name, version }
    }

    /// Whether it means this package.
    pub(crate) fn matches(&self, package: &Package) -> bool {
        let name = self.name.as_deref();
        let source = package.id.repr.split('#').next().map(bare);
        name.is_none_or(|name| name == package.name.as_str())
            && self.matches_version(&package.version.to_string())
            && (self.url.is_none() || self.url == source)
    }

    /// Versions may be given in part: `1.47` means each `1.47.x`.
    fn matches_version(&self, version: &str) -> bool {
        self.version.as_deref().is_none_or(|given| {
            version == given
                || version.strip_prefix(given).is_some_and(|rest| rest.starts_with(['.', '+']))
        })
    }
}

/// A URL without the kind of source before it and the query after it.
fn bare(url: &str) -> String {
    let url = match url.split_once("://") {
        Some((scheme, rest)) => {
            let scheme = scheme.rsplit('+').next().unwrap_or(scheme);
            format!("{scheme}://{rest}")
        }
        None => url.to_owned(),
    };
    url.split('?').next().unwrap_or_default().to_owned()
}

fn name_and_version(text: &str) -> (Option<String>, Option<String>) {
    let owned = |text: &str| Some(text.to_owned());
    match text.split_once(['@', ':']) {
        Some((name, version)) => (owned(name), owned(version)),
        None if text.starts_with(|first: char| first.is_ascii_digit()) => (None, owned(text)),
        None => (owned(text), None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package() -> Package {
        let text = r#"{
            "name": "tokio", "version": "1.47.3", "manifest_path": "/x/Cargo.toml",
            "id": "registry+https://github.com/rust-lang/crates.io-index#tokio@1.47.3",
            "dependencies": [], "targets": [], "features": {}, "edition": "2021"
        }"#;
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn each_form_of_a_spec_is_understood() {
        for spec in [
            "tokio",
            "tokio@1",
            "tokio@1.47",
            "tokio@1.47.3",
            "tokio:1.47.3",
            "https://github.com/rust-lang/crates.io-index#tokio",
            "https://github.com/rust-lang/crates.io-index#tokio@1.47.3",
            "registry+https://github.com/rust-lang/crates.io-index#tokio:1.47",
            "https://github.com/rust-lang/crates.io-index#1.47.3",
        ] {
            let matches = Spec::parse(spec).matches(&package());
            // Without a name, the URL's last part is the name.
            assert_eq!(matches, !spec.ends_with("#1.47.3"), "{spec}");
        }
    }

    #[test]
    fn other_packages_are_told_apart() {
        for spec in [
            "tokio-util",
            "tokio@1.4",
            "tokio@1.47.30",
            "tokio@2",
            "https://example.org/tokio",
            "https://example.org/index#tokio@1.47.3",
        ] {
            assert!(!Spec::parse(spec).matches(&package()), "{spec}");
        }
    }
}
