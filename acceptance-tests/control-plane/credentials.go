package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// credentials are all keys, certificates and tokens of one control plane, made at its start.
type credentials struct {
	authority      *authority
	serving        keyPair
	admin          keyPair
	serviceAccount string // path of the key that signs service account tokens
	tokenFile      string
	kubeconfigPath string
	adminToken     string
	userTokens     map[string]string
}

// authority is the certificate authority of the control plane.
type authority struct {
	certificate *x509.Certificate
	key         crypto.Signer
	path        string
	keyPath     string
}

// keyPair names two PEM files.
type keyPair struct {
	certificate string
	key         string
}

// validity is longer than any demo or test runs.
const validity = 30 * 24 * time.Hour

func newCredentials(options *options) (*credentials, error) {
	directory := filepath.Join(options.Directory, "pki")
	if err := os.MkdirAll(directory, 0o700); err != nil {
		return nil, fmt.Errorf("create the folder of keys: %w", err)
	}
	authority, err := newAuthority(directory)
	if err != nil {
		return nil, err
	}
	made := &credentials{
		authority:      authority,
		kubeconfigPath: filepath.Join(options.Directory, "admin.kubeconfig"),
		serviceAccount: filepath.Join(directory, "service-account.key"),
		tokenFile:      filepath.Join(directory, "tokens.csv"),
		userTokens:     map[string]string{},
	}
	made.serving, err = authority.issue(directory, "serving", &x509.Certificate{
		Subject:     pkix.Name{CommonName: "kube-apiserver"},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), firstServiceIP},
		DNSNames:    []string{"localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc"},
	})
	if err != nil {
		return nil, err
	}
	made.admin, err = authority.issue(directory, "admin", &x509.Certificate{
		Subject:     pkix.Name{CommonName: "playground-admin", Organization: []string{"system:masters"}},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	})
	if err != nil {
		return nil, err
	}
	key, err := newKey()
	if err != nil {
		return nil, err
	}
	if err := writeKey(made.serviceAccount, key); err != nil {
		return nil, err
	}
	return made, made.writeTokens(options.Users)
}

// writeTokens makes one bearer token for the administrator and one for each user.
func (c *credentials) writeTokens(users []user) error {
	var lines strings.Builder
	token, err := newToken()
	if err != nil {
		return err
	}
	c.adminToken = token
	fmt.Fprintf(&lines, "%s,token-admin,token-admin,\"system:masters\"\n", token)
	for _, user := range users {
		token, err := newToken()
		if err != nil {
			return err
		}
		c.userTokens[user.name] = token
		fmt.Fprintf(&lines, "%s,%q,%q,%q\n", token, user.name, user.name, strings.Join(user.groups, ","))
	}
	if err := os.WriteFile(c.tokenFile, []byte(lines.String()), 0o600); err != nil {
		return fmt.Errorf("write the token file: %w", err)
	}
	return nil
}

// writeKubeconfig writes the administrator's kubeconfig with everything inside, so that the file
// can be copied elsewhere.
func (c *credentials) writeKubeconfig(endpoint string) error {
	content := map[string][]byte{}
	for _, path := range []string{c.authority.path, c.admin.certificate, c.admin.key} {
		data, err := os.ReadFile(path)
		if err != nil {
			return fmt.Errorf("read back a certificate: %w", err)
		}
		content[path] = data
	}
	config := clientcmdapi.NewConfig()
	config.Clusters["playground"] = &clientcmdapi.Cluster{
		Server:                   endpoint,
		CertificateAuthorityData: content[c.authority.path],
	}
	config.AuthInfos["playground-admin"] = &clientcmdapi.AuthInfo{
		ClientCertificateData: content[c.admin.certificate],
		ClientKeyData:         content[c.admin.key],
	}
	config.Contexts["playground"] = &clientcmdapi.Context{Cluster: "playground", AuthInfo: "playground-admin"}
	config.CurrentContext = "playground"
	if err := clientcmd.WriteToFile(*config, c.kubeconfigPath); err != nil {
		return fmt.Errorf("write the kubeconfig: %w", err)
	}
	return nil
}

func newAuthority(directory string) (*authority, error) {
	key, err := newKey()
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		Subject:               pkix.Name{CommonName: "playground-ca"},
		IsCA:                  true,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign | x509.KeyUsageDigitalSignature,
	}
	der, err := sign(template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("parse the certificate authority: %w", err)
	}
	made := &authority{
		certificate: certificate,
		key:         key,
		path:        filepath.Join(directory, "ca.crt"),
		keyPath:     filepath.Join(directory, "ca.key"),
	}
	if err := writePEM(made.path, "CERTIFICATE", der); err != nil {
		return nil, err
	}
	return made, writeKey(made.keyPath, key)
}

// issue signs a certificate for a new key and writes both as NAME.crt and NAME.key.
func (a *authority) issue(directory, name string, template *x509.Certificate) (keyPair, error) {
	paths := keyPair{
		certificate: filepath.Join(directory, name+".crt"),
		key:         filepath.Join(directory, name+".key"),
	}
	key, err := newKey()
	if err != nil {
		return paths, err
	}
	template.KeyUsage = x509.KeyUsageDigitalSignature
	der, err := sign(template, a.certificate, key.Public(), a.key)
	if err != nil {
		return paths, err
	}
	if err := writePEM(paths.certificate, "CERTIFICATE", der); err != nil {
		return paths, err
	}
	return paths, writeKey(paths.key, key)
}

func sign(template, parent *x509.Certificate, public crypto.PublicKey, key crypto.Signer) ([]byte, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, fmt.Errorf("draw a serial number: %w", err)
	}
	template.SerialNumber = serial
	template.NotBefore = time.Now().Add(-time.Minute)
	template.NotAfter = template.NotBefore.Add(validity)
	der, err := x509.CreateCertificate(rand.Reader, template, parent, public, key)
	if err != nil {
		return nil, fmt.Errorf("sign the certificate of %s: %w", template.Subject.CommonName, err)
	}
	return der, nil
}

func newKey() (*ecdsa.PrivateKey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("generate a key: %w", err)
	}
	return key, nil
}

func newToken() (string, error) {
	random := make([]byte, 24)
	if _, err := rand.Read(random); err != nil {
		return "", fmt.Errorf("draw a token: %w", err)
	}
	return hex.EncodeToString(random), nil
}

func writeKey(path string, key *ecdsa.PrivateKey) error {
	// SEC 1, not PKCS #8: some clients of client certificates read only the former.
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return fmt.Errorf("encode a key: %w", err)
	}
	return writePEM(path, "EC PRIVATE KEY", der)
}

func writePEM(path, kind string, der []byte) error {
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}
