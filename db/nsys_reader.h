// SPDX-License-Identifier: Apache-2.0
// Reads the SQLite export of Nsight Systems (schema 3.x): any subset of its tables and columns, as plain rows
// in the order of the file. The file is a stranger's: hardened read-only connection, plain tables alone,
// values as they lie. Only the tables named in nsys_catalog.cpp can be read at all; those that hold
// environment variables, command lines and attached files are not among them. Times are ns from the start of
// the session. Throws db::Error for a damaged file, db::Cancelled.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ditscope::db {

// Of a serialised id of nsys: the process in the form that kernels carry.
[[nodiscard]] constexpr int64_t nsysProcessOf(int64_t globalTid) {
  return globalTid & ~int64_t{0xFFFFFF};
}
[[nodiscard]] constexpr int64_t nsysPidOf(int64_t globalId) {
  return globalId >> 24 & 0xFFFFFF;
}

struct NsysKernel {
  int64_t startNs = 0, endNs = 0;
  int64_t device = 0;  // the process's number of it
  int64_t stream = 0;
  std::optional<int64_t> correlation, process;
  int64_t graphNode = 0;  // 0 = none
  int64_t name = 0;       // id of a string: demangled, else short
  int64_t registersPerThread = 0, staticSharedBytes = 0, dynamicSharedBytes = 0;
  int64_t grid[3] = {1, 1, 1};
  int64_t block[3] = {1, 1, 1};
  int64_t cluster[3] = {1, 1, 1};
};

struct NsysCall {  // of the runtime or driver API
  int64_t startNs = 0;
  std::optional<int64_t> correlation, thread;
  int64_t name = 0;  // id of a string
};

struct NsysRange {  // NVTX push/pop and start/end
  int64_t startNs = 0;
  std::optional<int64_t> endNs, thread;
  std::optional<int64_t> textId;   // of a string
  std::string_view text;           // else this; until the next row
  std::optional<int64_t> payload;  // an integer
};

struct NsysGraphNode {  // of a CUDA graph: when and where it was made
  int64_t node = 0, original = 0;
  int64_t startNs = 0;
  std::optional<int64_t> thread;
};

struct NsysDevice {
  int64_t id = 0;
  std::string name, uuid;
  int64_t smCount = 0, memoryBytes = 0, clockHz = 0;
};
struct NsysDeviceOfProcess {
  int64_t pid = 0, device = 0;  // the process's number
  int64_t id = 0;               // of NsysDevice
};

struct NsysWarning {
  int64_t timeNs = 0;
  std::string text;
};

struct NsysFacts {
  std::string schemaVersion, productVersion;
  std::optional<int64_t> utcOfZeroNs;
  std::string driver, cuda;  // versions
  int64_t copies = 0;        // of memory, and fills
  int64_t wholeGraphs = 0;   // launches of CUDA graphs whose kernels were not captured
};

class NsysReader {
 public:
  // `cancelled` is asked now and then from inside of queries; it may be empty.
  explicit NsysReader(const std::filesystem::path& path, std::function<bool()> cancelled = {});
  ~NsysReader();
  NsysReader(const NsysReader&) = delete;
  NsysReader& operator=(const NsysReader&) = delete;

  [[nodiscard]] NsysFacts facts() const;
  [[nodiscard]] std::vector<NsysDevice> devices() const;
  [[nodiscard]] std::vector<NsysDeviceOfProcess> devicesOfProcesses() const;
  [[nodiscard]] std::vector<NsysWarning> warnings(size_t atMost) const;
  [[nodiscard]] int64_t rowEstimate() const;  // of the four below
  [[nodiscard]] bool kernelsNameProcesses() const;

  void forEachKernel(const std::function<void(const NsysKernel&)>& visit) const;
  void forEachCall(const std::function<void(const NsysCall&)>& visit) const;
  void forEachRange(const std::function<void(const NsysRange&)>& visit) const;
  void forEachGraphNode(const std::function<void(const NsysGraphNode&)>& visit) const;

  // Empty when there is none of that id. Valid until the next call.
  [[nodiscard]] std::string_view string(int64_t id) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> m_impl;
};

// Of a SQLite file, by its tables. Throws db::Error when it is damaged or one of ours.
[[nodiscard]] bool isNsysExport(const std::filesystem::path& path);

}  // namespace ditscope::db
