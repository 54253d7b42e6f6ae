"""Asks for names, then connects to their addresses.

names_client.py PORT SERVER WAY/NAME/PATH/HOST...: each is a name that is asked for over
`udp`, `tcp` or by `libc`, or an address that `none` was; then a request for PATH with HOST.
"""

import ipaddress
import random
import socket
import struct
import sys

A, AAAA = 1, 28


def message(name, kind):
    labels = b''.join(bytes([len(label)]) + label.encode() for label in name.split('.'))
    head = struct.pack('>6H', random.getrandbits(16), 0x0100, 1, 0, 0, 0)
    return head + labels + b'\0' + struct.pack('>2H', kind, 1)


def over_udp(name, kind):
    # Connected, as resolvers do, so that only the server can answer.
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.connect((server, 53))
        sock.send(message(name, kind))
        return sock.recv(4096)


def over_tcp(name, kind):
    asked = message(name, kind)
    with socket.create_connection((server, 53)) as sock:
        sock.sendall(struct.pack('>H', len(asked)) + asked)
        (length,) = struct.unpack('>H', sock.recv(2, socket.MSG_WAITALL))
        return sock.recv(length, socket.MSG_WAITALL)


def address_of(way, name):
    if way == 'none':
        return name
    if way == 'libc':
        return socket.getaddrinfo(name, 80, type=socket.SOCK_STREAM)[0][4][0]
    kind = AAAA if name.startswith('six.') else A
    answer = {'udp': over_udp, 'tcp': over_tcp}[way](name, kind)
    return str(ipaddress.ip_address(answer[-16:] if kind == AAAA else answer[-4:]))


port, server = int(sys.argv[1]), sys.argv[2]
for step in sys.argv[3:]:
    way, name, path, host = step.split('/')
    with socket.create_connection((address_of(way, name), port)) as sock:
        sock.sendall(f'GET /{path} HTTP/1.1\r\nHost: {host}\r\n\r\n'.encode())
        assert sock.recv(4096).startswith(b'HTTP/1.1 200 ')
