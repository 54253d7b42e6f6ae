"""An HTTP/1.1 server whose answers take their time.

http_server.py PORT
/events   server-sent events: two at once, the last one after /release
/poll     a response after /release
/release  lets the others end
"""

import http.server
import sys
import threading

released = threading.Event()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'

    def do_GET(self):
        if self.path == '/events':
            self.send_response(200)
            self.send_header('Content-Type', 'text/event-stream')
            self.send_header('Transfer-Encoding', 'chunked')
            self.end_headers()
            self.event(b'data: 1\n\n')
            self.event(b'data: 2\n\n')
            released.wait(60)
            self.event(b'data: 3\n\n')
            self.event(b'')
        else:
            if self.path == '/poll':
                released.wait(60)
            if self.path == '/release':
                released.set()
            self.send_response(200)
            self.send_header('Content-Length', '4')
            self.end_headers()
            self.wfile.write(b'done')

    def event(self, text):
        self.wfile.write(b'%x\r\n%s\r\n' % (len(text), text))
        self.wfile.flush()

    def log_message(self, *arguments):
        pass


server = http.server.ThreadingHTTPServer(('127.0.0.1', int(sys.argv[1])), Handler)
print('ready', flush=True)
server.serve_forever()
