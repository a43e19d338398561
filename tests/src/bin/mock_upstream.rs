//! The mock upstream as a program: `mock-upstream [ADDRESS]`, on a free loopback port unless one is given.

use std::io::Write;

use waystation_tests::MockUpstream;

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:0".to_owned());
    let mock = MockUpstream::listen(&address).await?;
    writeln!(std::io::stdout(), "listening on {}", mock.base_url())?;
    tokio::signal::ctrl_c().await
}
