use std::net::{Ipv4Addr, TcpListener};

/// The port that was wished for if it is free, else 0, which takes any. Programs that were told an address should find
/// the server there again.
pub(super) fn choose_port(wished: Option<u16>) -> u16 {
    let is_free = |port: &u16| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok();
    wished.filter(is_free).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_that_is_taken_is_not_chosen() {
        let holder = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = holder.local_addr().unwrap().port();
        assert_eq!(choose_port(Some(port)), 0);
        drop(holder);
        assert_eq!(choose_port(Some(port)), port);
        assert_eq!(choose_port(None), 0);
    }
}
