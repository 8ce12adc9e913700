//! Single marks: from a line's comment to its meaning. Knows nothing of other lines.

use std::collections::{BTreeMap, BTreeSet};
use std::iter::Peekable;
use std::ops::RangeInclusive;
use std::str::SplitWhitespace;

use asynctest_engine::evidence::Certainty;

use super::Who;
use crate::Error;

/// One mark.
#[derive(Clone, PartialEq, Debug)]
pub enum Mark {
    /// A line of an await chain.
    Link(Link),
    /// A line of the stack of a thread.
    Runs(Runs),
    /// A task that could run and does not.
    Scheduled(Who),
    /// A thread polls the task, in nobody's code but libraries'.
    Running(Who),
    /// The function that gives its name.
    Names(Who),
    /// The function in which a leaf's wait is written.
    Polls(Who),
    /// The line of the spawn call.
    Spawned(Tally),
    /// The line of the future's body.
    Written(Tally),
    /// A value that holds what is waited for.
    Holds(Holds),
    /// A future that nothing polls.
    Leaves(Leaves),
    /// The two looks differ.
    Moves,
    /// Something outside of the process could still wake it.
    Stirs,
    /// What the report calls the hang, one of whose waits is on this line.
    Finding(String),
}

/// A value that holds what is waited for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Holds {
    /// Who has it.
    pub who: Who,
    /// Whether it lies in a future that nothing polls.
    pub is_aside: bool,
    /// The variable it is in.
    pub variable: String,
    /// How sure that is.
    pub certainty: Certainty,
    /// Whether it is known that it is held since this line.
    pub is_since_here: bool,
}

/// A future that nothing polls.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Leaves {
    /// Whose.
    pub who: Who,
    /// The variable it is in.
    pub variable: String,
    /// Whether it is known that it has been there since this line.
    pub is_since_here: bool,
}

/// A line of an await chain.
#[derive(Clone, PartialEq, Debug)]
pub struct Link {
    /// Whose.
    pub who: Who,
    /// Which of several futures that are polled together.
    pub branch: Option<String>,
    /// Which links of the chain, from 1; 0 for a leaf that is awaited by no line.
    pub depths: RangeInclusive<u32>,
    /// What it waits for, when it is the last.
    pub waits: Option<Waits>,
    /// How many chains like this there are.
    pub count: usize,
}

/// What a leaf waits for.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Waits {
    /// The kind.
    pub kind: String,
    /// Whether `unknown` will do where the type's name has `kind` in it.
    pub or_unknown: bool,
    /// The task that ends the wait.
    pub task: Option<String>,
    /// What else the report says of it, among other words.
    pub says: Option<String>,
}

/// A line of a thread's stack.
#[derive(Clone, PartialEq, Debug)]
pub struct Runs {
    /// Who is polled by it.
    pub who: Who,
    /// Which frames, from 1, the outermost.
    pub depths: RangeInclusive<u32>,
}

/// A task and how many there are of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Tally {
    /// The task's name.
    pub name: String,
    /// How many.
    pub count: u64,
}

/// The marks of one comment.
#[derive(Clone, PartialEq, Debug)]
pub struct Comment {
    /// The line that they speak of.
    pub line: u32,
    /// The code on that line.
    pub code: String,
    /// What they say.
    pub marks: Vec<Mark>,
}

/// What stands before the values of variables.
const VARIABLES: &str = "//=";

/// The lines of a source file that say what their function's variables are: for each future that is
/// suspended there one text.
pub fn variables(source: &str) -> BTreeMap<u32, BTreeSet<String>> {
    let said = |(line, text): (u32, &str)| {
        let (_, said) = text.split_once(VARIABLES)?;
        Some((line, said.split(" | ").map(|one| one.trim().to_owned()).collect()))
    };
    (1..).zip(source.lines()).filter_map(said).collect()
}

