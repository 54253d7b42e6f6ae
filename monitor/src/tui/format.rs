//! Numbers, times and names as they are shown: short, SI, independent of locale.

use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use crate::pipeline::finding::Severity;
use crate::pipeline::input::{LossReason, SocketAddress, Stage, UncapturedReason};
use crate::pipeline::output::End;
use crate::pipeline::time::WallTime;

/// At most six characters: `340us`, `1.2ms`, `3.4s`, `2m05s`, `3h12m`, `4d03h`.
pub(crate) fn duration(duration: Duration) -> String {
    let micros = duration.as_micros();
    match micros {
        0..1_000 => format!("{micros}us"),
        1_000..10_000 => format!("{:.1}ms", micros as f64 / 1e3),
        10_000..1_000_000 => format!("{}ms", micros / 1_000),
        1_000_000..60_000_000 => format!("{:.1}s", (micros / 100_000) as f64 / 10.0),
        _ => long_duration(duration.as_secs()),
    }
}

/// Whole units, for ages: `12s`, `5m`, `3h`, `4d`.
pub(crate) fn age(duration: Duration) -> String {
    match duration.as_secs() {
        seconds @ 0..60 => format!("{seconds}s"),
        seconds @ 60..3_600 => format!("{}m", seconds / 60),
        seconds @ 3_600..172_800 => format!("{}h", seconds / 3_600),
        seconds => format!("{}d", seconds / 86_400),
    }
}

fn long_duration(seconds: u64) -> String {
    match seconds {
        0..3_600 => format!("{}m{:02}s", seconds / 60, seconds % 60),
        3_600..86_400 => format!("{}h{:02}m", seconds / 3_600, seconds / 60 % 60),
        _ => format!("{}d{:02}h", seconds / 86_400, seconds / 3_600 % 24),
    }
}

/// At most six characters: `812B`, `1.2kB`, `340MB`.
pub(crate) fn bytes(bytes: u64) -> String {
    scaled(bytes, 1_000, "B")
}

/// At most six characters: `9999`, `12.3k`, `340M`.
pub(crate) fn count(count: u64) -> String {
    scaled(count, 10_000, "")
}

fn scaled(value: u64, plain_below: u64, unit: &str) -> String {
    if value < plain_below {
        return format!("{value}{unit}");
    }
    let mut scaled = value as f64;
    let mut prefix = "";
    for next in ["k", "M", "G", "T", "P", "E"] {
        if scaled < 999.5 {
            break;
        }
        scaled /= 1e3;
        prefix = next;
    }
    let digits = usize::from(scaled < 99.95);
    format!("{scaled:.digits$}{prefix}{unit}")
}

/// With separators: `1,234,567`.
pub(crate) fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut grouped = String::with_capacity(digits.len() * 4 / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// Events a second: `0`, `0.4`, `12.3`, `1,234`.
pub(crate) fn rate(rate: f64) -> String {
    match rate {
        r if r < 0.05 => "0".to_owned(),
        r if r < 99.95 => format!("{r:.1}"),
        r if r < 9_999.5 => grouped(r.round() as u64),
        r => count(r.round() as u64),
    }
}

/// A share from 0 to 1: `0%`, `<0.1%`, `12.3%`.
pub(crate) fn percent(share: f64) -> String {
    match share * 100.0 {
        p if p <= 0.0 => "0%".to_owned(),
        p if p < 0.1 => "<0.1%".to_owned(),
        p => format!("{p:.1}%"),
    }
}

/// Time of day.
pub(crate) fn time_of_day(time: WallTime, zone: Zone) -> String {
    let seconds = zone.shifted(time) / 1_000_000_000;
    let (hour, minute, second) = (seconds / 3_600 % 24, seconds / 60 % 60, seconds % 60);
    format!("{hour:02}:{minute:02}:{second:02}")
}

/// Date and time with milliseconds and what they are off from UTC (RFC 3339).
pub(crate) fn date_time(time: WallTime, zone: Zone) -> String {
    let (year, month, day) = civil_date(zone.shifted(time) / 86_400_000_000_000);
    let millis = time.0 / 1_000_000 % 1_000;
    let offset = if zone == Zone::UTC { "Z".to_owned() } else { zone.to_string() };
    format!("{year:04}-{month:02}-{day:02}T{}.{millis:03}{offset}", time_of_day(time, zone))
}

/// UTC date and time to the second, as parts of file names have it: `20261125T101112Z`.
pub(crate) fn file_time(time: WallTime) -> String {
    let (year, month, day) = civil_date(time.0 / 86_400_000_000_000);
    let time = time_of_day(time, Zone::UTC).replace(':', "");
    format!("{year:04}{month:02}{day:02}T{time}Z")
}

/// What times are shown in: so many seconds east of UTC, less than a day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Zone {
    east_seconds: i32,
}

