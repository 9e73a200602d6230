"""What ``port-forward`` takes for ports, and what it says of the rest."""

from __future__ import annotations

import re

import pytest

from dashborion.engines.port_words import Ports, parse_all
from dashborion.errors import UsageError

WORDS = {
    "8080": Ports(8080, "8080"),
    "8080:80": Ports(8080, "80"),
    ":80": Ports(0, "80"),
    "8080:http": Ports(8080, "http"),
    ":http": Ports(0, "http"),
    "http": Ports(None, "http"),
    "8080/tcp": Ports(8080, "8080"),
    "8080:80/TCP": Ports(8080, "80"),
}
WRONG = {
    "53/udp": "only TCP can be forwarded, not UDP",
    "8053:53/UDP": "only TCP can be forwarded, not UDP",
    "0": "there is no port 0",
    "65536": "there is no port 65536",
    "8080:70000": "there is no port 70000",
    "8080:80:90": "is not LOCAL:REMOTE",
    "http:80": "is not LOCAL:REMOTE",
    "8080:": "is not LOCAL:REMOTE",
    "": "is not LOCAL:REMOTE",
    "-1": "is not LOCAL:REMOTE",
}


@pytest.mark.parametrize(("word", "ports"), WORDS.items(), ids=WORDS)
def test_a_word_names_a_local_port_and_a_remote_one(word: str, ports: Ports) -> None:
    assert Ports.parse(word) == ports


@pytest.mark.parametrize(("word", "said"), WRONG.items(), ids=WRONG)
def test_what_is_none_is_refused_by_name(word: str, said: str) -> None:
    with pytest.raises(UsageError, match=re.escape(said)):
        Ports.parse(word)


def test_a_local_port_is_listened_to_once() -> None:
    assert len(parse_all([":80", ":80", "8080"])) == 3
    with pytest.raises(UsageError, match="local port 8080 is there twice"):
        parse_all(["8080:80", "8080"])
