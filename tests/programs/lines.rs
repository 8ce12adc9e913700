//! A task that runs many lines, for a tool that steps them.

#[tokio::test]
async fn lines() {
    assert_eq!(tokio::spawn(walk(2_000)).await.unwrap(), 2_000);
}

async fn walk(rounds: u64) -> u64 {
    let mut sum = 0;
    let mut round = 0;
    while round < rounds {
        let amount = round - sum + 1;
        sum += amount;
        round += 1;
    }
    sum
}
