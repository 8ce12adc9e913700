//! Archives of synthetic snapshots: whole, damaged, cut off and made up.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};

use super::decode::decode;
use super::encode::encode;
use super::error::Fault;
use super::{Archive, Error, FORMAT, checksum, copy_binary, link_binary, read, write};
use crate::address::{Address, ThreadId};
use crate::arch::Registers;
use crate::limits::Limits;
use crate::snapshot::Snapshot;
use crate::snapshot::synth::Synth;

const LIMIT: usize = 1 << 20;

fn look(changing: u8) -> Snapshot {
    let registers = Registers::from_pc_and_sp(Address(0x1000), Address(0x2000), 7);
    Synth::new()
        .thread(ThreadId(1), "main", registers)
        .bytes(Address(0x10_0000), b"the same in both")
        .bytes(Address(0x20_0000), &[changing; 100])
        .build()
}

fn good() -> Vec<u8> {
    encode(&look(1), &look(2), &"payload").unwrap()
}

fn fault(bytes: &[u8]) -> Fault {
    match decode::<String>(bytes, LIMIT) {
        Ok(_) => panic!("this archive should not be readable"),
        Err(fault) => fault,
    }
}

/// The archive with a correct checksum, whatever it holds.
fn summed(mut bytes: Vec<u8>) -> Vec<u8> {
    if bytes.len() >= 20 {
        let sum = checksum(&bytes[20..]).to_le_bytes();
        bytes[12..20].copy_from_slice(&sum);
    }
    bytes
}

fn same(archive: &Archive<String>) {
    assert_eq!(archive.payload, "payload");
    for (look, changing) in [(&archive.first, 1), (&archive.second, 2)] {
        let mut bytes = [0; 16];
        look.read(Address(0x10_0000), &mut bytes).unwrap();
        assert_eq!(&bytes, b"the same in both");
        look.read(Address(0x20_0000), &mut bytes).unwrap();
        assert_eq!(bytes, [changing; 16]);
        look.read(Address(0x30_0000), &mut bytes).unwrap_err();
        assert_eq!(look.facts.threads[0].registers.sp(), Address(0x2000));
    }
}

#[test]
fn what_was_written_is_read_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("capture.asynctest");
    write(&path, &look(1), &look(2), &"payload").unwrap();
    same(&read(&path, &Limits::default()).unwrap());
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn an_archive_of_an_archive_is_the_same_bytes() {
    let archive: Archive<String> = decode(&good(), LIMIT).ok().unwrap();
    let again = encode(&archive.first, &archive.second, &archive.payload).unwrap();
    assert_eq!(again, good());
}

#[test]
fn every_cut_is_an_error() {
    let good = good();
    for length in 0..good.len() {
        fault(&good[..length]);
        fault(&summed(good[..length].to_vec()));
    }
    let mut longer = good;
    longer.push(0);
    assert!(matches!(fault(&summed(longer)), Fault::Damaged(_)));
}

#[test]
fn other_files_and_other_versions_are_named() {
    assert_eq!(fault(b""), Fault::NotAnArchive);
    assert_eq!(fault(b"\x7fELF and so on and on"), Fault::NotAnArchive);
    let mut newer = good();
    newer[8..12].copy_from_slice(&(FORMAT + 1).to_le_bytes());
    assert_eq!(fault(&newer), Fault::Newer(FORMAT + 1));
    let mut older = good();
    older[8..12].copy_from_slice(&0u32.to_le_bytes());
    assert_eq!(fault(&older), Fault::Older(0));
}

#[test]
fn one_flipped_bit_anywhere_is_found() {
    let good = good();
    for at in 0..good.len() {
        let mut bad = good.clone();
        bad[at] ^= 0x10;
        fault(&bad);
    }
}

#[test]
fn huge_claims_allocate_nothing() {
    let good = good();
    for at in 20..good.len() - 4 {
        for claim in [u32::MAX, 0x7fff_ffff, 0x1000_0000] {
            let mut bad = good.clone();
            bad[at..at + 4].copy_from_slice(&claim.to_le_bytes());
            // Some of these change nothing that matters; none may panic.
            let _ = decode::<String>(&summed(bad), LIMIT);
        }
    }
}

#[test]
fn no_mutation_panics() {
    let good = good();
    let mut random = Random(1);
    for _ in 0..20_000 {
        let mut bad = good.clone();
        for _ in 0..1 + random.below(4) {
            let at = random.below(bad.len());
            match random.below(4) {
                0 => bad[at] = random.below(256) as u8,
                1 => bad.truncate(at.max(1)),
                2 => bad.insert(at, random.below(256) as u8),
                _ => bad[at] = bad[at].wrapping_add(1),
            }
        }
        if let Ok(archive) = decode::<serde_json::Value>(&summed(bad), LIMIT) {
            let _ = archive.first.read(Address(0x10_0000), &mut [0; 16]);
        }
    }
}

#[test]
fn more_pages_than_the_limit_are_refused() {
    let good = good();
    assert!(matches!(decode::<String>(&good, 4096), Err(Fault::TooLarge(4096))));
}

#[test]
fn errors_name_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x");
    let missing = read::<String>(&path, &Limits::default()).err().unwrap();
    assert!(matches!(&missing, Error::Read { .. }), "{missing}");
    fs::write(&path, &good()[..100]).unwrap();
    let cut = read::<String>(&path, &Limits::default()).err().unwrap();
    assert!(cut.to_string().contains(path.to_str().unwrap()), "{cut}");
    write(&path.join("y"), &look(1), &look(2), &0).unwrap_err();
}

#[test]
fn the_binary_is_put_beside_it_again_and_again() {
    let folder = tempfile::tempdir().unwrap();
    let binary = folder.path().join("program");
    fs::write(&binary, "1").unwrap();
    for _ in 0..2 {
        let link = link_binary(&binary, folder.path()).unwrap();
        assert_eq!(fs::metadata(&link).unwrap().nlink(), 2);
        let copy = copy_binary(&binary, folder.path()).unwrap();
        assert_eq!(fs::metadata(&copy).unwrap().nlink(), 1);
        assert_eq!(fs::read_to_string(&copy).unwrap(), "1");
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    link_binary(&folder.path().join("none"), folder.path()).unwrap_err();
}

/// A small generator of numbers that look random (xorshift), the same in each run.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % end
    }
}
