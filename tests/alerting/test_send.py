"""Messages reach a real HTTP server; what fails is recorded, tried again, and never lost."""

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from trimaran_runtime.alerting.book import AlertBook
from trimaran_runtime.alerting.config import AlertRules
from trimaran_runtime.alerting.destination import Destination, destination
from trimaran_runtime.alerting.event import Kind, Level, Message, Raise, Resolve, Rule
from trimaran_runtime.alerting.rules import RunObservation
from trimaran_runtime.alerting.send import deliver
from trimaran_runtime.alerting.watch import watch
from trimaran_runtime.storage.store import Store

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
HERE = Destination(name="here", url="json://127.0.0.1")


class Receiver(HTTPServer):
    """Takes messages, and answers with the status it is told."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.status = 200
        self.got: list[tuple[str, dict[str, Any]]] = []

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/hook/T0KEN?room=ops&empty="


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.got.append((self.path, body))
        self.send_response(self.server.status)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Quiet."""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    server = Receiver()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.open_directory(tmp_path, create=True)


def raised(key: str = "flights") -> Raise:
    return Raise(
        rule=Rule.endpoint_down,
        key=key,
        level=Level.critical,
        sentence="it is down",
        link="file:///r",
    )


def lines(book: AlertBook) -> list[str]:
    return [line for record in book.history() for line in record.what]


def test_an_alert_and_its_resolution_arrive(store: Store, receiver: Receiver) -> None:
    channels = [destination("webhook", receiver.address)]
    bad = RunObservation(model="flights", run="r1", status="failed", message="no such file")
    good = RunObservation(model="flights", run="r2", status="succeeded")
    for hour, seen in enumerate([bad, bad, good, good]):
        watch(store, AlertRules(), channels, [seen], now=NOON + timedelta(hours=hour))
    (path, first), (_, second) = receiver.got
    assert path == "/hook/T0KEN?room=ops&empty="
    assert first["title"] == "[warning] flights: pipeline failed"
    assert first["message"].startswith("the pipeline failed: no such file\nRun r1;")
    assert first["type"] == "warning"
    assert second["title"] == "[resolved] flights: pipeline failed"
    assert second["type"] == "success"
    latest = AlertBook(store).latest()
    assert latest is not None
    assert latest.outbox == ()


def test_a_failure_is_recorded_and_tried_again_later(store: Store, receiver: Receiver) -> None:
    book = AlertBook(store)
    channels = [destination("webhook", receiver.address)]
    receiver.status = 500
    book.raise_(raised(), NOON)
    (outcome,) = deliver(book, channels, now=NOON)
    assert "500" in outcome.reason
    assert deliver(book, channels, now=NOON + timedelta(seconds=10)) == ()
    receiver.status = 200
    (outcome,) = deliver(book, channels, now=NOON + timedelta(minutes=5))
    assert outcome.reason == ""
    assert deliver(book, channels, now=NOON + timedelta(hours=5)) == ()
    assert len(receiver.got) == 2
    assert any("not delivered to webhook" in line for line in lines(book))
    assert lines(book)[-1].startswith("1.1: delivered to webhook")


def test_only_the_channel_that_failed_is_tried_again(store: Store) -> None:
    book, sent = AlertBook(store), []
    channels = [Destination(name="good", url="x://"), Destination(name="bad", url="x://")]
    fails = {"bad"}

    def send(to: Destination, message: Message) -> str:
        sent.append(to.name)
        return "refused" if to.name in fails else ""

    book.raise_(raised(), NOON)
    deliver(book, channels, now=NOON, send=send)
    fails.clear()
    deliver(book, channels, now=NOON + timedelta(hours=1), send=send)
    deliver(book, channels, now=NOON + timedelta(hours=2), send=send)
    assert sent == ["good", "bad", "bad"]


def test_nobody_listening_is_a_reason_not_an_exception(store: Store, receiver: Receiver) -> None:
    book = AlertBook(store)
    port = receiver.server_port
    receiver.shutdown()
    receiver.server_close()
    book.raise_(raised(), NOON)
    (outcome,) = deliver(book, [destination("webhook", f"http://127.0.0.1:{port}/")], now=NOON)
    assert outcome.reason
    assert not outcome.final
    assert len(book.open_alerts()) == 1


