use super::*;

type Pair = (&'static str, &'static str);

/// A block: its bytes, its fields, the table after it, newest first, and its size.
type Step = (&'static str, &'static [Pair], &'static [Pair], usize);

const GET: [Pair; 3] = [(":method", "GET"), (":scheme", "http"), (":path", "/")];
const HOST: Pair = (":authority", "www.example.com");
const NO_CACHE: Pair = ("cache-control", "no-cache");
const CUSTOM: Pair = ("custom-key", "custom-value");
const PRIVATE: Pair = ("cache-control", "private");
const DATE: Pair = ("date", "Mon, 21 Oct 2013 20:13:21 GMT");
const LATER: Pair = ("date", "Mon, 21 Oct 2013 20:13:22 GMT");
const LOCATION: Pair = ("location", "https://www.example.com");
const GZIP: Pair = ("content-encoding", "gzip");
const COOKIE: Pair = ("set-cookie", "foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1");

const REQUESTS: [(&[Pair], &[Pair], usize); 3] = [
    (&[GET[0], GET[1], GET[2], HOST], &[HOST], 57),
    (&[GET[0], GET[1], GET[2], HOST, NO_CACHE], &[NO_CACHE, HOST], 110),
    (
        &[GET[0], (":scheme", "https"), (":path", "/index.html"), HOST, CUSTOM],
        &[CUSTOM, NO_CACHE, HOST],
        164,
    ),
];

const RESPONSES: [(&[Pair], &[Pair], usize); 3] = [
    (
        &[(":status", "302"), PRIVATE, DATE, LOCATION],
        &[LOCATION, DATE, PRIVATE, (":status", "302")],
        222,
    ),
    (
        &[(":status", "307"), PRIVATE, DATE, LOCATION],
        &[(":status", "307"), LOCATION, DATE, PRIVATE],
        222,
    ),
    (&[(":status", "200"), PRIVATE, LATER, LOCATION, GZIP, COOKIE], &[COOKIE, GZIP, LATER], 215),
];

const fn step(hex: &'static str, of: &(&'static [Pair], &'static [Pair], usize)) -> Step {
    (hex, of.0, of.1, of.2)
}

const EXAMPLES: &[(&str, &[Step])] = &[
    (
        "C.2.1",
        &[(
            "400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572",
            &[("custom-key", "custom-header")],
            &[("custom-key", "custom-header")],
            55,
        )],
    ),
    ("C.2.2", &[("040c 2f73 616d 706c 652f 7061 7468", &[(":path", "/sample/path")], &[], 0)]),
    ("C.2.3", &[("1008 7061 7373 776f 7264 0673 6563 7265 74", &[("password", "secret")], &[], 0)]),
    ("C.2.4", &[("82", &[(":method", "GET")], &[], 0)]),
    (
        "C.3",
        &[
            step("8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d", &REQUESTS[0]),
            step("8286 84be 5808 6e6f 2d63 6163 6865", &REQUESTS[1]),
            step(
                "8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65",
                &REQUESTS[2],
            ),
        ],
    ),
    (
        "C.4",
        &[
            step("8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff", &REQUESTS[0]),
            step("8286 84be 5886 a8eb 1064 9cbf", &REQUESTS[1]),
            step("8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf", &REQUESTS[2]),
        ],
    ),
    (
        "C.5, with the table that it supposes",
        &[
            ("3fe1 01", &[], &[], 0),
            step(
                "4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133
                 2032 303a 3133 3a32 3120 474d 546e 1768 7474 7073 3a2f 2f77 7777 2e65 7861 6d70
                 6c65 2e63 6f6d",
                &RESPONSES[0],
            ),
            step("4803 3330 37c1 c0bf", &RESPONSES[1]),
            step(
                "88c1 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3220 474d
                 54c0 5a04 677a 6970 7738 666f 6f3d 4153 444a 4b48 514b 425a 584f 5157 454f 5049
                 5541 5851 5745 4f49 553b 206d 6178 2d61 6765 3d33 3630 303b 2076 6572 7369 6f6e
                 3d31",
                &RESPONSES[2],
            ),
        ],
    ),
    (
        "C.6, with the table that it supposes",
        &[
            ("3fe1 01", &[], &[], 0),
            step(
                "4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6
                 2d1b ff6e 919d 29ad 1718 63c7 8f0b 97c8 e9ae 82ae 43d3",
                &RESPONSES[0],
            ),
            step("4883 640e ffc1 c0bf", &RESPONSES[1]),
            step(
                "88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab
                 77ad 94e7 821d d7f2 e6c7 b335 dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f
                 9587 3160 65c0 03ed 4ee5 b106 3d50 07",
                &RESPONSES[2],
            ),
        ],
    ),
];

#[test]
fn the_examples_of_the_rfc_decode() {
    for (name, steps) in EXAMPLES {
        let mut decoder = Decoder::new(false);
        for (hex, fields, table, size) in *steps {
            let line = |pair: &Pair| format!("{}: {}", pair.0, pair.1);
            let (end, decoded) = lines(&mut decoder, &bytes_of(hex));
            assert_eq!(end, WHOLE, "{name}");
            assert_eq!(decoded, fields.iter().map(line).collect::<Vec<_>>(), "{name}");
            assert_eq!(entries(&mut decoder), table.iter().map(line).collect::<Vec<_>>(), "{name}");
            let sum: usize = table.iter().map(|(name, value)| 32 + name.len() + value.len()).sum();
            assert_eq!(sum, *size, "{name}");
        }
    }
}

/// The dynamic table, newest first.
fn entries(decoder: &mut Decoder) -> Vec<String> {
    let mut entries = Vec::new();
    while let Some(field) = decoder.table.get(entries.len().try_into().unwrap()) {
        let text = |text: Text<'_>| text.bytes().unwrap().escape_ascii().to_string();
        entries.push(format!("{}: {}", text(field.name), text(field.value)));
    }
    entries
}
