//! What apiwatch says of itself at /metrics.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(5);

/// One scrape.
pub(crate) struct Scrape(String);

impl Scrape {
    /// Asks for it; none where nobody answers with metrics.
    pub(crate) fn of(address: SocketAddr) -> Option<Self> {
        let mut stream = TcpStream::connect_timeout(&address, PATIENCE).ok()?;
        stream.set_read_timeout(Some(PATIENCE)).ok()?;
        write!(stream, "GET /metrics HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")
            .ok()?;
        let mut text = String::new();
        stream.read_to_string(&mut text).ok()?;
        text.starts_with("HTTP/1.1 200").then_some(Self(text))
    }

    /// The sum of a metric over its series.
    pub(crate) fn sum(&self, name: &str) -> f64 {
        self.series(name).map(|(_, value)| value).sum()
    }

    /// The sum of a metric over the series with this label; over all where none has it,
    /// as where the identity of a process is another than its path.
    pub(crate) fn sum_with(&self, name: &str, label: &str) -> f64 {
        let (mut sum, mut found) = (0.0, false);
        for (labels, value) in self.series(name) {
            if labels.contains(label) {
                sum += value;
                found = true;
            }
        }
        if found { sum } else { self.sum(name) }
    }

    /// The sum of a metric over the series with this label; 0 where none has it.
    pub(crate) fn sum_only(&self, name: &str, label: &str) -> f64 {
        let with_it = self.series(name).filter(|(labels, _)| labels.contains(label));
        with_it.map(|(_, value)| value).sum()
    }

    fn series<'a>(&'a self, name: &'a str) -> impl Iterator<Item = (&'a str, f64)> {
        self.0.lines().filter_map(move |line| {
            let rest = line.strip_prefix(name)?;
            let (labels, value) = match rest.strip_prefix('{') {
                Some(rest) => rest.rsplit_once("} ")?,
                None => ("", rest.strip_prefix(' ')?),
            };
            Some((labels, value.trim().parse().ok()?))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn series_of_a_metric_are_summed() {
        let scrape = Scrape(
            "# TYPE a_total counter\na_total{client=\"/x} y\",b=\"1\"} 3\n\
             a_total{client=\"/z\",b=\"2\"} 4\na_total_more 100\nb 7\r\n"
                .to_owned(),
        );
        assert_eq!(scrape.sum("a_total"), 7.0);
        assert_eq!(scrape.sum("b"), 7.0);
        assert_eq!(scrape.sum("c"), 0.0);
        assert_eq!(scrape.sum_with("a_total", "client=\"/z\""), 4.0);
        assert_eq!(scrape.sum_with("a_total", "client=\"/none\""), 7.0);
        assert_eq!(scrape.sum_only("a_total", "client=\"/z\""), 4.0);
        assert_eq!(scrape.sum_only("a_total", "client=\"/none\""), 0.0);
    }
}
