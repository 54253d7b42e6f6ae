// Connects twice to each port, the second time with the session of the first.
//
// Arguments: authority, certificate, key, ports.
package main

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"io"
	"log"
	"net"
	"os"
	"strconv"
	"time"
)

const name = "api.test"

var offered = []string{"apiwatch/9", "http/1.1"}

var versions = map[uint16]string{tls.VersionTLS12: "TLSv1.2", tls.VersionTLS13: "TLSv1.3"}

func main() {
	authority, err := os.ReadFile(os.Args[1])
	check(err)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(authority)
	certificate, err := tls.LoadX509KeyPair(os.Args[2], os.Args[3])
	check(err)
	suites := []uint16{}
	for _, suite := range append(tls.CipherSuites(), tls.InsecureCipherSuites()...) {
		suites = append(suites, suite.ID)
	}
	for _, word := range os.Args[4:] {
		port, err := strconv.Atoi(word)
		check(err)
		config := &tls.Config{
			RootCAs:            roots,
			Certificates:       []tls.Certificate{certificate},
			ServerName:         name,
			NextProtos:         offered,
			CipherSuites:       suites,
			ClientSessionCache: tls.NewLRUClientSessionCache(1),
		}
		connect(config, port)
		connect(config, port)
	}
}

func connect(config *tls.Config, port int) {
	dialer := &net.Dialer{Timeout: 20 * time.Second}
	address := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	connection, err := tls.DialWithDialer(dialer, "tcp", address, config)
	check(err)
	defer connection.Close()
	check(connection.SetDeadline(time.Now().Add(20 * time.Second)))
	_, err = connection.Write([]byte("GET / HTTP/1.0\r\n\r\n"))
	check(err)
	answer, err := io.ReadAll(connection)
	check(err)
	_, body, _ := bytes.Cut(answer, []byte("\r\n\r\n"))
	state := connection.ConnectionState()
	check(json.NewEncoder(os.Stdout).Encode(map[string]any{
		"port":         port,
		"version":      versions[state.Version],
		"cipher":       tls.CipherSuiteName(state.CipherSuite),
		"alpn":         state.NegotiatedProtocol,
		"alpn_offered": offered,
		"sni":          name,
		"resumed":      state.DidResume,
		"server":       json.RawMessage(body),
	}))
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
