-- SPDX-License-Identifier: Apache-2.0
-- A catalogue of kernel times over many runs: one point a run and series. Times in ns, clocks in Hz.

CREATE TABLE run(
  id INTEGER PRIMARY KEY,
  uuid TEXT NOT NULL UNIQUE,
  started_utc_ns INTEGER NOT NULL,
  file TEXT NOT NULL, -- the trace, as it was given
  git_commit TEXT NOT NULL,
  branch TEXT NOT NULL,
  machine TEXT NOT NULL -- what was measured with: driver, CUDA, LibTorch, clock policy
) STRICT;

CREATE TABLE series(
  id INTEGER PRIMARY KEY,
  kernel TEXT NOT NULL,
  description TEXT NOT NULL, -- kernel, launch configuration and problem
  device TEXT NOT NULL,
  UNIQUE(description, device)
) STRICT;

CREATE TABLE point(
  series_id INTEGER NOT NULL REFERENCES series(id),
  run_id INTEGER NOT NULL REFERENCES run(id),
  samples INTEGER NOT NULL,
  median_ns REAL NOT NULL,
  q1_ns REAL NOT NULL,
  q3_ns REAL NOT NULL,
  min_ns REAL NOT NULL,
  clock_hz REAL, -- NULL where it is not known
  PRIMARY KEY(series_id, run_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE mark( -- what people said of a change that begins with a run
  series_id INTEGER NOT NULL REFERENCES series(id),
  run_id INTEGER NOT NULL REFERENCES run(id),
  accepted INTEGER NOT NULL, -- 1 it is the new normal, 0 it is none
  note TEXT NOT NULL,
  PRIMARY KEY(series_id, run_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE baseline( -- runs that new ones are compared with
  name TEXT NOT NULL,
  branch TEXT NOT NULL,
  run_id INTEGER NOT NULL REFERENCES run(id),
  PRIMARY KEY(name, branch, run_id)
) STRICT, WITHOUT ROWID;
