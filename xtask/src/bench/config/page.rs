//! The metrics of a worker, from its own HTTP listener: plain, on this machine.

use std::{io, net::SocketAddr, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::Failure;

const PATIENCE: Duration = Duration::from_secs(30);
const LONGEST_PAGE: u64 = 4 * 1024 * 1024;

/// A counter, its labels added up; 0 while nothing was counted.
pub(super) async fn counter(worker: SocketAddr, name: &str) -> Result<u64, Failure> {
    let page =
        tokio::time::timeout(PATIENCE, metrics(worker)).await.map_err(|_| "the worker's metrics do not come")??;
    read(&page, name).ok_or_else(|| format!("the worker's metrics have no number for {name}").into())
}

/// HTTP/1.0: the page ends with the connection.
async fn metrics(worker: SocketAddr) -> io::Result<String> {
    let mut stream = TcpStream::connect(worker).await?;
    stream.write_all(b"GET /metrics HTTP/1.0\r\n\r\n").await?;
    let mut page = String::new();
    stream.take(LONGEST_PAGE).read_to_string(&mut page).await?;
    if page.starts_with("HTTP/1.0 200") { Ok(page) } else { Err(io::Error::other("the worker shows no metrics")) }
}

fn read(page: &str, name: &str) -> Option<u64> {
    let of_it = page.lines().filter_map(|line| line.strip_prefix(name)).filter(|rest| rest.starts_with([' ', '{']));
    of_it.map(|rest| rest.rsplit(' ').next()?.parse::<u64>().ok()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_counter_is_read_by_its_whole_name_and_with_all_its_labels() {
        let page = "HTTP/1.0 200 OK\r\n\r\n# TYPE taken_total counter\ntaken_total{of=\"a b\"} 3\ntaken_total{of=\"c\"} 4\n\
                    taken_total_bytes 50\nother 1.5\n";
        assert_eq!(read(page, "taken_total"), Some(7));
        assert_eq!(read(page, "taken_total_bytes"), Some(50));
        assert_eq!(read(page, "taken"), Some(0));
        assert_eq!(read(page, "other"), None);
    }
}
