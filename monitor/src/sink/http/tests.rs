use std::fs;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};

use super::*;

const LOOPBACK: &str = "127.0.0.1:0";

/// A server with the address that it listens on.
struct Served {
    server: MetricsServer,
    address: SocketAddr,
}

fn server() -> Served {
    served(TIMEOUTS, Arc::new(|| "apiwatch_up 1\n".to_owned()))
}

fn served(timeouts: Timeouts, source: Source) -> Served {
    protected(timeouts, Protection::default(), source)
}

fn protected(timeouts: Timeouts, protection: Protection, source: Source) -> Served {
    let listener = bind(LOOPBACK.parse().unwrap()).unwrap();
    let address = listener.local_addr().unwrap();
    let server = serve_within(timeouts, Listener::Tcp(listener), protection, source).unwrap();
    Served { server, address }
}

/// A server that soon loses patience.
fn impatient_server(source: impl Fn() -> String + Send + Sync + 'static) -> Served {
    let timeouts =
        Timeouts { head: Duration::from_millis(100), connection: Duration::from_millis(300) };
    served(timeouts, Arc::new(source))
}

fn connect(server: &Served) -> TcpStream {
    let stream = TcpStream::connect(server.address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    stream
}

/// Everything that comes until the server closes. A reset counts as a close: it is
/// what a close with unread bytes looks like.
fn read_to_close(mut stream: &TcpStream) -> String {
    let mut text = Vec::new();
    let mut chunk = [0; 4096];
    loop {
        match stream.read(&mut chunk) {
            Ok(0) => break,
            Ok(length) => text.extend_from_slice(&chunk[..length]),
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => break,
            Err(error) => panic!("the server did not close: {error}"),
        }
    }
    String::from_utf8(text).unwrap()
}

fn exchange(server: &Served, request: &[u8]) -> String {
    let stream = connect(server);
    // The server may answer and close before it has everything.
    let _sent = (&stream).write_all(request);
    read_to_close(&stream)
}

fn status(response: &str) -> &str {
    response.split(' ').nth(1).unwrap_or_default()
}

#[test]
fn each_path_and_method_has_its_answer() {
    let server = server();
    for (request, code, body) in [
        ("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n", "200", "\r\n\r\napiwatch_up 1\n"),
        ("GET /metrics?x=1 HTTP/1.1\r\nHost: x\r\n\r\n", "200", "\r\n\r\napiwatch_up 1\n"),
        ("GET /metrics HTTP/1.0\r\n\r\n", "200", "\r\n\r\napiwatch_up 1\n"),
        ("HEAD /metrics HTTP/1.1\r\nHost: x\r\n\r\n", "200", "\r\n\r\n"),
        ("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", "200", "\r\n\r\nok\n"),
        ("GET / HTTP/1.1\r\nHost: x\r\n\r\n", "404", "try /metrics\n"),
        ("GET /metrics/../etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n", "404", "try /metrics\n"),
        ("POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi", "405", "HEAD\n"),
        ("DELETE /healthz HTTP/1.1\r\nHost: x\r\n\r\n", "405", "GET and HEAD\n"),
    ] {
        let response = exchange(&server, request.as_bytes());
        assert_eq!(status(&response), code, "{request}");
        assert!(response.ends_with(body), "{response}");
    }
}

#[test]
fn the_answer_names_the_format_and_the_allowed_methods() {
    let server = server();
    let metrics = exchange(&server, b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n").to_lowercase();
    assert!(metrics.contains("content-type: text/plain; version=0.0.4\r\n"), "{metrics}");
    let refused = exchange(&server, b"PUT /metrics HTTP/1.1\r\nHost: x\r\n\r\n").to_lowercase();
    assert!(refused.contains("allow: get, head\r\n"), "{refused}");
}

#[test]
fn a_second_request_on_a_connection_is_not_served() {
    let request = b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n".repeat(50);
    let response = exchange(&server(), &request);
    assert_eq!(response.matches("HTTP/1.1 200").count(), 1);
}

#[test]
fn garbage_and_huge_heads_are_refused_and_the_server_goes_on() {
    let server = server();
    let huge = [&b"GET /metrics HTTP/1.1\r\nX: "[..], &vec![b'a'; 1 << 20], b"\r\n\r\n"].concat();
    for request in [&b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\0\0\0\0"[..], &huge, b"\r\n"] {
        let stream = connect(&server);
        let _sent = (&stream).write_all(request);
        let _shut = stream.shutdown(Shutdown::Write);
        let response = read_to_close(&stream);
        assert!(["", "400", "431"].contains(&status(&response)), "{response}");
    }
    assert_eq!(status(&exchange(&server, b"GET /healthz HTTP/1.0\r\n\r\n")), "200");
}

#[test]
fn a_client_that_never_ends_its_request_is_closed() {
    let server = impatient_server(String::new);
    let stream = connect(&server);
    (&stream).write_all(b"GET /metrics HTTP/1.1\r\nHost: ").unwrap();
    let silent = connect(&server);
    for stream in [stream, silent] {
        let response = read_to_close(&stream);
        assert!(["", "408"].contains(&status(&response)), "{response}");
    }
}

#[test]
fn a_client_that_never_reads_is_closed() {
    // More than the buffers of both sockets take.
    let server = impatient_server(|| "x".repeat(64 << 20));
    let stream = connect(&server);
    (&stream).write_all(b"GET /metrics HTTP/1.0\r\n\r\n").unwrap();
    // The server has sent a part, then waits for us in vain. Once it gives up, what
    // was sent is read, and it is not all.
    let mut first = [0; 1];
    (&stream).read_exact(&mut first).unwrap();
    wait_for_sockets(&server, 0);
    assert!(read_to_close(&stream).len() < 64 << 20);
}

#[test]
fn a_thousand_stuck_clients_hold_no_more_than_the_cap() {
    let server = server();
    let stuck = |_| {
        let stream = connect(&server);
        let _sent = (&stream).write_all(b"GET /metrics HTTP/1.1\r\n");
        stream
    };
    let streams: Vec<_> = (0..MAX_CONNECTIONS).map(stuck).collect();
    // In portions, since the test has a limit of file descriptors too.
    for _ in 0..10 {
        let excess: Vec<_> = (0..100).map(stuck).collect();
        assert!(excess.iter().all(|stream| read_to_close(stream).is_empty()));
    }
    assert_eq!(server_sockets(&server), MAX_CONNECTIONS as usize);
    drop(streams);
    wait_for_sockets(&server, 0);
    let response = exchange(&server, b"GET /healthz HTTP/1.0\r\n\r\n");
    assert_eq!(status(&response), "200", "served again once they are gone");
}

#[test]
fn shutdown_closes_what_is_open() {
    let server = server();
    let address = server.address;
    let stuck = connect(&server);
    (&stuck).write_all(b"GET").unwrap();
    server.server.shutdown();
    assert_eq!(read_to_close(&stuck), "");
    assert!(TcpStream::connect(address).is_err());
}

#[test]
fn a_socket_in_the_file_system_is_served_as_well() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("metrics.sock");
    let listener = UnixListener::bind(&path).unwrap();
    let _server =
        serve(Listener::Unix(listener), Protection::default(), || "apiwatch_up 1\n".to_owned())
            .unwrap();
    let mut stream = std::os::unix::net::UnixStream::connect(&path).unwrap();
    stream.write_all(b"GET /metrics HTTP/1.0\r\n\r\n").unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).unwrap();
    assert!(response.ends_with("\r\n\r\napiwatch_up 1\n"), "{response}");
}

#[test]
fn an_address_in_use_is_named_with_a_remedy() {
    let server = server();
    let message = bind(server.address).unwrap_err().to_string();
    assert!(message.contains(&server.address.to_string()), "{message}");
    assert!(message.contains("metrics.listen"), "{message}");
}

/// Connections of the server that are open on its side, from /proc/net/tcp: those
/// whose local port is its own, in state ESTABLISHED (01) or `CLOSE_WAIT` (08).
fn server_sockets(server: &Served) -> usize {
    let local = format!("0100007F:{:04X}", server.address.port());
    let table = fs::read_to_string("/proc/net/tcp").unwrap();
    let open = |line: &&str| {
        let fields: Vec<_> = line.split_whitespace().collect();
        fields.get(1) == Some(&local.as_str()) && matches!(fields.get(3), Some(&"01" | &"08"))
    };
    table.lines().filter(open).count()
}

fn wait_for_sockets(server: &Served, wanted: usize) {
    while server_sockets(server) != wanted {
        thread::yield_now();
    }
}

/// With TLS and with users.
mod protected;
