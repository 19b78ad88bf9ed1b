package faultserver

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"net"
	"time"
)

type certOptions struct{ expired, wrongHost bool }

// certificate is a self-signed one and the pool that trusts it.
type certificate struct {
	pair tls.Certificate
	pool *x509.CertPool
}

// newCertificate makes a certificate for the hosts of addrs. It is valid from long
// ago, as a synctest bubble begins in the year 2000.
func newCertificate(addrs []string, opts certOptions) (*certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(1),
		Subject:               pkix.Name{CommonName: "fault server"},
		NotBefore:             time.Date(1990, 1, 1, 0, 0, 0, 0, time.UTC),
		NotAfter:              time.Date(2090, 1, 1, 0, 0, 0, 0, time.UTC),
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true,
		IsCA:                  true,
		DNSNames:              []string{"localhost"},
		IPAddresses:           []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	for _, addr := range addrs {
		if host, _, err := net.SplitHostPort(addr); err == nil {
			template.DNSNames = append(template.DNSNames, host)
		}
	}
	if opts.expired {
		template.NotAfter = time.Date(1995, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	if opts.wrongHost {
		template.DNSNames, template.IPAddresses = []string{"elsewhere.invalid"}, nil
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return nil, err
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	pool.AddCert(leaf)
	return &certificate{pair: tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}, pool: pool}, nil
}
