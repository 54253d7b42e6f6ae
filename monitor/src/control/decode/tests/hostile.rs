//! Lines that are refused, unknown or of another version.

use super::*;

fn exchange_line() -> String {
    written(&Output::Exchange(sample::exchange(curl_to_remote())))
}

#[test]
fn a_line_that_is_no_record_is_refused() {
    let cut = |byte| DecodeError::NotJson { byte };
    for (line, error) in [
        ("", cut(0)),
        ("\n", cut(0)),
        ("null", DecodeError::NoRecord),
        ("[]", DecodeError::NoRecord),
        ("{}", DecodeError::NoRecord),
        (r#"{"type":1}"#, DecodeError::NoRecord),
        (r#"{"type":null}"#, DecodeError::NoRecord),
        (r#"{"type":"#, cut(8)),
        (r#"{"type":"exchange"#, cut(17)),
        (r#"{"type":"exchange""#, cut(18)),
        (r#"{"type":"exchange","a":[}"#, cut(25)),
        (r#"{"type":"done""#, cut(14)),
        (r#"{"type":"done"}}"#, cut(16)),
        (r#"{"type":"later","a""#, cut(19)),
    ] {
        assert_eq!(Decoder::default().line(line), Err(error), "{line}");
    }
    let long = "x".repeat(LINE_BYTES + 1);
    let expected = DecodeError::TooLong { bytes: LINE_BYTES + 1 };
    assert_eq!(Decoder::default().line(&long), Err(expected));
}

#[test]
fn the_member_at_fault_is_named_and_what_it_holds_is_not() {
    for (from, to, member) in [
        (r#""connection":"000000000000002a","#, "", "connection"),
        (r#""connection":"000000000000002a""#, r#""connection":"SECRET""#, "connection"),
        (r#""connection":"000000000000002a""#, r#""connection":42"#, "connection"),
        (r#""time":"2009-02-13T"#, r#""time":"2009-02-30T"#, "time"),
        (r#""port":80"#, r#""port":"SECRET""#, "server.port"),
        (r#""port":80"#, r#""port":65536"#, "server.port"),
        (r#""port":80"#, r#""harbour":80"#, "server.port"),
        (r#""address":"10.0.0.7""#, r#""address":"SECRET""#, "client.address"),
        (r#""pid":4242"#, r#""pid":-1"#, "client.process.pid"),
        (r#""pid":4242,"#, "", "client.process.pid"),
        (r#""comm":"curl""#, r#""comm":{"SECRET":1}"#, "client.process.comm"),
        (r#""encrypted":false"#, r#""encrypted":0"#, "encrypted"),
        (r#""encrypted":false,"#, "", "encrypted"),
        (r#""method":"POST""#, r#""method":["SECRET"]"#, "request.method"),
        (r#""query_keys":["dry_run""#, r#""query_keys":[1"#, "request.query_keys"),
        (r#""header_bytes":210,"#, "", "request.header_bytes"),
        (r#""status":201"#, r#""status":99999"#, "response.status"),
        (r#""duration":0.001234567"#, r#""duration":1e3"#, "duration"),
        (r#""duration":0.001234567"#, r#""duration":"SECRET""#, "duration"),
        (r#""ttfb":0.000123456"#, r#""ttfb":-1.5"#, "ttfb"),
        (r#""auth":"bearer""#, r#""auth":"bearer","auth":"SECRET""#, "auth"),
        (r#""anomalies":["gap"]"#, r#""anomalies":"SECRET""#, "anomalies"),
        (r#""comm":"curl""#, r#""comm":"\ud800""#, "client.process"),
    ] {
        let line = exchange_line().replacen(from, to, 1);
        assert_ne!(line, exchange_line(), "{from}");
        let error = Decoder::default().line(&line).expect_err(&line);
        let expected = DecodeError::Member { record: "exchange", member: member.to_owned() };
        assert_eq!(error, expected, "{line}");
        assert!(!error.to_string().contains("SECRET"));
    }
}

#[test]
fn no_prefix_of_a_line_is_a_record_or_a_panic() {
    let mut decoder = Decoder::default();
    // Handshakes are many and alike.
    for output in samples().iter().take(24) {
        let line = written(output);
        let line = line.trim_end();
        for at in (0..line.len()).filter(|at| line.is_char_boundary(*at)) {
            let (prefix, _) = line.split_at(at);
            assert!(decoder.line(prefix).is_err(), "{prefix}");
        }
    }
}

/// Each byte replaced by one that means something to JSON.
#[test]
fn no_damage_is_a_panic_and_what_is_read_can_be_written() {
    let mut decoder = Decoder::default();
    for output in samples().iter().take(5) {
        let line = written(output);
        for at in 0..line.len() {
            for byte in *b"\"}[,0\\" {
                let mut damaged = line.clone().into_bytes();
                damaged[at] = byte;
                if let Ok(Message::Output(output)) =
                    decoder.line(&String::from_utf8_lossy(&damaged))
                {
                    assert_is_kept(&mut decoder, &output);
                }
            }
        }
    }
}

#[test]
fn deep_nesting_is_no_danger() {
    for open in ["[", r#"{"a":"#] {
        let deep = open.repeat(LINE_BYTES / 2 / open.len());
        for line in [
            deep.clone(),
            format!(r#"{{"type":"exchange","a":{deep}"#),
            format!(r#"{{"type":"exchange","client":{deep}"#),
        ] {
            assert!(Decoder::default().line(&line).is_err());
        }
    }
}

#[test]
fn members_of_a_later_version_are_passed_over() {
    let mut decoder = Decoder::default();
    let later = r#""later":{"type":"x","a":[1,"}\"",null,{}]},"#;
    for output in samples() {
        let line = written(&output);
        for place in
            [r#""connection":""#, r#""id":""#, r#""stage":""#, r#""pid":"#, r#""complete":"#]
        {
            let line = line.replace(place, &format!("{later}{place}"));
            assert_eq!(written(&output_of(&mut decoder, &line)), written(&output));
        }
    }
}

#[test]
fn the_type_may_come_later_or_with_escapes() {
    let line = exchange_line();
    let body = line.trim_end().strip_prefix(r#"{"type":"exchange","#).unwrap();
    let body = body.strip_suffix('}').unwrap();
    for line in [
        format!(r#"{{{body},"type":"exchange"}}"#),
        format!(r#" {{ "type" : "exchange" , {body} }} "#),
        format!(r#"{{"type":"exch\u0061nge",{body}}}"#),
    ] {
        assert_eq!(written(&output_of(&mut Decoder::default(), &line)), exchange_line());
    }
}

#[test]
fn types_and_words_of_a_later_version_make_a_line_unknown() {
    let exchange = Output::Exchange(sample::exchange(curl_to_remote()));
    let connection = Output::Connection(sample::connection(curl_to_remote()));
    let finding = Output::Finding(sample::finding(1, Severity::Critical, State::Open));
    let loss = Output::Loss(sample::loss());
    let gap = Output::CoverageGap(sample::gap());
    for (output, from, to) in [
        (&exchange, r#""type":"exchange""#, r#""type":"exchange2""#),
        (&exchange, "http/1.1", "http/9"),
        (&exchange, r#""source":"socket""#, r#""source":"later""#),
        (&connection, r#""event":"close""#, r#""event":"later""#),
        (&connection, r#""observed":"client""#, r#""observed":"later""#),
        (&finding, "unencrypted_payload", "later"),
        (&finding, r#""severity":"critical""#, r#""severity":"later""#),
        (&finding, r#""state":"open""#, r#""state":"later""#),
        (&loss, "data_ring", "later"),
        (&loss, "ring_full", "later"),
        (&gap, r#""cause":"restart""#, r#""cause":"later""#),
    ] {
        let line = written(output).replacen(from, to, 1);
        assert_eq!(Decoder::default().line(&line), Ok(Message::Unknown), "{line}");
    }
    let dropped = r#"{"type":"dropped","records":1,"reason":"later"}"#;
    assert_eq!(Decoder::default().line(dropped), Ok(Message::Unknown));
}

#[test]
fn other_words_of_a_later_version_become_the_nearest_that_is_true() {
    let mut decoder = Decoder::default();
    let line = exchange_line()
        .replace(r#""auth":"bearer""#, r#""auth":"later""#)
        .replace(r#"["gap"]"#, r#"["later","gap"]"#)
        .replace(r#""port":80"#, r#""port":80,"name":"a.example","name_source":"later""#);
    let Output::Exchange(exchange) = output_of(&mut decoder, &line) else { panic!("{line}") };
    assert_eq!(exchange.auth, Auth::Other);
    assert_eq!(exchange.anomalies, [Anomaly::Gap]);
    let name = exchange.ends.server.name.clone().unwrap();
    assert_eq!((&*name.text, name.source), ("a.example", NameSource::Dns));

    let connection = Output::Connection(sample::connection(curl_to_remote()));
    let line = written(&connection)
        .replace(r#""encryption":"clear""#, r#""encryption":"later""#)
        .replace(r#""sendfile":"#, r#""later":"#);
    let Output::Connection(report) = output_of(&mut decoder, &line) else { panic!("{line}") };
    assert_eq!(report.encryption, Encryption::Unknown);
    // What was not read stays counted, under what it is nearest to.
    assert_eq!(report.uncaptured.values().sum::<u64>(), 24_464);
}

#[test]
fn names_of_evidence_are_words() {
    let finding = Output::Finding(sample::finding(1, Severity::Critical, State::Open));
    for name in [r"\u001b[2J", "Host", "", "a b"] {
        let line = written(&finding).replace(r#""host""#, &format!(r#""{name}""#));
        let expected = DecodeError::Member { record: "finding", member: "evidence".into() };
        assert_eq!(Decoder::default().line(&line), Err(expected), "{line}");
    }
}
