// SPDX-License-Identifier: Apache-2.0
// Gathers the rows of a capture in the normal form, in bounded memory: kernels and launches wait in sorters
// that spill to disk, names and ranges in tables with a cap, and what does not fit is counted. Readers of
// formats fill it, attribution.h empties it. One thread.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "analyzer/import/capture.h"
#include "analyzer/import/import_rules.h"
#include "analyzer/import/name_table.h"
#include "analyzer/import/spill_sorter.h"

namespace ditscope::analyzer {

struct ByLaunchKey {
  template <class Row>
  bool operator()(const Row& a, const Row& b) const {
    return std::tie(a.process, a.correlation, a.startNs) < std::tie(b.process, b.correlation, b.startNs);
  }
};

struct LaneInfo {
  int64_t process = 0;  // of a stream the device
  int64_t thread = 0;   // of a stream its number
  bool isStream = false;
};

struct KernelConfig {  // db::LaunchConfig with a number for its name
  int32_t name = 0;
  int32_t grid[3] = {1, 1, 1};
  int32_t block[3] = {1, 1, 1};
  int32_t cluster[3] = {1, 1, 1};
  int32_t registersPerThread = 0;
  int64_t staticSharedBytes = 0;
  int64_t dynamicSharedBytes = 0;
  friend bool operator==(const KernelConfig&, const KernelConfig&) = default;
};

// Of the name of an API call: cudaLaunchKernelExC_v11060, cuLaunchKernel, hipModuleLaunchKernel, ...
[[nodiscard]] bool startsKernel(std::string_view apiName);

class CaptureBuilder {
 public:
  static constexpr size_t kMaxRanges = 2'000'000;  // about 130 MB
  static constexpr size_t kMaxConfigs = 500'000;
  static constexpr size_t kMaxLanes = 65'536;
  static constexpr size_t kMaxDevices = 1'024;

  CaptureBuilder(const ImportRules& rules, const std::filesystem::path& spillFolder, size_t memoryBytes);

  // Numbers for what rows refer to; the same for the same arguments.
  Lane hostLane(int64_t process, int64_t thread);
  Lane streamLane(int32_t device, int32_t stream);
  int32_t device(int64_t ordinal);
  int32_t kernelName(std::string_view name);
  int32_t config(KernelConfig config);  // with the number of its name

  void add(const CapturedKernel& kernel);
  void add(const CapturedLaunch& launch);
  // What the rules say of a range's name. PyTorch appends numbers and shapes (", op_id = 3, sizes = [[..]]");
  // the name is what stands before them. Valid until the next call.
  const RangeMeaning& meaning(std::string_view name);
  // `payload` is the number that an annotation carries beside its name, -1 for none. The range's time and
  // shape are taken from `range`.
  void addRange(const CapturedRange& range, const RangeMeaning& meaning, std::string_view name,
                int32_t payload);
  int32_t addKernelRange(const CapturedKernel& kernel);  // -1 when there are too many

  void count(const std::string& counter, int64_t by = 1) { counters[counter] += by; }  // capture health

  CaptureFacts facts;
  std::vector<db::Device> devices;  // what a reader knows of them it fills in
  std::map<std::string, int64_t> counters;
  int64_t rows = 0;  // of kernels, launches and ranges that were looked at

  SpillSorter<CapturedKernel, ByLaunchKey> kernels;
  SpillSorter<CapturedLaunch, ByLaunchKey> launches;
  std::vector<CapturedRange> ranges;
  NameTable labels;
  static constexpr size_t kMaxGraphNodes = 1'000'000;
  std::unordered_map<int64_t, GraphNodeOrigin> graphNodes;

  [[nodiscard]] const std::vector<LaneInfo>& lanes() const { return m_lanes; }
  [[nodiscard]] const std::vector<KernelConfig>& configs() const { return m_configs; }
  [[nodiscard]] const std::string& nameOf(const KernelConfig& config) const {
    return m_names.at(config.name);
  }
  [[nodiscard]] bool isAttention(int32_t config) const;
  [[nodiscard]] const std::filesystem::path& spillFolder() const { return m_spillFolder; }
  [[nodiscard]] size_t memoryBytes() const { return m_memoryBytes; }

 private:
  struct LaneHash {
    size_t operator()(const LaneInfo& lane) const;
  };
  struct LaneEqual {
    bool operator()(const LaneInfo& a, const LaneInfo& b) const;
  };
  struct ConfigHash {
    size_t operator()(const KernelConfig& config) const;
  };
  Lane laneOf(const LaneInfo& lane);

  const ImportRules& m_rules;
  std::filesystem::path m_spillFolder;
  size_t m_memoryBytes;
  std::vector<LaneInfo> m_lanes;
  std::unordered_map<LaneInfo, Lane, LaneHash, LaneEqual> m_laneIds;
  std::unordered_map<int64_t, int32_t> m_deviceIds;
  NameTable m_names;                    // of kernels
  std::vector<bool> m_nameIsAttention;  // by number of the name
  std::vector<KernelConfig> m_configs;
  std::unordered_map<KernelConfig, int32_t, ConfigHash> m_configIds;
  std::unordered_map<std::string, RangeMeaning, TextHash, std::equal_to<>> m_meanings;
};

}  // namespace ditscope::analyzer
