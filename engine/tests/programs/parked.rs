//! Blocks at the end of a known chain of calls, with known values in its variables. Not part of the
//! test crate: tests compile it themselves, with the debug info that each is about.

use std::hint::black_box;
use std::io::{Read, Write};

mod chain {
    pub struct Walker<T>(pub T);

    impl<T: Copy + Into<u64>> Walker<T> {
        #[inline(never)]
        pub fn outer(&self, number: u64) -> u64 {
            let doubled = super::black_box(number) * 2;
            let result = middle(doubled, self.0.into()); //~ outer
            super::black_box(doubled) + result
        }
    }

    #[inline(always)]
    fn middle(step: u64, extra: u64) -> u64 {
        let sum = step + extra;
        inner(sum) //~ middle
    }

    #[inline(never)]
    fn inner(depth: u64) -> u64 {
        let array = [depth, 7];
        super::black_box(&array);
        super::stop(); //~ inner
        super::black_box(&array)[0]
    }
}

#[inline(never)]
fn stop() {
    const SIGUSR1: i32 = 10;
    match std::env::args().nth(1).as_deref() {
        Some("signal") => unsafe {
            signal(SIGUSR1, on_signal);
            raise(SIGUSR1); //~ raise
        },
        Some("with_frame_pointer") => unsafe {
            call_with_frame_pointer(callback); //~ with_frame_pointer
        },
        Some("without_anything") => unsafe {
            call_without_anything(callback);
        },
        _ => wait(), //~ stop
    }
    black_box(());
}

#[inline(never)]
extern "C" fn on_signal(_: i32) {
    wait(); //~ handler
    black_box(());
}

#[inline(never)]
extern "C" fn callback() {
    wait(); //~ callback
    black_box(());
}

// Two functions with no call frame information: one keeps a frame pointer, one clears it.
std::arch::global_asm!(
    "call_with_frame_pointer:",
    "push rbp",
    "mov rbp, rsp",
    "call rdi",
    "pop rbp",
    "ret",
    "call_without_anything:",
    "push rbp",
    "xor ebp, ebp",
    "call rdi",
    "pop rbp",
    "ret",
);

#[inline(never)]
fn wait() {
    println!("ready");
    std::io::stdout().flush().unwrap();
    std::io::stdin().read_exact(&mut [0]).unwrap();
    black_box(());
}

unsafe extern "C" {
    fn signal(number: i32, handler: extern "C" fn(i32)) -> usize;
    fn raise(number: i32) -> i32;
    fn call_with_frame_pointer(callback: extern "C" fn());
    fn call_without_anything(callback: extern "C" fn());
}

fn main() {
    let walker = chain::Walker(2u32);
    black_box(walker.outer(20)); //~ main
}
