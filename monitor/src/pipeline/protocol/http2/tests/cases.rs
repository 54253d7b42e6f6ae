//! Cases: name, parts, one line for each exchange (see `line_of`).

use super::Part::{Down, Gap, Told, Up};
use super::build::*;
use super::{Part, Way};

pub(super) struct Case {
    pub(super) name: &'static str,
    pub(super) midstream: bool,
    pub(super) parts: Vec<Part>,
    pub(super) expected: Vec<&'static str>,
}

/// A connection that begins with both prefaces.
fn case(name: &'static str, parts: Vec<Part>, expected: &[&'static str]) -> Case {
    let mut all = vec![Up(preface()), Down(settings(&[(8, 1)]))];
    all.extend(parts);
    Case { name, midstream: false, parts: all, expected: expected.to_vec() }
}

/// A connection as it is.
fn raw(name: &'static str, parts: Vec<Part>, expected: &[&'static str]) -> Case {
    Case { name, midstream: false, parts, expected: expected.to_vec() }
}

/// A connection whose start was missed.
fn late(name: &'static str, parts: Vec<Part>, expected: &[&'static str]) -> Case {
    Case { name, midstream: true, parts, expected: expected.to_vec() }
}

fn ok(stream: u32) -> Part {
    Down([headers(stream, 0, &status("200", &[])), data(stream, END_STREAM, b"ok")].concat())
}

fn asked(stream: u32, path: &str) -> Part {
    Up(headers(stream, END_STREAM, &get(path)))
}

const GRPC: &[(&str, &str)] = &[("content-type", "application/grpc+proto"), ("te", "trailers")];

pub(super) fn cases() -> Vec<Case> {
    [requests(), bodies(), endings(), irregular(), grpc(), gaps(), lates()]
        .into_iter()
        .flatten()
        .collect()
}

