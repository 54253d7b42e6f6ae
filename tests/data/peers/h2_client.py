"""Requests over HTTP/2 without TLS.

h2_client.py requests PORT COUNT CONCURRENT   /answer/STATUS/BYTES/N, so many at a time
h2_client.py reset PORT COUNT                 requests that are reset once their head came
h2_client.py late PORT CONNECTIONS            some requests on each connection, `warm`;
                                              after a line of input more of them, `done`;
                                              after a line of input ends
"""

import socket
import sys

from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import DataReceived, ResponseReceived, StreamEnded, StreamReset
from h2.settings import SettingCodes

STATUSES = [200, 201, 204, 404, 503]


def path_of(number):
    status = STATUSES[number % len(STATUSES)]
    size = 0 if status == 204 else number % 3000
    return f'/answer/{status}/{size}/{number}'


class Connection:
    def __init__(self, port):
        self.sock = socket.create_connection(('127.0.0.1', port))
        self.h2 = H2Connection()
        self.h2.initiate_connection()
        self.h2.update_settings({SettingCodes.ENABLE_PUSH: 0})
        self.open = {}
        self.to_reset = set()

    def ask(self, path, body=b'', reset=False):
        stream = self.h2.get_next_available_stream_id()
        head = [(':method', 'POST' if body else 'GET'), (':scheme', 'http'),
                (':authority', 'peer.example.test'), (':path', path),
                ('user-agent', 'h2-peer'), ('authorization', 'Bearer secret-of-the-peer')]
        self.h2.send_headers(stream, head, end_stream=not body)
        if body:
            self.h2.send_data(stream, body, end_stream=True)
        self.open[stream] = [path, None, 0]
        if reset:
            self.to_reset.add(stream)

    def flush(self):
        self.sock.sendall(self.h2.data_to_send())

    def receive(self):
        data = self.sock.recv(65536)
        assert data, 'the server is gone'
        for event in self.h2.receive_data(data):
            if isinstance(event, ResponseReceived):
                self.open[event.stream_id][1] = dict(event.headers)[b':status'].decode()
                if event.stream_id in self.to_reset:
                    self.h2.reset_stream(event.stream_id, ErrorCodes.CANCEL)
                    del self.open[event.stream_id]
            elif isinstance(event, DataReceived):
                if event.stream_id in self.open:
                    self.open[event.stream_id][2] += len(event.data)
                self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            elif isinstance(event, StreamEnded):
                path, status, size = self.open.pop(event.stream_id)
                _, kind, *wanted = path.split('/')
                if kind == 'answer':
                    assert [status, str(size)] == wanted[:2], (path, status, size)
            elif isinstance(event, StreamReset):
                self.open.pop(event.stream_id, None)
        self.flush()

    def finish(self):
        self.flush()
        while self.open:
            self.receive()


def requests(port, count, concurrent):
    connection = Connection(port)
    for number in range(count):
        body = b'y' * (number % 50) if number % 3 == 0 else b''
        connection.ask(path_of(number) + '?token=secret-of-the-peer', body)
        if len(connection.open) >= concurrent:
            connection.flush()
            connection.receive()
    connection.finish()


def reset(port, count):
    connection = Connection(port)
    for _ in range(count):
        connection.ask('/answer/200/200000/reset', reset=True)
    connection.finish()


def late(port, connections):
    held = [Connection(port) for _ in range(connections)]
    for connection in held:
        for number in range(10):
            connection.ask(path_of(number))
        connection.finish()
    print('warm', flush=True)
    sys.stdin.readline()
    for connection in held:
        # Paths of before, which are indices of a table that began before, and new ones.
        for number in range(20):
            connection.ask(path_of(number))
        connection.finish()
    print('done', flush=True)
    sys.stdin.readline()


{'requests': requests, 'reset': reset, 'late': late}[sys.argv[1]](*map(int, sys.argv[2:]))
