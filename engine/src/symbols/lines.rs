//! Source files and lines: the line table of a unit, and the paths of its files.

use std::path::PathBuf;
use std::rc::Rc;

use gimli::{AttributeValue, ColumnType, DebugInfoOffset};

use super::object::Reader;
use super::range_map::RangeMap;
use super::units::{DebugInfo, Unit};

/// A place in source code.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct SourceLocation {
    /// The file, as the compiler was given it, made absolute by the unit's directory.
    pub file: PathBuf,
    /// The line, counted from 1.
    pub line: u32,
    /// The column, counted from 1; absent where the compiler recorded none.
    pub column: Option<u32>,
}

/// The line table of one unit.
///
/// Invariant: the rows of one sequence lie together, in order of address.
pub(super) struct UnitLines {
    rows: Vec<Row>,
    sequences: RangeMap<(usize, usize)>,
}

#[derive(Clone, Copy)]
struct Row {
    address: u64,
    file: u64,
    line: u32,
    column: u32,
}

impl UnitLines {
    /// The row in force at `address`; of several for one address the last.
    fn row(&self, address: u64) -> Option<Row> {
        let (first, end) = self.sequences.find(address)?;
        let rows = self.rows.get(first..end)?;
        let index = rows.partition_point(|row| row.address <= address).checked_sub(1)?;
        rows.get(index).copied()
    }
}

impl<'data> DebugInfo<'data> {
    /// The source location of the instruction at `address`, by the line table of its unit.
    pub(super) fn line_at(
        &self,
        start: DebugInfoOffset,
        unit: &Unit<'data>,
        address: u64,
    ) -> Option<SourceLocation> {
        let row = self.unit_lines(start, unit).row(address)?;
        self.source_location(unit, row.file, u64::from(row.line), u64::from(row.column))
    }

    /// A source location from the numbers that debug info has; none for line 0, which stands for
    /// code that belongs to no line.
    pub(super) fn source_location(
        &self,
        unit: &Unit<'data>,
        file: u64,
        line: u64,
        column: u64,
    ) -> Option<SourceLocation> {
        let line = u32::try_from(line).ok().filter(|line| *line != 0)?;
        Some(SourceLocation {
            file: self.file(unit, file)?,
            line,
            column: u32::try_from(column).ok().filter(|column| *column != 0),
        })
    }

    /// The path of a unit's file: its name behind its directory behind the unit's directory, each
    /// unless what follows is absolute.
    pub(super) fn file(&self, unit: &Unit<'data>, index: u64) -> Option<PathBuf> {
        let header = unit.line_program.as_ref()?.header();
        let file = header.file(index)?;
        let mut path = PathBuf::new();
        if let Some(directory) = unit.comp_dir {
            path.push(&*directory.to_string_lossy());
        }
        let directory = file.directory(header);
        path.extend(directory.and_then(|directory| self.path_part(unit, directory)));
        path.push(self.path_part(unit, file.path_name())?);
        Some(path)
    }

    fn path_part(
        &self,
        unit: &Unit<'data>,
        value: AttributeValue<Reader<'data>>,
    ) -> Option<String> {
        let text = self.dwarf.attr_string(unit, value).ok()?;
        Some(text.to_string_lossy().into_owned())
    }

    fn unit_lines(&self, start: DebugInfoOffset, unit: &Unit<'data>) -> Rc<UnitLines> {
        if let Some(lines) = self.code.lines.borrow().get(&start) {
            return Rc::clone(lines);
        }
        let lines = Rc::new(self.read_lines(unit));
        let mut cache = self.code.lines.borrow_mut();
        Rc::clone(cache.entry(start).or_insert(lines))
    }

    fn read_lines(&self, unit: &Unit<'data>) -> UnitLines {
        let mut rows: Vec<Row> = Vec::new();
        let mut sequences = Vec::new();
        let mut first = 0;
        let program = unit.line_program.clone();
        let mut table = program.map(gimli::IncompleteLineProgram::rows);
        while let Some(Ok(Some((_, row)))) = table.as_mut().map(gimli::LineRows::next_row) {
            if !row.end_sequence() {
                rows.push(read_row(row));
                continue;
            }
            let sequence = rows.get_mut(first..).unwrap_or_default();
            sequence.sort_by_key(|row| row.address);
            match sequence.first() {
                Some(begin) if begin.address >= self.first_code => {
                    sequences.push((begin.address, row.address(), (first, rows.len())));
                }
                _ => rows.truncate(first),
            }
            first = rows.len();
        }
        UnitLines { rows, sequences: RangeMap::new(sequences) }
    }
}

fn read_row(row: &gimli::LineRow) -> Row {
    let line = row.line().map_or(0, std::num::NonZeroU64::get);
    let column = match row.column() {
        ColumnType::LeftEdge => 0,
        ColumnType::Column(column) => column.get(),
    };
    Row {
        address: row.address(),
        file: row.file_index(),
        line: u32::try_from(line).unwrap_or(0),
        column: u32::try_from(column).unwrap_or(0),
    }
}
