//! A program that counts for ever, and says where.

use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering};

static COUNT: AtomicU64 = AtomicU64::new(0);

fn main() {
    println!("{}", &raw const COUNT as u64);
    println!("counting");
    loop {
        for number in 0..10u64 {
            black_box(number);
        }
        COUNT.fetch_add(1, Ordering::Relaxed);
    }
}
