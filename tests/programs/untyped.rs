//! A test that hangs, for builds without the debug info that says so.

#[tokio::test]
async fn hangs() {
    tokio::spawn(std::future::pending::<()>()).await.unwrap();
}
