//! Annotations: one `::error` a hang, at the line where its root waits.

use std::path::{Path, PathBuf};

use super::failure::Failure;

/// Errors that GitHub shows of one step; it drops the rest.
const MOST: usize = 10;

/// One `::error` a hang. Files are named from the repository's root, which the workspace may lie
/// below.
pub(super) fn all(
    failures: &[Failure],
    workspace: Option<&Path>,
    repository: Option<&Path>,
) -> String {
    let hangs = failures.iter().filter(|failure| failure.is_hang());
    hangs.take(MOST).map(|failure| annotation(failure, workspace, repository)).collect()
}

fn annotation(failure: &Failure, workspace: Option<&Path>, repository: Option<&Path>) -> String {
    let title = format!("{}  {}", failure.word(), failure.name);
    let mut properties = Vec::new();
    if let Some(place) = &failure.place {
        let file = from_root(&place.file, workspace, repository);
        properties.push(format!("file={}", property(&file.to_string_lossy())));
        properties.push(format!("line={}", place.line));
    }
    properties.push(format!("title={}", property(&title)));
    format!("::error {}::{}\n", properties.join(","), data(&failure.cause))
}

/// The file as the repository names it.
fn from_root(file: &str, workspace: Option<&Path>, repository: Option<&Path>) -> PathBuf {
    let file = workspace.unwrap_or(Path::new("")).join(file);
    let strip = |root: Option<&Path>| Some(file.strip_prefix(root?).ok()?.to_owned());
    strip(repository).or_else(|| strip(workspace)).unwrap_or(file)
}

/// Escapes a command's text.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// Escapes a command's property.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{Failure, all, from_root};
    use crate::render::github::failure::sample::failure;
    use crate::runner::verdict::Verdict;

    #[test]
    fn an_annotation_is_one_line_with_everything_escaped() {
        assert_eq!(
            all(&[failure("it::x", Some(Verdict::Hang))], None, None),
            "::error file=src/a%2Cb.rs,line=41,title=HANG  it%3A%3Ax::undetermined: 100%25 \
             stuck,%0Ait says\n"
        );
    }

    #[test]
    fn there_are_ten_annotations_and_only_of_hangs() {
        let count = |verdict| {
            let failures: Vec<Failure> = (0..12).map(|_| failure("it::x", verdict)).collect();
            all(&failures, None, None).lines().count()
        };
        for verdict in [Verdict::Hang, Verdict::Stuck, Verdict::ExitHang, Verdict::ListHang] {
            assert_eq!(count(Some(verdict)), 10);
        }
        assert_eq!(count(Some(Verdict::Fail)), 0);
        assert_eq!(count(None), 0);
    }

    #[test]
    fn files_are_named_from_the_repository() {
        let check = |file: &str, workspace: &str, repository: Option<&str>, expected: &str| {
            let found = from_root(file, Some(Path::new(workspace)), repository.map(Path::new));
            assert_eq!(found, Path::new(expected));
        };
        check("src/a.rs", "/home/x/repo", Some("/home/x/repo"), "src/a.rs");
        check("src/a.rs", "/home/x/repo/rust", Some("/home/x/repo"), "rust/src/a.rs");
        check("/home/x/repo/other/a.rs", "/home/x/repo/rust", Some("/home/x/repo"), "other/a.rs");
        check("src/a.rs", "/elsewhere", Some("/home/x/repo"), "src/a.rs");
        check("src/a.rs", "/elsewhere", None, "src/a.rs");
    }
}
