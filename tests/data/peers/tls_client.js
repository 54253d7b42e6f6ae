// Connects twice to each port, the second time with the session of the first.
//
// Arguments: authority, certificate, key, ports. GROUPS: the groups to offer. TRACE: whether
// OpenSSL traces each handshake to standard error.
"use strict";
const fs = require("fs");
const tls = require("tls");

const OFFERED = ["apiwatch/9", "http/1.1"];
const NAME = "api.test";
const [authority, certificate, key, ...ports] = process.argv.slice(2);

function connect(port, session) {
  return new Promise((resolve, reject) => {
    let kept;
    let said;
    let answer = "";
    const socket = tls.connect({
      host: "127.0.0.1",
      port,
      servername: NAME,
      ALPNProtocols: OFFERED,
      session,
      ca: fs.readFileSync(authority),
      cert: fs.readFileSync(certificate),
      key: fs.readFileSync(key),
      ecdhCurve: process.env.GROUPS || "auto",
      enableTrace: "TRACE" in process.env,
    });
    socket.setTimeout(20000, () => socket.destroy(new Error("nothing came")));
    socket.on("session", (session) => (kept = session));
    socket.on("error", reject);
    socket.on("data", (bytes) => (answer += bytes));
    socket.on("secureConnect", () => {
      said = {
        port,
        version: socket.getProtocol(),
        cipher: socket.getCipher().standardName,
        alpn: socket.alpnProtocol || null,
        alpn_offered: OFFERED,
        sni: NAME,
        resumed: socket.isSessionReused(),
      };
      const ephemeral = socket.getEphemeralKeyInfo();
      // It knows no name of hybrid groups.
      if (ephemeral.type === "ECDH" && ephemeral.name) said.group = ephemeral.name;
      socket.write("GET / HTTP/1.0\r\n\r\n");
    });
    socket.on("end", () => {
      said.server = JSON.parse(answer.split("\r\n\r\n")[1]);
      console.log(JSON.stringify(said));
      resolve(kept);
    });
  });
}

async function main() {
  for (const port of ports.map(Number)) await connect(port, await connect(port));
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
