"""Certificates of a stand-in that speaks TLS, good for a day, and of the users of a Kubernetes API."""

import datetime
import ipaddress
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID


class Authority:
    """An authority that signs certificates of servers on this machine."""

    def __init__(self, name):
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _name(name)
        self._certificate = (
            _certificate(self._name, self._name, self._key.public_key())
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .add_extension(_usage(signs_certificates=True), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(self._key.public_key()), critical=False)
            .sign(self._key, hashes.SHA256())
        )

    @classmethod
    def load(cls, certificate, key):
        """An authority that exists already, from the PEM of its certificate and of its key."""
        made = cls.__new__(cls)
        made._certificate = x509.load_pem_x509_certificate(certificate.encode())
        made._key = serialization.load_pem_private_key(key.encode(), None)
        made._name = made._certificate.subject
        return made

    def pem(self):
        """PEM of the authority's certificate."""
        return self._certificate.public_bytes(serialization.Encoding.PEM).decode()

    def server(self, *names):
        """PEM of a certificate for 127.0.0.1, localhost and `names`, and of its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        alternatives = [x509.IPAddress(ipaddress.ip_address("127.0.0.1")), x509.DNSName("localhost")]
        alternatives += [x509.DNSName(name) for name in names]
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        certificate = (
            _certificate(_name("localhost"), self._name, key.public_key())
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(_usage(signs_certificates=False), critical=True)
            .add_extension(issuer, critical=False)
            .sign(self._key, hashes.SHA256())
        )
        form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        return certificate.public_bytes(serialization.Encoding.PEM).decode(), key.private_bytes(*form).decode()

    def client(self, user, groups, not_after):
        """PEM of a certificate of a Kubernetes user, and of its key; ends at `not_after`, seconds since 1970."""
        key = ec.generate_private_key(ec.SECP256R1())
        parts = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, group) for group in groups]
        subject = x509.Name([*parts, x509.NameAttribute(NameOID.COMMON_NAME, user)])
        certificate = (
            _certificate(subject, self._name, key.public_key(), datetime.datetime.fromtimestamp(not_after, datetime.UTC))
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
            .add_extension(_usage(signs_certificates=False), critical=True)
            .sign(self._key, hashes.SHA256())
        )
        form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        return certificate.public_bytes(serialization.Encoding.PEM).decode(), key.private_bytes(*form).decode()

    def write(self, folder):
        """Writes `ca.pem`, and `server.pem` and `server.key` of a new server, into a folder; gives their paths."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        certificate, key = self.server()
        paths = folder / "ca.pem", folder / "server.pem", folder / "server.key"
        for path, text in zip(paths, (self.pem(), certificate, key), strict=True):
            path.touch(mode=0o600)
            path.write_text(text)
        return paths


def _name(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _certificate(subject, issuer, key, not_after=None):
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(minutes=5))
        .not_valid_after(not_after or now + datetime.timedelta(days=1))
    )


def _usage(signs_certificates):
    return x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