fn requests() -> Vec<Case> {
    vec![
        case("one exchange", vec![asked(1, "/a?x=1&y=2"), ok(1)], &["1 GET h /a[x,y] 0 > 200 2"]),
        case(
            "streams interleave",
            vec![
                asked(1, "/1"),
                asked(3, "/3"),
                asked(5, "/5"),
                Down(headers(5, 0, &status("201", &[]))),
                Down(headers(1, END_STREAM, &status("204", &[]))),
                Down(data(5, 0, b"five")),
                ok(3),
                Down(data(5, END_STREAM, b"!")),
            ],
            &["1 GET h /1[] 0 > 204 0", "3 GET h /3[] 0 > 200 2", "5 GET h /5[] 0 > 201 5"],
        ),
        case(
            "the table is kept across blocks",
            {
                let mut client = Encoder::default();
                let mut server = Encoder::default();
                let fields = &[(":status", "404"), ("content-type", "text/html; charset=utf-8")];
                (0..3)
                    .flat_map(|at| {
                        [
                            Up(headers(2 * at + 1, END_STREAM, &client.block(GET))),
                            Down(headers(2 * at + 1, END_STREAM, &server.block(fields))),
                        ]
                    })
                    .collect()
            },
            &["1 GET h /a[x] 0 > 404 0", "3 GET h /a[x] 0 > 404 0", "5 GET h /a[x] 0 > 404 0"],
        ),
        case(
            "padding and priority",
            vec![
                Up(headers(
                    1,
                    PADDED | PRIORITY,
                    &[&[3, 0, 0, 0, 0, 16], post("/p", &[]).as_slice(), &[0; 3]].concat(),
                )),
                Up(data(1, PADDED, b"\x05abc\0\0\0\0\0")),
                Up(data(1, PADDED, b"\x00")),
                Up(data(1, PADDED | END_STREAM, b"\x01d\0")),
                ok(1),
            ],
            &["1 POST h /p[] 4 > 200 2"],
        ),
        case(
            "continuation",
            vec![
                Up({
                    let block = get("/continued");
                    let (first, rest) = block.split_at(5);
                    let (second, third) = rest.split_at(20);
                    [
                        frame(1, END_STREAM, 1, first),
                        frame(9, 0, 1, second),
                        frame(9, 0, 1, b""),
                        frame(9, END_HEADERS, 1, third),
                    ]
                    .concat()
                }),
                ok(1),
            ],
            &["1 GET h /continued[] 0 > 200 2"],
        ),
        case(
            "interim responses and trailers",
            vec![
                Up(headers(1, 0, &post("/t", &[("expect", "100-continue")]))),
                Down(headers(1, 0, &status("100", &[]))),
                Down(headers(1, 0, &status("103", &[("link", "</s.css>")]))),
                Up(data(1, 0, b"body")),
                Up(headers(1, END_STREAM, &block(&[("x-checksum", "1")]))),
                Down(headers(1, 0, &status("200", &[("trailer", "x-t")]))),
                Down(data(1, 0, b"abc")),
                Down(headers(1, END_STREAM, &block(&[("x-t", "1")]))),
            ],
            &["1 POST h /t[] 4 > 200 3"],
        ),
        case(
            "a response before the request ends",
            vec![
                Up(headers(1, 0, &post("/early", &[]))),
                Down(headers(1, 0, &status("413", &[]))),
                Down(data(1, END_STREAM, b"large")),
                Up(data(1, END_STREAM, b"late body")),
            ],
            &["1 POST h /early[] 9 > 413 5"],
        ),
        case(
            "a reset without error after a whole response",
            vec![
                Up(headers(1, 0, &post("/early", &[]))),
                Down(headers(1, END_STREAM, &status("413", &[]))),
                Down(reset(1, 0)),
                Up(data(1, END_STREAM, b"late body")),
                asked(3, "/3"),
                ok(3),
            ],
            &["1 POST h /early[] 0! > 413 0", "3 GET h /3[] 0 > 200 2"],
        ),
        case(
            "push",
            vec![
                asked(1, "/"),
                Down(frame(
                    5,
                    END_HEADERS | PADDED,
                    1,
                    &[&[1, 0, 0, 0, 2], get("/style.css").as_slice(), &[0]].concat(),
                )),
                ok(1),
                ok(2),
            ],
            &["1 GET h /[] 0 > 200 2", "2 GET h /style.css[] 0 > 200 2"],
        ),
        case(
            "connect and extended connect",
            vec![
                Up(headers(1, 0, &block(&[(":method", "CONNECT"), (":authority", "db:5432")]))),
                Up(headers(
                    3,
                    0,
                    &block(&[
                        (":method", "CONNECT"),
                        (":protocol", "websocket"),
                        (":scheme", "https"),
                        (":path", "/chat"),
                        (":authority", "h"),
                    ]),
                )),
                Down(headers(1, 0, &status("200", &[]))),
                Down(headers(3, 0, &status("200", &[]))),
                Up(data(1, END_STREAM, b"SELECT 1")),
                Down(data(1, END_STREAM, b"1")),
                Up(data(3, END_STREAM, b"\x81\x80\0\0\0\0")),
                Down(data(3, END_STREAM, b"\x81\0")),
            ],
            &["1 CONNECT db:5432 [] 8 > 200 1", "3 CONNECT h /chat[] 6 > 200 2"],
        ),
        case(
            "credentials by their kind",
            vec![
                Up(headers(
                    1,
                    END_STREAM,
                    &[get("/1"), block(&[("authorization", "Bearer x")])].concat(),
                )),
                ok(1),
                Up(headers(
                    3,
                    END_STREAM,
                    &[get("/3"), block(&[("cookie", "a=b"), ("x-api-key", "k")])].concat(),
                )),
                ok(3),
                asked(5, "/5?access_token=hidden"),
                ok(5),
            ],
            &[
                "1 GET h /1[] 0 > 200 2 bearer",
                "3 GET h /3[] 0 > 200 2 api_key",
                "5 GET h /5[access_token] 0 > 200 2 api_key",
            ],
        ),
        case(
            "other frames are passed over",
            vec![
                Up([
                    frame(6, 0, 0, &[1; 8]),
                    frame(8, 0, 0, &[0, 0, 1, 0]),
                    frame(2, 0, 7, &[0; 5]),
                ]
                .concat()),
                Down(
                    [
                        frame(4, 1, 0, b""),
                        frame(0xb7, 0xff, 9, b"grease"),
                        frame(0xa, 0, 0, b"alt"),
                    ]
                    .concat(),
                ),
                asked(1, "/a"),
                Up(frame(8, 0, 1, &[0, 0, 1, 0])),
                ok(1),
            ],
            &["1 GET h /a[] 0 > 200 2"],
        ),
    ]
}

