"""A WebSocket server with `websockets`: gives back every message.

websocket_server.py PORT COMPRESSION   COMPRESSION: deflate or none
"""

import sys

from websockets.exceptions import ConnectionClosed
from websockets.sync.server import serve


def echo(connection):
    try:
        for message in connection:
            if message == 'close':
                connection.close(4001, 'as asked')
                return
            connection.send(message)
    except ConnectionClosed:
        pass


compression = 'deflate' if sys.argv[2] == 'deflate' else None
with serve(echo, '127.0.0.1', int(sys.argv[1]), compression=compression,
           ping_interval=None) as server:
    print('ready', flush=True)
    server.serve_forever()
