// SPDX-License-Identifier: Apache-2.0
#include "analyzer/verify/verify_command.h"

#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <optional>
#include <vector>

#include "analyzer/terminal.h"
#include "analyzer/verify/record_run.h"
#include "analyzer/verify/report_verify.h"
#include "db/config_file.h"
#include "db/error.h"

namespace ditscope::analyzer {
namespace {

namespace fs = std::filesystem;

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (fs::temp_directory_path() / "ditscope-verify-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr)
      throw db::Error(db::Error::Kind::Failure, name, "cannot be made", "name a file for the run with --out");
    m_path = name;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    fs::remove_all(m_path, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  [[nodiscard]] fs::path file(const char* name) const { return m_path / name; }

 private:
  fs::path m_path;
};

Recording readRecording(const std::string& file) {
  ProgressLine progress(fmt::format("reading {}", file));
  db::OpenOptions options;
  options.cancelled = [&progress] {
    progress.pulse();
    return false;
  };
  return {file, readFacts(db::TraceReader(file, options))};
}

// Load that comes and goes slows both alike, and a ratio is taken inside a round.
std::vector<double> speedupsInTurns(const Recording& dense, const std::string& configFile, int rounds) {
  std::vector<double> speedups;
  for (int round = 0; round < rounds; ++round) {
    const TemporaryFolder folder;
    const auto time = [&](const std::vector<std::string>& what, const char* name) {
      const std::string file = folder.file(name).string();
      runCollect("verify", collectArguments(dense.file, dense.facts.run, what, db::RecordLevel::Stats, file));
      return double(attentionOf(readRecording(file)).total());
    };
    const double before = time(withMethod("dense", dense.facts.run), "dense.db");
    speedups.push_back(before / time(withConfig(configFile), "run.db"));
  }
  return speedups;
}

}  // namespace

CommandResult runVerify(const CommonOptions& common, const VerifyOptions& options) {
  const db::SparsityConfig config = db::readConfig(common.file);
  const Recording dense = readRecording(options.dense);
  std::optional<TemporaryFolder> folder;
  std::string file = options.run;
  if (file.empty()) {
    file = options.out.empty() ? folder.emplace().file("run.db").string() : options.out;
    runCollect("verify", collectArguments(dense.file, dense.facts.run, withConfig(common.file),
                                          db::RecordLevel::Mass, file));
  }
  Recording run = readRecording(file);
  if (folder) run.file = "the recorded run";
  const Verification verification =
      verify(common.file, config, dense, run, speedupsInTurns(dense, common.file, options.rounds));
  const bool kept = !verification.promise || verification.promise->kept;
  return {.text = common.format == OutputFormat::Json ? verifyJson(verification)
                                                      : verifyText(verification, terminalStyle(common.ascii)),
          .exitCode = kept ? 0 : 1};
}

}  // namespace ditscope::analyzer
