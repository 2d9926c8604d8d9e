// Command go_client makes the certificate that go-plugin makes (self-signed authority, ECDSA P-521), starts the plugin
// named by its argument with it, and asks for its health over mutual TLS with Go's own TLS: once as the host, then as
// three outsiders. It prints one line per client.
package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"time"
)

func main() {
	host := identity(elliptic.P521())
	plugin := exec.Command(os.Args[1])
	plugin.Stderr = os.Stderr
	plugin.Env = append(os.Environ(),
		"TF_PLUGIN_MAGIC_COOKIE=d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2",
		"PLUGIN_PROTOCOL_VERSIONS=5,6",
		"PLUGIN_CLIENT_CERT="+string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: host.Certificate[0]})))
	stdout, err := plugin.StdoutPipe()
	check(err)
	check(plugin.Start())
	defer plugin.Process.Kill()
	line, err := bufio.NewReader(stdout).ReadString('\n')
	check(err)
	fields := strings.Split(strings.TrimSpace(line), "|")
	server, err := base64.RawStdEncoding.DecodeString(fields[5])
	check(err)

	stranger, p256 := identity(elliptic.P521()), identity(elliptic.P256())
	fmt.Println("host:", health(fields[3], server, &host))
	fmt.Println("stranger:", health(fields[3], server, &stranger))
	fmt.Println("p256:", health(fields[3], server, &p256))
	fmt.Println("anonymous:", health(fields[3], server, nil))
}

// health returns "serving" or why the call failed.
func health(socket string, server []byte, client *tls.Certificate) string {
	certificate, err := x509.ParseCertificate(server)
	check(err)
	roots := x509.NewCertPool()
	roots.AddCert(certificate)
	config := &tls.Config{RootCAs: roots, ServerName: "localhost", MinVersion: tls.VersionTLS12, NextProtos: []string{"h2"}}
	if client != nil {
		config.Certificates = []tls.Certificate{*client}
	}
	transport := &http.Transport{
		ForceAttemptHTTP2: true,
		TLSClientConfig:   config,
		DialTLSContext: func(context.Context, string, string) (net.Conn, error) {
			connection, err := net.Dial("unix", socket)
			if err != nil {
				return nil, err
			}
			secure := tls.Client(connection, config)
			return secure, secure.Handshake()
		},
	}
	// A gRPC message: no compression, length, and field 1 with the service's name.
	message := append([]byte{0, 0, 0, 0, 8, 10, 6}, "plugin"...)
	request, err := http.NewRequest("POST", "https://localhost/grpc.health.v1.Health/Check", bytes.NewReader(message))
	check(err)
	request.Header.Set("Content-Type", "application/grpc")
	request.Header.Set("TE", "trailers")
	response, err := (&http.Client{Transport: transport, Timeout: 10 * time.Second}).Do(request)
	if err != nil {
		return "refused: " + err.Error()
	}
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return "refused: " + err.Error()
	}
	if response.Trailer.Get("Grpc-Status") == "0" && bytes.Equal(body, []byte{0, 0, 0, 0, 2, 8, 1}) {
		return "serving"
	}
	return fmt.Sprintf("unexpected answer %v %v %v", response.Header, body, response.Trailer)
}

func identity(curve elliptic.Curve) tls.Certificate {
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	check(err)
	template := &x509.Certificate{
		Subject:               pkix.Name{CommonName: "localhost"},
		DNSNames:              []string{"localhost"},
		SerialNumber:          big.NewInt(time.Now().UnixNano()),
		NotBefore:             time.Now().Add(-30 * time.Second),
		NotAfter:              time.Now().Add(time.Hour),
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true,
		IsCA:                  true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	check(err)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
