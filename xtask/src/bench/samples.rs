//! Measured values of one figure.

use serde_json::{Value, json};

/// Values of repeated measurements.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Samples(Vec<f64>);

impl Samples {
    /// Of these values; what is no number is left out.
    pub(super) fn new(values: impl IntoIterator<Item = f64>) -> Self {
        let mut values: Vec<f64> = values.into_iter().filter(|it| it.is_finite()).collect();
        values.sort_by(f64::total_cmp);
        Self(values)
    }

    /// The value below which this part of them lies, interpolated; none of none.
    pub(super) fn quantile(&self, part: f64) -> Option<f64> {
        let last = self.0.len().checked_sub(1)?;
        let place = part.clamp(0.0, 1.0) * last as f64;
        let (below, above) =
            (self.0.get(place.floor() as usize)?, self.0.get(place.ceil() as usize)?);
        Some(below + (above - below) * place.fract())
    }

    /// The middle one.
    pub(super) fn median(&self) -> Option<f64> {
        self.quantile(0.5)
    }

    /// Median, and quartiles where there is more than one value.
    pub(super) fn show(&self, decimals: usize) -> Option<String> {
        let median = self.median()?;
        let mut text = number(median, decimals);
        if self.0.len() > 1 {
            let (low, high) = (self.quantile(0.25)?, self.quantile(0.75)?);
            text += &format!(" [{}, {}]", number(low, decimals), number(high, decimals));
        }
        Some(text)
    }

    /// All of it.
    pub(super) fn json(&self) -> Value {
        json!({
            "median": self.median(),
            "q25": self.quantile(0.25),
            "q75": self.quantile(0.75),
            "samples": self.0,
        })
    }
}

/// A number with separators between thousands.
fn number(value: f64, decimals: usize) -> String {
    let text = format!("{:.decimals$}", value.abs());
    let (whole, fraction) =
        text.split_once('.').map_or((text.as_str(), None), |(a, b)| (a, Some(b)));
    let mut grouped = String::new();
    for (place, digit) in whole.chars().enumerate() {
        if place > 0 && (whole.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    let is_zero = text.bytes().all(|byte| matches!(byte, b'0' | b'.'));
    let sign = if value < 0.0 && !is_zero { "-" } else { "" };
    fraction.map_or_else(|| format!("{sign}{grouped}"), |it| format!("{sign}{grouped}.{it}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_interpolated() {
        let samples = Samples::new([4.0, 1.0, f64::NAN, 2.0, 3.0]);
        assert_eq!(samples.median(), Some(2.5));
        assert_eq!(samples.quantile(0.25), Some(1.75));
        assert_eq!(samples.quantile(1.0), Some(4.0));
        assert_eq!(Samples::new([]).median(), None);
    }

    #[test]
    fn values_are_shown_with_quartiles_and_thousands() {
        assert_eq!(Samples::new([]).show(1), None);
        assert_eq!(Samples::new([0.5]).show(2).as_deref(), Some("0.50"));
        assert_eq!(Samples::new([1_234_567.0]).show(0).as_deref(), Some("1,234,567"));
        assert_eq!(Samples::new([-0.001, -1.0]).show(0).as_deref(), Some("-1 [-1, 0]"));
        assert_eq!(number(-1234.56, 1), "-1,234.6");
    }
}
