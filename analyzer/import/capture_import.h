// SPDX-License-Identifier: Apache-2.0
// Makes a trace of ours from a capture of another profiler: Nsight Systems' .sqlite export or the PyTorch
// profiler's .json or .json.gz, recognised by content. The trace has kernels with their launch configurations
// and, as far as names and shapes tell, steps, layers and attention calls; no cells, because no other
// profiler sees heads. Memory is bounded, whatever the file's size.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "analyzer/import/attribution.h"
#include "analyzer/import/import_rules.h"

namespace ditscope::analyzer {

enum class CaptureFormat : uint8_t { Nsys, Kineto };

// Empty: neither; the file may be a configuration. Throws db::Error when it cannot be read.
[[nodiscard]] std::optional<CaptureFormat> recogniseCapture(const std::filesystem::path& path);

struct ImportOptions {
  ImportRules rules = defaultRules();
  std::string tool = "ditscope";          // program and version that imports
  size_t memoryBytes = size_t{48} << 20;  // of each of three sorters, before they spill beside the output
};

struct ImportReport {
  AttributionResult counts;
  int64_t rows = 0;  // kernels, launches and ranges that were read
  std::string source;
};

// Writes `out`, whole or not at all; it must not exist. Progress counts what was read of the file, then rows.
// Throws db::Error or db::Cancelled.
ImportReport importCapture(const std::filesystem::path& file, CaptureFormat format,
                           const std::filesystem::path& out, const ImportOptions& options,
                           const Progress& progress);

}  // namespace ditscope::analyzer
