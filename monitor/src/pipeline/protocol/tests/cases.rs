//! Cases: name, parts, one line for each exchange (see `line_of`).

/// One delivery.
#[derive(Clone, Copy, Debug)]
pub(super) enum Part {
    Request(&'static [u8]),
    Response(&'static [u8]),
    RequestGap(u64),
    ResponseGap(u64),
    ResponseGapToldBefore(u64),
}

use Part::{
    Request as Q, RequestGap as QGap, Response as A, ResponseGap as AGap,
    ResponseGapToldBefore as AGapTold,
};

pub(super) struct Case {
    pub(super) name: &'static str,
    pub(super) midstream: bool,
    pub(super) parts: &'static [Part],
    pub(super) expected: &'static [&'static str],
}

const fn case(
    name: &'static str,
    parts: &'static [Part],
    expected: &'static [&'static str],
) -> Case {
    Case { name, midstream: false, parts, expected }
}

const fn late(
    name: &'static str,
    parts: &'static [Part],
    expected: &'static [&'static str],
) -> Case {
    Case { name, midstream: true, parts, expected }
}

const OK: Part = A(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");

pub(super) const CASES: &[Case] = &[
    case(
        "one exchange",
        &[Q(b"GET /a?x=1&y=2 HTTP/1.1\r\nHost: api\r\n\r\n"), OK],
        &["GET api /a[x,y] 0 > 200 2"],
    ),
    case(
        "gRPC-Web in chunks, its trailers in the body",
        &[
            Q(b"POST /bank.Accounts/Get HTTP/1.1\r\nHost: h\r\nContent-Type: application/grpc-web+proto\r\nContent-Length: 8\r\n\r\n\0\0\0\0\x03abc"),
            A(b"HTTP/1.1 200 OK\r\nContent-Type: application/grpc-web+proto\r\nTransfer-Encoding: chunked\r\n\r\n6\r\n\0\0\0\0\x02o\r\n8\r\nk\0\0\0\0\x01x\x80\r\n14\r\n\0\0\0\x10grpc-status: 5\r\n\r\n0\r\n\r\n"),
        ],
        &["POST h /bank.Accounts/Get[] 8 > 200 34 grpc-web bank.Accounts Some(5) 1/2"],
    ),
    case(
        "gRPC-Web that fails without a body",
        &[
            Q(b"POST /bank.Accounts/Get HTTP/1.1\r\nHost: h\r\nContent-Type: application/grpc-web\r\nContent-Length: 5\r\n\r\n\0\0\0\0\0"),
            A(b"HTTP/1.1 200 OK\r\nContent-Type: application/grpc-web\r\ngrpc-status: 16\r\nContent-Length: 0\r\n\r\n"),
        ],
        &["POST h /bank.Accounts/Get[] 5 > 200 0 grpc-web bank.Accounts Some(16) 1/0"],
    ),
    case(
        "keep-alive",
        &[
            Q(b"GET /a HTTP/1.1\r\nHost: api\r\n\r\n"),
            OK,
            Q(b"POST /b HTTP/1.1\r\nHost: api\r\nContent-Length: 3\r\n\r\nabc"),
            A(b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n"),
        ],
        &["GET api /a[] 0 > 200 2", "POST api /b[] 3 > 201 0"],
    ),
    case(
        "pipelining",
        &[
            Q(b"GET /1 HTTP/1.1\r\nHost: h\r\n\r\nHEAD /2 HTTP/1.1\r\nHost: h\r\n\r\nGET /3 HTTP/1.1\r\nHost: h\r\n\r\n"),
            A(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n1HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nHTTP/1.1 404 No\r\nContent-Length: 1\r\n\r\n3"),
        ],
        &["GET h /1[] 0 > 200 1", "HEAD h /2[] 0 > 200 0", "GET h /3[] 0 > 404 1"],
    ),
    case(
        "chunked with extension and trailers",
        &[
            Q(b"POST /c HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5;q=1\r\nhello\r\n3\r\nabc\r\n0\r\nX-T: 1\r\n\r\n"),
            A(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"),
        ],
        &["POST h /c[] 8 > 200 2 chunk_extension"],
    ),
    case(
        "interim responses",
        &[
            Q(b"POST /e HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n"),
            A(b"HTTP/1.1 100 Continue\r\n\r\n"),
            Q(b"x"),
            A(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
        ],
        &["POST h /e[] 1 > 200 0"],
    ),
    case(
        "no body by status",
        &[
            Q(b"DELETE /d HTTP/1.1\r\nHost: h\r\n\r\n"),
            A(b"HTTP/1.1 204 No Content\r\n\r\n"),
            Q(b"GET /n HTTP/1.1\r\nHost: h\r\n\r\n"),
            A(b"HTTP/1.1 304 Not Modified\r\nContent-Length: 99\r\n\r\n"),
        ],
        &["DELETE h /d[] 0 > 204 0", "GET h /n[] 0 > 304 0"],
    ),
    case(
        "a tunnel after CONNECT",
        &[
            Q(b"CONNECT bank:443 HTTP/1.1\r\nHost: bank:443\r\n\r\n"),
            A(b"HTTP/1.1 200 Connection established\r\n\r\n"),
            Q(b"\x16\x03\x01GET / HTTP/1.1\r\n\r\n"),
        ],
        &["CONNECT bank:443 [] 0 > 200 0"],
    ),
    case(
        "a refused CONNECT",
        &[
            Q(b"CONNECT bank:443 HTTP/1.1\r\nHost: bank:443\r\n\r\n"),
            A(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno"),
            Q(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n"),
            OK,
        ],
        &["CONNECT bank:443 [] 0 > 403 2", "GET h /[] 0 > 200 2"],
    ),
    case(
        "an upgrade",
        &[
            Q(b"GET /ws HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"),
            A(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n\x81\x05hello"),
            Q(b"\x81\x92\x00\x00\x00\x00GET / HTTP/1.1\r\n\r\n"),
        ],
        &["open GET h /ws[] 0 > 101 0", "closed GET h /ws[] 0 > 101 0"],
    ),
    case(
        "an upgrade whose response was lost",
        &[
            Q(b"GET /ws HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"),
            AGap(60),
            Q(b"\x81\x92\x00\x00\x00\x00GET / HTTP/1.1\r\n\r\n"),
        ],
        &["GET h /ws[] 0 > ? gap", "GET - /[] 0 > ? missing_host"],
    ),
    case(
        "an upgrade whose request was lost",
        &[
            QGap(80),
            A(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n\x81\x05hello"),
            Q(b"\x81\x92\x00\x00\x00\x00GET / HTTP/1.1\r\n\r\n"),
        ],
        &[
            "open ? > 101 0 gap response_without_request",
            "closed ? > 101 0 gap response_without_request",
        ],
    ),
    case(
        "an upgrade that is refused, after which requests wait already",
        &[
            Q(b"GET /a HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\n\r\nGET /b HTTP/1.1\r\nHost: h\r\nUpgrade: h2c\r\n\r\nGET /c HTTP/1.1\r\nHost: h\r\n\r\n"),
            A(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"),
            Q(b"GET /d HTTP/1.1\r\nHost: h\r\n\r\n"),
            OK,
            OK,
        ],
        &[
            "GET h /a[] 0 > 200 2",
            "GET h /b[] 0 > 200 2",
            "GET h /c[] 0 > 200 2",
            "GET h /d[] 0 > 200 2",
        ],
    ),
    case(
        "an upgrade whose response cannot be read, after which a request waits already",
        &[
            Q(b"GET /a HTTP/1.1\r\nHost: h\r\nUpgrade: h2c\r\n\r\nGET /b HTTP/1.1\r\nHost: h\r\n\r\n"),
            A(b"HTTP/1.1 20 OK\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"),
        ],
        &["GET h /a[] 0 > ? invalid_head", "GET h /b[] 0 > 200 2"],
    ),
    case(
        "an upgrade that nobody answers, with a request behind it",
        &[
            Q(b"GET /a HTTP/1.1\r\nHost: h\r\nUpgrade: h2c\r\n\r\nGET /b HTTP/1.1\r\nHost: h\r\n\r\n"),
        ],
        &["GET h /a[] 0 > ?", "GET h /b[] 0 > ?"],
    ),
    case(
        "an upgrade to HTTP/2, whose stream 1 answers the request",
        &[
            Q(b"GET /h2 HTTP/1.1\r\nHost: h\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n"),
            A(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n\0\0\0\x04\0\0\0\0\0"),
            Q(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0"),
            A(b"\0\0\x01\x01\x05\0\0\0\x01\x88"),
        ],
        &["GET h /h2[] 0 > 200 0"],
    ),
    case(
        "an upgrade to TLS, with HTTP inside of which nothing is seen",
        &[
            Q(b"OPTIONS * HTTP/1.1\r\nHost: h\r\nUpgrade: TLS/1.0\r\n\r\n"),
            A(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: TLS/1.0, HTTP/1.1\r\n\r\n"),
            Q(b"\x16\x03\x01GET / HTTP/1.1\r\n\r\n"),
        ],
        &["OPTIONS h *[] 0 > 101 0"],
    ),
    case(
        "an upgrade to something else",
        &[
            Q(b"POST /attach HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n"),
            A(b"HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\nraw"),
            Q(b"GET / HTTP/1.1\r\n\r\n"),
        ],
        &["POST h /attach[] 0 > 101 0"],
    ),
    case(
        "HTTP in a tunnel, whose client does not wait for the answer",
        &[
            Q(b"CONNECT bank:80 HTTP/1.1\r\nHost: bank:80\r\n\r\nGET /in HTTP/1.1\r\nHost: bank\r\n\r\n"),
            A(b"HTTP/1.1 200 Connection established\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"),
            Q(b"GET /more HTTP/1.1\r\nHost: bank\r\n\r\n"),
            OK,
        ],
        &["CONNECT bank:80 [] 0 > 200 0", "GET bank /in[] 0 > 200 2", "GET bank /more[] 0 > 200 2"],
    ),
    case(
        "a tunnel in a tunnel, with a WebSocket inside",
        &[
            Q(b"CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\nCONNECT b:80 HTTP/1.1\r\nHost: b:80\r\n\r\nGET /ws HTTP/1.1\r\nHost: b\r\nUpgrade: websocket\r\n\r\n"),
            A(b"HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200 OK\r\n\r\nHTTP/1.1 101 S\r\nUpgrade: websocket\r\n\r\n\x81\x02hi"),
        ],
        &[
            "CONNECT a:80 [] 0 > 200 0",
            "CONNECT b:80 [] 0 > 200 0",
            "open GET b /ws[] 0 > 101 0",
            "closed GET b /ws[] 0 > 101 0",
        ],
    ),
    case(
        "a refused tunnel, with a length that CONNECT cannot have, and one that is opened",
        &[
            Q(b"CONNECT bank:443 HTTP/1.1\r\nHost: bank:443\r\nContent-Length: 999\r\n\r\n"),
            A(b"HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n"),
            Q(b"CONNECT bank:443 HTTP/1.1\r\nHost: bank:443\r\nProxy-Authorization: Basic dTpw\r\n\r\n"),
            A(b"HTTP/1.1 200 OK\r\n\r\n"),
            Q(b"\x16\x03\x01\0\0"),
        ],
        &[
            "CONNECT bank:443 [] 0 > 407 0 unexpected_body",
            "CONNECT bank:443 [] 0 > 200 0 basic",
        ],
    ),
    case(
        "a CONNECT that nobody answers",
        &[Q(b"CONNECT bank:443 HTTP/1.1\r\nHost: bank:443\r\n\r\n\x16\x03\x01\0\0")],
        &["CONNECT bank:443 [] 0 > ?"],
    ),
    case(
        "a body until close",
        &[
            Q(b"GET /z HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"),
            A(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nHTTP/1.1 500 not a head\r\n\r\n"),
        ],
        &["GET h /z[] 0 > 200 27"],
    ),
    case(
        "HTTP/1.0",
        &[Q(b"GET /old HTTP/1.0\r\n\r\n"), A(b"HTTP/1.0 200 OK\r\n\r\nbody")],
        &["GET - /old[] 0 > 200 4"],
    ),
    case(
        "PROXY protocol version 1",
        &[Q(b"PROXY TCP4 192.0.2.1 198.51.100.1 56324 443\r\nGET /p HTTP/1.1\r\nHost: h\r\n\r\n"), OK],
        &["GET h /p[] 0 > 200 2"],
    ),
    case(
        "two PROXY headers, of a proxy behind a proxy",
        &[
            Q(b"PROXY TCP4 192.0.2.1 198.51.100.1 1 2\r\nPROXY UNKNOWN\r\nGET /p HTTP/1.1\r\nHost: h\r\n\r\n"),
            OK,
        ],
        &["GET h /p[] 0 > 200 2"],
    ),
    case(
        "PROXY protocol version 2",
        &[
            Q(b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\x01\x02\x03\x04\x05\x06\x07\x08\x10\x00\x01\xbbGET /p HTTP/1.1\r\nHost: h\r\n\r\n"),
            OK,
        ],
        &["GET h /p[] 0 > 200 2"],
    ),
    case(
        "empty lines before a request",
        &[Q(b"\r\n\r\nGET /e HTTP/1.1\r\nHost: h\r\n\r\n"), OK],
        &["GET h /e[] 0 > 200 2"],
    ),
    case(
        "obs-fold",
        &[Q(b"GET /f HTTP/1.1\r\nHost: h\r\nX-A: b\r\n c\r\n\r\n"), OK],
        &["GET h /f[] 0 > 200 2 obs_fold"],
    ),
    case(
        "bare LF",
        &[Q(b"GET /l HTTP/1.1\nHost: h\n\n"), A(b"HTTP/1.1 200 OK\nContent-Length: 2\n\nok")],
        &["GET h /l[] 0 > 200 2 bare_lf"],
    ),
    case(
        "space before colon",
        &[Q(b"POST /s HTTP/1.1\r\nHost: h\r\nContent-Length : 2\r\n\r\nab"), OK],
        &["POST h /s[] 2 > 200 2 space_before_colon"],
    ),
    case(
        "Content-Length and Transfer-Encoding",
        &[
            Q(b"POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n"),
            OK,
        ],
        &["POST h /x[] 1 > 200 2 content_length_with_transfer_encoding"],
    ),
    case(
        "one Content-Length twice",
        &[Q(b"POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na"), OK],
        &["POST h /x[] 1 > 200 2 duplicate_content_length"],
    ),
    case(
        "two Content-Lengths, then the next request",
        &[
            Q(b"POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"),
            OK,
            Q(b"GET /y HTTP/1.1\r\nHost: h\r\n\r\n"),
            OK,
        ],
        &["POST h /x[] 0! > 200 2 conflicting_content_length", "GET h /y[] 0 > 200 2"],
    ),
    case(
        "a signed Content-Length",
        &[Q(b"POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: +1\r\n\r\na"), OK],
        &["POST h /x[] 0! > 200 2 invalid_content_length"],
    ),
    case(
        "a request in another coding than chunked",
        &[Q(b"POST /x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip\r\n\r\nabc"), OK],
        &["POST h /x[] 0! > 200 2 invalid_transfer_encoding"],
    ),
    case(
        "a response in another coding ends until close",
        &[
            Q(b"GET /x HTTP/1.1\r\nHost: h\r\n\r\n"),
            A(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nabc"),
        ],
        &["GET h /x[] 0 > 200 3"],
    ),
    case(
        "chunk tricks",
        &[
            Q(b"POST /t HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1 \nx\n0\n\n"),
            OK,
        ],
        &["POST h /t[] 1 > 200 2 chunk_bare_lf chunk_size_whitespace"],
    ),
    case(
        "a chunk size that is none, then the next request",
        &[
            Q(b"POST /t HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0x1\r\nx\r\n0\r\n\r\n"),
            A(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"),
            Q(b"GET /y HTTP/1.1\r\nHost: h\r\n\r\n"),
            OK,
        ],
        &["POST h /t[] 0! > 400 0 invalid_chunk_size", "GET h /y[] 0 > 200 2"],
    ),
    case(
        "an endless chunk size",
        &[
            Q(b"POST /t HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffffffff"),
            OK,
        ],
        &["POST h /t[] 0! > 200 2 chunk_size_overflow"],
    ),
    case(
        "a chunk without its end",
        &[Q(b"POST /t HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nxy\r\n"), OK],
        &["POST h /t[] 1! > 200 2 missing_chunk_crlf"],
    ),
    case(
        "HTTP/0.9",
        &[Q(b"GET /old\r\n"), OK],
        &["GET - /old[] 0! > 200 2 http_0_9"],
    ),
    case(
        "missing and double Host",
        &[
            Q(b"GET /a HTTP/1.1\r\n\r\n"),
            OK,
            Q(b"GET /b HTTP/1.1\r\nHost: h\r\nHost: i\r\n\r\n"),
            OK,
        ],
        &["GET - /a[] 0 > 200 2 missing_host", "GET i /b[] 0 > 200 2 multiple_host"],
    ),
    case(
        "absolute form with another Host and a password",
        &[Q(b"GET http://u:p@a/x HTTP/1.1\r\nHost: b\r\n\r\n"), OK],
        &["GET a /x[] 0 > 200 2 absolute_form host_mismatch user_information"],
    ),
    case(
        "a method in lower case",
        &[Q(b"get /a HTTP/1.1\r\nHost: h\r\n\r\n"), OK],
        &["get h /a[] 0 > 200 2 lowercase_method"],
    ),
    case(
        "a body on GET",
        &[Q(b"GET /a HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc"), OK],
        &["GET h /a[] 3 > 200 2 unexpected_body"],
    ),
    case(
        "a control character in a field",
        &[Q(b"GET /a HTTP/1.1\r\nHost: h\r\nX: \x1b[31m\r\n\r\n"), OK],
        &["GET h /a[] 0 > 200 2 control_character"],
    ),
    case(
        "a malformed request line, then the next request",
        &[
            Q(b"GET / HTTP/9.9\r\n\r\n"),
            A(b"HTTP/1.1 400 Bad\r\nContent-Length: 0\r\n\r\n"),
            Q(b"GET /y HTTP/1.1\r\nHost: h\r\n\r\n"),
            OK,
        ],
        &[" - /[] 0! > 400 0 invalid_head", "GET h /y[] 0 > 200 2"],
    ),
    case(
        "a response nobody asked for",
        &[A(b"HTTP/1.1 408 Timeout\r\nContent-Length: 0\r\n\r\n")],
        &["? > 408 0 response_without_request"],
    ),
    case(
        "a request without a response",
        &[Q(b"GET /a HTTP/1.1\r\nHost: h\r\n\r\n")],
        &["GET h /a[] 0 > ?"],
    ),
    case(
        "a cut body",
        &[
            Q(b"GET /a HTTP/1.1\r\nHost: h\r\n\r\n"),
            A(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc"),
        ],
        &["GET h /a[] 0 > 200 3!"],
    ),
    case(
        "an early answer",
        &[
            Q(b"POST /big HTTP/1.1\r\nHost: h\r\nContent-Length: 6\r\n\r\nabc"),
            A(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n"),
            Q(b"def"),
        ],
        &["POST h /big[] 6 > 413 0"],
    ),
    case(
        "credentials by their kind",
        &[
            Q(b"GET /a?access_token=s HTTP/1.1\r\nHost: h\r\n\r\n"),
            OK,
            Q(b"GET /b HTTP/1.1\r\nHost: h\r\nAuthorization: Basic dTpw\r\n\r\n"),
            OK,
        ],
        &["GET h /a[access_token] 0 > 200 2 api_key", "GET h /b[] 0 > 200 2 basic"],
    ),
    case(
        "a gap inside a body",
        &[
            Q(b"POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nab"),
            QGap(8),
            A(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n"),
            AGap(100),
            Q(b"GET /b HTTP/1.1\r\nHost: h\r\n\r\n"),
            OK,
        ],
        &["POST h /a[] 10 > 200 100", "GET h /b[] 0 > 200 2"],
    ),
    case(
        "a gap beyond a body",
        &[
            Q(b"GET /a HTTP/1.1\r\nHost: h\r\n\r\n"),
            A(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n"),
            AGap(60),
            A(b"tail\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
            Q(b"GET /b HTTP/1.1\r\nHost: h\r\n\r\n"),
            OK,
        ],
        &[
            "GET h /a[] 0 > 200 0! gap",
            "? > 200 0 response_without_request",
            "GET h /b[] 0 > 200 2",
        ],
    ),
    case(
        "a lost response",
        &[
            Q(b"GET /a HTTP/1.1\r\nHost: h\r\n\r\n"),
            AGap(40),
            Q(b"GET /b HTTP/1.1\r\nHost: h\r\n\r\n"),
            OK,
        ],
        &["GET h /a[] 0 > ? gap", "GET h /b[] 0 > 200 2"],
    ),
    case(
        "a lost response of which only the next record tells",
        &[
            Q(b"GET /a HTTP/1.1\r\nHost: h\r\n\r\n"),
            AGap(0),
            Q(b"GET /b HTTP/1.1\r\nHost: h\r\n\r\n"),
            AGapTold(40),
            OK,
        ],
        &["GET h /a[] 0 > ? gap", "GET h /b[] 0 > 200 2"],
    ),
    case(
        "a lost request",
        &[QGap(40), OK, Q(b"GET /b HTTP/1.1\r\nHost: h\r\n\r\n"), OK],
        &["? > 200 2 response_without_request", "GET h /b[] 0 > 200 2"],
    ),
    late(
        "attached in the middle of a request's body",
        &[
            Q(b"\"amount\": 12}\n"),
            OK,
            Q(b"GET /b HTTP/1.1\r\nHost: h\r\n\r\n"),
            OK,
        ],
        &["? > 200 2 response_without_request", "GET h /b[] 0 > 200 2"],
    ),
    late(
        "attached in the middle of a response's body, which ends without a line",
        &[
            A(b"{\"a\":1}HTTP/1.1 "),
            A(b"200 OK\r\nContent-Length: 0\r\n\r\n"),
            Q(b"xyzGET /b HTTP/1.1\r\nHost: h\r\n\r\n"),
            OK,
        ],
        &["? > 200 0 response_without_request", "GET h /b[] 0 > 200 2"],
    ),
    late(
        "attached between messages",
        &[Q(b"GET /b HTTP/1.1\r\nHost: h\r\n\r\n"), OK],
        &["GET h /b[] 0 > 200 2"],
    ),
];
