//! A library with a documented function.

/// Twice as much.
///
/// ```
/// assert_eq!(wrapped::twice(2), 4);
/// ```
pub fn twice(number: u32) -> u32 {
    number * 2
}

#[cfg(test)]
mod tests {
    #[test]
    fn doubles() {
        println!("printed and kept");
        assert_eq!(super::twice(2), 4);
    }

    #[test]
    fn fails() {
        println!("printed and shown");
        assert_eq!(super::twice(2), 5);
    }
}
