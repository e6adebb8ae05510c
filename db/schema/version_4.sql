-- SPDX-License-Identifier: Apache-2.0
-- Views for people and other tools; DiTScope itself never reads them. They are plain SQL, so that engines that
-- attach the file (DuckDB) can run them, too. docs/sql.md has recipes.

-- Names for numbers.
CREATE VIEW calls AS
SELECT c.id AS call_id, c.step_idx AS step, c.layer_idx AS layer, l.name AS layer_name, c.branch, c.kind, c.plan,
  c.q_len, c.kv_len, c.start_ns, c.kernel_ns, c.search_ns, c.record_ns, c.flops_dense, c.flops_done
FROM attn_call c JOIN layer l ON l.idx = c.layer_idx;

CREATE VIEW cells AS
SELECT c.step_idx AS step, c.layer_idx AS layer, l.name AS layer_name, h.head, c.branch, c.plan,
  m.value AS method, o.value AS choice, h.density_qk, h.density_pv, h.recall_mean, h.recall_p05, h.recall_p01,
  h.row_entropy, h.mask_drift, h.lse_mean, h.lse_drift_mean, h.lse_drift_p50, h.lse_drift_p90, h.lse_drift_signed,
  h.error_l1, h.budget, h.threshold, h.source_step, h.time_ns,
  CASE h.time_method WHEN 1 THEN 'measured' WHEN 2 THEN 'attributed' WHEN 3 THEN 'replayed' ELSE 'none' END
    AS time_method,
  h.call_id
FROM attn_head h JOIN attn_call c ON c.id = h.call_id JOIN layer l ON l.idx = c.layer_idx
  LEFT JOIN string m ON m.id = h.method_id LEFT JOIN string o ON o.id = h.choice_id;

CREATE VIEW kernels AS
SELECT s.value AS name, d.ordinal AS device, d.name AS device_name, k.stream, k.start_ns, k.dur_ns,
  g.grid_x, g.grid_y, g.grid_z, g.block_x, g.block_y, g.block_z, g.registers_per_thread, g.static_shared_bytes,
  g.dynamic_shared_bytes, k.correlation, k.flags, k.call_id, c.step_idx AS step, c.layer_idx AS layer, c.branch
FROM kernel k JOIN launch_cfg g ON g.id = k.cfg_id JOIN string s ON s.id = g.name_id
  JOIN device d ON d.id = k.device_id LEFT JOIN attn_call c ON c.id = k.call_id;

-- The shape of an SQLite export of Nsight Systems (its schema 3.25), so that queries written for one run here.
-- The maker that META_DATA_EXPORT names is DiTScope.
CREATE VIEW StringIds AS SELECT id, value FROM string;

CREATE VIEW META_DATA_EXPORT AS
SELECT 'EXPORT_PRODUCT_NAME' AS name, 'DiTScope' AS value
UNION ALL SELECT 'EXPORT_PRODUCT_VERSION', tool FROM run
UNION ALL SELECT 'EXPORT_SCHEMA_VERSION', '3.25.0'
UNION ALL SELECT 'EXPORT_SCHEMA_VERSION_MAJOR', '3'
UNION ALL SELECT 'EXPORT_SCHEMA_VERSION_MINOR', '25'
UNION ALL SELECT 'EXPORT_SCHEMA_VERSION_MICRO', '0';

CREATE VIEW TARGET_INFO_GPU AS
SELECT NULL AS vmId, ordinal AS id, name, memory_bytes AS totalMemory, clock_hz AS clockRate, sm_count AS smCount,
  uuid
FROM device;

CREATE VIEW CUPTI_ACTIVITY_KIND_KERNEL AS
SELECT k.start_ns AS "start", k.start_ns + k.dur_ns AS "end", d.ordinal AS deviceId, 1 AS contextId,
  NULL AS greenContextId, k.stream AS streamId, nullif(k.correlation, 0) AS correlationId,
  (r.rank + 1) * 16777216 AS globalPid, g.name_id AS demangledName, g.name_id AS shortName,
  g.name_id AS mangledName, NULL AS launchType, NULL AS cacheConfig,
  g.registers_per_thread AS registersPerThread, g.grid_x AS gridX, g.grid_y AS gridY, g.grid_z AS gridZ,
  g.block_x AS blockX, g.block_y AS blockY, g.block_z AS blockZ, g.static_shared_bytes AS staticSharedMemory,
  g.dynamic_shared_bytes AS dynamicSharedMemory, NULL AS localMemoryPerThread, NULL AS localMemoryTotal,
  NULL AS gridId, NULL AS sharedMemoryExecuted, NULL AS graphNodeId, NULL AS sharedMemoryLimitConfig,
  NULL AS qmdBulkReleaseDone, NULL AS qmdPreexitDone, NULL AS qmdLastCtaDone, NULL AS graphId,
  g.cluster_x AS clusterX, g.cluster_y AS clusterY, g.cluster_z AS clusterZ, NULL AS clusterSchedulingPolicy,
  NULL AS maxPotentialClusterSize, NULL AS maxActiveClusters
FROM kernel k JOIN launch_cfg g ON g.id = k.cfg_id JOIN device d ON d.id = k.device_id CROSS JOIN run r;

-- Steps, layers and attention calls as push/pop ranges (59) of one thread, in the domain "ditscope".
CREATE VIEW NVTX_EVENTS AS
SELECT e."start", e."end", e.eventType, NULL AS rangeId, NULL AS category, NULL AS color, e.text,
  (r.rank + 1) * 16777216 + 1 AS globalTid, NULL AS endGlobalTid, NULL AS textId, 1 AS domainId,
  NULL AS uint64Value, e.number AS int64Value, NULL AS doubleValue, NULL AS uint32Value, NULL AS int32Value,
  NULL AS floatValue, NULL AS jsonTextId, NULL AS jsonText, NULL AS binaryData
FROM (
  SELECT 0 AS "start", NULL AS "end", 75 AS eventType, 'ditscope' AS text, NULL AS number
  UNION ALL SELECT start_ns, end_ns, 59, 'step ' || idx, idx FROM step
  UNION ALL SELECT c.start_ns, c.start_ns + c.search_ns + c.kernel_ns + c.record_ns, 59, l.name, l.idx
    FROM attn_call c JOIN layer l ON l.idx = c.layer_idx
  UNION ALL SELECT start_ns, start_ns + search_ns + kernel_ns, 59, 'attention', layer_idx FROM attn_call
) e CROSS JOIN run r;
