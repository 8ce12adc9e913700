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
    if std::env::args().nth(1).is_some_and(|how| how == "signal") {
        const SIGUSR1: i32 = 10;
        unsafe {
            signal(SIGUSR1, on_signal);
            raise(SIGUSR1); //~ raise
        }
    } else {
        wait(); //~ stop
    }
    black_box(());
}

#[inline(never)]
extern "C" fn on_signal(_: i32) {
    wait(); //~ handler
    black_box(());
}

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
}

fn main() {
    let walker = chain::Walker(2u32);
    black_box(walker.outer(20)); //~ main
}
