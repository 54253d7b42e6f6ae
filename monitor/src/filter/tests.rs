use super::*;
use crate::pipeline::output::tls::TlsVersion;

/// A record of one text for each field.
struct Sample;

impl Record for Sample {
    fn any_text(&self, field: Field, test: &mut dyn FnMut(&str) -> bool) -> bool {
        let texts: &[(Field, &str)] = &[
            (Field::Method, "POST"),
            (Field::Path, "/v1/Users/42"),
            (Field::Client, "/usr/bin/curl"),
            (Field::Server, "nginx.service:443"),
            (Field::Cipher, "a,b c"),
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
            _ => None,
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
        ("method:GET,POST", true),
        ("method:GET,PUT", false),
        ("-method:GET,PUT", true),
        ("-method:GET,POST", false),
        ("method:\"POST\",GET", true),
        ("cipher:\"a,b c\"", true),
        ("cipher:x,\"a,b c\"", true),
        ("cipher:\"x,y\"", false),
        ("path:/v2,/v1/*", true),
        ("cipher:\"\"", true),
        ("kind:\"\"", false),
        ("users,curl", false),
        ("status:404,5xx", true),
        ("status:5XX", true),
        ("503", true),
        ("504", false),
        ("50", false),
        ("status>503", false),
        ("status<=503", true),
        ("bytes<0", false),
        ("bytes>=0", true),
        ("status>18446744073709551615", false),
        ("status>=18446744073709551615", false),
        ("client:10.1.2.3", true),
        ("client:10.1.2.30", false),
        ("client:10.1.2", true),
        ("client:10.1.*", true),
        ("client:10.1.2.3:80", false),
        ("peer:10.1.2.3", true),
        ("peer:nginx", true),
        ("port:443", false),
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
        ("client:x,::1/129", 9, "0 to 128"),
        ("peer:10.0.0.0/", 5, "0 to 32"),
        ("metod:GET", 0, "no field metod; did you mean method?"),
        ("latncy:1s", 0, "did you mean latency?"),
        ("latncy>1s", 0, "no measure latncy; did you mean latency?"),
        ("nope>1s", 0, "nope cannot be compared; these can: status"),
        ("latency:1s", 8, "durations are compared"),
        ("bytes:1", 6, "sizes are compared"),
        ("method:GET,", 11, "a value is missing"),
        ("method:,GET", 7, "a value is missing"),
        ("method:\"GET\"x", 12, "a space is missing after the quote"),
        ("\"GET\"\"x\"", 5, "a space is missing after the quote"),
        ("status:200,abc", 11, "a status is"),
        ("status:+20", 7, "a status is"),
        ("status:099", 7, "a status is"),
        ("status>+20", 7, "expected a status code"),
        ("port:http", 5, "expected a port"),
        ("port:65536", 5, "expected a port"),
        ("port>-1", 5, "expected a port"),
        ("tls<1.4", 4, "expected a version"),
        ("tls:", 4, "a value is missing"),
        ("requests>many", 9, "expected a whole number"),
        ("type:exchnge", 5, "no record type exchnge; did you mean exchange?"),
        ("type:colour", 5, "one of: connection, tls"),
        ("connection:2a", 11, "16 hexadecimal digits"),
        ("id:zzzzzzzzzzzzzzzz", 3, "16 hexadecimal digits"),
    ] {
        let error = Filter::parse(text).expect_err(text);
        assert_eq!(error.column, column, "{text:?}: {error}");
        assert!(error.message.contains(message), "{text:?}: {error}");
    }
}

#[test]
fn a_filter_is_bounded() {
    let long = "é".repeat(MOST_CHARACTERS);
    assert!(Filter::parse(&long).is_ok());
    let terms = vec!["a"; MOST_TERMS].join(" ");
    assert!(Filter::parse(&terms).is_ok());
    let alternatives = format!("path:{}", vec!["a"; MOST_TERMS].join(","));
    assert!(Filter::parse(&alternatives).is_ok());
    for (text, column, message) in [
        (format!("{long}é"), 1_024, "a filter has at most 1,024 characters"),
        (format!("{terms} status>1"), 128, "at most 64 terms and alternatives"),
        (format!("{alternatives},b"), 133, "at most 64 terms and alternatives"),
    ] {
        let error = Filter::parse(&text).expect_err(&text);
        assert_eq!((error.column, error.message.contains(message)), (column, true), "{error}");
    }
    let name = "x".repeat(1_000);
    for text in [format!("{name}:1"), format!("{name}>1"), format!("type:{name}")] {
        assert!(Filter::parse(&text).expect_err(&text).message.len() < 500);
    }
}

#[test]
fn versions_have_an_order() {
    let ranks = [0x0002, 0x0300, 0x0301, 0x0302, 0x0303, 0x7f12, 0x7f1c, 0x0304, 0x0305]
        .map(|version| span::tls_rank(TlsVersion(version)).unwrap());
    assert!(ranks.is_sorted_by(|one, next| one < next), "{ranks:?}");
    assert_eq!(span::tls_rank(TlsVersion(0x0a0a)), None);
}

/// Texts like filters, so that most parts of the grammar are met.
const LIKE_FILTERS: &str = r#"(-?((type|method|peer|status|tls|port|id|x)[:<>]=?)?("[a *,]*"|[a-f0-9.:/*xé,]{0,12}) ?){0,6}"#;

proptest::proptest! {
    #[test]
    fn any_text_is_a_filter_or_an_error(text in ".{0,40}") {
        holds(&text)?;
    }

    #[test]
    fn any_text_like_a_filter_is_one_or_an_error(text in LIKE_FILTERS) {
        holds(&text)?;
    }
}

fn holds(text: &str) -> Result<(), proptest::test_runner::TestCaseError> {
    match Filter::parse(text) {
        Ok(filter) => {
            let _ = filter.matches(&Sample);
            for output in sample::outputs() {
                let _ = filter.matches(&output);
            }
            proptest::prop_assert_eq!(Filter::parse(filter.text()), Ok(filter));
        }
        Err(error) => {
            proptest::prop_assert!(error.column <= text.chars().count());
            proptest::prop_assert_eq!(error.render(text).lines().count(), 2);
        }
    }
    Ok(())
}
