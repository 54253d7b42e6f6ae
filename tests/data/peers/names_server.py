"""A server of DNS over UDP and TCP at ADDRESS:53, and of HTTP at every address.

names_server.py PORT ADDRESS: PORT is that of HTTP.
"""

import ipaddress
import socket
import struct
import sys
import threading

A, CNAME, AAAA = 1, 5, 28
ZONE = {
    ('api.example.test', A): '192.0.2.10',
    ('six.example.test', AAAA): '2001:db8::10',
    ('www.example.test', CNAME): 'edge.example.net',
    ('edge.example.net', CNAME): 'host-7.example.net',
    ('host-7.example.net', A): '192.0.2.11',
    ('tcp.example.test', A): '192.0.2.12',
    ('libc.example.test', A): '192.0.2.13',
    ('intruder.example.org', A): '192.0.2.14',
}


def encode(name):
    labels = name.split('.')
    return b''.join(bytes([len(label)]) + label.encode() for label in labels) + b'\0'


def question(message):
    labels, at = [], 12
    while message[at]:
        labels.append(message[at + 1:at + 1 + message[at]].decode())
        at += 1 + message[at]
    return '.'.join(labels), struct.unpack('>H', message[at + 1:at + 3])[0], at + 5


def answer(message):
    name, kind, end = question(message)
    records = []
    while (name, CNAME) in ZONE and len(records) < 8:
        target = ZONE[name, CNAME]
        records.append(record(name, CNAME, encode(target)))
        name = target
    if (name, kind) in ZONE:
        records.append(record(name, kind, ipaddress.ip_address(ZONE[name, kind]).packed))
    known = any(name == other for other, _ in ZONE)
    flags = 0x8180 if known else 0x8183
    head = message[:2] + struct.pack('>5H', flags, 1, len(records), 0, 0)
    return head + message[12:end] + b''.join(records)


def record(name, kind, content):
    return encode(name) + struct.pack('>HHIH', kind, 1, 30, len(content)) + content


def serve_udp(sock):
    while True:
        message, client = sock.recvfrom(4096)
        sock.sendto(answer(message), client)


def serve_tcp(listener):
    while True:
        sock, _ = listener.accept()
        with sock:
            (length,) = struct.unpack('>H', sock.recv(2, socket.MSG_WAITALL))
            reply = answer(sock.recv(length, socket.MSG_WAITALL))
            sock.sendall(struct.pack('>H', len(reply)) + reply)


def serve_http(listener):
    while True:
        sock, _ = listener.accept()
        with sock:
            sock.recv(4096)
            sock.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n')
            sock.recv(4096)


port, address = int(sys.argv[1]), sys.argv[2]
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
udp.bind((address, 53))
tcp = socket.create_server((address, 53))
http = socket.create_server(('::', port), family=socket.AF_INET6, dualstack_ipv6=True)
for serve, sock in [(serve_udp, udp), (serve_tcp, tcp), (serve_http, http)]:
    threading.Thread(target=serve, args=(sock,), daemon=True).start()
print('ready', flush=True)
threading.Event().wait()
