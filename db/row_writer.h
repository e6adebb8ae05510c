// SPDX-License-Identifier: Apache-2.0
// Values to rows: the prepared statements of a trace being written, in one transaction until commit().
// Belongs to the writer thread. All functions throw db::Error.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "db/attn_blobs.h"
#include "db/model.h"
#include "db/sqlite.h"
#include "db/trace_writer.h"

namespace ditscope::db {

class RowWriter {
 public:
  RowWriter(Connection connection, int keyframeEvery);

  void add(const Kernel& kernel);
  void add(const Step& step);
  void add(AttnRecord record);
  void add(int64_t id, const Device& device);
  void add(int32_t id, const LaunchConfig& config);
  void add(const Layer& layer);
  void add(const Diagnostic& diagnostic);
  void setHealth(const std::string& name, int64_t value);

  [[nodiscard]] size_t pendingRows() const { return m_pendingRows; }
  void commit();
  // commit(), then the run row, indexes, reference checks and the single file.
  void finalise(const Run& run);

 private:
  static constexpr size_t kKernelsPerInsert = 16;  // halves the cost of a row; more gives little
  void begin();
  void writeKernels();
  void addHead(int64_t callId, int head, const HeadStats& stats);

  Connection m_connection;
  std::optional<Transaction> m_transaction;
  size_t m_pendingRows = 0;
  AttnBlobEncoder m_blobs;
  std::array<Kernel, kKernelsPerInsert> m_kernels;
  size_t m_kernelCount = 0;
  Statement m_insertKernel, m_insertKernels, m_insertStep, m_insertCall, m_insertHead, m_insertBlob,
      m_insertString, m_insertConfig, m_insertDiagnostic, m_insertHealth;
};

}  // namespace ditscope::db
