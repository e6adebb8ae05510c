// SPDX-License-Identifier: Apache-2.0
// Reads a trace. A file is treated as hostile: header and application id are checked first, the connection
// is hardened and read-only, content is validated as it is read, checksums of blobs are verified.
// A trace that is still being recorded can be read; each call sees what was committed when it began.
// One reader belongs to one thread. All functions throw db::Error for a damaged or newer file.
#pragma once

#include <exception>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "db/block_mask.h"
#include "db/model.h"

namespace ditscope::db {

struct OpenOptions {
  bool quickCheck = true;  // PRAGMA quick_check before anything is read; the slow part for big files
  // Called from inside long queries; return true to cancel (then db::Cancelled is thrown).
  std::function<bool()> cancelled;
};

class Cancelled : public std::exception {
 public:
  [[nodiscard]] const char* what() const noexcept override { return "cancelled"; }
};

struct HeadFilter {  // empty optional = all
  std::optional<int32_t> step{}, layer{}, head{};
  std::optional<Branch> branch{};
};

class TraceReader {
 public:
  explicit TraceReader(const std::filesystem::path& path, const OpenOptions& options = {});
  ~TraceReader();
  TraceReader(TraceReader&&) noexcept;
  TraceReader& operator=(TraceReader&&) noexcept;

  [[nodiscard]] Run run() const;
  [[nodiscard]] std::vector<Device> devices() const;
  [[nodiscard]] std::vector<Layer> layers() const;
  [[nodiscard]] std::vector<Step> steps() const;
  [[nodiscard]] std::vector<HealthCounter> health() const;
  [[nodiscard]] std::vector<Diagnostic> diagnostics() const;
  [[nodiscard]] std::vector<Circumstance> circumstances() const;  // by name; none in a file before version 3
  [[nodiscard]] std::vector<DeviceClock> deviceClocks() const;    // by device and time; likewise
  [[nodiscard]] std::vector<LaunchConfig> launchConfigs() const;  // index = id - 1

  [[nodiscard]] std::vector<AttnCall> calls() const;  // in order of id
  [[nodiscard]] std::vector<HeadRow> heads(
      const HeadFilter& filter = {}) const;  // by step, layer, branch, head
  [[nodiscard]] std::optional<int64_t> findCall(int32_t step, int32_t layer, Branch branch) const;

  // Blobs of one call and head; empty optional when not recorded.
  [[nodiscard]] std::optional<BlockMask> mask(int64_t callId, int32_t head) const;
  [[nodiscard]] std::optional<BlockMass> mass(int64_t callId, int32_t head) const;
  [[nodiscard]] std::optional<RecallCurve> recallCurve(int64_t callId, int32_t head) const;
  [[nodiscard]] std::optional<std::vector<float>> lseBlocks(int64_t callId, int32_t head) const;
  [[nodiscard]] std::optional<std::vector<float>> lseRows(int64_t callId, int32_t head) const;

  [[nodiscard]] int64_t kernelCount() const;
  void forEachKernel(const std::function<void(const Kernel&)>& visit) const;  // by start time

 private:
  struct Impl;
  std::unique_ptr<Impl> m_impl;
};

}  // namespace ditscope::db
