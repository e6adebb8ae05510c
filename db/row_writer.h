// SPDX-License-Identifier: Apache-2.0
// Values to rows: the prepared statements of a trace being written, in one transaction until commit().
// Belongs to the writer thread. All functions throw db::Error.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

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
  void add(const DeviceClock& clock);
  void setHealth(const std::string& name, int64_t value);
  void setCircumstance(const std::string& name, const std::string& value);

  [[nodiscard]] size_t pendingRows() const { return m_pendingRows; }
  void commit();
  // commit(), then the run row, indexes, reference checks and the single file.
  void finalise(const Run& run);

 private:
  static constexpr size_t kKernelsPerInsert = 16;  // halves the cost of a row; more gives little
  void begin();
  void writeKernels();
  void addHead(const AttnRecord& record, size_t head);
  int64_t stringId(const std::string& value);              // in the table string, put there when new
  std::optional<int64_t> nameId(const std::string& name);  // empty for an empty name

  Connection m_connection;
  std::optional<Transaction> m_transaction;
  size_t m_pendingRows = 0;
  AttnBlobEncoder m_blobs;
  std::unordered_map<std::string, int64_t> m_strings;  // ids of the table string
  std::array<Kernel, kKernelsPerInsert> m_kernels;
  size_t m_kernelCount = 0;
  Statement m_insertKernel, m_insertKernels, m_insertStep, m_insertCall, m_insertHead, m_insertBlob,
      m_insertString, m_insertConfig, m_insertDiagnostic, m_insertHealth, m_insertClock;
};

}  // namespace ditscope::db
