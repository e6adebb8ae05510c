# SPDX-License-Identifier: Apache-2.0
# Reads a trace and both of its timelines with nothing of ours, and fails where they disagree:
#   python3 read_timelines.py RUN.db RUN.pftrace RUN.json
# The protobuf is decoded by hand from the wire format, with the field numbers of perfetto's protos.
import collections
import json
import sqlite3
import struct
import sys


def fields(data):
    """(field, value) of a message: int for varints and 64-bit values, bytes for the rest."""
    at = 0

    def varint():
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    while at < len(data):
        key = varint()
        kind = key & 7
        if kind == 0:
            yield key >> 3, varint()
        elif kind == 1:
            yield key >> 3, struct.unpack_from("<Q", data, at)[0]
            at += 8
        elif kind == 2:
            size = varint()
            assert at + size <= len(data), "a field is longer than its message"
            yield key >> 3, bytes(data[at : at + size])
            at += size
        else:
            raise AssertionError(f"wire type {kind}")


def one(message, field, default=None):
    return next((value for number, value in message if number == field), default)


def real(bits):
    return struct.unpack("<d", struct.pack("<Q", bits))[0]


Slice = collections.namedtuple("Slice", "track start duration name category flow args")


def read_perfetto(path):
    names = {1: {}, 2: {}, 3: {}}  # categories, events, arguments
    tracks, slices, events = {}, [], []
    samples, open_slices = collections.defaultdict(list), collections.defaultdict(list)
    for number, data in fields(open(path, "rb").read()):
        assert number == 1, "something that is no packet"
        packet = list(fields(data))
        assert one(packet, 10) == 1, "a packet belongs to no sequence"
        for kind, entry in fields(one(packet, 12, b"")):
            entry = list(fields(entry))
            assert one(entry, 1) not in names[kind], "a number is given twice"
            names[kind][one(entry, 1)] = one(entry, 2).decode()
        if one(packet, 60) is not None:
            track = list(fields(one(packet, 60)))
            assert one(track, 1) not in tracks, "two tracks have the same number"
            parent = tracks[one(track, 5)][0] if one(track, 5, 1) != 1 else ""
            name = one(track, 2, b"").decode()
            tracks[one(track, 1)] = (f"{parent}, {name}" if parent else name, one(track, 8))
        if one(packet, 11) is not None:
            events.append((one(packet, 8), len(events), list(fields(one(packet, 11)))))
    for time, _, event in sorted(events, key=lambda e: e[:2]):  # as viewers do: by time, then as they lie
        name, counter = tracks[one(event, 11)]
        if one(event, 9) == 4:
            assert counter is not None, "a sample lies on a track of slices"
            samples[name.split(", ", 1)[1]].append((time, real(one(event, 44))))
        elif one(event, 9) == 1:
            args = {}
            for number, value in event:
                if number == 4:
                    arg = list(fields(value))
                    text, bits, whole = one(arg, 6), one(arg, 5), one(arg, 4)
                    args[names[3][one(arg, 1)]] = (
                        text.decode() if text is not None else real(bits) if bits is not None else whole)
            labels = names[2][one(event, 10)], names[1][one(event, 3)]
            open_slices[name].append((time, *labels, one(event, 47, 0), args))
        else:
            assert one(event, 9) == 2
            start, label, category, flow, args = open_slices[name].pop()
            slices.append(Slice(name, start, time - start, label, category, flow, args))
    assert not any(open_slices.values()), "a slice does not end"
    return slices, samples


def read_chrome(path):
    def nanoseconds(text):
        whole, _, decimals = text.partition(".")
        assert len(decimals) == 3
        return int(whole + decimals)

    root = json.load(open(path, encoding="utf-8"), parse_float=str)
    threads, slices, samples, flows = {}, [], collections.defaultdict(list), {}
    for event in root["traceEvents"]:
        if event["ph"] in "st":
            flows[event["tid"], event["ts"]] = event["id"]
    for event in root["traceEvents"]:
        if event["ph"] == "M" and event["name"] == "thread_name":
            threads[event["tid"]] = event["args"]["name"]
        elif event["ph"] == "C":
            samples[event["name"]].append((nanoseconds(event["ts"]), float(event["args"]["value"])))
        elif event["ph"] == "X":
            flow = flows.get((event["tid"], event["ts"]), 0) if event["name"] != "recording" else 0
            slices.append(Slice(threads[event["tid"]], nanoseconds(event["ts"]), nanoseconds(event["dur"]),
                                event["name"], event["cat"], flow, event["args"]))
        else:
            assert event["ph"] in "Mst", event["ph"]
    return slices, samples


def require_nesting(slices):
    by_track = collections.defaultdict(list)
    for s in slices:
        by_track[s.track].append((s.start, -s.duration))
    for track, spans in by_track.items():
        ends = []
        for start, negative in sorted(spans):
            while ends and ends[-1] <= start:
                ends.pop()
            assert not ends or start - negative <= ends[-1], f"slices of {track} overlap at {start}"
            ends.append(start - negative)


def same(a, b):  # Chrome's numbers have seven digits
    return a == b or not isinstance(a, str) and abs(float(a) - float(b)) <= 1e-6 * abs(float(a))


def require_same(points, others):
    assert len(points) == len(others), (len(points), len(others))
    for (time, value), (other_time, other_value) in zip(sorted(points), sorted(others)):
        assert time == other_time and same(value, other_value), (time, value, other_time, other_value)


def main(trace, pftrace, chrome):
    slices, samples = read_perfetto(pftrace)
    other_slices, other_samples = read_chrome(chrome)
    require_nesting(slices)
    key = lambda s: (s.track, s.start, s.duration, s.name)
    slices.sort(key=key)
    other_slices.sort(key=key)
    assert len(slices) == len(other_slices)
    for a, b in zip(slices, other_slices):
        assert a[:6] == b[:6], (a, b)
        assert a.args.keys() == b.args.keys() and all(same(a.args[k], b.args[k]) for k in a.args), (a, b)
    assert samples.keys() == other_samples.keys()
    for name, points in samples.items():
        require_same(points, other_samples[name])

    db = sqlite3.connect(f"file:{trace}?mode=ro", uri=True)
    rows = lambda sql: sorted(tuple(row) for row in db.execute(sql))
    of = lambda category: [s for s in slices if s.category == category]
    assert [(s.start, s.duration) for s in of("step")] == rows("SELECT start_ns, end_ns - start_ns FROM step")
    calls = [s for s in of("attention") if s.name != "recording"]
    assert sorted((s.flow, s.start, s.duration) for s in calls) == rows(
        "SELECT id, start_ns, kernel_ns + search_ns + record_ns FROM attn_call")
    assert sorted((s.name, s.start, s.duration, s.flow) for s in of("kernel")) == rows(
        "SELECT value, start_ns, dur_ns, ifnull(call_id, 0) FROM kernel k JOIN launch_cfg c ON c.id = cfg_id"
        " JOIN string s ON s.id = name_id")
    for name, column in (("Density", "density_qk"), ("LSE drift", "lse_drift_mean")):
        expected = rows(f"SELECT start_ns, avg({column}) FROM attn_head JOIN attn_call ON id = call_id"
                        f" GROUP BY id HAVING avg({column}) IS NOT NULL")
        found = sorted(p for n, points in samples.items()
                       if n.startswith(name) and n != f"{name} all layers" for p in points)
        require_same(found, expected)
    print(f"{len(slices)} slices, {sum(map(len, samples.values()))} samples, {len(calls)} flows")


main(*sys.argv[1:])
