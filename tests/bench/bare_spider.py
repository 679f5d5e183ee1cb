"""A bare Scrapy spider: fetches a portal's pages and follows their links: `python bare_spider.py BASE PAGES`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from scrapy import Spider
from scrapy.crawler import CrawlerProcess

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scrapy import Request

# What the product's crawl has too: one request at a time, no delay; nothing that a bare spider does not need.
_SETTINGS = {
    "CONCURRENT_REQUESTS": 1,
    "CONCURRENT_REQUESTS_PER_DOMAIN": 1,
    "DOWNLOAD_DELAY": 0,
    "ROBOTSTXT_OBEY": False,
    "TELNETCONSOLE_ENABLED": False,
    "LOG_LEVEL": "ERROR",
}


class BareSpider(Spider):
    """Follows every link of every page."""

    name = "bare"
    had = 0

    def parse(self, response: Any) -> Iterator[Request]:
        """Counts a page and takes its links."""
        BareSpider.had += 1
        yield from response.follow_all(css="a")


if __name__ == "__main__":
    process = CrawlerProcess(_SETTINGS)
    process.crawl(BareSpider, start_urls=[sys.argv[1]], allowed_domains=["127.0.0.1"])
    process.start()
    if BareSpider.had < int(sys.argv[2]):
        sys.exit(f"expected {sys.argv[2]} pages, found {BareSpider.had}")