def test_after_a_week_it_is_given_up_and_the_alert_stays_open(store: Store) -> None:
    book, attempts = AlertBook(store), 0

    def send(*_: object) -> str:
        nonlocal attempts
        attempts += 1
        return "gone"

    book.raise_(raised(), NOON)
    for hour in range(24 * 10):
        deliver(book, [HERE], now=NOON + timedelta(hours=hour), send=send)
    assert attempts < 24 * 7 + 2
    latest = book.latest()
    assert latest is not None
    assert latest.outbox == ()
    assert len(latest.open) == 1


def test_an_email_without_a_mail_server_says_so_once(store: Store) -> None:
    book = AlertBook(store)
    book.raise_(raised(), NOON)
    channels = [destination("email", "ops@example.com")]
    (outcome,) = deliver(book, channels, now=NOON)
    assert outcome.final
    assert deliver(book, channels, now=NOON + timedelta(hours=2)) == ()
    assert "no mail server is known" in lines(book)[-1]


def test_without_channels_the_log_says_that_it_is_the_only_place(store: Store) -> None:
    book = AlertBook(store)
    book.raise_(raised(), NOON)
    deliver(book, [], now=NOON)
    assert "no channel is configured" in lines(book)[-1]
    assert deliver(book, [], now=NOON + timedelta(hours=1)) == ()


def test_a_sender_that_was_killed_sends_again_after_a_minute(store: Store) -> None:
    book, sent = AlertBook(store), []

    class Killed(BaseException):
        pass

    def die(*_: object) -> str:
        raise Killed

    book.raise_(raised(), NOON)
    with pytest.raises(Killed):
        deliver(book, [HERE], now=NOON, send=die)
    send = lambda to, message: sent.append(message.id) or ""  # noqa: E731
    deliver(book, [HERE], now=NOON + timedelta(seconds=30), send=send)
    assert sent == []
    deliver(book, [HERE], now=NOON + timedelta(seconds=61), send=send)
    assert sent == ["1.1"]


def test_two_processes_at_once_send_a_message_once(tmp_path: Path) -> None:
    store = Store.open_directory(tmp_path, create=True)
    AlertBook(store).record([raised(str(n)) for n in range(5)], NOON)
    sent: list[str] = []
    together = threading.Barrier(4)

    def work() -> None:
        together.wait()
        deliver(AlertBook(store), [HERE], now=NOON, send=lambda to, m: sent.append(m.id) or "")

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(sent) == [f"1.{n}" for n in range(1, 6)]


def test_an_alert_raised_while_others_are_sent_is_not_lost(store: Store) -> None:
    book = AlertBook(store)
    book.raise_(raised("one"), NOON)

    def send(*_: object) -> str:
        AlertBook(store).record(
            [raised("two"), Resolve(rule=Rule.endpoint_down, key="one", sentence="ok")], NOON
        )
        return ""

    deliver(book, [HERE], now=NOON, send=send)
    latest = book.latest()
    assert latest is not None
    assert [(m.kind, m.alert.key) for m in latest.outbox] == [
        (Kind.raised, "two"),
        (Kind.resolved, "one"),
    ]


@pytest.mark.parametrize(
    ("kind", "address", "url"),
    [
        ("webhook", "https://h.example/a?k=v", "jsons://h.example/a?-k=v&cto=5&rto=10"),
        ("webhook", "http://u:p@h.example:81", "json://u:p@h.example:81/?cto=5&rto=10"),
        ("apprise", "slack://a/b/c", "slack://a/b/c"),
        ("email", "mailtos://u:p@gmail.com", "mailtos://u:p@gmail.com"),
    ],
)
def test_addresses_become_apprise_urls(kind: Any, address: str, url: str) -> None:
    assert destination(kind, address).url == url


@pytest.mark.parametrize(
    ("kind", "address"),
    [("webhook", "ftp://h"), ("webhook", "h.example"), ("apprise", "slack"), ("email", "nobody")],
)
def test_an_impossible_address_is_a_problem_not_an_exception(kind: Any, address: str) -> None:
    assert destination(kind, address).problem


def test_email_goes_through_the_given_mail_server() -> None:
    found = destination("email", "a+b@example.com", smtp_url="mailtos://u:p@smtp.example.com")
    assert found.url == "mailtos://u:p@smtp.example.com?to=a%2Bb%40example.com"


def test_no_secret_shows_in_a_name_or_a_repr() -> None:
    for kind, address in [("webhook", "https://h/T0KEN"), ("apprise", "slack://T0KEN/b/c")]:
        assert "T0KEN" not in repr(destination(kind, address))  # type: ignore[arg-type]
