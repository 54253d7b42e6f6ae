"""A client that sends a little, with a password in the clear, until it is told to send a lot.

exfiltrate.py ADDRESS PORT CREDENTIAL BODY: makes ten requests a second. The line `bulk` on its input has it send
64 MiB that begin with BODY; it says `sent`, and goes on as before. It ends with its input.
"""

import http.client
import select
import sys

address, port, credential, body = sys.argv[1:]
connection = http.client.HTTPConnection(address, int(port), timeout=20)
headers = {'Authorization': f'Basic {credential}'}


def request(method, content=None):
    connection.request(method, f'/statements/{body}?token={body}', content, headers)
    connection.getresponse().read()


while True:
    told, _, _ = select.select([sys.stdin], [], [], 0.1)
    if not told:
        request('GET')
    elif sys.stdin.readline():
        request('POST', body.encode().ljust(64 << 20, b'.'))
        print('sent', flush=True)
    else:
        break
