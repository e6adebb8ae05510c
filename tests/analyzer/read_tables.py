# SPDX-License-Identifier: Apache-2.0
# Compares the tables that a trace was exported to with the trace itself, through SQLite and csv alone:
#   python3 read_tables.py nsys RUN.db RUN.sqlite [views]
#   python3 read_tables.py csv RUN.db FOLDER
# "views" compares the trace's own views in the shape of Nsight Systems, too.
import csv
import os
import sqlite3
import sys

KERNELS = """SELECT k.start, k."end", deviceId, streamId, correlationId, globalPid, s.value,
  gridX, gridY, gridZ, blockX, blockY, blockZ, clusterX, clusterY, clusterZ,
  registersPerThread, staticSharedMemory, dynamicSharedMemory
  FROM CUPTI_ACTIVITY_KIND_KERNEL k JOIN StringIds s ON s.id = demangledName ORDER BY 1, 2, 3, 4"""
RANGES = """SELECT start, "end", eventType, text, globalTid, domainId, int64Value FROM NVTX_EVENTS
  ORDER BY 1, 2, 3, 4"""
OURS = """SELECT start_ns, start_ns + dur_ns, ordinal, stream, nullif(correlation, 0), (rank + 1) << 24,
  value,
  grid_x, grid_y, grid_z, block_x, block_y, block_z, cluster_x, cluster_y, cluster_z,
  registers_per_thread, static_shared_bytes, dynamic_shared_bytes
  FROM run, kernel k JOIN launch_cfg c ON c.id = cfg_id JOIN string s ON s.id = name_id
  JOIN device d ON d.id = device_id ORDER BY 1, 2, 3, 4"""


def open_file(path):
    return sqlite3.connect(f"file:{path}?mode=ro", uri=True)


def columns(db, table):
    return [row[1] for row in db.execute(f"PRAGMA table_xinfo({table})")]


def nsys(trace, exported, views=""):
    ours, theirs = open_file(trace), open_file(exported)
    assert theirs.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    # Kernels that the processor ran itself have their call as launch, under a number of its own.
    launches = theirs.execute("SELECT correlationId, start FROM CUPTI_ACTIVITY_KIND_RUNTIME").fetchall()
    direct = ours.execute("SELECT start_ns FROM kernel WHERE link_method = 4 AND correlation = 0").fetchall()
    assert sorted(start for _, start in launches) == sorted(start for start, in direct)
    own = {correlation for correlation, _ in launches}
    kernels = [(*row[:4], None if row[4] in own else row[4], *row[5:]) for row in theirs.execute(KERNELS)]
    assert kernels == ours.execute(OURS).fetchall()
    ranges = theirs.execute(RANGES).fetchall()
    count = lambda sql: ours.execute(sql).fetchone()[0]
    assert len(ranges) == 1 + count("SELECT count(*) FROM step") + 2 * count("SELECT count(*) FROM attn_call")
    assert all(end >= start for start, end, kind, *_ in ranges if kind == 59)
    meta = dict(theirs.execute("SELECT name, value FROM META_DATA_EXPORT"))
    assert meta["EXPORT_PRODUCT_NAME"] == "DiTScope" and meta["EXPORT_SCHEMA_VERSION"].startswith("3.")
    if views:
        assert ours.execute(KERNELS).fetchall() == kernels
        assert ours.execute(RANGES).fetchall() == ranges
        assert dict(ours.execute("SELECT name, value FROM META_DATA_EXPORT")) == meta
        for table in ("CUPTI_ACTIVITY_KIND_KERNEL", "NVTX_EVENTS", "TARGET_INFO_GPU", "StringIds"):
            assert columns(ours, table) == columns(theirs, table), table
    print(f"{len(kernels)} kernels, {len(ranges)} ranges")


def number(text):
    return float(text) if text else None


def same(a, b):
    return a == b or a is not None and b is not None and abs(a - b) <= 1e-6 * abs(b)


def tables(trace, folder):
    db = open_file(trace)

    def rows(name):
        with open(os.path.join(folder, name), newline="", encoding="utf-8") as file:
            return list(csv.DictReader(file))

    heads = rows("heads.csv")
    ours = db.execute("SELECT call_id, head, density_qk, recall_mean, lse_drift_mean, mask_drift, time_ns"
                      " FROM attn_head JOIN attn_call c ON c.id = call_id"
                      " ORDER BY step_idx, layer_idx, branch, c.id, head").fetchall()
    assert len(heads) == len(ours)
    for row, (call, head, *values) in zip(heads, ours):
        assert (int(row["call_id"]), int(row["head"])) == (call, head)
        names = ("density_qk", "recall", "lse_drift", "mask_drift", "time")
        assert all(same(number(row[n]), v) for n, v in zip(names, values) if n != "time" or v), (row, values)
    kernels = sorted((int(r["start_ns"]), int(r["dur_ns"]), int(r["stream"]), int(r["call_id"] or 0))
                     for r in rows("kernels.csv"))
    assert kernels == db.execute("SELECT start_ns, dur_ns, stream, ifnull(call_id, 0) FROM kernel"
                                 " ORDER BY 1, 2, 3, 4").fetchall()
    for name, table in (("steps.csv", "step"), ("layers.csv", "layer"), ("calls.csv", "attn_call"),
                        ("devices.csv", "device")):
        assert len(rows(name)) == db.execute(f"SELECT count(*) FROM {table}").fetchone()[0], name
    # What a spreadsheet could take for a formula does not stand at the start of a cell.
    assert not any(r["name"][:1] in ("=", "+", "-", "@") for r in rows("kernels.csv"))
    print(f"{len(heads)} heads, {len(kernels)} kernels")


{"nsys": nsys, "csv": tables}[sys.argv[1]](*sys.argv[2:])
