//! A program that says what it is given, and ends in its own way.

use std::io::Read;
use std::process::ExitCode;

fn main() -> ExitCode {
    let mut input = String::new();
    let read = std::io::stdin().read_to_string(&mut input);
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    println!("{read:?} {input} {arguments:?}");
    ExitCode::from(7)
}