/// All marks of a source file.
pub fn comments(source: &str) -> Result<Vec<Comment>, Error> {
    let mut found = Vec::new();
    let mut above = (0, "");
    for (line, text) in (1..).zip(source.lines()) {
        let (text, _) = text.split_once(VARIABLES).unwrap_or((text, ""));
        let (code, marks) = text.split_once("//~").unwrap_or((text, ""));
        let code = code.trim();
        if !code.is_empty() && !code.starts_with("//") {
            above = (line, code);
        }
        if !marks.is_empty() {
            found.push(Comment {
                line: above.0,
                code: above.1.to_owned(),
                marks: marks
                    .split(',')
                    .map(|mark| Mark::parse(line, mark.trim()))
                    .collect::<Result<_, _>>()?,
            });
        }
    }
    Ok(found)
}

impl Mark {
    /// Reads one mark, which stands on `line`.
    pub fn parse(line: u32, mark: &str) -> Result<Mark, Error> {
        let mut words = Words { line, mark, rest: mark.split_whitespace().peekable() };
        let parsed = match words.next("a mark is empty")? {
            "moves" => Mark::Moves,
            "stirs" => Mark::Stirs,
            "finding" => Mark::Finding(words.next("what is found is not said")?.to_owned()),
            "names" => Mark::Names(words.who()?.0),
            "polls" => Mark::Polls(words.who()?.0),
            "spawned" => Mark::Spawned(words.tally()?),
            "written" => Mark::Written(words.tally()?),
            first => words.about(first)?,
        };
        match words.rest.next() {
            None => Ok(parsed),
            Some(_) => Err(words.error("words are left over")),
        }
    }
}

/// The words of a mark that are not read yet.
struct Words<'mark> {
    line: u32,
    mark: &'mark str,
    rest: Peekable<SplitWhitespace<'mark>>,
}

impl<'mark> Words<'mark> {
    fn error(&self, why: &'static str) -> Error {
        Error::Mark { line: self.line, mark: self.mark.to_owned(), why }
    }

