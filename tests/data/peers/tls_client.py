"""Connects twice to each port, the second time with the session of the first.

Arguments: authority, certificate, key, ports. BEFORE: bytes to send before the
handshake, in hexadecimal. VERSION: the only one to offer, as TLSv1_3. PIECES: bytes
in each call to send, where that is to be limited; BEFORE is then in the same one.
"""

import json
import os
import socket
import ssl
import sys

OFFERED = ["apiwatch/9", "http/1.1"]
NAME = "api.test"
BEFORE = bytes.fromhex(os.environ.get("BEFORE", ""))
PIECES = int(os.environ.get("PIECES", "0"))


class InPieces:
    """TLS that sends only so many bytes at a time."""

    def __init__(self, context, plain, session):
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.plain, self.left = plain, BEFORE
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(
            self.incoming, self.outgoing, server_hostname=NAME, session=session
        )
        self.run(self.tls.do_handshake)

    def run(self, action, *arguments):
        while True:
            try:
                return action(*arguments)
            except ssl.SSLWantReadError:
                self.flush()
                data = self.plain.recv(65536)
                self.incoming.write(data) if data else self.incoming.write_eof()
            finally:
                self.flush()

    def flush(self):
        data, self.left = self.left + self.outgoing.read(), b""
        for start in range(0, len(data), PIECES):
            self.plain.sendall(data[start : start + PIECES])

    def sendall(self, data):
        self.run(self.tls.write, data)

    def recv(self, size):
        try:
            return self.run(self.tls.read, size)
        except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
            return b""

    def __getattr__(self, name):
        return getattr(self.tls, name)


def secure(context, plain, session):
    if PIECES:
        return InPieces(context, plain, session)
    plain.sendall(BEFORE)
    return context.wrap_socket(plain, server_hostname=NAME, session=session)


def connect(context, port, session):
    with socket.create_connection(("127.0.0.1", port), timeout=20) as plain:
        tls = secure(context, plain, session)
        tls.sendall(b"GET / HTTP/1.0\r\n\r\n")
        answer = b""
        while part := tls.recv(4096):
            answer += part
        said = {
            "port": port,
            "version": tls.version(),
            "cipher": tls.cipher()[0],
            "alpn": tls.selected_alpn_protocol(),
            "alpn_offered": OFFERED,
            "sni": NAME,
            "resumed": tls.session_reused,
            "server": json.loads(answer.split(b"\r\n\r\n", 1)[1]),
        }
        print(json.dumps(said), flush=True)
        return tls.session


authority, certificate, key, *ports = sys.argv[1:]
for port in map(int, ports):
    context = ssl.create_default_context(cafile=authority)
    # Its own list has no key exchange with RSA.
    context.set_ciphers("DEFAULT")
    context.load_cert_chain(certificate, key)
    context.set_alpn_protocols(OFFERED)
    if "VERSION" in os.environ:
        version = ssl.TLSVersion[os.environ["VERSION"]]
        context.minimum_version = context.maximum_version = version
    connect(context, port, connect(context, port, None))
