"""Calls of shop.Accounts with grpcio.

grpc_client.py PORT: makes a call of each kind and says `open` once a streaming call waits;
after a line of input it has the server end that call.
"""

import sys

import grpc

channel = grpc.insecure_channel(f'127.0.0.1:{sys.argv[1]}')


def name(method):
    return f'/shop.Accounts/{method}'


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
channel.close()
