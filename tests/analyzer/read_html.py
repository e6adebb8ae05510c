# SPDX-License-Identifier: Apache-2.0
# python3 read_html.py REPORT.html
# Fails when tags are not closed in order, when there is one the report does not use, or an attribute that
# could act.
import html.parser
import sys

VOID = {"meta", "br"}
OPTIONAL = {"th", "td", "tr"}  # HTML lets them end by themselves
ALLOWED = VOID | OPTIONAL | set(
    "html head title style body main h1 h2 h3 p div b i ul li span figure figcaption table dl dt dd bdi"
    " footer svg defs lineargradient stop pattern rect path text g circle".split())
EMPTY = {"stop", "rect", "path", "circle"}


class Checker(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.open = []

    def handle_starttag(self, tag, attributes):
        assert tag in ALLOWED, tag
        assert not any(name.startswith("on") or name in ("href", "src") for name, _ in attributes), attributes
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        assert tag in EMPTY, tag

    def handle_endtag(self, tag):
        while self.open and self.open[-1] != tag and self.open[-1] in OPTIONAL:
            self.open.pop()
        assert self.open and self.open.pop() == tag, (tag, self.open, self.getpos())


with open(sys.argv[1], encoding="utf-8") as file:
    checker = Checker()
    checker.feed(file.read())
    checker.close()
assert not checker.open, checker.open
