use std::sync::Arc;

use super::super::Filter;
use super::super::sample::{NAMES, outputs};
use super::*;
use crate::pipeline::output::tls::CipherSuite;

/// Which records a filter matches, by the first letter of their types, in the order
/// connection, exchange, tls, endpoint, destination, finding, loss, gap.
fn matched(text: &str) -> String {
    let filter = Filter::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    let outputs = outputs();
    let matched = NAMES.iter().zip(&outputs).filter(|(_, output)| filter.matches(*output));
    matched.map(|(letter, _)| *letter).collect()
}

#[test]
fn each_field_sees_the_records_that_have_it() {
    for (text, expected) in [
        ("", "cxtedflg"),
        ("type:connection", "c"),
        ("type:exchange", "x"),
        ("type:tls", "t"),
        ("type:endpoint", "e"),
        ("type:destination", "d"),
        ("type:finding", "f"),
        ("type:loss", "l"),
        ("type:coverage_gap", "g"),
        ("restart", "g"),
        ("-type:exchange,Loss", "ctedfg"),
        ("method:*", "xef"),
        ("method:post", "xef"),
        ("method:GET", ""),
        ("-method:GET", "cxtedflg"),
        ("path:/v1/payments/42", "xf"),
        ("path:/v1/*", "xf"),
        ("route:*", "xe"),
        ("route:/v1/payments/{id}", "xe"),
        ("host:*", "cxtdf"),
        ("host:api.bank.example", "cxtdf"),
        ("host:*.bank.example", "cxtdf"),
        ("host:www", "x"),
        ("service:*", "cxtedf"),
        ("service:api.bank.example", "cxtedf"),
        ("service:payments", ""),
        ("client:payments", "cxtdf"),
        ("client:payments.service", "cxtdf"),
        ("client:/usr/bin/pay", "cxt"),
        ("client:10.0.0.7", "cxt"),
        ("client:10.0.0.70", ""),
        ("client:10.0.0.7:51234", "cxt"),
        ("client:10.0.0.7:5123", ""),
        ("client:10.0.0.", "cxt"),
        ("client:*:51234", "cxt"),
        ("client:10.0.0.0/8", "cxt"),
        ("client:203.0.113.0/24", ""),
        ("server:203.0.113.0/24", "cxtdf"),
        ("server:203.0.113.9", "cxtdf"),
        ("server:203.0.113.9:443", "cxtdf"),
        ("server:203.0.113.9:80", ""),
        ("server:::ffff:203.0.113.9", "cxtdf"),
        ("server:api.bank", "cxtedf"),
        ("server:fd00::/8", ""),
        ("peer:203.0.113.9,10.9.9.9", "cxtdf"),
        ("peer:10.0.0.0/8", "cxt"),
        ("peer:payments", "cxtdf"),
        ("-peer:10.0.0.0/8", "edflg"),
        ("process:*", "cxtdf"),
        ("process:payments.service", "cxtdf"),
        ("proc:/usr/bin/pay", "cxt"),
        ("proc:4f1d", "cxt"),
        ("proc:pay", "cxtdf"),
        ("unit:*", "cxtdf"),
        ("unit:payments*", "cxtdf"),
        ("user:*", "cxtf"),
        ("user:alice", "cxtf"),
        ("container:4f1d2c*", "cxt"),
        ("protocol:grpc", "xe"),
        ("protocol:http/1.1", ""),
        ("grpc:*", "x"),
        ("grpc:v1/*", "x"),
        ("auth:*", "xedf"),
        ("auth:bearer", "xedf"),
        ("encryption:*", "cxted"),
        ("encryption:tls", "cxted"),
        ("encryption:clear", "e"),
        ("sni:api.bank.example", "t"),
        ("alpn:h2", "t"),
        ("alpn:*", "t"),
        ("cipher:*aes_256*", "tdf"),
        ("group:x25519", "tdf"),
        ("severity:*", "f"),
        ("severity:high", "f"),
        ("kind:weak_encryption", "f"),
        ("state:*", "cf"),
        ("state:open", "f"),
        ("state:close", "c"),
        ("anomaly:*", "cxt"),
        ("anomaly:gap", "x"),
        ("anomaly:tcp_overlap_conflict", "c"),
        ("anomaly:tls_fallback,gap", "xt"),
        ("source:socket", "x"),
        ("connection:000000000000002A", "cxt"),
        ("connection:000000000000002b", ""),
        ("id:00000000000000ff", "f"),
        ("id:000000000000002a", ""),
    ] {
        assert_eq!(matched(text), expected, "{text}");
    }
}