fn bodies() -> Vec<Case> {
    vec![
        case(
            "content length that fits, and that does not",
            vec![
                Up(headers(1, 0, &post("/1", &[("content-length", "3")]))),
                Up(data(1, END_STREAM, b"abc")),
                Down(headers(1, 0, &status("200", &[("content-length", "5")]))),
                Down(data(1, END_STREAM, b"abcd")),
                Up(headers(3, END_STREAM, &post("/3", &[("content-length", "1")]))),
                Down(headers(3, END_STREAM, &status("304", &[("content-length", "9")]))),
            ],
            &[
                "1 POST h /1[] 3 > 200 4 content_length_mismatch",
                "3 POST h /3[] 0 > 304 0 content_length_mismatch",
            ],
        ),
        case(
            "head has a length and no body",
            vec![
                Up(headers(
                    1,
                    END_STREAM,
                    &block(&[
                        (":method", "HEAD"),
                        (":scheme", "http"),
                        (":path", "/"),
                        (":authority", "h"),
                    ]),
                )),
                Down(headers(1, END_STREAM, &status("200", &[("content-length", "50")]))),
            ],
            &["1 HEAD h /[] 0 > 200 0"],
        ),
        case(
            "a large body in many frames",
            vec![
                asked(1, "/large"),
                Down(headers(1, 0, &status("200", &[("content-length", "20000")]))),
                Down([data(1, 0, &[b'x'; 16_384]), data(1, END_STREAM, &[b'y'; 3616])].concat()),
            ],
            &["1 GET h /large[] 0 > 200 20000"],
        ),
        case(
            "a body on GET",
            vec![Up(headers(1, 0, &get("/a"))), Up(data(1, END_STREAM, b"?")), ok(1)],
            &["1 GET h /a[] 1 > 200 2 unexpected_body"],
        ),
    ]
}

fn endings() -> Vec<Case> {
    vec![
        case(
            "rapid reset",
            (0..4)
                .map(|at| {
                    Up([headers(2 * at + 1, END_STREAM, &get("/r")), reset(2 * at + 1, 8)].concat())
                })
                .collect(),
            &[
                "1 GET h /r[] 0 > - stream_reset",
                "3 GET h /r[] 0 > - stream_reset",
                "5 GET h /r[] 0 > - stream_reset",
                "7 GET h /r[] 0 > - stream_reset",
            ],
        ),
        case(
            "frames in flight after a reset",
            vec![
                asked(1, "/r"),
                Down(headers(1, 0, &status("200", &[]))),
                Up(reset(1, 8)),
                Down(data(1, 0, b"in flight")),
                Down(data(1, END_STREAM, b"")),
                asked(3, "/3"),
                ok(3),
            ],
            &["1 GET h /r[] 0 > 200 0! stream_reset", "3 GET h /3[] 0 > 200 2"],
        ),
        case(
            "goaway",
            vec![asked(1, "/1"), asked(3, "/3"), Down(go_away(1)), ok(1), asked(5, "/5")],
            &[
                "3 GET h /3[] 0 > - refused_by_goaway",
                "1 GET h /1[] 0 > 200 2",
                "5 GET h /5[] 0 > - refused_by_goaway",
            ],
        ),
        case(
            "goaway that only warns",
            vec![asked(1, "/1"), Down(go_away(0x7fff_ffff)), asked(3, "/3"), ok(3), ok(1)],
            &["3 GET h /3[] 0 > 200 2", "1 GET h /1[] 0 > 200 2"],
        ),
        case(
            "the connection ends",
            vec![
                Up(headers(1, 0, &post("/1", &[]))),
                asked(3, "/3"),
                Down(headers(3, 0, &status("200", &[]))),
                Down(data(3, 0, b"half")),
            ],
            &["1 POST h /1[] 0! > -", "3 GET h /3[] 0 > 200 4!"],
        ),
    ]
}

