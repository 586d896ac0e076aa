"""Check the local links of a site: check-site-links.py DIR. Each link leads to a file, and its fragment to an element."""

import pathlib
import sys
from html.parser import HTMLParser
from urllib.parse import unquote, urlsplit

LINKS = {"a": "href", "img": "src", "link": "href", "script": "src"}


class Page(HTMLParser):
    """The links of a page, and what a fragment may name."""

    def __init__(self, path):
        super().__init__()
        self.links, self.names = [], set()
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        self.names.update(filter(None, (attributes.get("id"), attributes.get("name"))))
        link = attributes.get(LINKS.get(tag, ""))
        if link:
            self.links.append(link)


def main(root):
    # print.html repeats every page, with links as seen from those; 404.html is served at any depth.
    left_out = {root / "print.html", root / "404.html"}
    pages = {path: Page(path) for path in sorted(root.rglob("*.html"))}
    broken = 0
    for path, page in pages.items():
        for link in page.links if path not in left_out else ():
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = path
            if parts.path:
                target = (path.parent / unquote(parts.path)).resolve()
            if target.is_dir():
                target /= "index.html"
            fragment = unquote(parts.fragment)
            if not target.is_file():
                problem = "no such file"
            elif fragment and target in pages and fragment not in pages[target].names:
                problem = "no such heading"
            else:
                continue
            broken += 1
            print(f"{path.relative_to(root)}: {link}: {problem}", file=sys.stderr)
    print(f"{len(pages)} pages, {broken} broken links")
    return 1 if broken or not pages else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1]).resolve()))
