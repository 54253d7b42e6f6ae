"""Calls of shop.Accounts with grpcio.

grpc_client.py kinds PORT: makes a call of each kind and says `open` once a streaming call
waits; after a line of input it has the server end that call.
grpc_client.py many PORT COUNT: so many calls, a hundred at a time, each with metadata.
"""

import sys

import grpc


def name(method):
    return f'/shop.Accounts/{method}'


def kinds(channel):
    watch = channel.unary_stream(name('Watch'))(b'4')
    received = [next(watch) for _ in range(3)]
    assert received == [b'', b'x', b'xx'], received

    get = channel.unary_unary(name('Get'))
    assert get(b'12345') == b'1234512345'
    try:
        get(b'missing')
        raise AssertionError('an error was due')
    except grpc.RpcError as error:
        assert error.code() == grpc.StatusCode.NOT_FOUND, error
    assert channel.stream_unary(name('Add'))(iter([b'a', b'bc', b'def'])) == b'6'
    assert list(channel.stream_stream(name('Talk'))(iter([b'one', b'three']))) == [b'one', b'three']
    try:
        channel.unary_unary(name('Wait'))(b'', timeout=0.3)
        raise AssertionError('a deadline was due')
    except grpc.RpcError as error:
        assert error.code() == grpc.StatusCode.DEADLINE_EXCEEDED, error
    try:
        channel.unary_unary(name('NoSuch'))(b'')
        raise AssertionError('an error was due')
    except grpc.RpcError as error:
        assert error.code() == grpc.StatusCode.UNIMPLEMENTED, error

    print('open', flush=True)
    sys.stdin.readline()
    channel.unary_unary(name('Release'))(b'')
    assert list(watch) == [b'last']


def many(channel, count):
    get = channel.unary_unary(name('Get'))
    for first in range(0, int(count), 100):
        calls = []
        for number in range(first, first + 100):
            # Half are answered with an error, and no two have the same metadata.
            asked = b'missing' if number % 2 else b'x' * (number % 50)
            metadata = [(f'x-{it}', f'value-{number}') for it in range(10)]
            calls.append((asked, get.future(asked, metadata=metadata)))
        for asked, call in calls:
            if asked == b'missing':
                assert call.code() == grpc.StatusCode.NOT_FOUND
            else:
                assert call.result() == asked * 2


way, port, *rest = sys.argv[1:]
with grpc.insecure_channel(f'127.0.0.1:{port}') as channel:
    {'kinds': kinds, 'many': many}[way](channel, *rest)