fn irregular() -> Vec<Case> {
    let get_with =
        |more: &[(&str, &str)]| Up(headers(1, END_STREAM, &[get("/a"), block(more)].concat()));
    vec![
        case(
            "an upper-case name",
            vec![get_with(&[("X-Upper", "1")]), ok(1)],
            &["1 GET h /a[] 0 > 200 2 uppercase_header_name"],
        ),
        case(
            "fields of HTTP/1",
            vec![get_with(&[("connection", "close"), ("te", "gzip")]), ok(1)],
            &["1 GET h /a[] 0 > 200 2 connection_specific_header"],
        ),
        case(
            "pseudo-headers out of place",
            vec![
                get_with(&[("x", "1"), (":path", "/b"), (":status", "200"), (":odd", "")]),
                Down(headers(1, END_STREAM, &block(&[("server", "x")]))),
            ],
            &[
                "1 GET h /a[] 0 > ? 0 invalid_pseudo_header missing_pseudo_header duplicate_pseudo_header misplaced_pseudo_header",
            ],
        ),
        case(
            "pseudo-headers missing",
            vec![Up(headers(1, END_STREAM, &block(&[(":authority", "h")]))), ok(1)],
            &["1 ? h ?[] 0 > 200 2 missing_pseudo_header"],
        ),
        case(
            "a status that is none",
            vec![asked(1, "/a"), Down(headers(1, END_STREAM, &status("2OO", &[])))],
            &["1 GET h /a[] 0 > ? 0 invalid_pseudo_header"],
        ),
        case(
            "a host that differs, and user information",
            vec![
                Up(headers(
                    1,
                    END_STREAM,
                    &block(&[
                        (":method", "GET"),
                        (":scheme", "http"),
                        (":path", "/a"),
                        (":authority", "u:p@h"),
                        ("host", "other"),
                    ]),
                )),
                ok(1),
            ],
            &["1 GET h /a[] 0 > 200 2 host_mismatch user_information"],
        ),
        case(
            "control characters",
            vec![get_with(&[("x", "a\r\nb")]), ok(1)],
            &["1 GET h /a[] 0 > 200 2 control_character"],
        ),
        case(
            "a block that is no HPACK",
            vec![Up(headers(1, END_STREAM, &[get("/a").as_slice(), &[0x80]].concat())), ok(1)],
            &["1 GET h /a[] 0! > 200 2 unknown unknown_header invalid_header_block"],
        ),
        case(
            "a size update behind a field",
            vec![Up(headers(1, END_STREAM, &[get("/a").as_slice(), &[0x20]].concat())), ok(1)],
            &["1 GET h /a[] 0! > 200 2 unknown unknown_header invalid_header_block"],
        ),
        case(
            "a block that ends within a field",
            vec![Up(headers(1, END_STREAM, &get("/a")[..45])), ok(1)],
            &["1 GET - /a[] 0! > 200 2 unknown unknown_header invalid_header_block"],
        ),
        case(
            "a block that is interrupted",
            vec![
                Up([frame(1, END_STREAM, 1, &get("/a")), frame(6, 0, 0, &[0; 8])].concat()),
                ok(1),
                asked(3, "/3"),
                ok(3),
            ],
            &[
                "1 GET h /a[] 0! > 200 2 unknown unknown_header interrupted_header_block",
                "3 GET h /3[] 0 > 200 2",
            ],
        ),
        case(
            "continuation of nothing",
            vec![asked(1, "/a"), Up(frame(9, END_HEADERS, 1, &get("/b"))), ok(1)],
            &["1 GET h /a[] 0 > 200 2 interrupted_header_block"],
        ),
        case(
            "continuation without end",
            vec![
                Up({
                    let mut bytes = frame(1, END_STREAM, 1, &get("/a"));
                    for _ in 0..100 {
                        bytes.extend(frame(9, 0, 1, b""));
                    }
                    bytes.extend(frame(9, END_HEADERS, 1, b""));
                    bytes
                }),
                ok(1),
            ],
            &["1 GET h /a[] 0 > 200 2 continuation_flood"],
        ),
        case(
            "padding longer than its frame",
            vec![
                Up(headers(1, 0, &post("/a", &[]))),
                Up(data(1, PADDED | END_STREAM, b"\x05abc")),
                Up(data(1, END_STREAM, b"xyz")),
                ok(1),
            ],
            &["1 POST h /a[] 3 > 200 2 invalid_padding"],
        ),
        case(
            "a frame too large",
            vec![
                Up(headers(1, 0, &post("/a", &[]))),
                Up(data(1, END_STREAM, &[0; 16_385])),
                Up(frame(6, 0, 0, &[0; 20_000])),
                ok(1),
                asked(3, "/3"),
                ok(3),
            ],
            &["1 POST h /a[] 16385 > 200 2 oversized_frame", "3 GET h /3[] 0 > 200 2"],
        ),
        case(
            "frames of the wrong length or stream",
            vec![
                Up([frame(8, 0, 0, &[0; 4]), frame(4, 0, 0, &[0; 7])].concat()),
                asked(1, "/a"),
                ok(1),
                Up(frame(0, 0, 0, b"x")),
                asked(3, "/3"),
                ok(3),
            ],
            &[
                "1 GET h /a[] 0 > 200 2 invalid_frame_length invalid_window_update",
                "3 GET h /3[] 0 > 200 2",
            ],
        ),
        case(
            "streams out of order",
            vec![
                asked(5, "/5"),
                ok(5),
                asked(3, "/3"),
                Up(headers(2, 1, &get("/2"))),
                asked(7, "/7"),
                ok(7),
            ],
            &[
                "5 GET h /5[] 0 > 200 2",
                "7 GET h /7[] 0 > 200 2 invalid_stream_id stream_id_not_increasing",
            ],
        ),
        case(
            "frames on streams that are not open",
            vec![
                Up(data(9, 0, b"x")),
                asked(1, "/1"),
                Up(data(1, 0, b"x")),
                ok(1),
                Down(data(1, END_STREAM, b"x")),
                Up(data(1, END_STREAM, b"x")),
                asked(3, "/3"),
                ok(3),
                ok(11),
            ],
            &[
                "1 GET h /1[] 0 > 200 2 frame_on_idle_stream frame_on_closed_stream",
                "3 GET h /3[] 0 > 200 2 frame_on_closed_stream",
                "11 ? > 200 2 response_without_request frame_on_idle_stream",
            ],
        ),
        case(
            "data before headers",
            vec![asked(1, "/a"), Down(data(1, END_STREAM, b"x"))],
            &["1 GET h /a[] 0 > ? 1 data_before_headers"],
        ),
        case(
            "trailers that do not end",
            vec![
                asked(1, "/a"),
                Down(headers(1, 0, &status("200", &[]))),
                Down(headers(1, 0, &block(&[("x", "1")]))),
                Down(headers(1, END_STREAM, &status("500", &[]))),
            ],
            &["1 GET h /a[] 0 > 200 0 misplaced_pseudo_header trailers_without_end"],
        ),
        case(
            "more streams than allowed, and a push that is not",
            vec![
                Up(settings(&[(2, 0)])),
                Down(settings(&[(3, 1), (5, 1)])),
                asked(1, "/1"),
                asked(3, "/3"),
                Down(frame(5, END_HEADERS, 1, &[&[0, 0, 0, 2], get("/p").as_slice()].concat())),
                ok(1),
                ok(2),
                ok(3),
            ],
            &[
                "1 GET h /1[] 0 > 200 2 invalid_setting",
                "2 GET h /p[] 0 > 200 2 unexpected_push",
                "3 GET h /3[] 0 > 200 2 too_many_streams",
            ],
        ),
        raw(
            "no preface of the server",
            vec![Up(preface()), asked(1, "/a"), ok(1)],
            &["1 GET h /a[] 0 > 200 2 invalid_preface"],
        ),
        raw(
            "a server that speaks HTTP/1",
            vec![
                Up(preface()),
                asked(1, "/a"),
                Down(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n".to_vec()),
            ],
            &["1 GET h /a[] 0 > - gap invalid_preface"],
        ),
        raw(
            "extended connect that was not allowed",
            vec![
                Up(preface()),
                Down(settings(&[])),
                Up(headers(
                    1,
                    END_STREAM,
                    &block(&[
                        (":method", "CONNECT"),
                        (":protocol", "websocket"),
                        (":scheme", "https"),
                        (":path", "/chat"),
                        (":authority", "h"),
                    ]),
                )),
                Down(headers(1, END_STREAM, &status("400", &[]))),
            ],
            &["1 CONNECT h /chat[] 0 > 400 0 invalid_pseudo_header"],
        ),
    ]
}

fn grpc() -> Vec<Case> {
    let web = &[("content-type", "application/grpc-web+proto")];
    vec![
        case(
            "a unary call",
            vec![
                Up(headers(1, 0, &post("/bank.v1.Accounts/List", GRPC))),
                Up(data(1, END_STREAM, &message(b"abc"))),
                Down(headers(1, 0, &status("200", GRPC))),
                Down(data(1, 0, &message(b"hello"))),
                Down(headers(1, END_STREAM, &block(&[("grpc-status", "0")]))),
            ],
            &["1 POST h /bank.v1.Accounts/List[] 8 > 200 10 grpc bank.v1.Accounts List=0 1/1:3/5"],
        ),
        case(
            "streams of messages across frames",
            vec![
                Up(headers(1, 0, &post("/a.B/C", GRPC))),
                Up(data(1, 0, &[message(b"one"), message(b"two")].concat()[..9])),
                Up(data(1, END_STREAM, &[message(b"one"), message(b"two")].concat()[9..])),
                Down(headers(1, 0, &status("200", GRPC))),
                Down([data(1, 0, &message(b"")), data(1, 0, &message(&[7; 300]))].concat()),
                Down(headers(1, END_STREAM, &block(&[("grpc-status", "13")]))),
            ],
            &["1 POST h /a.B/C[] 16 > 200 310 grpc a.B C=13 2/2:6/300"],
        ),
        case(
            "a response of trailers only",
            vec![
                Up(headers(1, 0, &post("/a.B/C", GRPC))),
                Up(data(1, END_STREAM, &message(b"x"))),
                Down(headers(
                    1,
                    END_STREAM,
                    &status("200", &[("content-type", "application/grpc"), ("grpc-status", "12")]),
                )),
            ],
            &["1 POST h /a.B/C[] 6 > 200 0 grpc a.B C=12 1/0:1/0"],
        ),
        case(
            "messages that are none, and no status",
            vec![
                Up(headers(1, 0, &post("/a.B/C", GRPC))),
                Up(data(1, END_STREAM, b"{\"json\":1}")),
                Down(headers(1, 0, &status("200", GRPC))),
                Down(data(1, END_STREAM, &message(b"x")[..5])),
            ],
            &[
                "1 POST h /a.B/C[] 10 > 200 5 grpc a.B C=? 0/1:0/1 invalid_grpc_message missing_grpc_status",
            ],
        ),
        case(
            "gRPC-Web",
            vec![
                Up(headers(1, 0, &post("/a.B/C", web))),
                Up(data(1, END_STREAM, &message(b"x"))),
                Down(headers(1, 0, &status("200", web))),
                Down(data(1, 0, &[message(b"abc").as_slice(), b"\x80\0\0\0\x10grpc-st"].concat())),
                Down(data(1, END_STREAM, b"atus: 5\r\n")),
            ],
            &["1 POST h /a.B/C[] 6 > 200 29 grpc-web a.B C=5 1/1:1/3"],
        ),
        case(
            "gRPC-Web in text",
            vec![
                Up(headers(
                    1,
                    0,
                    &post("/a.B/C", &[("content-type", "application/grpc-web-text")]),
                )),
                Up(data(1, END_STREAM, b"AAAAAAA=")),
                Down(headers(
                    1,
                    0,
                    &status("200", &[("content-type", "application/grpc-web-text")]),
                )),
                Down(data(1, END_STREAM, b"gAAAABBncnBj")),
            ],
            &["1 POST h /a.B/C[] 8 > 200 12 grpc-web a.B C=? 0/0:0/0"],
        ),
        case(
            "a gap in a message, and one beyond it",
            vec![
                Up(headers(1, 0, &post("/a.B/C", GRPC))),
                Up(data(1, END_STREAM, &message(b"x"))),
                Down(headers(1, 0, &status("200", GRPC))),
                Down(data(1, 0, &message(b"0123456789"))[..9 + 5].to_vec()),
                Gap(Way::ToClient, 10),
                Down(data(1, 0, &message(b"x"))),
                Down(data(1, 0, &[message(b"y"), message(b"z")].concat())[..9 + 5].to_vec()),
                Gap(Way::ToClient, 3),
                Down([message(b"y"), message(b"z")].concat()[8..].to_vec()),
                Down(headers(1, END_STREAM, &block(&[("grpc-status", "0")]))),
            ],
            &["1 POST h /a.B/C[] 6 > 200 33! grpc a.B C=0 1/3:1/12 gap"],
        ),
    ]
}

fn gaps() -> Vec<Case> {
    let cut = |bytes: &[u8], from: usize, bytes_lost: usize| -> (Vec<u8>, Vec<u8>) {
        (bytes[..from].to_vec(), bytes[from + bytes_lost..].to_vec())
    };
    vec![
        case(
            "a gap within DATA",
            {
                let (first, second) = cut(&data(1, END_STREAM, &[b'x'; 100]), 30, 79);
                vec![
                    asked(1, "/a"),
                    Down(headers(1, 0, &status("200", &[("content-length", "100")]))),
                    Down(first),
                    Gap(Way::ToClient, 79),
                    Down(second),
                    asked(3, "/3"),
                    ok(3),
                ]
            },
            &["1 GET h /a[] 0 > 200 100! gap", "3 GET h /3[] 0 > 200 2"],
        ),
        case(
            "a gap within HEADERS",
            {
                let (first, second) = cut(&headers(1, END_STREAM, &get("/lost")), 20, 10);
                vec![Up(first), Gap(Way::ToServer, 10), Up(second), ok(1), asked(3, "/3"), ok(3)]
            },
            &["1 ? - ?[] 0! > 200 2 unknown gap unknown_header", "3 GET h /3[] 0 > 200 2"],
        ),
        case(
            "a request that was missed",
            vec![
                asked(1, "/1"),
                ok(1),
                Gap(Way::ToServer, headers(3, END_STREAM, &get("/3")).len() as u64),
                ok(3),
                asked(5, "/5"),
                ok(5),
            ],
            &[
                "1 GET h /1[] 0 > 200 2",
                "3 ? > 200 2 response_without_request",
                "5 GET h /5[] 0 > 200 2",
            ],
        ),
        case(
            "a response that was missed",
            vec![
                asked(1, "/1"),
                asked(3, "/3"),
                Gap(Way::ToClient, 30),
                ok(3),
                asked(5, "/5"),
                ok(5),
            ],
            &["3 GET h /3[] 0 > 200 2", "5 GET h /5[] 0 > 200 2", "1 GET h /1[] 0 > - gap"],
        ),
        case(
            "the head of a response that was missed",
            vec![
                asked(1, "/1"),
                Gap(Way::ToClient, headers(1, 0, &status("200", &[])).len() as u64),
                Down(data(1, END_STREAM, b"ok")),
            ],
            &["1 GET h /1[] 0 > ? 2! gap"],
        ),
        case(
            "a gap across frames of a body",
            {
                let whole = [data(1, 0, &[b'x'; 50]), data(1, END_STREAM, &[b'x'; 50])].concat();
                let (first, second) = cut(&whole, 20, 60);
                vec![
                    asked(1, "/a"),
                    Down(headers(1, 0, &status("200", &[]))),
                    Down(first),
                    Gap(Way::ToClient, 60),
                    Down(second),
                    asked(3, "/3"),
                    ok(3),
                ]
            },
            &["3 GET h /3[] 0 > 200 2", "1 GET h /a[] 0 > 200 11! gap"],
        ),
        case(
            "a gap of which only the next record tells",
            vec![
                asked(1, "/1"),
                Gap(Way::ToClient, 0),
                asked(3, "/3"),
                Told(Way::ToClient, 40),
                ok(3),
            ],
            &["3 GET h /3[] 0 > 200 2", "1 GET h /1[] 0 > - gap"],
        ),
        case(
            "a gap that was in the other way",
            vec![asked(1, "/1"), Gap(Way::ToClient, 0), ok(1)],
            &["1 GET h /1[] 0 > 200 2"],
        ),
        case(
            "a body whose end was missed is not waited for",
            vec![
                Up(headers(1, 0, &post("/1", &[]))),
                Up(data(1, 0, b"body")),
                Gap(Way::ToServer, 30),
                ok(1),
                asked(3, "/3"),
                ok(3),
            ],
            &["1 POST h /1[] 4! > 200 2 gap", "3 GET h /3[] 0 > 200 2"],
        ),
        case(
            "fields that an unseen block inserted",
            {
                let mut client = Encoder::default();
                let first = client.block(GET);
                let second = client.block(&[(":method", "PUT"), (":path", "/secret")]);
                let third = client.block(GET);
                let fourth = client.block(&[
                    (":method", "GET"),
                    (":scheme", "http"),
                    (":path", "/new"),
                    (":authority", "h"),
                ]);
                vec![
                    Up(headers(1, END_STREAM, &first)),
                    ok(1),
                    Gap(Way::ToServer, headers(3, END_STREAM, &second).len() as u64),
                    ok(3),
                    Up(headers(5, END_STREAM, &third)),
                    ok(5),
                    Up(headers(7, END_STREAM, &fourth)),
                    ok(7),
                ]
            },
            &[
                "1 GET h /a[x] 0 > 200 2",
                "3 ? > 200 2 response_without_request",
                "5 ? > 200 2 response_without_request",
                "7 ? - /new[] 0 > 200 2 unknown unknown_header",
            ],
        ),
    ]
}

fn lates() -> Vec<Case> {
    vec![
        late(
            "between exchanges",
            vec![asked(7, "/7"), ok(7), asked(9, "/9"), ok(9)],
            &["7 GET h /7[] 0 > 200 2", "9 GET h /9[] 0 > 200 2"],
        ),
        late(
            "within a body",
            vec![
                Down([b"rest of a body".as_slice(), &data(5, END_STREAM, b"end")].concat()),
                asked(7, "/7"),
                ok(7),
                asked(9, "/9"),
                ok(9),
            ],
            &["7 GET h /7[] 0 > 200 2", "9 GET h /9[] 0 > 200 2"],
        ),
        late(
            "within a response",
            vec![
                Down([data(5, 0, b"more"), data(5, END_STREAM, b"end")].concat()),
                asked(7, "/7"),
                ok(7),
            ],
            &["5 ? > ? 3! gap response_without_request", "7 GET h /7[] 0 > 200 2"],
        ),
        late(
            "before the trailers of a call",
            vec![
                Down(data(5, 0, &message(b"x"))),
                Down(headers(5, END_STREAM, &block(&[("grpc-status", "7")]))),
            ],
            &["5 ? > ? 0! grpc ? ?=7 0/0:0/0 gap response_without_request"],
        ),
        late(
            "before the head of a response",
            vec![ok(5), asked(7, "/7"), ok(7)],
            &["5 ? > 200 2 response_without_request", "7 GET h /7[] 0 > 200 2"],
        ),
        late(
            "before a status from the table of before",
            {
                let mut server = Encoder::default();
                server.block(&[(":status", "201")]);
                let known = server.block(&[(":status", "201")]);
                vec![asked(7, "/7"), Down(headers(7, 0, &known)), Down(data(7, END_STREAM, b"ok"))]
            },
            &["7 GET h /7[] 0 > ? 2 unknown_header"],
        ),
        late(
            "after the table was filled",
            {
                let mut client = Encoder::default();
                client.block(GET);
                vec![Up(headers(7, END_STREAM, &client.block(GET))), ok(7)]
            },
            &["7 ? > 200 2 response_without_request"],
        ),
    ]
}
