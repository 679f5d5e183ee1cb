"""Scrapy's settings: every changed default says why."""

from __future__ import annotations

from typing import Any

SETTINGS: dict[str, Any] = {
    # One request at a time; the spider itself waits between two, as the delay is known only once robots.txt is read.
    "CONCURRENT_REQUESTS": 1,
    "CONCURRENT_REQUESTS_PER_DOMAIN": 1,
    "DOWNLOAD_DELAY": 0,
    "DOWNLOAD_DELAY_JITTER": 0,  # a stated delay is kept, not disguised
    "AUTOTHROTTLE_ENABLED": False,
    # The spider obeys robots.txt, follows redirects and tries again: the contract is stricter than Scrapy's own rules
    # (unreachable robots.txt forbids everything, redirects stay on the host, Retry-After is honoured).
    "ROBOTSTXT_OBEY": False,
    "REDIRECT_ENABLED": False,
    "METAREFRESH_ENABLED": False,
    "RETRY_ENABLED": False,
    # Bodies are archived as received, then decoded by the archive's own decoder: what is parsed is what is read back.
    "COMPRESSION_ENABLED": False,
    "DOWNLOADER_MIDDLEWARES": {"spiders.recorder.Recorder": 950},  # next to the downloader, before anything looks
    "DEFAULT_REQUEST_HEADERS": {
        "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
        "Accept-Encoding": "gzip",  # the standard library alone reads such an archive in twenty years
        "Accept-Language": "fr",  # Scrapy asks for English; the data is the French pages'
    },
    "DOWNLOAD_VERIFY_CERTIFICATES": True,  # evidence of what somebody in between said is none
    # Headers without an end fill the memory of whoever reads them; and nothing but http(s) is a portal.
    "DOWNLOAD_HANDLERS": {
        **dict.fromkeys(("http", "https"), "spiders.download.BoundedHandler"),
        **dict.fromkeys(("data", "file", "ftp", "s3")),
    },
    "DOWNLOAD_WARNSIZE": 0,  # a body over its bound is reported, one under it is nobody's concern
    "COOKIES_ENABLED": False,  # nobody is followed from page to page, and no page depends on another
    "REFERER_ENABLED": False,
    "HTTPCACHE_ENABLED": False,  # the archive is the only memory
    "TELNETCONSOLE_ENABLED": False,  # no open port
    "LOGSTATS_INTERVAL": 0,
    "STATS_DUMP": False,
    "LOG_LEVEL": "ERROR",  # the report says what happened; standard error is for what broke
    "MEMUSAGE_ENABLED": False,
}
