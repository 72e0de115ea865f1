use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::atomic::{AtomicU16, Ordering};

/// Free ports of this machine, below those that the system gives to outgoing connections: nobody takes them while a process is away.
///
/// # Panics
/// Where no port is free.
#[must_use]
pub fn free_ports<const MANY: usize>() -> [SocketAddr; MANY] {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let first = u16::try_from(std::process::id() % 100).expect("below a hundred") * 100;
    let mut free = std::iter::repeat_with(|| 20_000 + (first + NEXT.fetch_add(1, Ordering::Relaxed)) % 10_000)
        .map(|port| SocketAddr::from((Ipv4Addr::LOCALHOST, port)))
        .filter(|address| TcpListener::bind(address).is_ok());
    std::array::from_fn(|_| free.next().expect("a port is free"))
}
