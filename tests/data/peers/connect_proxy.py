"""A proxy that tunnels every CONNECT to its port on the loopback. Argument: port."""

import socket
import sys
import threading


def relay(source, sink):
    try:
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def serve(client):
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        part = client.recv(1)
        if not part:
            return
        head += part
    port = int(head.split()[1].rsplit(b":", 1)[1])
    server = socket.create_connection(("127.0.0.1", port))
    client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
    back = threading.Thread(target=relay, args=(server, client))
    back.start()
    relay(client, server)
    back.join()
    server.close()
    client.close()


listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
while True:
    client, _ = listener.accept()
    threading.Thread(target=serve, args=(client,), daemon=True).start()
