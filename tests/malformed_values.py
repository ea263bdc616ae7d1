"""What nobody writes into a request by the way, and no page may break on."""

from __future__ import annotations

import json

NUMBERS = (
    *("9" * 30, "-" + "9" * 30, "9" * 5000, str(2**63), str(-(2**63) - 1), str(2**31), "-1", "0"),
    *("1e309", "-1e309", "1e999999999", "1e-999999999", "nan", "inf", "1.5", "0." + "0" * 40 + "1"),
    *("007", "1_0", "0x1f", "１", "٣", "²", "1,5", "1.000", " 1 ", "1\x00", "--1", "1" * 19),
)
DAYS = ("0001-01-01", "9999-12-31", "10000-01-01", "2026-02-30", "-1-1-1", "2026-11-30T25:61")
WORDS = (
    *("", " ", "\ud800", "a\0b", "%", "%s%d", "{0}", "\\", "'\"", "<b>", "../..", "a" * 301),
    *("\r\nSet-Cookie: a=b", "\u202e", "[]", "{}", "null", "true", "http://[", "https://a.example"),
    *("tag:a " * 300, "1 " * 1000, "9" * 30 + ",1", "1-" + "9" * 30, "1-" + "9" * 18, "#", "-"),
    *(
        "a@b",
        "1:1:1",
        ":".join(["9" * 30] * 3),
        "\U000e0001",
        "ﬀ",
        "İ",
        "ß" * 200,
        "1|a|" + "9" * 30,
    ),
)
LONG = "a" * 2**20  # in a form; no server reads as much of an address
LONGEST_LINE = 8190
HTMX = {"HX-Request": "true"}
HEADERS: tuple[dict[str, str], ...] = (
    {"HX-Current-URL": "http://["},
    {"HX-Current-URL": "https://testserver/orders/?page=" + "9" * 30},
    {"HX-Boosted": "1e309", "HX-Target": "9" * 30, "HX-Trigger": "\udcff"},
    {"HX-History-Restore-Request": "nan", "Triggering-Event": "[" * 2000},
    {"If-None-Match": '"' + "9" * 30, "If-Modified-Since": "Mon, 99 Nov 9999999999 99:99:99 GMT"},
    {"Accept-Language": "de;q=1e309,en;q=nan," + "a-" * 300},
    {"Cookie": "desk-session=" + "9" * 30 + "; csrftoken=\xed\xa0\x80; messages=[[; sessionid="},
    {"Referer": "http://[", "Origin": "http://["},
    {"Host": "[::1"},
    {"Host": "a b:" + "9" * 30},
    {"X-Forwarded-For": "9" * 30, "X-Forwarded-Proto": "https,http", "X-Forwarded-Host": "["},
    {"Range": "bytes=" + "9" * 30 + "-", "Expect": "100-continue"},
    {"Content-Length": "9" * 30},
    {"Content-Length": "-1"},
)
FORM, MULTIPART = "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"
BROKEN_BODIES: tuple[tuple[str, bytes], ...] = (
    ("multipart/form-data", b"--x\r\n"),
    (MULTIPART, b"--x\r\nContent-Disposition: form-data; name=a\r\n\r\nb"),
    (MULTIPART, b"--x\r\nContent-Disposition: form-data; filename=\r\n\r\n\xff\r\n--x--"),
    (MULTIPART, b"--x\r\nContent-Disposition: form-data; name=\"file\"; filename*=a'b'%\r\n\r\n"),
    (
        MULTIPART,
        b'--x\r\nContent-Disposition: form-data; name="text"; filename="a"\r\n\r\n\0\xff\r\n--x--',
    ),
    (
        MULTIPART,
        b'--x\r\nContent-Disposition: form-data; name="file"; filename="../\0"\r\n\r\n1|'
        + b"9" * 30
        + b"|-1\r\n--x--",
    ),
    (
        MULTIPART,
        b'--x\r\nContent-Disposition: form-data; name="a"\r\n'
        b"Content-Transfer-Encoding: base64\r\n\r\n!\r\n--x--",
    ),
    ("multipart/form-data; boundary=" + "x" * 300, b"--x"),
    ("multipart/form-data; boundary=\xff", b"--x"),
    ("application/json", json.dumps({"service": [10**30]}).encode()),
    ("application/json", b"[" * 5000),
    ("text/xml", b"<a"),
    (FORM, b"=&&=%&%zz=%ff&a[]=1&a[b]=2&" + b"&".join(b"refill=%d" % one for one in range(900))),
    (FORM, b"&".join(b"order=%d" % one for one in range(1200))),
    (FORM, b"\xff\xfe" * 50),
)
VERBS = ("PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "BREW")
