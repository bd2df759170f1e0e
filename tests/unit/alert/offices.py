"""Servers on loopback that take what a channel sends: HTTP, and SMTP with TLS."""

import base64
import datetime as dt
import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass
class Post:
    """An HTTP server: what came, and what it answers next."""

    url: str = ""
    answers: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    came: list[tuple[dict[str, str], bytes]] = field(default_factory=list)


@contextmanager
def http_server() -> Iterator[Post]:
    post = Post()

    class Answers(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers.get("content-length", 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            post.came.append((headers, self.rfile.read(length)))
            status, extra = post.answers.pop(0) if post.answers else (200, {})
            self.send_response(status)
            for name, value in extra.items():
                self.send_header(name, value)
            self.send_header("content-length", "2")
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    post.url = f"http://127.0.0.1:{server.server_port}/services/T0/B0/geheim"
    with _served(server):
        yield post


@dataclass
class MailOffice:
    """An SMTP server: which mails came, and how it behaves."""

    port: int = 0
    user: str = "tasuki"
    password: str = "geheim-geheim"
    offers_tls: bool = True
    refuses: str = ""
    last_word: str = "250 taken"
    hangs_up: bool = False
    mails: list[EmailMessage] = field(default_factory=list)
    envelopes: list[tuple[str, list[str]]] = field(default_factory=list)
    encrypted: list[bool] = field(default_factory=list)


@contextmanager
def mail_server(folder: Path, *, wrapped: bool = False) -> Iterator[MailOffice]:
    """Serve mail; `wrapped`: TLS from the first byte. `folder/ca.pem` signs."""
    office = MailOffice()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate(folder))

    class Speaks(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            connection = self.request
            if wrapped:
                connection = context.wrap_socket(connection, server_side=True)
            talk = _Talk(office, connection, context, is_secret=wrapped)
            with suppress(OSError, ssl.SSLError):  # the other side has gone
                talk.hold()
            talk.socket.close()

    socketserver.ThreadingTCPServer.allow_reuse_address = True
    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Speaks)
    server.daemon_threads = True
    office.port = server.server_address[1]
    with _served(server):
        yield office


class _Talk:
    """One conversation of RFC 5321, as far as a client of ours leads it."""

    def __init__(
        self,
        office: MailOffice,
        connection: object,
        context: ssl.SSLContext,
        *,
        is_secret: bool,
    ) -> None:
        self.office, self.context, self.is_secret = office, context, is_secret
        self.socket: ssl.SSLSocket = connection  # type: ignore[assignment]
        self.file = self.socket.makefile("rb")
        self.sender, self.to = "", list[str]()

    def say(self, text: str) -> None:
        self.socket.sendall(text.encode() + b"\r\n")

    def hold(self) -> None:
        self.say("220 office")
        while line := self.file.readline():
            words = line.decode().strip()
            if not self.answer(words.partition(" ")[0].upper(), words):
                return

    def answer(self, verb: str, words: str) -> bool:
        office = self.office
        match verb:
            case "EHLO":
                can_hide = office.offers_tls and not self.is_secret
                self.say(
                    "250-office\r\n250-AUTH PLAIN"
                    + ("\r\n250 STARTTLS" if can_hide else "\r\n250 HELP")
                )
            case "STARTTLS":
                self.say("220 go on")
                self.socket = self.context.wrap_socket(self.socket, server_side=True)
                self.file, self.is_secret = self.socket.makefile("rb"), True
            case "AUTH":
                given = base64.b64decode(words.rsplit(maxsplit=1)[-1]).decode()
                right = given == f"\0{office.user}\0{office.password}"
                self.say("235 come in" if right else "535 5.7.8 tasuki: wrong password")
            case "MAIL":
                self.sender = words.partition("<")[2].partition(">")[0]
                self.say("250 ok")
            case "RCPT":
                address = words.partition("<")[2].partition(">")[0]
                if office.refuses and office.refuses in address:
                    self.say(f"550 no such person {address}")
                else:
                    self.to.append(address)
                    self.say("250 ok")
            case "DATA":
                return self.take()
            case "QUIT":
                self.say("221 bye")
                return False
            case _:
                self.say("250 ok")
        return True

    def take(self) -> bool:
        self.say("354 go on")
        lines = []
        while (line := self.file.readline()) not in {b".\r\n", b""}:
            lines.append(line.removeprefix(b"."))
        if self.office.last_word.startswith("2"):
            mail = message_from_bytes(b"".join(lines), policy=policy.default)
            self.office.mails.append(mail)
            self.office.envelopes.append((self.sender, self.to))
            self.office.encrypted.append(self.is_secret)
        if self.office.hangs_up:
            return False
        self.say(self.office.last_word)
        return True


@contextmanager
def _served(server: socketserver.BaseServer) -> Iterator[None]:
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def certificate(folder: Path) -> tuple[Path, Path]:
    """Return a certificate for `localhost` that signs itself, and its key."""
    made, kept = folder / "ca.pem", folder / "key.pem"
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    begin = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(begin)
        .not_valid_after(begin.replace(year=2090))
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    made.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    kept.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return made, kept
