//! Two functions of the same code, which an optimizing compiler makes one of.

use std::thread;

#[test]
fn hangs() {
    thread::spawn(|| second());
    first();
}

#[inline(never)]
fn first() {
    loop {
        thread::park();
    }
}

#[inline(never)]
fn second() {
    loop {
        thread::park();
    }
}
