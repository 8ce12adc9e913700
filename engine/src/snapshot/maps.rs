//! Reads `/proc/PID/maps`.
//!
//! Source: proc_pid_maps(5); the kernel's `fs/proc/task_mmu.c` and `mangle_path`.

use crate::address::Address;
use crate::snapshot::Mapping;

/// All mappings of a `maps` file. Lines that cannot be read are left out.
pub(super) fn parse(text: &[u8]) -> Vec<Mapping> {
    text.split(|&byte| byte == b'\n')
        .filter_map(|line| mapping(&String::from_utf8_lossy(line)))
        .collect()
}

/// One line: `start-end rwxp offset device inode`, and a path after some spaces.
fn mapping(line: &str) -> Option<Mapping> {
    let mut fields = line.splitn(6, ' ');
    let (start, end) = fields.next()?.split_once('-')?;
    let hexadecimal = |text| u64::from_str_radix(text, 16).ok();
    let permissions = fields.next()?;
    let offset = hexadecimal(fields.next()?)?;
    let _device = fields.next()?;
    let inode = fields.next()?.parse().ok()?;
    Some(Mapping {
        start: Address(hexadecimal(start)?),
        end: Address(hexadecimal(end)?),
        offset,
        readable: permissions.contains('r'),
        writable: permissions.contains('w'),
        executable: permissions.contains('x'),
        private: permissions.contains('p'),
        inode,
        path: unescaped(fields.next().unwrap_or_default().trim_start_matches(' ')),
    })
}

/// A path with the kernel's octal escapes, such as `\012` for a line's end, undone. The kernel
/// writes only a line's end so; other backslashes are themselves.
fn unescaped(path: &str) -> String {
    let mut rest = path.as_bytes();
    let mut bytes = Vec::with_capacity(rest.len());
    while let Some((&first, tail)) = rest.split_first() {
        match (first, tail.split_first_chunk().and_then(|(code, tail)| Some((octal(*code)?, tail))))
        {
            (b'\\', Some((byte, tail))) => {
                bytes.push(byte);
                rest = tail;
            }
            (byte, _) => {
                bytes.push(byte);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The byte that three octal digits stand for.
fn octal(digits: [u8; 3]) -> Option<u8> {
    let text = std::str::from_utf8(&digits).ok()?;
    digits
        .iter()
        .all(|digit| (b'0'..=b'7').contains(digit))
        .then(|| u8::from_str_radix(text, 8).ok())?
}

#[cfg(test)]
mod tests {
    use super::parse;

    fn check_path(end_of_line: &str, expected: &str) {
        let line = format!("00400000-00452000 r-xp 0000f000 08:02 173521 {end_of_line}\n");
        let mappings = parse(line.as_bytes());
        assert_eq!(mappings.len(), 1, "{line}");
        assert_eq!(mappings[0].path, expected);
    }

    #[test]
    fn a_path_is_read_to_the_end_of_its_line() {
        check_path("                /usr/bin/x", "/usr/bin/x");
        check_path("   /a b/c (deleted)", "/a b/c (deleted)");
        check_path("   /a\\040b\\012c", "/a b\nc");
        check_path("   /a\\x\\09\\", "/a\\x\\09\\");
        check_path("   /a\\777b", "/a\\777b");
        check_path("   /caf\u{e9}", "/caf\u{e9}");
        check_path("", "");
        check_path("   [heap]", "[heap]");
    }

    #[test]
    fn permissions_and_numbers_are_read() {
        let line = b"7ffd0000-7ffd1000 rw-s 00001000 00:05 17 /dev/zero\n";
        let mapping = &parse(line)[0];
        assert_eq!((mapping.start.0, mapping.end.0), (0x7ffd_0000, 0x7ffd_1000));
        assert_eq!((mapping.offset, mapping.inode), (0x1000, 17));
        assert!(mapping.readable && mapping.writable);
        assert!(!mapping.executable && !mapping.private);
    }

    #[test]
    fn a_garbled_line_is_left_out() {
        let text =
            b"garbage\n\n1000-2000\n1000 rw-p 0 0 0\nff-zz rw-p 0 0:0 0\n1000-2000 r--p 0 0:0 0\n";
        assert_eq!(parse(text).len(), 1);
    }
}