#[test]
fn each_measure_sees_the_records_that_have_it() {
    for (text, expected) in [
        ("status:503", "x"),
        ("status:5xx,404", "x"),
        ("status>=500", "x"),
        ("status<500", ""),
        ("latency>=0s", "xed"),
        ("latency>200ms", "xed"),
        ("duration>300ms", "ed"),
        ("ttfb>0ns", "x"),
        ("bytes>=0", "cxd"),
        ("bytes>1MB", "cd"),
        ("bytes<1kB", "x"),
        ("port:443", "cxtdf"),
        ("port:51234", "cxt"),
        ("port:80,443", "cxtdf"),
        ("port>1024", "cxt"),
        ("-port:443", "elg"),
        ("tls>=ssl2", "tdf"),
        ("tls:1.2", "tdf"),
        ("tls:1.0,1.1", ""),
        ("tls<1.2", ""),
        ("tls<=1.2", "tdf"),
        ("tls>=1.3", ""),
        ("severity>=high", "f"),
        ("severity>high", ""),
        ("requests>=0", "ed"),
        ("requests:7", "ed"),
        ("errors>=0", "xed"),
        ("errors:0", ""),
        ("errors:1", "x"),
        ("errors>1", "ed"),
    ] {
        assert_eq!(matched(text), expected, "{text}");
    }
}

#[test]
fn a_text_without_a_field_is_looked_for_in_words_addresses_and_numbers() {
    for (text, expected) in [
        ("payments", "cxtedf"),
        ("alice", "f"),
        ("203.0.113.9", "cxtdf"),
        ("10.0.0.7:51", "cxt"),
        ("503", "x"),
        ("5xx", "x"),
        ("4xx", ""),
        ("tls", "tdf"),
        ("exchange", ""),
        ("aes_256", "tdf"),
        ("ring_full", "l"),
        ("data_ring", "l"),
        ("000000000000002a", "cxt"),
        ("00000000000000ff", "f"),
        ("tcp_overlap", "c"),
        ("x25519", "tdf"),
        ("\"Test CA\"", "t"),
        ("bearer", "xedf"),
        ("grpc", "xe"),
        ("4f1d", "cxt"),
    ] {
        assert_eq!(matched(text), expected, "{text}");
    }
}

#[test]
fn findings_name_their_parties_in_their_subject_where_there_is_no_more() {
    for (subject, text, expected) in [
        ("public clients → nginx.service:443", "port:443", true),
        ("public clients → nginx.service:443", "unit:nginx.service", true),
        ("public clients → nginx.service:443", "server:nginx", true),
        ("public clients → nginx.service:443", "service:*.service", true),
        ("public clients → nginx.service:443", "client:public", true),
        ("clients → nginx.service at 10.0.0.1:443", "unit:nginx.service", true),
        ("/usr/bin/curl → api.example.com:80 (10.0.0.1)", "port:80", true),
        ("/usr/bin/curl → api.example.com:80 (10.0.0.1)", "unit:curl", false),
        ("/usr/bin/curl → 10.0.0.1:80", "server:10.0.0.0/8", true),
        ("/usr/bin/curl → [fd00::1]:80", "server:fd00::/8", true),
        ("/usr/bin/curl → [fd00::1]:80", "server:[fd00::1]:80", true),
        ("/usr/bin/curl → [fd00::1]:80", "port:80", true),
        ("no arrow", "client:arrow", true),
        ("no arrow", "server:arrow", false),
        ("no arrow", "port>=0", false),
    ] {
        let mut outputs = outputs();
        let Some(Output::Finding(finding)) = outputs.get_mut(5) else { panic!("a finding") };
        finding.evidence.clear();
        finding.subject = subject.to_owned();
        let filter = Filter::parse(text).unwrap();
        assert_eq!(filter.matches(finding), expected, "{subject}: {text}");
    }
}

#[test]
fn a_service_is_an_identity_a_name_or_an_address() {
    for (service, text, expected) in [
        ("nginx.service", "proc:nginx", true),
        ("nginx.service", "unit:nginx", true),
        ("/usr/sbin/nginx", "proc:nginx", true),
        ("/usr/sbin/nginx", "unit:nginx", false),
        ("[nginx]", "proc:nginx", true),
        ("container:/usr/sbin/nginx", "proc:nginx", true),
        ("nginx.example", "proc:nginx", false),
        ("10.0.0.1:443", "server:10.0.0.0/8", true),
        ("10.0.0.1:443", "port:443", true),
        ("[fd00::1]:443", "service:[fd00::1]:443", true),
        ("[fd00::1]:443", "proc:fd00", false),
        ("[fd00::1]:443", "client:fd00::/8", false),
    ] {
        let mut outputs = outputs();
        let Some(Output::Endpoint(endpoint)) = outputs.get_mut(3) else { panic!("an endpoint") };
        endpoint.service = service.into();
        let filter = Filter::parse(text).unwrap();
        assert_eq!(filter.matches(&**endpoint), expected, "{service}: {text}");
    }
}

#[test]
fn references_are_seen_as_what_they_refer_to() {
    let filter = Filter::parse("type:loss").unwrap();
    for output in outputs() {
        let expected = matches!(output, Output::Loss(_));
        assert_eq!(filter.matches(&&output), expected);
        assert_eq!(filter.matches(&Arc::new(output)), expected);
    }
}

#[test]
fn every_name_of_a_cipher_suite_has_room() {
    for name in CipherSuite::names() {
        assert!(shown(name, &mut |text| text == name), "{name}");
    }
    assert!(shown(CipherSuite(0xabab), &mut |text| text == "0xabab"));
}
