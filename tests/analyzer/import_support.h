// SPDX-License-Identifier: Apache-2.0
// Imports a text as if it were the file of a profiler and reads back what came of it.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "analyzer/import/capture_import.h"
#include "db/trace_reader.h"
#include "tests/analyzer/run_program.h"
#include "tests/support/temp_dir.h"

namespace ditscope::tests {

struct ImportedTrace {
  analyzer::ImportReport report;
  db::Run run;
  std::vector<db::Device> devices;
  std::vector<db::Step> steps;
  std::vector<db::Layer> layers;
  std::vector<db::AttnCall> calls;
  std::vector<db::LaunchConfig> configs;
  std::vector<db::Kernel> kernels;  // by start
  std::vector<db::HealthCounter> health;
  std::vector<db::Diagnostic> diagnostics;

  [[nodiscard]] int64_t counter(const std::string& name) const {  // -1: there is none
    const auto found = std::ranges::find(health, name, &db::HealthCounter::name);
    return found == health.end() ? -1 : found->value;
  }
  [[nodiscard]] const std::string& nameOf(const db::Kernel& kernel) const {
    return configs.at(size_t(kernel.configId - 1)).name;
  }
};

inline ImportedTrace readImported(const std::filesystem::path& path, const analyzer::ImportReport& report) {
  const db::TraceReader reader(path);
  ImportedTrace trace{report,          reader.run(),        reader.devices(),       reader.steps(),
                      reader.layers(), reader.calls(),      reader.launchConfigs(), {},
                      reader.health(), reader.diagnostics()};
  reader.forEachKernel([&](const db::Kernel& kernel) { trace.kernels.push_back(kernel); });
  return trace;
}

inline ImportedTrace importFile(const std::filesystem::path& file,
                                const analyzer::ImportOptions& options = {}) {
  const TempDir folder;
  const auto format = analyzer::recogniseCapture(file);
  if (!format) throw std::runtime_error("not recognised as a capture");
  const auto report = analyzer::importCapture(file, *format, folder / "out.db", options, {});
  return readImported(folder / "out.db", report);
}

inline ImportedTrace importText(const std::string& text, const analyzer::ImportOptions& options = {}) {
  const TempDir folder;
  writeText(folder / "capture", text);
  return importFile(folder / "capture", options);
}

}  // namespace ditscope::tests