impl Zone {
    /// Universal time.
    pub const UTC: Self = Self { east_seconds: 0 };

    /// So many seconds east of UTC; UTC where that is no offset.
    #[must_use]
    pub const fn east(seconds: i32) -> Self {
        Self { east_seconds: if seconds.unsigned_abs() < 86_400 { seconds } else { 0 } }
    }

    /// `UTC`, or what it is off from that.
    pub(crate) fn name(self) -> String {
        if self == Self::UTC { "UTC".to_owned() } else { self.to_string() }
    }

    fn shifted(self, time: WallTime) -> u64 {
        time.0.saturating_add_signed(i64::from(self.east_seconds) * 1_000_000_000)
    }
}

/// `+01:00`; whole minutes, as RFC 3339 has them.
impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.east_seconds < 0 { '-' } else { '+' };
        let minutes = self.east_seconds.unsigned_abs() / 60;
        write!(f, "{sign}{:02}:{:02}", minutes / 60, minutes % 60)
    }
}

/// Date of a day after 1970-01-01. Counts in eras of 400 years that begin on 1 March,
/// so that the leap day is the last of its year.
fn civil_date(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    (era * 400 + year_of_era + u64::from(month <= 2), month, day)
}

/// Address and port, an IPv6 address in brackets.
pub(crate) fn address(address: SocketAddress) -> String {
    SocketAddr::new(address.address, address.port).to_string()
}

/// The end that connected: its identity where it lives here, else its address.
pub(crate) fn client(endpoint: &End) -> String {
    match &endpoint.process {
        Some(process) => short_identity(&process.identity).to_owned(),
        None => endpoint.address.address.to_string(),
    }
}

/// The end that accepted: its identity and port where it lives here, else the name
/// that requests gave it, else its address and port.
pub(crate) fn server(endpoint: &End, host: Option<&str>) -> String {
    match (&endpoint.process, host) {
        (Some(process), _) => {
            format!("{}:{}", short_identity(&process.identity), endpoint.address.port)
        }
        (None, Some(host)) => host.to_owned(),
        (None, None) => address(endpoint.address),
    }
}

/// The end that accepted, with its address where a name stands for that.
pub(crate) fn destination(endpoint: &End, host: Option<&str>) -> String {
    match (&endpoint.process, host) {
        (None, Some(host)) => format!("{} {host}", address(endpoint.address)),
        _ => server(endpoint, host),
    }
}

/// In a table, where the ending says nothing.
pub(crate) fn short_identity(identity: &str) -> &str {
    identity.strip_suffix(".service").filter(|name| !name.is_empty()).unwrap_or(identity)
}

/// A severity with a mark that needs no colour.
pub(crate) const fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "!! critical",
        Severity::High => "!  high",
        Severity::Medium => "^  medium",
        Severity::Low => "-  low",
        Severity::Informational => ".  info",
    }
}