    fn next(&mut self, otherwise: &'static str) -> Result<&'mark str, Error> {
        self.rest.next().ok_or_else(|| self.error(otherwise))
    }

    /// A mark that begins with whom it is about.
    fn about(&mut self, first: &str) -> Result<Mark, Error> {
        let (who, branch) = self.who_from(first)?;
        match self.next("what about it is not said")? {
            "runs" => Ok(Mark::Runs(Runs { who, depths: self.depths()? })),
            "scheduled" => Ok(Mark::Scheduled(who)),
            "running" => Ok(Mark::Running(who)),
            // A leaf by itself: no line of the user's awaits it.
            "0" => match self.waits()? {
                Some(waits) => Ok(Mark::Link(Link {
                    who,
                    branch,
                    depths: 0..=0,
                    waits: Some(waits),
                    count: self.count()?,
                })),
                None => Err(self.error("what it waits for is not said")),
            },
            word @ ("holds" | "keeps") => Ok(Mark::Holds(Holds {
                who,
                is_aside: branch.is_some_and(|branch| branch == "aside"),
                variable: self.next("the variable is missing")?.to_owned(),
                certainty: self.certainty(),
                is_since_here: word == "holds",
            })),
            word @ ("leaves" | "left") => {
                let variable = self.next("the variable is missing")?.to_owned();
                Ok(Mark::Leaves(Leaves { who, variable, is_since_here: word == "leaves" }))
            }
            depths => Ok(Mark::Link(Link {
                who,
                branch,
                depths: self.depths_from(depths)?,
                waits: self.waits()?,
                count: self.count()?,
            })),
        }
    }

    fn who(&mut self) -> Result<(Who, Option<String>), Error> {
        let first = self.next("nobody is named")?;
        self.who_from(first)
    }

    fn who_from(&mut self, first: &str) -> Result<(Who, Option<String>), Error> {
        let (first, mut branch) = split_branch(first);
        let who = match first {
            "body" => Who::Body,
            "static" => Who::Static,
            "root" | "task" | "thread" => {
                let (name, branch_of_name) = split_branch(self.next("a name is missing")?);
                branch = branch_of_name;
                match first {
                    "root" => Who::Root(name.to_owned()),
                    "task" => Who::Task(name.to_owned()),
                    _ => Who::Thread(name.to_owned()),
                }
            }
            _ => return Err(self.error("not a mark")),
        };
        Ok((who, branch.map(str::to_owned)))
    }

    fn depths(&mut self) -> Result<RangeInclusive<u32>, Error> {
        let word = self.next("a depth is missing")?;
        self.depths_from(word)
    }

    fn depths_from(&self, word: &str) -> Result<RangeInclusive<u32>, Error> {
        let (first, last) = word.split_once('-').unwrap_or((word, word));
        match (first.parse(), last.parse()) {
            (Ok(first), Ok(last)) if 0 < first && first <= last => Ok(first..=last),
            _ => Err(self.error("not a depth")),
        }
    }

    fn waits(&mut self) -> Result<Option<Waits>, Error> {
        if self.rest.next_if_eq(&"waits").is_none() {
            return Ok(None);
        }
        let kind = self.next("what it waits for is not said")?;
        let (kind, or_unknown) = match kind.strip_suffix('?') {
            Some(kind) => (kind, true),
            None => (kind, false),
        };
        Ok(Some(Waits {
            kind: kind.replace('-', " "),
            or_unknown,
            task: self.rest.next_if(|word| *word != "says" && !is_count(word)).map(str::to_owned),
            says: self.says()?,
        }))
    }

    fn says(&mut self) -> Result<Option<String>, Error> {
        if self.rest.next_if_eq(&"says").is_none() {
            return Ok(None);
        }
        self.next("what is said is missing").map(|words| Some(words.replace('-', " ")))
    }

    /// `likely`, `possible`; definite where it is left out.
    fn certainty(&mut self) -> Certainty {
        if self.rest.next_if_eq(&"likely").is_some() {
            Certainty::Likely
        } else if self.rest.next_if_eq(&"possible").is_some() {
            Certainty::Possible
        } else {
            Certainty::Definite
        }
    }

    /// `x200`; 1 where it is left out.
    fn count(&mut self) -> Result<usize, Error> {
        match self.rest.next_if(|word| is_count(word)) {
            None => Ok(1),
            Some(word) => {
                word.trim_start_matches('x').parse().map_err(|_| self.error("not a count"))
            }
        }
    }

    fn tally(&mut self) -> Result<Tally, Error> {
        let name = self.next("a name is missing")?.to_owned();
        let count = match self.rest.next() {
            None => 1,
            Some(word) => word
                .strip_prefix('x')
                .and_then(|number| number.parse().ok())
                .ok_or_else(|| self.error("not a count"))?,
        };
        Ok(Tally { name, count })
    }
}

fn is_count(word: &str) -> bool {
    word.strip_prefix('x')
        .is_some_and(|number| number.starts_with(|first: char| first.is_ascii_digit()))
}

fn split_branch(word: &str) -> (&str, Option<&str>) {
    match word.split_once('/') {
        Some((word, branch)) => (word, Some(branch)),
        None => (word, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(mark: &str, expected: Mark) {
        assert_eq!(Mark::parse(1, mark).unwrap(), expected);
    }

    #[track_caller]
    fn refused(mark: &str, why: &str) {
        let error = Mark::parse(3, mark).unwrap_err().to_string();
        assert_eq!(error, format!("line 3: {why}: `{mark}`"));
    }

    fn task(name: &str) -> Who {
        Who::Task(name.into())
    }

    #[test]
    fn links() {
        let link = |who, branch: Option<&str>, depths, waits| {
            Mark::Link(Link { who, branch: branch.map(str::to_owned), depths, waits, count: 1 })
        };
        let waits = |kind: &str, or_unknown, task: Option<&str>| {
            let task = task.map(str::to_owned);
            Some(Waits { kind: kind.into(), or_unknown, task, says: None })
        };
        check("body 1", link(Who::Body, None, 1..=1, None));
        check("task a 2-5", link(task("a"), None, 2..=5, None));
        check(
            "task a/left 3 waits Mutex",
            link(task("a"), Some("left"), 3..=3, waits("Mutex", false, None)),
        );
        check(
            "body/b 1 waits JoinHandle a",
            link(Who::Body, Some("b"), 1..=1, waits("JoinHandle", false, Some("a"))),
        );
        check(
            "body 1 waits mpsc-recv",
            link(Who::Body, None, 1..=1, waits("mpsc recv", false, None)),
        );
        let many = Link {
            who: Who::Body,
            branch: None,
            depths: 2..=2,
            waits: waits("sleep", false, None),
            count: 1000,
        };
        check("body 2 waits sleep x1000", Mark::Link(many));
        check(
            "root r 1 waits watch?",
            link(Who::Root("r".into()), None, 1..=1, waits("watch", true, None)),
        );
    }

    #[test]
    fn words_of_a_wait() {
        let check = |mark, expected_task: Option<&str>, expected: &str| {
            let Mark::Link(Link { waits: Some(waits), .. }) = Mark::parse(1, mark).unwrap() else {
                panic!("no wait in {mark}");
            };
            assert_eq!(
                (waits.task.as_deref(), waits.says.as_deref()),
                (expected_task, Some(expected))
            );
        };
        check("body 1 waits Mutex says place-1-of-2", None, "place 1 of 2");
        check("body 1 waits JoinHandle a says b", Some("a"), "b");
        refused("body 1 waits Mutex says", "what is said is missing");
    }

    #[test]
    fn others() {
        check("moves", Mark::Moves);
        check("stirs", Mark::Stirs);
        check("finding self-deadlock", Mark::Finding("self-deadlock".into()));
        check("names body", Mark::Names(Who::Body));
        check("task a scheduled", Mark::Scheduled(task("a")));
        check("thread t runs 2", Mark::Runs(Runs { who: Who::Thread("t".into()), depths: 2..=2 }));
        let tally = |count| Tally { name: "a".into(), count };
        check("spawned a", Mark::Spawned(tally(1)));
        check("written a x200", Mark::Written(tally(200)));
    }

    #[test]
    fn holders() {
        let holds = |who, is_aside, certainty, is_since_here| {
            let variable = "guard".into();
            Mark::Holds(Holds { who, is_aside, variable, certainty, is_since_here })
        };
        let left = |is_since_here| Leaves { who: Who::Body, variable: "x".into(), is_since_here };
        check("body holds guard", holds(Who::Body, false, Certainty::Definite, true));
        check("task a/aside keeps guard likely", holds(task("a"), true, Certainty::Likely, false));
        check("body leaves x", Mark::Leaves(left(true)));
        check("body left x", Mark::Leaves(left(false)));
        refused("body holds", "the variable is missing");
        refused("body holds guard maybe", "words are left over");
    }

    #[test]
    fn mistakes_are_refused() {
        refused("", "a mark is empty");
        refused("bodie 1", "not a mark");
        refused("task", "a name is missing");
        refused("body", "what about it is not said");
        refused("body 0", "what it waits for is not said");
        refused("body 0-1", "not a depth");
        refused("body runs 0", "not a depth");
        refused("body 3-2", "not a depth");
        refused("body 1 waits", "what it waits for is not said");
        refused("body 1 Mutex", "words are left over");
        refused("spawned a 200", "not a count");
    }

    #[test]
    fn a_comment_alone_speaks_of_the_code_above() {
        let source = "a(); //~ body 1\n\nspawn({\n    // why\n    //~ spawned x, moves\n";
        let found = comments(source).unwrap();
        let lines: Vec<_> = found.iter().map(|comment| (comment.line, &*comment.code)).collect();
        assert_eq!(lines, [(1, "a();"), (3, "spawn({")]);
        assert_eq!(found[1].marks.len(), 2);
    }
}
