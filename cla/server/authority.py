"""A local authority, made once, which vouches for this machine's servers on its own network.

A phone that trusts it trusts it with private addresses alone: its certificate says so, and browsers
hold it to that.
"""

import datetime
import ipaddress
import os
import socket
from collections.abc import Iterable, Sequence
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from cla.server.service import Certificate

NAMES = ("local", "localhost", "home.arpa")
AUTHORITY_YEARS = 10
SERVER_DAYS = 390
"""iOS takes no more than 825 of them."""
CHAIN, KEY = "authority.pem", "authority-key.pem"


class Authority:
    """Reads the authority of a folder, or makes it there.

    Args:
        networks: all for which it can ever vouch, beside names that are local anywhere.
    """

    def __init__(self, folder: Path, networks: Sequence[str]) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder = folder
        if not (folder / CHAIN).exists():
            self._make(networks)
        self._certificate = x509.load_pem_x509_certificate((folder / CHAIN).read_bytes())
        key = serialization.load_pem_private_key((folder / KEY).read_bytes(), None)
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        self._key = key

    @property
    def path(self) -> Path:
        """Its certificate in PEM."""
        return self._folder / CHAIN

    @property
    def der(self) -> bytes:
        """Its certificate as phones install it."""
        return self._certificate.public_bytes(serialization.Encoding.DER)

    def vouch(self, addresses: Iterable[str]) -> Certificate:
        """A certificate for a server at private addresses and `.local` names of this machine."""
        key = ec.generate_private_key(ec.SECP256R1())
        names = [*addresses, "localhost", "127.0.0.1"]
        extended = [ExtendedKeyUsageOID.SERVER_AUTH]
        made = (
            _signed(_named("CLA server"), self._certificate.subject, key.public_key(), SERVER_DAYS)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.ExtendedKeyUsage(extended), critical=False)
            .add_extension(x509.SubjectAlternativeName(map(_general, names)), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()),
                critical=False,
            )
            .sign(self._key, hashes.SHA256())
        )
        chain, place = self._folder / "server.pem", self._folder / "server-key.pem"
        _write_secret(place, key)
        chain.write_bytes(b"".join(map(_pem, (made, self._certificate))))
        return Certificate(chain, place)

    def _make(self, networks: Sequence[str]) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        name = _named(f"CLA on {socket.gethostname()}")
        usage = dict.fromkeys(
            ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment",
             "key_agreement", "encipher_only", "decipher_only"), False,
        )  # fmt: skip
        permitted: list[x509.GeneralName] = [x509.DNSName(one) for one in NAMES]
        permitted += [x509.IPAddress(ipaddress.ip_network(network)) for network in networks]
        made = (
            _signed(name, name, key.public_key(), 365 * AUTHORITY_YEARS)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(x509.KeyUsage(**usage, key_cert_sign=True, crl_sign=True), critical=True)
            .add_extension(x509.NameConstraints(permitted, None), critical=True)
            .add_extension(
                x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False
            )
            .sign(key, hashes.SHA256())
        )
        _write_secret(self._folder / KEY, key)
        self.path.write_bytes(_pem(made))


def _signed(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, days: int
) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return x509.CertificateBuilder(
        issuer,
        subject,
        key,
        x509.random_serial_number(),
        now - datetime.timedelta(days=1),  # clocks of phones
        now + datetime.timedelta(days=days),
    )


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:64])])


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _write_secret(path: Path, key: ec.EllipticCurvePrivateKey) -> None:
    """Write a key that its owner alone can read, from its first byte on."""
    path.unlink(missing_ok=True)
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
