"""A gRPC server with grpcio: service shop.Accounts on PORT, messages are bytes.

grpc_server.py PORT
"""

import sys
import threading
from concurrent import futures

import grpc

released = threading.Event()


def get(request, context):
    if request == b'missing':
        context.abort(grpc.StatusCode.NOT_FOUND, 'no such account')
    return request * 2


def watch(request, context):
    """As many messages as asked for; the last one once there is a `Release`."""
    count = int(request)
    for number in range(count - 1):
        yield b'x' * number
    released.wait(60)
    yield b'last'


def add(requests, context):
    return b'%d' % sum(len(request) for request in requests)


def talk(requests, context):
    for request in requests:
        yield request


def wait(request, context):
    threading.Event().wait(5)
    return b''


def release(request, context):
    released.set()
    return b''


handlers = {
    'Get': grpc.unary_unary_rpc_method_handler(get),
    'Watch': grpc.unary_stream_rpc_method_handler(watch),
    'Add': grpc.stream_unary_rpc_method_handler(add),
    'Talk': grpc.stream_stream_rpc_method_handler(talk),
    'Wait': grpc.unary_unary_rpc_method_handler(wait),
    'Release': grpc.unary_unary_rpc_method_handler(release),
}
server = grpc.server(futures.ThreadPoolExecutor(8))
server.add_generic_rpc_handlers(
    (grpc.method_handlers_generic_handler('shop.Accounts', handlers),))
server.add_insecure_port(f'127.0.0.1:{sys.argv[1]}')
server.start()
print('ready', flush=True)
server.wait_for_termination()
