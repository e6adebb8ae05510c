// SPDX-License-Identifier: Apache-2.0
// The commands of `ditscope` that read a trace. Each returns what belongs on stdout; errors are thrown.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace ditscope::analyzer {

enum class OutputFormat : uint8_t { Text, Json, Csv };

struct CommonOptions {
  std::string file;
  OutputFormat format = OutputFormat::Text;
  bool ascii = false;
};
struct HeadsOptions {
  std::string by = "head";  // layer, head, step
  std::optional<std::string> sort;
  std::optional<size_t> top;
  std::optional<int32_t> step;
  std::optional<std::string> method, choice;  // of the cells to look at
};
struct DriftOptions {
  std::optional<int32_t> reference;
  std::optional<size_t> top;
  std::optional<double> reuse;  // recall
};

struct CommandResult {
  std::string text;  // for stdout
  int exitCode = 0;  // of a command whose answer can be no
};

[[nodiscard]] std::string runInfo(const CommonOptions& common);
[[nodiscard]] std::string runHeads(const CommonOptions& common, const HeadsOptions& options);
[[nodiscard]] std::string runDrift(const CommonOptions& common, const DriftOptions& options);

}  // namespace ditscope::analyzer
