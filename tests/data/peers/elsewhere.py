"""An HTTP server on another host, as far as this one can tell: TCP and HTTP in a program, behind a TUN device.

elsewhere.py LOCAL REMOTE PORT: LOCAL is the address of this host on the device, REMOTE that of the server.
Nothing is lost on the way, so that the server never sends anything twice.
"""

import fcntl
import os
import re
import socket
import struct
import subprocess
import sys

TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 0x0001, 0x1000
FIN, SYN, RST, ACK = 0x01, 0x02, 0x04, 0x10
# A segment as large as the device carries, and a window of 65535 << 7.
OPTIONS = struct.pack('>BBHBBBB', 2, 4, 65495, 1, 3, 3, 7)
RESPONSE = b'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'


def checksum(content):
    content += b'\0' * (len(content) % 2)
    total = sum(struct.unpack(f'>{len(content) // 2}H', content))
    total = (total >> 16) + (total & 0xFFFF)
    return ~(total + (total >> 16)) & 0xFFFF


class Connection:
    def __init__(self, tun, ends, client_sequence):
        self.tun, self.ends = tun, ends
        self.sequence, self.next = 1000, client_sequence
        self.head, self.body_bytes = b'', 0

    def send(self, flags, content=b'', options=b''):
        server, client, server_port, client_port = self.ends
        offset = (5 + len(options) // 4) << 4
        tcp = struct.pack('>HHIIBBHHH', server_port, client_port, self.sequence, self.next,
                          offset, flags, 65535, 0, 0) + options + content
        pseudo = server + client + struct.pack('>BBH', 0, 6, len(tcp))
        tcp = tcp[:16] + struct.pack('>H', checksum(pseudo + tcp)) + tcp[18:]
        ip = struct.pack('>BBHHHBBH4s4s', 0x45, 0, 20 + len(tcp), 0, 0x4000, 64, 6, 0, server, client)
        ip = ip[:10] + struct.pack('>H', checksum(ip)) + ip[12:]
        os.write(self.tun, ip + tcp)
        self.sequence = (self.sequence + len(content) + bool(flags & (SYN | FIN))) % 2**32

    def take(self, sequence, content):
        """Takes what comes next, and answers each request that is whole with it."""
        if sequence != self.next:
            return self.send(ACK)
        self.next = (self.next + len(content)) % 2**32
        self.send(ACK)
        while content:
            if self.body_bytes:
                taken = min(self.body_bytes, len(content))
                self.body_bytes -= taken
                content = content[taken:]
            else:
                head, end, content = (self.head + content).partition(b'\r\n\r\n')
                self.head = b'' if end else head
                if not end:
                    return None
                length = re.search(rb'(?i)content-length: *(\d+)', head)
                self.body_bytes = int(length[1]) if length else 0
            if not self.body_bytes:
                self.send(ACK, RESPONSE)
        return None


def serve(tun, port):
    connections = {}
    while True:
        packet = os.read(tun, 65536)
        if packet[0] >> 4 != 4 or packet[9] != 6:
            continue
        tcp = packet[(packet[0] & 15) * 4:]
        client_port, server_port, sequence, _, offset, flags = struct.unpack('>HHIIBB', tcp[:14])
        content = tcp[(offset >> 4) * 4:]
        if server_port != port:
            continue
        if flags & SYN:
            ends = (packet[16:20], packet[12:16], server_port, client_port)
            connections[client_port] = Connection(tun, ends, (sequence + 1) % 2**32)
            connections[client_port].send(SYN | ACK, options=OPTIONS)
        connection = connections.get(client_port)
        if connection and flags & RST:
            del connections[client_port]
        elif connection and content:
            connection.take(sequence, content)
        if connection and flags & FIN and connection.next == (sequence + len(content)) % 2**32:
            connection.next = (connection.next + 1) % 2**32
            connection.send(ACK | FIN)
            del connections[client_port]


local, remote, port = sys.argv[1:]
tun = os.open('/dev/net/tun', os.O_RDWR)
name = fcntl.ioctl(tun, TUNSETIFF, struct.pack('16sH', b'', IFF_TUN | IFF_NO_PI))[:16].rstrip(b'\0').decode()
for command in [f'address add {local} peer {remote} dev {name}', f'link set {name} mtu 65535 up']:
    subprocess.run(['ip', *command.split()], check=True)
print('ready', flush=True)
serve(tun, int(port))
