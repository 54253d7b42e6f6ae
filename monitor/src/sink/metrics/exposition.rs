//! Metric families and their text, by the `prometheus` crate.

use prometheus::TextEncoder;
use prometheus::proto::{Counter, Gauge, Histogram, LabelPair, Metric, MetricFamily, MetricType};

/// Families of one scrape, in the order in which they are added.
#[derive(Debug, Default)]
pub(super) struct Exposition(Vec<MetricFamily>);

/// A label; values from outside must have gone through
/// [`label_value`](super::label::label_value).
pub(super) fn label(name: &'static str, value: &str) -> LabelPair {
    let mut pair = LabelPair::default();
    pair.set_name(name.to_owned());
    pair.set_value(value.to_owned());
    pair
}

impl Exposition {
    pub(super) fn counter(&mut self, name: &str, help: &str, value: u64) {
        self.counters(name, help, [(Vec::new(), value)]);
    }

    pub(super) fn counters(
        &mut self,
        name: &str,
        help: &str,
        samples: impl IntoIterator<Item = (Vec<LabelPair>, u64)>,
    ) {
        let samples = samples.into_iter().map(|(labels, value)| (labels, value as f64));
        self.fractional_counters(name, help, samples);
    }

    pub(super) fn fractional_counters(
        &mut self,
        name: &str,
        help: &str,
        samples: impl IntoIterator<Item = (Vec<LabelPair>, f64)>,
    ) {
        let metrics = samples.into_iter().map(|(labels, value)| {
            let mut counter = Counter::default();
            counter.set_value(value);
            let mut metric = Metric::from_label(labels);
            metric.set_counter(counter);
            metric
        });
        self.push(name, help, MetricType::COUNTER, metrics.collect());
    }

    pub(super) fn gauge(&mut self, name: &str, help: &str, value: f64) {
        self.gauges(name, help, [(Vec::new(), value)]);
    }

    pub(super) fn gauges(
        &mut self,
        name: &str,
        help: &str,
        samples: impl IntoIterator<Item = (Vec<LabelPair>, f64)>,
    ) {
        let metrics = samples.into_iter().map(|(labels, value)| {
            let mut gauge = Gauge::default();
            gauge.set_value(value);
            let mut metric = Metric::from_label(labels);
            metric.set_gauge(gauge);
            metric
        });
        self.push(name, help, MetricType::GAUGE, metrics.collect());
    }

    pub(super) fn histograms(
        &mut self,
        name: &str,
        help: &str,
        samples: impl IntoIterator<Item = (Vec<LabelPair>, Histogram)>,
    ) {
        let metrics = samples.into_iter().map(|(labels, histogram)| {
            let mut metric = Metric::from_label(labels);
            metric.set_histogram(histogram);
            metric
        });
        self.push(name, help, MetricType::HISTOGRAM, metrics.collect());
    }

    /// The encoder takes no family without a metric, so such a one is left out.
    fn push(&mut self, name: &str, help: &str, kind: MetricType, metrics: Vec<Metric>) {
        if metrics.is_empty() {
            return;
        }
        let mut family = MetricFamily::default();
        family.set_name(name.to_owned());
        family.set_help(help.to_owned());
        family.set_field_type(kind);
        family.set_metric(metrics);
        self.0.push(family);
    }

    /// The text format 0.0.4.
    pub(super) fn encode(&self) -> String {
        TextEncoder::new().encode_to_string(&self.0).expect("every family has a name and a metric")
    }
}
