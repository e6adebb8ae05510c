#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Times of kernels out of an Nsight Systems .sqlite or a PyTorch profiler .json[.gz], one line a series:
device, kernel, grid, block, and the nanoseconds of its launches in order of time, separated by tabs.
Series with fewer than 12 launches are left out.  extract_kernel_times.py CAPTURE > kernels.tsv
"""
import collections
import gzip
import json
import sqlite3
import sys


def from_nsys(path):
    connection = sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)
    names = dict(connection.execute("SELECT id, value FROM StringIds"))
    for device, name, gx, gy, gz, bx, by, bz, start, end in connection.execute(
            "SELECT deviceId, demangledName, gridX, gridY, gridZ, blockX, blockY, blockZ, start, \"end\""
            " FROM CUPTI_ACTIVITY_KIND_KERNEL ORDER BY start"):
        yield device, names[name], f"{gx}x{gy}x{gz}", f"{bx}x{by}x{bz}", end - start


def from_profiler(path):
    opener = gzip.open if path.endswith(".gz") else open
    with opener(path) as file:
        events = json.load(file)["traceEvents"]
    kernels = [e for e in events if e.get("ph") == "X" and str(e.get("cat", "")).lower() == "kernel"]
    for event in sorted(kernels, key=lambda e: e["ts"]):
        args = event.get("args", {})
        extent = lambda name: "x".join(str(n) for n in args.get(name, [0, 0, 0]))
        yield args.get("device", 0), event["name"], extent("grid"), extent("block"), round(1000 * event["dur"])


def main():
    path = sys.argv[1]
    series = collections.defaultdict(list)
    for device, name, grid, block, ns in from_nsys(path) if path.endswith(".sqlite") else from_profiler(path):
        series[(device, name.replace("\t", " ").replace("\n", " ")[:120], name, grid, block)].append(ns)
    for (device, short, _, grid, block), times in series.items():
        if len(times) >= 12:
            print(device, short, grid, block, " ".join(map(str, times)), sep="\t")


main()
