//! A Redis of its own for one world.

use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A `redis-server` on a free loopback port that keeps nothing; ended with this value.
#[derive(Debug)]
pub struct RedisServer {
    child: Child,
    port: u16,
}

impl RedisServer {
    /// Starts one and waits until it accepts connections.
    pub fn start() -> RedisServer {
        for _ in 0..3 {
            let port = free_port();
            let mut child = Command::new("redis-server")
                .args([
                    "--bind",
                    "127.0.0.1",
                    "--save",
                    "",
                    "--appendonly",
                    "no",
                    "--port",
                    &port.to_string(),
                ])
                .stdout(Stdio::null())
                .spawn()
                .expect("redis-server is installed");
            let started = Instant::now();
            while child.try_wait().expect("the child can be asked").is_none() {
                if TcpStream::connect(("127.0.0.1", port)).is_ok() {
                    return RedisServer { child, port };
                }
                assert!(started.elapsed() < Duration::from_secs(30), "redis-server does not answer");
                std::thread::sleep(Duration::from_millis(10));
            }
        }
        panic!("redis-server found no free port three times");
    }

    /// `host:port`.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    listener.local_addr().expect("a bound listener has an address").port()
}
