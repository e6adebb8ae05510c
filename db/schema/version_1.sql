-- SPDX-License-Identifier: Apache-2.0
-- Times are integer ns from the start of the run, sizes bytes, clocks Hz; fractions lie in [0, 1]; LSE is in
-- natural log with the softmax scale applied. NULL in a REAL column means "not measured".

CREATE TABLE meta(
  key TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO meta VALUES
  ('format', 'DiTScope trace'),
  ('min_reader_version', '1'), -- oldest schema version whose readers understand this file
  ('units', 'ns, bytes, Hz, natural log');

CREATE TABLE run( -- one row
  uuid TEXT NOT NULL,
  group_uuid TEXT NOT NULL,
  rank INTEGER NOT NULL,
  started_utc_ns INTEGER NOT NULL,
  duration_ns INTEGER NOT NULL,
  tool TEXT NOT NULL,
  source TEXT NOT NULL, -- live | nsys | kineto | synthetic
  source_file TEXT NOT NULL,
  model TEXT NOT NULL,
  model_path TEXT NOT NULL,
  scheduler TEXT NOT NULL,
  method TEXT NOT NULL,
  record TEXT NOT NULL, -- stats | mass | full
  n_steps INTEGER NOT NULL,
  n_layers INTEGER NOT NULL,
  n_heads INTEGER NOT NULL,
  seq_len INTEGER NOT NULL,
  grid_frames INTEGER NOT NULL,
  grid_rows INTEGER NOT NULL,
  grid_cols INTEGER NOT NULL,
  text_begin INTEGER NOT NULL,
  text_end INTEGER NOT NULL,
  block_q INTEGER NOT NULL,
  block_k INTEGER NOT NULL,
  dtype TEXT NOT NULL,
  seed INTEGER NOT NULL,
  label INTEGER NOT NULL,
  guidance REAL NOT NULL,
  git_commit TEXT NOT NULL,
  torch TEXT NOT NULL,
  blas TEXT NOT NULL,
  cuda TEXT NOT NULL,
  driver TEXT NOT NULL,
  cupti TEXT NOT NULL,
  overhead_ratio REAL NOT NULL, -- 0 when not measured
  overhead_lo REAL NOT NULL,
  overhead_hi REAL NOT NULL,
  finalised INTEGER NOT NULL
) STRICT;

CREATE TABLE device(
  id INTEGER PRIMARY KEY,
  ordinal INTEGER NOT NULL,
  uuid TEXT NOT NULL,
  name TEXT NOT NULL,
  sm_count INTEGER NOT NULL,
  memory_bytes INTEGER NOT NULL,
  clock_hz INTEGER NOT NULL
) STRICT;

CREATE TABLE string(
  id INTEGER PRIMARY KEY,
  value TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE launch_cfg(
  id INTEGER PRIMARY KEY,
  name_id INTEGER NOT NULL REFERENCES string(id),
  grid_x INTEGER NOT NULL,
  grid_y INTEGER NOT NULL,
  grid_z INTEGER NOT NULL,
  block_x INTEGER NOT NULL,
  block_y INTEGER NOT NULL,
  block_z INTEGER NOT NULL,
  cluster_x INTEGER NOT NULL,
  cluster_y INTEGER NOT NULL,
  cluster_z INTEGER NOT NULL,
  registers_per_thread INTEGER NOT NULL,
  static_shared_bytes INTEGER NOT NULL,
  dynamic_shared_bytes INTEGER NOT NULL
) STRICT;

CREATE TABLE step(
  idx INTEGER PRIMARY KEY,
  sigma REAL,
  timestep REAL,
  start_ns INTEGER NOT NULL,
  end_ns INTEGER NOT NULL
) STRICT;

CREATE TABLE layer(
  idx INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  kind TEXT NOT NULL, -- self | cross | joint
  n_heads INTEGER NOT NULL,
  head_dim INTEGER NOT NULL
) STRICT;

CREATE TABLE attn_call( -- one layer, step and guidance branch
  id INTEGER PRIMARY KEY,
  step_idx INTEGER NOT NULL REFERENCES step(idx),
  layer_idx INTEGER NOT NULL REFERENCES layer(idx),
  branch TEXT NOT NULL, -- cond | uncond
  kind TEXT NOT NULL,
  token_order TEXT NOT NULL, -- frame_major | pixel_major
  q_len INTEGER NOT NULL,
  kv_len INTEGER NOT NULL,
  block_q INTEGER NOT NULL,
  block_k INTEGER NOT NULL,
  plan TEXT NOT NULL, -- dense | search | sparse | reuse
  start_ns INTEGER NOT NULL,
  kernel_ns INTEGER NOT NULL,
  search_ns INTEGER NOT NULL,
  record_ns INTEGER NOT NULL,
  flops_dense REAL NOT NULL,
  flops_done REAL NOT NULL
) STRICT;
CREATE INDEX attn_call_by_place ON attn_call(step_idx, layer_idx, branch);

CREATE TABLE attn_head(
  call_id INTEGER NOT NULL REFERENCES attn_call(id),
  head INTEGER NOT NULL,
  density_qk REAL,
  density_pv REAL,
  recall_mean REAL,
  recall_p01 REAL,
  recall_p05 REAL,
  row_entropy REAL,
  mask_drift REAL,
  lse_mean REAL,
  lse_std REAL,
  lse_min REAL,
  lse_max REAL,
  lse_drift_mean REAL,
  lse_drift_p50 REAL,
  lse_drift_p90 REAL,
  lse_drift_signed REAL,
  lse_empty_rows INTEGER NOT NULL,
  error_l1 REAL,
  time_ns INTEGER NOT NULL,
  time_method INTEGER NOT NULL, -- 0 none, 1 measured, 2 attributed, 3 replayed
  PRIMARY KEY(call_id, head)
) STRICT, WITHOUT ROWID;

-- Blobs of all heads of a call, laid out as db/head_blob.h says. A mask with a base is the difference (xor)
-- to the mask of that call.
CREATE TABLE attn_blob(
  call_id INTEGER NOT NULL REFERENCES attn_call(id),
  kind TEXT NOT NULL, -- mask | mass | curve | lse_block | lse_row
  base_call_id INTEGER REFERENCES attn_call(id),
  crc32 INTEGER NOT NULL,
  data BLOB NOT NULL,
  PRIMARY KEY(call_id, kind)
) STRICT;

CREATE TABLE kernel( -- about 36 bytes a row
  device_id INTEGER NOT NULL REFERENCES device(id),
  cfg_id INTEGER NOT NULL REFERENCES launch_cfg(id),
  start_ns INTEGER NOT NULL,
  dur_ns INTEGER NOT NULL,
  stream INTEGER NOT NULL,
  correlation INTEGER NOT NULL,
  call_id INTEGER REFERENCES attn_call(id), -- NULL when no attention call is known
  link_method INTEGER NOT NULL, -- 0 none, 1 correlation, 2 NVTX range, 3 graph node, 4 direct
  flags INTEGER NOT NULL -- 1 zero time, 2 before launch, 4 orphan, 8 throttled, 16 warm-up
) STRICT;

CREATE TABLE capture_health(
  name TEXT PRIMARY KEY,
  value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE diagnostic(
  time_ns INTEGER NOT NULL,
  severity TEXT NOT NULL, -- info | warning | error
  text TEXT NOT NULL
) STRICT;
