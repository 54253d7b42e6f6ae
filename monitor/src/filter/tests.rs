use super::*;

/// A record of one text for each field.
struct Sample;

impl Record for Sample {
    fn any_text(&self, field: Field, test: &mut dyn FnMut(&str) -> bool) -> bool {
        let texts: &[(Field, &str)] = &[
            (Field::Method, "POST"),
            (Field::Path, "/v1/Users/42"),
            (Field::Status, "503"),
            (Field::Client, "/usr/bin/curl"),
            (Field::Server, "nginx.service:443"),
        ];
        texts.iter().any(|(of, text)| (field == Field::Any || field == *of) && test(text))
    }
    fn address(&self, field: Field) -> Option<IpAddr> {
        (field == Field::Client).then(|| IpAddr::from([10, 1, 2, 3]))
    }
    fn quantity(&self, measure: Measure) -> Option<u64> {
        match measure {
            Measure::Latency => Some(250_000_000),
            Measure::Bytes => Some(2_000),
            Measure::Status => Some(503),
            Measure::Ttfb | Measure::Severity => None,
        }
    }
}

#[test]
fn matching() {
    for (text, expected) in [
        ("", true),
        ("   ", true),
        ("users", true),
        ("USERS curl", true),
        ("users wget", false),
        ("-wget", true),
        ("-curl", false),
        ("method:POST", true),
        ("method:post", true),
        ("METHOD:get", false),
        ("-method:get", true),
        ("path:/v1/*", true),
        ("path:/v2/*", false),
        ("path:*42", true),
        ("path:/v1/*/4*2", true),
        ("path:/v1/*/42/*", false),
        ("path:*", true),
        ("path:/v1", true),
        ("path:post", false),
        ("status:5xx", true),
        ("status:4xx", false),
        ("status:503", true),
        ("status>=500", true),
        ("status<500", false),
        ("latency>200ms", true),
        ("latency>0.3s", false),
        ("latency<=250ms", true),
        ("latency<250ms", false),
        ("bytes>1kB", true),
        ("bytes>1MiB", false),
        ("ttfb>0ns", false),
        ("-ttfb>0ns", true),
        ("client:curl", true),
        ("client:10.0.0.0/8", true),
        ("client:10.1.2.3/32", true),
        ("client:10.1.2.4/32", false),
        ("client:0.0.0.0/0", true),
        ("client:::/0", false),
        ("server:10.0.0.0/8", false),
        ("severity:high", false),
        ("\"nginx.service:443\"", true),
        ("-\"nginx.service:443\"", false),
        ("server:\"service:4\"", true),
        ("a-b", false),
        ("/v1", true),
        (">5", false),
    ] {
        let filter = Filter::parse(text).unwrap_or_else(|error| panic!("{text:?}: {error}"));
        assert_eq!(filter.matches(&Sample), expected, "{text:?}");
    }
}

#[test]
fn errors_point_at_the_fault() {
    for (text, column, message) in [
        ("colour:red", 0, "no field colour"),
        ("é http://x", 2, "no field http"),
        ("method:", 7, "a value is missing"),
        ("-", 0, "nothing to negate"),
        ("a - b", 2, "nothing to negate"),
        ("latency>", 8, "expected a duration"),
        ("latency>200", 8, "expected a duration"),
        ("latency>..ms", 8, "expected a duration"),
        ("path>3", 0, "path cannot be compared"),
        ("bytes>lots", 6, "expected a size"),
        ("status:50", 7, "a status is"),
        ("status:5xxx", 7, "a status is"),
        ("status>x", 7, "expected a status code"),
        ("severity>=bad", 10, "expected informational"),
        ("x \"abc", 2, "the quote is not closed"),
        ("client:10.0.0.0/33", 7, "0 to 32"),
        ("client:::1/129", 7, "0 to 128"),
    ] {
        let error = Filter::parse(text).expect_err(text);
        assert_eq!(error.column, column, "{text:?}: {error}");
        assert!(error.message.contains(message), "{text:?}: {error}");
    }
}

proptest::proptest! {
    #[test]
    fn any_text_is_a_filter_or_an_error(text in ".{0,40}") {
        if let Ok(filter) = Filter::parse(&text) {
            let _ = filter.matches(&Sample);
        }
    }
}
