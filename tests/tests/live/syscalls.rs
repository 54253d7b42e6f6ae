use std::process::Command;

use apiwatch_tests::apiwatch::Daemon;
use apiwatch_tests::output_of;
use apiwatch_tests::server::Nginx;

use super::TIERS;

/// A request by each way to send, its response by each way to receive; the name of the
/// ways is the path.
const WAYS: &str = r"
import os, socket, sys
port = int(sys.argv[1])
def vector(b): return [b[:1], b[1:7], b'', b[7:]]
senders = {
    'send': lambda s, b: s.send(b),
    'write': lambda s, b: os.write(s.fileno(), b),
    'writev': lambda s, b: os.writev(s.fileno(), vector(b)),
    'sendmsg': lambda s, b: s.sendmsg(vector(b)),
    'bits': lambda s, b: s.sendmsg([b[at:at + 1] for at in range(len(b))]),
    'dup': lambda s, b: os.write(os.dup(s.fileno()), b),
}
def readv(s):
    parts = [bytearray(10), bytearray(100), bytearray(8000)]
    return os.readv(s.fileno(), parts)
def peek(s):
    s.recv(4, socket.MSG_PEEK)
    return s.recv(8192)
receivers = {
    'recv': lambda s: s.recv(8192),
    'read': lambda s: os.read(s.fileno(), 8192),
    'readv': readv,
    'recvmsg': lambda s: s.recvmsg(8192),
    'peek': peek,
    'bytewise': lambda s: [s.recv(1) for _ in range(60)] and s.recv(8192),
}
for out, send in senders.items():
    for into, receive in receivers.items():
        s = socket.create_connection(('127.0.0.1', port))
        send(s, b'GET /%s/%s HTTP/1.1\r\nHost: h\r\n\r\n' % (out.encode(), into.encode()))
        receive(s)
        s.close()
";

#[test]
fn every_way_to_send_and_receive_gives_the_exchange() {
    for tier in TIERS {
        let nginx = Nginx::start();
        let daemon = Daemon::start(tier);
        let port = nginx.address.port();
        let _ = output_of(Command::new("python3").args(["-c", WAYS, &port.to_string()]));
        let seen = daemon.wait_for_records("exchange", 36, |it| it["server"]["port"] == port);
        for out in ["send", "write", "writev", "sendmsg", "bits", "dup"] {
            for into in ["recv", "read", "readv", "recvmsg", "peek", "bytewise"] {
                let path = format!("/{out}/{into}");
                let found: Vec<_> =
                    seen.iter().filter(|it| it["request"]["path"] == *path).collect();
                let [exchange] = found.as_slice() else { panic!("tier {tier} {path}: {found:?}") };
                assert_eq!(exchange["response"]["status"], 200, "tier {tier} {path}");
                assert_eq!(exchange["response"]["complete"], true, "tier {tier} {path}");
            }
        }
    }
}

/// A server that sends a file without reading it.
const SENDFILE_SERVER: &str = r"
import os, socket, sys, tempfile
f = tempfile.TemporaryFile(); f.write(b'x' * 100000); f.flush()
l = socket.create_server(('127.0.0.1', int(sys.argv[1])))
print('ready', flush=True)
while True:
    s, _ = l.accept()
    if not s.recv(4096): continue
    s.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n')
    sent = 0
    while sent < 100000: sent += os.sendfile(s.fileno(), f.fileno(), sent, 100000 - sent)
    s.close()
";

