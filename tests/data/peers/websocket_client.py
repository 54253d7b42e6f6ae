"""A WebSocket with `websockets`.

websocket_client.py PORT COMPRESSION CODE: text, binary, a message in three fragments and a
ping; `open`; after a line of input a close with CODE, which for 4001 the server begins.
"""

import sys

from websockets.sync.client import connect

port, compression, code = sys.argv[1:]
compression = 'deflate' if compression == 'deflate' else None
with connect(f'ws://127.0.0.1:{port}/feed?token=secret-of-the-peer', compression=compression,
             ping_interval=None) as connection:
    for message in ['text ' * 20, b'\0binary' * 100, ['one ', 'two ', 'three'], 'x' * 70000]:
        connection.send(message)
        wanted = ''.join(message) if isinstance(message, list) else message
        assert connection.recv() == wanted
    assert connection.ping().wait(10)
    print('open', flush=True)
    sys.stdin.readline()
    if code == '4001':
        connection.send('close')
        try:
            connection.recv()
        except Exception:
            pass
    else:
        connection.close(int(code))
print('closed', flush=True)
