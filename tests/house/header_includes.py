#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Each header includes what it names of the standard library, LibTorch and Qt, itself or through ours.

The compiler proves that the headers stand alone, but those of others are precompiled for it, so that it cannot
tell whether they were included: header_includes.py ROOT LAYER... prints what is missing there, and exits with 1.
"""
import functools
import pathlib
import re
import sys

STANDARD = {
    "algorithm": "clamp|max|min|sort|fill|copy|any_of|all_of|max_element|min_element",
    "array": "array",
    "atomic": "atomic|atomic_flag",
    "bit": "bit_cast|popcount|countr_zero|has_single_bit|bit_width",
    "chrono": "chrono",
    "cmath": "sqrt|exp|exp2|log|log2|abs|isfinite|isnan|isinf|pow|round|floor|ceil|lround",
    "compare": "strong_ordering|partial_ordering|weak_ordering",
    "condition_variable": "condition_variable",
    "cstddef": "byte|ptrdiff_t",
    "cstdio": "FILE",
    "deque": "deque",
    "exception": "exception_ptr|exception",
    "filesystem": "filesystem",
    "fstream": "ofstream|ifstream",
    "functional": "function|hash|less|invoke",
    "initializer_list": "initializer_list",
    "limits": "numeric_limits",
    "map": "map|multimap",
    "memory": "unique_ptr|shared_ptr|weak_ptr|make_unique|make_shared",
    "mutex": "mutex|lock_guard|unique_lock|scoped_lock|once_flag",
    "numeric": "accumulate|iota",
    "optional": "optional|nullopt",
    "set": "set|multiset",
    "span": "span",
    "stdexcept": "runtime_error|logic_error|invalid_argument|out_of_range",
    "string": "string|to_string",
    "string_view": "string_view",
    "thread": "thread|jthread",
    "tuple": "tuple|tie",
    "typeindex": "type_index",
    "unordered_map": "unordered_map",
    "unordered_set": "unordered_set",
    "utility": "pair|move|swap|exchange|forward",
    "variant": "variant|monostate|visit|get_if",
    "vector": "vector",
}
# What comes with another header as the standard or common sense has it.
ALSO = {"string_view": {"string"}, "utility": {"map", "tuple", "unordered_map", "vector", "memory", "optional"},
        "initializer_list": {"vector", "string"}, "compare": {"utility"}, "cstddef": {"span"}}
# What Qt's widgets bring along.
QT_COMMON = {"QAction", "QFont", "QIcon", "QList", "QMargins", "QMetaObject", "QObject", "QPalette", "QPoint", "QPointF",
             "QRect", "QRectF", "QRgb", "QSize", "QSizeF", "QString", "QStringLiteral", "QStringList", "QVariant",
             "QVector", "QWidget"}
QT_WIDGETS = {"QDialog", "QFrame", "QGraphicsView", "QLabel", "QMainWindow", "QWidget"}
QT_ALSO = {"QAbstractItemModel": {"QAbstractTableModel"}, "QFutureWatcherBase": {"QFutureWatcher"},
           "QModelIndex": {"QAbstractTableModel", "QAbstractItemModel"}, "QPaintEngine": {"QPaintDevice"},
           "QRgb": {"QColor", "QImage"}, "QStringLiteral": {"QString"}, "QVariantList": {"QVariant"}}
FIXED_WIDTH = re.compile(r"\b(?:u?int(?:8|16|32|64)_t)\b")


def code_of(text: str) -> str:
    text = re.sub(r"//[^\n]*", "", text)
    return re.sub(r'R"(\w*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"', '""', text, flags=re.S)


@functools.cache
def includes(root: pathlib.Path, path: pathlib.Path) -> frozenset[str]:
    """The system's headers that `path` includes, also through headers of the project."""
    found = set(re.findall(r"#\s*include\s*[<\"]([^>\"]+)[>\"]", path.read_text()))
    for name in sorted(found):
        if (root / name).is_file():
            found |= includes(root, root / name)
    return frozenset(found)


def missing(root: pathlib.Path, path: pathlib.Path) -> list[str]:
    code = code_of(path.read_text())
    included = includes(root, path)
    found = []
    for header, names in STANDARD.items():
        if included & ({header} | ALSO.get(header, set())):
            continue
        used = re.search(rf"\bstd::({names})\b", code)
        if used:
            found.append(f"<{header}> for std::{used.group(1)}")
    if FIXED_WIDTH.search(code) and "cstdint" not in included:
        found.append("<cstdint> for fixed-width integers")
    if re.search(r"\b(?:at|torch|c10)::", code) and not any(re.match(r"(ATen|torch|c10)/", i) for i in included):
        found.append("ATen's header for at::")
    if "nlohmann::" in code and not any(i.startswith("nlohmann/") for i in included):
        found.append("<nlohmann/json_fwd.hpp>")
    declared = set().union(*(re.findall(r"^(?:class|struct) (Q\w+);", (root / name).read_text(), re.M)
                             for name in included | {path.relative_to(root)} if (root / name).is_file()))
    if any("qcustomplot" in name for name in included):  # includes most of Qt
        return found
    known = declared | included | (QT_COMMON if included & QT_WIDGETS else set())
    for name in sorted(set(re.findall(r"\b(Q[A-Z][A-Za-z]\w*)\b", code)) - known):
        if name.endswith("Event") and included & QT_WIDGETS:  # declared there
            continue
        if not QT_ALSO.get(name, set()) & known:
            found.append(f"<{name}>")
    return found


def main() -> int:
    root, layers = pathlib.Path(sys.argv[1]), sys.argv[2:]
    bad = 0
    for layer in layers:
        for path in sorted((root / layer).rglob("*.h")):
            if path.name.endswith("-inl.h"):
                continue
            for what in missing(root, path):
                print(f"{path.relative_to(root)}: does not include {what}")
                bad += 1
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
