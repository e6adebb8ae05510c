-- SPDX-License-Identifier: Apache-2.0
-- What moves kernel times beside the code: facts about the machine under names of our own (governor, load, ...;
-- nothing of the process's environment), and the clocks of devices, as measured at moments of the run.

CREATE TABLE circumstance(
  name TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE device_clock(
  device_id INTEGER NOT NULL REFERENCES device(id),
  time_ns INTEGER NOT NULL,
  hz INTEGER NOT NULL
) STRICT;
