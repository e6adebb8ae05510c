// SPDX-License-Identifier: Apache-2.0
#include "db/row_writer.h"

#include <fmt/format.h>

#include <utility>

#include "db/enum_names.h"
#include "db/trace_create.h"

namespace ditscope::db {
namespace {

constexpr int kKernelColumns = 9;

std::string kernelInsert(size_t rows) {
  std::string sql = "INSERT INTO kernel VALUES";
  for (size_t row = 0; row < rows; ++row) sql += row == 0 ? "(?,?,?,?,?,?,?,?,?)" : ",(?,?,?,?,?,?,?,?,?)";
  return sql;
}

void bindKernel(Statement& insert, int row, const Kernel& kernel) {
  int index = row * kKernelColumns;
  insert.bind(index++, kernel.deviceId);
  insert.bind(index++, kernel.configId);
  insert.bind(index++, kernel.startNs);
  insert.bind(index++, kernel.durationNs);
  insert.bind(index++, kernel.stream);
  insert.bind(index++, kernel.correlation);
  kernel.callId == 0 ? insert.bindNull(index++) : insert.bind(index++, kernel.callId);
  insert.bind(index++, int64_t(kernel.link));
  insert.bind(index++, kernel.flags);
}

}  // namespace

RowWriter::RowWriter(Connection connection, int keyframeEvery)
    : m_connection(std::move(connection)),
      m_blobs(keyframeEvery),
      m_insertKernel(m_connection.prepare(kernelInsert(1))),
      m_insertKernels(m_connection.prepare(kernelInsert(kKernelsPerInsert))),
      m_insertStep(m_connection.prepare("INSERT OR REPLACE INTO step VALUES(?,?,?,?,?)")),
      m_insertCall(m_connection.prepare("INSERT INTO attn_call VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)")),
      m_insertHead(
          m_connection.prepare("INSERT INTO attn_head VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,"
                               "?,?,?,?,?,?)")),
      m_insertBlob(m_connection.prepare("INSERT INTO attn_blob VALUES(?,?,?,?,?)")),
      m_insertString(m_connection.prepare("INSERT INTO string(value) VALUES(?) RETURNING id")),
      m_insertConfig(m_connection.prepare("INSERT INTO launch_cfg VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?)")),
      m_insertDiagnostic(m_connection.prepare("INSERT INTO diagnostic VALUES(?,?,?)")),
      m_insertHealth(m_connection.prepare("INSERT OR REPLACE INTO capture_health VALUES(?,?)")),
      m_insertClock(m_connection.prepare("INSERT INTO device_clock VALUES(?,?,?)")) {}

void RowWriter::begin() {
  if (!m_transaction) m_transaction.emplace(m_connection);
  ++m_pendingRows;
}

void RowWriter::commit() {
  if (m_kernelCount > 0) writeKernels();
  if (!m_transaction) return;
  m_transaction->commit();
  m_transaction.reset();
  m_pendingRows = 0;
}

void RowWriter::add(const Kernel& kernel) {
  begin();
  m_kernels[m_kernelCount++] = kernel;
  if (m_kernelCount == kKernelsPerInsert) writeKernels();
}

void RowWriter::writeKernels() {
  const size_t count = std::exchange(m_kernelCount, 0);
  if (count == kKernelsPerInsert) {
    for (size_t i = 0; i < count; ++i) bindKernel(m_insertKernels, int(i), m_kernels[i]);
    m_insertKernels.run();
    return;
  }
  for (size_t i = 0; i < count; ++i) {
    bindKernel(m_insertKernel, 0, m_kernels[i]);
    m_insertKernel.run();
  }
}

void RowWriter::add(const Step& step) {
  begin();
  m_insertStep.bindAll(step.index, step.sigma, step.timestep, step.startNs, step.endNs).run();
}

void RowWriter::add(AttnRecord record) {
  begin();
  const AttnCall& c = record.call;
  m_insertCall
      .bindAll(c.id, c.step, c.layer, nameOf(c.branch), nameOf(c.kind), nameOf(c.order), c.qLen, c.kvLen,
               c.blockQ, c.blockK, c.plan, c.startNs, c.kernelNs, c.searchNs, c.recordNs, c.flopsDense,
               c.flopsDone)
      .run();
  const int64_t callId = c.id;
  for (size_t head = 0; head < record.heads.size(); ++head) addHead(record, head);
  m_pendingRows += record.heads.size();
  for (const AttnBlob& blob : m_blobs.encode(std::move(record))) {
    m_insertBlob.bindAll(callId, blob.kind, blob.baseCallId, crc32(blob.data), ByteView(blob.data)).run();
    ++m_pendingRows;
  }
}

void RowWriter::addHead(const AttnRecord& record, size_t head) {
  static const HeadDecision kNone;
  const HeadStats& s = record.heads[head];
  const bool decided = !record.decisions.empty();
  const HeadDecision& d = decided ? record.decisions[head] : kNone;
  const std::optional<int> sourceStep = d.sourceStep < 0 ? std::nullopt : std::optional(d.sourceStep);
  const std::optional<int> order = decided ? std::optional(int(d.order)) : std::nullopt;
  m_insertHead
      .bindAll(record.call.id, int(head), s.densityQk, s.densityPv, s.recallMean, s.recallP01, s.recallP05,
               s.rowEntropy, s.maskDrift, s.lseMean, s.lseStd, s.lseMin, s.lseMax, s.lseDriftMean,
               s.lseDriftP50, s.lseDriftP90, s.lseDriftSigned, s.lseEmptyRows, s.errorL1, s.timeNs,
               int(s.timeMethod), nameId(d.method), nameId(d.choice), d.budget, d.threshold, sourceStep,
               order)
      .run();
}

int64_t RowWriter::stringId(const std::string& value) {
  const auto [place, isNew] = m_strings.try_emplace(value);
  if (isNew) {
    m_insertString.bindAll(value).step();
    place->second = m_insertString.intAt(0);
    m_insertString.reset();
  }
  return place->second;
}

std::optional<int64_t> RowWriter::nameId(const std::string& name) {
  if (name.empty()) return std::nullopt;
  return stringId(name);
}

void RowWriter::add(int64_t id, const Device& d) {
  begin();
  m_connection.prepare("INSERT INTO device VALUES(?,?,?,?,?,?,?)")
      .bindAll(id, d.ordinal, d.uuid, d.name, d.smCount, d.memoryBytes, d.clockHz)
      .run();
}

void RowWriter::add(int32_t id, const LaunchConfig& c) {
  begin();
  m_insertConfig
      .bindAll(id, stringId(c.name), c.grid[0], c.grid[1], c.grid[2], c.block[0], c.block[1], c.block[2],
               c.cluster[0], c.cluster[1], c.cluster[2], c.registersPerThread, c.staticSharedBytes,
               c.dynamicSharedBytes)
      .run();
}

void RowWriter::add(const Layer& layer) {
  begin();
  m_connection.prepare("INSERT OR REPLACE INTO layer VALUES(?,?,?,?,?)")
      .bindAll(layer.index, layer.name, nameOf(layer.kind), layer.nHeads, layer.headDim)
      .run();
}

void RowWriter::add(const Diagnostic& diagnostic) {
  begin();
  m_insertDiagnostic.bindAll(diagnostic.timeNs, diagnostic.severity, diagnostic.text).run();
}

void RowWriter::setHealth(const std::string& name, int64_t value) {
  begin();
  m_insertHealth.bindAll(name, value).run();
}

void RowWriter::add(const DeviceClock& clock) {
  begin();
  m_insertClock.bindAll(clock.deviceId, clock.timeNs, clock.hz).run();
}

void RowWriter::setCircumstance(const std::string& name, const std::string& value) {
  begin();
  m_connection.prepare("INSERT OR REPLACE INTO circumstance VALUES(?,?)").bindAll(name, value).run();
}

void RowWriter::finalise(const Run& run) {
  commit();
  buildIndexes(m_connection);
  Statement orphans =
      m_connection.prepare("SELECT \"table\", parent, count(*) FROM pragma_foreign_key_check GROUP BY 1, 2");
  std::vector<Diagnostic> found;
  while (orphans.step()) {
    found.push_back({run.durationNs, "error",
                     fmt::format("{} rows of {} refer to a {} that was not recorded", orphans.intAt(2),
                                 orphans.textAt(0), orphans.textAt(1))});
  }
  for (const Diagnostic& diagnostic : found) add(diagnostic);
  commit();
  Run finished = run;
  finished.finalised = true;
  insertRun(m_connection, finished);
  const std::string notice = makeSingleFile(m_connection);
  if (!notice.empty()) {
    add(Diagnostic{run.durationNs, "warning", notice});
    commit();
  }
}

}  // namespace ditscope::db
