"""What stands around Postern in the story: a name server and the customer's mail server, on free ports of 127.0.0.1.

They are peers for trying things, by a few lines of their own; nothing of them belongs to the client.
"""

from __future__ import annotations

import queue
import socketserver
import struct
import threading

A, TXT = 1, 16
NO_SUCH_NAME = 3


class NameServer(socketserver.ThreadingUDPServer):
    """Answers with what it was told; every other name does not exist."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Question)
        self.records: dict[tuple[str, int], list[bytes]] = {}
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def address_of(self, name: str, address: str) -> None:
        self._add(name, A, bytes(int(part) for part in address.split(".")))

    def txt(self, name: str, text: str) -> None:
        octets = text.encode()
        self._add(name, TXT, bytes([len(octets)]) + octets)

    def _add(self, name: str, kind: int, data: bytes) -> None:
        self.records.setdefault((name.lower().rstrip("."), kind), []).append(data)

    def exists(self, name: str) -> bool:
        return any(known == name for known, _ in self.records)


class _Question(socketserver.BaseRequestHandler):
    """RFC 1035 §4.1: a header, one question, the answers."""

    server: NameServer

    def handle(self) -> None:
        asked, socket = self.request
        if len(asked) < 12:
            return
        labels, at = [], 12
        while at < len(asked) and asked[at]:
            labels.append(asked[at + 1 : at + 1 + asked[at]].decode("ascii", "replace"))
            at += 1 + asked[at]
        question = asked[12 : at + 5]
        if len(question) < 5:
            return
        name = ".".join(labels).lower()
        (kind,) = struct.unpack("!H", question[-4:-2])
        found = self.server.records.get((name, kind), [])
        # Authoritative, recursion as it was desired; a name without records of that kind is no error.
        recursion = asked[2] & 1
        code = 0 if self.server.exists(name) else NO_SUCH_NAME
        header = asked[:2] + bytes([0x84 | recursion, 0x80 | code]) + struct.pack("!HHHH", 1, len(found), 0, 0)
        # 0xC00C points to the name of the question.
        answers = [struct.pack("!HHHIH", 0xC00C, kind, 1, 60, len(data)) + data for data in found]
        socket.sendto(header + question + b"".join(answers), self.client_address)


class NextHop(socketserver.ThreadingTCPServer):
    """The customer's mail server: takes every message and keeps it."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Session)
        self.messages: queue.Queue[tuple[str, list[str], bytes]] = queue.Queue()
        threading.Thread(target=self.serve_forever, daemon=True).start()


class _Session(socketserver.StreamRequestHandler):
    server: NextHop

    def handle(self) -> None:
        sender = ""
        recipients: list[str] = []
        self.say("220 mail.acme.example ESMTP")
        while line := self.rfile.readline(4096):
            text = line.decode("ascii", "replace").rstrip("\r\n")
            verb = text[:4].upper()
            if verb == "EHLO":
                self.say("250-mail.acme.example\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SMTPUTF8")
            elif verb == "MAIL":
                sender, recipients = _path(text), []
                self.say("250 2.1.0 Ok")
            elif verb == "RCPT":
                recipients.append(_path(text))
                self.say("250 2.1.5 Ok")
            elif verb == "DATA":
                self.say("354 Go ahead")
                content = self.content()
                if content is None:
                    return
                self.server.messages.put((sender, recipients, content))
                self.say("250 2.0.0 Ok")
            elif verb == "QUIT":
                self.say("221 2.0.0 Bye")
                return
            else:
                self.say("250 2.0.0 Ok" if verb in ("HELO", "RSET", "NOOP") else "502 5.5.1 Not here")

    def say(self, reply: str) -> None:
        self.wfile.write(reply.encode("ascii") + b"\r\n")

    def content(self) -> bytes | None:
        """A whole message without its dots; None if the client left amid it."""
        lines: list[bytes] = []
        while line := self.rfile.readline():
            if line == b".\r\n":
                return b"".join(lines)
            lines.append(line.removeprefix(b"."))
        return None


def _path(command: str) -> str:
    return command[command.find("<") + 1 : command.find(">")]
