"""HTTP/2 without TLS, from the first byte or after an upgrade from HTTP/1.1.

h2_server.py PORT: the path says the answer.
/answer/STATUS/BYTES/...  a response of that status and size
/trailers/...             a response with trailers
/reset/...                the head of a response, then RST_STREAM
/push/...                 a response, and /answer/200/7/pushed before it
"""

import base64
import socket
import sys
import threading

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import (ConnectionTerminated, RequestReceived, StreamEnded, StreamReset,
                       DataReceived, WindowUpdated)


class Connection:
    def __init__(self, sock):
        self.sock = sock
        self.h2 = H2Connection(H2Configuration(client_side=False))
        self.paths = {}
        # What windows have no room for yet, by stream.
        self.waiting = {}

    def serve(self):
        first = self.sock.recv(65536)
        if not first:
            return
        if first.startswith(b'PRI '):
            self.h2.initiate_connection()
        else:
            first = self.upgrade(first)
        while first:
            for event in self.h2.receive_data(first):
                self.handle(event)
            self.send_waiting()
            self.sock.sendall(self.h2.data_to_send())
            first = self.sock.recv(65536)

    def upgrade(self, head):
        while b'\r\n\r\n' not in head:
            head += self.sock.recv(65536)
        head, rest = head.split(b'\r\n\r\n', 1)
        request, *fields = head.decode().split('\r\n')
        fields = dict((name.lower(), value) for name, value in (it.split(': ', 1) for it in fields))
        assert fields['upgrade'] == 'h2c', fields
        self.sock.sendall(b'HTTP/1.1 101 Switching Protocols\r\n'
                          b'Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n')
        settings = fields['http2-settings']
        base64.urlsafe_b64decode(settings + '=' * (-len(settings) % 4))
        self.h2.initiate_upgrade_connection(settings)
        self.answer(1, request.split(' ')[1])
        self.send_waiting()
        self.sock.sendall(self.h2.data_to_send())
        return rest or self.sock.recv(65536)

    def handle(self, event):
        if isinstance(event, RequestReceived):
            self.paths[event.stream_id] = dict(event.headers)[b':path'].decode()
        elif isinstance(event, DataReceived):
            self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        elif isinstance(event, StreamEnded):
            self.answer(event.stream_id, self.paths.pop(event.stream_id))
        elif isinstance(event, StreamReset):
            self.waiting.pop(event.stream_id, None)
        elif isinstance(event, (WindowUpdated, ConnectionTerminated)):
            pass

    def answer(self, stream, path):
        kind, *rest = path.split('?')[0].strip('/').split('/')
        head = [(':status', '200'), ('content-type', 'application/json'), ('server', 'peer')]
        if kind == 'answer':
            head[0] = (':status', rest[0])
            self.send(stream, head, int(rest[1]))
        elif kind == 'trailers':
            self.h2.send_headers(stream, head)
            self.h2.send_data(stream, b'x' * 10)
            self.h2.send_headers(stream, [('x-checksum', '0')], end_stream=True)
        elif kind == 'reset':
            self.h2.send_headers(stream, head)
            self.h2.reset_stream(stream, ErrorCodes.INTERNAL_ERROR)
        elif kind == 'push':
            promised = self.h2.get_next_available_stream_id()
            asked = [(':method', 'GET'), (':scheme', 'http'), (':authority', 'peer'),
                     (':path', '/answer/200/7/pushed')]
            self.h2.push_stream(stream, promised, asked)
            self.send(stream, head, 5)
            self.send(promised, head, 7)
        else:
            raise ValueError(path)

    def send(self, stream, head, size):
        self.h2.send_headers(stream, head, end_stream=size == 0)
        if size:
            self.waiting[stream] = size

    def send_waiting(self):
        for stream, size in list(self.waiting.items()):
            while size:
                room = min(size, self.h2.local_flow_control_window(stream),
                           self.h2.max_outbound_frame_size)
                if room <= 0:
                    break
                size -= room
                self.h2.send_data(stream, b'x' * room, end_stream=size == 0)
            if size:
                self.waiting[stream] = size
            else:
                del self.waiting[stream]


def serve(sock):
    with sock:
        try:
            Connection(sock).serve()
        except ConnectionError:
            pass


listener = socket.create_server(('127.0.0.1', int(sys.argv[1])))
print('ready', flush=True)
while True:
    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