/// The client discards what it receives (`MSG_TRUNC`), so that its buffer holds none of
/// the bytes: each is counted, with the reason.
#[test]
fn large_bodies_are_counted_to_the_byte() {
    for tier in TIERS {
        let nginx = Nginx::start();
        let daemon = Daemon::start(tier);
        let _ = output_of(
            Command::new("curl").args(["-s", "-o", "/dev/null"]).arg(nginx.url("/file.bin")),
        );
        let seen =
            daemon.wait_for_records("exchange", 1, |it| it["request"]["path"] == "/file.bin");
        assert_eq!(seen[0]["response"]["body_bytes"], 400_000, "tier {tier}");
        assert_eq!(seen[0]["response"]["complete"], true, "tier {tier}");

        let port = apiwatch_tests::free_port();
        let mut server = apiwatch_tests::server::python(SENDFILE_SERVER, &[&port.to_string()]);
        apiwatch_tests::wait_for_server(([127, 0, 0, 1], port).into());
        let client = "import socket,sys\n\
            s = socket.create_connection(('127.0.0.1', int(sys.argv[1])))\n\
            s.sendall(b'GET /sendfile HTTP/1.1\\r\\nHost: h\\r\\n\\r\\n')\n\
            while s.recv(65536, socket.MSG_TRUNC): pass\n";
        let _ = output_of(Command::new("python3").args(["-c", client, &port.to_string()]));
        let closed = daemon.wait_for_records("connection", 1, |it| {
            it["event"] == "close"
                && it["server"]["port"] == port
                && it["bytes"]["to_client"].as_u64() > Some(1000)
        });
        let bytes = closed[0]["bytes"]["to_client"].as_u64().expect("a number");
        assert_eq!(bytes, 100_000 + 43, "tier {tier}: {}", closed[0]);
        let uncaptured = &closed[0]["uncaptured"];
        assert!(
            uncaptured["reasons"]["discarded"].as_u64() > Some(50_000),
            "tier {tier}: {}",
            closed[0]
        );
        let _ = server.0.kill();
    }
}

/// Sends a request through splice: its bytes never are in memory of the program.
const SPLICE_CLIENT: &str = r"
import os, socket, sys
s = socket.create_connection(('127.0.0.1', int(sys.argv[1])))
r, w = os.pipe()
request = b'GET /spliced HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n'
os.write(w, request)
assert os.splice(r, s.fileno(), len(request)) == len(request)
while s.recv(4096): pass
print(len(request))
";

/// Sends a request through sendmmsg, whose result is a number of messages.
const SENDMMSG_CLIENT: &str = r"
import ctypes, socket, sys
from ctypes import Structure, c_char_p, c_int, c_size_t, c_uint, c_void_p, POINTER, pointer
class Vector(Structure):
    _fields_ = [('base', c_char_p), ('length', c_size_t)]
class Header(Structure):
    _fields_ = [('name', c_void_p), ('name_length', c_uint), ('vectors', POINTER(Vector)),
                ('count', c_size_t), ('control', c_void_p), ('control_length', c_size_t),
                ('flags', c_int)]
class Message(Structure):
    _fields_ = [('header', Header), ('length', c_uint)]
s = socket.create_connection(('127.0.0.1', int(sys.argv[1])))
request = b'GET /many HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n'
vector = Vector(request, len(request))
message = Message(Header(None, 0, pointer(vector), 1, None, 0, 0), 0)
assert ctypes.CDLL(None).sendmmsg(s.fileno(), pointer(message), 1, 0) == 1
while s.recv(4096): pass
print(len(request))
";

/// Clients, and the reason that each tier gives for the bytes of their request.
const UNREACHABLE: [(&str, [&str; 2]); 2] =
    [(SPLICE_CLIENT, ["sendfile", "sendfile"]), (SENDMMSG_CLIENT, ["multi_message", "bypassed"])];

#[test]
fn bytes_out_of_reach_are_counted_with_the_reason() {
    for (place, tier) in TIERS.into_iter().enumerate() {
        for (client, reasons) in UNREACHABLE {
            let (nginx, daemon) = (Nginx::start(), Daemon::start(tier));
            let port = nginx.address.port();
            let sent = output_of(Command::new("python3").args(["-c", client, &port.to_string()]));
            let sent: u64 = sent.trim().parse().expect("a number");
            let closed = daemon.wait_for_records("connection", 1, |it| {
                it["event"] == "close"
                    && it["server"]["port"] == port
                    && it["bytes"]["to_server"].as_u64() > Some(0)
            });
            let uncaptured = &closed[0]["uncaptured"]["reasons"][reasons[place]];
            assert_eq!(closed[0]["bytes"]["to_server"], sent, "tier {tier}: {}", closed[0]);
            assert_eq!(*uncaptured, sent, "tier {tier}: {}", closed[0]);
            let unasked = daemon.wait_for_records("exchange", 1, |it| it["server"]["port"] == port);
            assert!(unasked[0].get("request").is_none(), "{}", unasked[0]);
            assert_eq!(unasked[0]["response"]["status"], 200, "{}", unasked[0]);
        }
    }
}
