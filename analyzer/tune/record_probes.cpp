// SPDX-License-Identifier: Apache-2.0
#include "analyzer/tune/record_probes.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cstdio>

#include "analyzer/tune/recording.h"
#include "analyzer/verify/record_run.h"
#include "db/error.h"

namespace ditscope::analyzer {
namespace {

namespace fs = std::filesystem;

constexpr int kMeasuredSteps = 10;

void makeFolder(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error)
    throw db::Error(db::Error::Kind::Failure, folder.string(), error.message(),
                    "choose another place with --probe-dir");
}

// Under another name until it is whole: a file of the final name can be taken as it is.
void record(const std::string& denseFile, const db::Run& dense, const std::string& method, int everyStep,
            const fs::path& file) {
  const fs::path part = file.string() + ".part";
  std::vector<std::string> arguments =
      collectArguments(denseFile, dense, withMethod(method, dense), db::RecordLevel::Mass, part);
  const int every = everyStep > 0 ? everyStep : std::max(1, dense.nSteps / kMeasuredSteps);
  arguments.insert(arguments.end() - 2, {"--every-step", fmt::format("{}", every), "--overwrite"});
  runCollect("tuning", arguments);
  if (!isProbeOf(part, method, dense))
    throw db::Error(db::Error::Kind::Failure, "tuning", "it was stopped while it recorded " + method,
                    fmt::format("run it again: finished probes are in {}", file.parent_path().string()));
  fs::rename(part, file);
}

}  // namespace

bool isMethodText(const std::string& word) {
  const std::string name = word.substr(0, word.find(':'));
  const bool isName = !name.empty() && std::ranges::all_of(name, [](unsigned char letter) {
    return std::isalnum(letter) != 0;
  });
  return isName && !fs::exists(word);
}

fs::path probeFile(const fs::path& folder, const std::string& method) {
  std::string name = method;
  for (char& letter : name) {
    const bool plain = std::isalnum(static_cast<unsigned char>(letter)) != 0 ||
                       std::string("=,.+-").find(letter) != std::string::npos;
    if (!plain) letter = '_';
  }
  return folder / (name + ".db");
}

bool isProbeOf(const fs::path& file, const std::string& method, const db::Run& dense) {
  if (!fs::exists(file)) return false;
  try {
    const db::TraceReader reader(file);
    const db::Run& run = reader.run();
    checkAlike("", dense, file.string(), run);
    return run.finalised && parseChoice(run.method) == parseChoice(method) && run.seed == dense.seed &&
           run.label == dense.label && run.guidance == dense.guidance &&
           run.record != db::RecordLevel::Stats && int(reader.steps().size()) == run.nSteps;
  } catch (const db::Error&) {
    return false;
  }
}

std::vector<std::string> probeTraces(const std::string& denseFile, const ProbeRuns& probes) {
  std::vector<std::string> files;
  const auto recorded = std::ranges::count_if(probes.wanted, isMethodText);
  std::ptrdiff_t number = 0;
  db::Run dense;
  for (const std::string& word : probes.wanted) {
    if (!isMethodText(word)) {
      files.push_back(word);
      continue;
    }
    if (number++ == 0) {
      dense = DenseRecording(denseFile).run();  // refuses what cannot be tuned, before the long part
      makeFolder(probes.folder);
    }
    const fs::path file = probeFile(probes.folder, word);
    const bool there = isProbeOf(file, word, dense);
    fmt::print(stderr, "probe {} of {}: {}{}\n", number, recorded, word, there ? ", recorded before" : "");
    if (!there) record(denseFile, dense, word, probes.everyStep, file);
    files.push_back(file.string());
  }
  return files;
}

}  // namespace ditscope::analyzer
