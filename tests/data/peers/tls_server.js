// Says in each response what was agreed on, in the form of a small HTTP server.
//
// Arguments: certificate, key, port, groups.
"use strict";
const fs = require("fs");
const tls = require("tls");

const [certificate, key, port, groups] = process.argv.slice(2);
const settings = {
  cert: fs.readFileSync(certificate),
  key: fs.readFileSync(key),
  ecdhCurve: groups,
  ALPNProtocols: ["http/1.1"],
};
const server = tls.createServer(settings, (socket) => {
  socket.on("error", () => {});
  socket.on("data", () => {
    const said = {
      version: socket.getProtocol(),
      cipher: socket.getCipher().standardName,
      alpn: socket.alpnProtocol || null,
      sni: socket.servername || null,
      resumed: socket.isSessionReused(),
      client_port: socket.remotePort,
    };
    socket.end("HTTP/1.0 200 OK\r\n\r\n" + JSON.stringify(said));
  });
});
server.on("tlsClientError", () => {});
server.listen(Number(port), "127.0.0.1");
