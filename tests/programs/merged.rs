//! Two functions of the same code, which an optimizing compiler makes one of. Their symbols stay, since
//! they are exported.

use std::thread;

#[test]
fn hangs() {
    thread::spawn(|| second());
    first();
}

#[no_mangle]
#[inline(never)]
pub fn first() {
    loop {
        thread::park();
    }
}

#[no_mangle]
#[inline(never)]
pub fn second() {
    loop {
        thread::park();
    }
}