/// Why bytes were not read.
pub(crate) const fn uncaptured_reason(reason: UncapturedReason) -> &'static str {
    match reason {
        UncapturedReason::Truncated => "call too large",
        UncapturedReason::Sendfile => "sendfile or splice",
        UncapturedReason::MultiMessage => "sendmmsg or recvmmsg",
        UncapturedReason::IoUring => "io_uring",
        UncapturedReason::Compat => "32-bit program",
        UncapturedReason::ReadFault => "buffer not in memory",
        UncapturedReason::Discarded => "discarded (MSG_TRUNC)",
        UncapturedReason::OtherCall => "another system call",
        UncapturedReason::Lost => "record lost",
        UncapturedReason::Bypassed => "no observed call",
    }
}

/// Where records were lost.
pub(crate) const fn stage(stage: Stage) -> &'static str {
    match stage {
        Stage::DataRing => "payload ring",
        Stage::ControlRing => "control ring",
        Stage::KernelTable => "kernel tables",
        Stage::Pipeline => "pipeline tables",
        Stage::Sink => "sink",
    }
}

/// Why records were lost.
pub(crate) const fn loss_reason(reason: LossReason) -> &'static str {
    match reason {
        LossReason::RingFull => "ring full",
        LossReason::TableFull => "table full",
        LossReason::Evicted => "evicted",
        LossReason::QueueFull => "queue full",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        for (micros, shown) in [
            (0, "0us"),
            (999, "999us"),
            (1_240, "1.2ms"),
            (340_900, "340ms"),
            (999_999, "999ms"),
            (3_400_000, "3.4s"),
            (59_990_000, "59.9s"),
            (125_000_000, "2m05s"),
            (11_520_000_000, "3h12m"),
            (356_400_000_000, "4d03h"),
        ] {
            assert_eq!(duration(Duration::from_micros(micros)), shown);
        }
    }

    #[test]
    fn sizes_and_counts() {
        for (value, size, number) in [
            (0, "0B", "0"),
            (999, "999B", "999"),
            (1_200, "1.2kB", "1200"),
            (12_340, "12.3kB", "12.3k"),
            (999_600, "1.0MB", "1.0M"),
            (340_000_000, "340MB", "340M"),
            (u64::MAX, "18.4EB", "18.4E"),
        ] {
            assert_eq!(bytes(value), size);
            assert_eq!(count(value), number);
        }
        assert_eq!(grouped(1_234_567), "1,234,567");
        assert_eq!(grouped(123), "123");
        assert_eq!(
            [0.0, 0.4, 12.34, 1234.4, 123_456.0].map(rate),
            ["0", "0.4", "12.3", "1,234", "123k"]
        );
        assert_eq!([0.0, 0.0001, 0.1234].map(percent), ["0%", "<0.1%", "12.3%"]);
    }

    #[test]
    fn dates() {
        for (seconds, shown) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_400, "2000-02-29T00:00:00.000Z"),
            (1_735_689_599, "2024-12-31T23:59:59.000Z"),
            (4_107_542_400, "2100-03-01T00:00:00.000Z"),
        ] {
            assert_eq!(date_time(WallTime(seconds * 1_000_000_000), Zone::UTC), shown);
        }
        assert_eq!(file_time(WallTime(1_795_601_472_000_000_000)), "20261125T101112Z");
    }

    #[test]
    fn local_times_say_what_they_are_off() {
        for (seconds, east, shown) in [
            (951_868_799, 3_600, "2000-03-01T00:59:59.000+01:00"),
            (951_868_799, -18_000, "2000-02-29T18:59:59.000-05:00"),
            (951_868_799, 20_700, "2000-03-01T05:44:59.000+05:45"),
            (0, -3_600, "1970-01-01T00:00:00.000-01:00"),
            (0, 86_400, "1970-01-01T00:00:00.000Z"),
        ] {
            assert_eq!(date_time(WallTime(seconds * 1_000_000_000), Zone::east(east)), shown);
        }
    }
}
