"""Connects twice to each port, the second time with the session of the first.

Arguments: authority, certificate, key, ports. BEFORE: bytes to send before the
handshake, in hexadecimal. VERSION: the only one to offer, as TLSv1_3.
"""

import json
import os
import socket
import ssl
import sys

OFFERED = ["apiwatch/9", "http/1.1"]
NAME = "api.test"


def connect(context, port, session):
    with socket.create_connection(("127.0.0.1", port), timeout=20) as plain:
        plain.sendall(bytes.fromhex(os.environ.get("BEFORE", "")))
        with context.wrap_socket(plain, server_hostname=NAME, session=session) as tls:
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
