"""What a browser calls itself, as words for people."""

from __future__ import annotations

import pytest

from stormpath_wsgi.devices import UNKNOWN, Device, device_of, place_of
from stormpath_wsgi.events import Origin

IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X)"
KIT = "AppleWebKit/537.36 (KHTML, like Gecko)"
PHONE_KIT = "AppleWebKit/605.1.15 (KHTML, like Gecko)"


@pytest.mark.parametrize(
    ("agent", "device"),
    [
        (f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {KIT} Chrome/141.0.0.0 Safari/537.36", ("Chrome", "Windows")),
        (f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {KIT} Chrome/141.0 Safari/537.36 Edg/141.0", ("Edge", "Windows")),
        (f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {KIT} Chrome/141.0 Safari/537.36 OPR/124.0", ("Opera", "Windows")),
        (f"Mozilla/5.0 (X11; Linux x86_64) {KIT} HeadlessChrome/141.0 Safari/537.36", ("Chrome", "Linux")),
        (f"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) {KIT} Chrome/141.0 Safari/537.36", ("Chrome", "ChromeOS")),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", ("Firefox", "Linux")),
        ("Mozilla/5.0 (Windows NT 6.1; Trident/7.0; rv:11.0) like Gecko", ("Internet Explorer", "Windows")),
        (
            f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {PHONE_KIT} Version/18.5 Safari/605.1.15",
            ("Safari", "Mac"),
        ),
        (
            f"{IPHONE} {PHONE_KIT} Version/18.5 Mobile/15E148 Safari/604.1",
            ("Safari", "iPhone", True),
        ),
        (
            f"{IPHONE} {PHONE_KIT} CriOS/141.0 Mobile/15E148 Safari/604.1",
            ("Chrome", "iPhone", True),
        ),
        (
            f"Mozilla/5.0 (iPad; CPU OS 18_5 like Mac OS X) {PHONE_KIT} FxiOS/140.0 Mobile/15E148",
            ("Firefox", "iPad", True),
        ),
        (f"Mozilla/5.0 (Linux; Android 10; K) {KIT} Chrome/141.0 Mobile Safari/537.36", ("Chrome", "Android", True)),
        (
            f"Mozilla/5.0 (Linux; Android 14; SM-S911B) {KIT} SamsungBrowser/28.0 Chrome/130.0 Mobile Safari/537.36",
            ("Samsung Internet", "Android", True),
        ),
        ("curl/8.5.0", ("curl", None)),
        ("python-requests/2.32.3", ("Python", None)),
        ("Something (Windows NT 10.0)", (None, "Windows")),
        ("Something else", ()),
        ("", ()),
        (None, ()),
        ("x" * 500 + "Chrome/141.0 (Windows)", ()),  # what comes after that is not read
    ],
)
def test_a_browser_is_known_by_what_it_calls_itself(agent: str | None, device: tuple[str | None, ...]) -> None:
    assert device_of(agent) == Device(*device)  # type: ignore[arg-type]  # as the table has it


def test_what_is_kept_is_short_and_can_be_shown() -> None:
    told = place_of(Origin(agent="Fire\x00fox\u2028/140.0\u202e" + "x" * 600, address="::ffff:203.0.113.7"))
    assert told["agent"].startswith("Firefox/140.0x") and len(told["agent"]) < 500
    assert told["address"] == "203.0.113.7"


@pytest.mark.parametrize("address", [None, "", "unknown", "x" * 100, "203.0.113"])
def test_what_is_no_address_is_not_kept(address: str | None) -> None:
    assert place_of(Origin(agent=" \x07 ", address=address)) == {}
    assert device_of(None) is not None and device_of(None) == UNKNOWN
