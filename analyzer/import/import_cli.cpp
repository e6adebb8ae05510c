// SPDX-License-Identifier: Apache-2.0
#include "analyzer/import/import_cli.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "analyzer/format.h"
#include "analyzer/interrupt.h"
#include "analyzer/machine_text.h"
#include "analyzer/terminal.h"
#include "db/error.h"
#include "db/trace_reader.h"

namespace ditscope::analyzer {
namespace {

std::string reportText(const CaptureArguments& a, const ImportReport& report) {
  const AttributionResult& c = report.counts;
  std::string text = fmt::format("{}: {} from {}", a.out,
                                 plural(c.kernels, "kernel launch", "kernel launches"), report.source);
  if (c.orphans > 0)
    text += fmt::format(", {} of them without the call that launched it", formatCount(c.orphans));
  text += "\n";
  if (c.calls == 0) return text + "no attention call was recognised; --rules names what to look for\n";
  return text + fmt::format("{} in {} and {}, with {}\n", plural(c.calls, "attention call"),
                            plural(c.steps, "step"), plural(c.layers, "layer"),
                            plural(c.attributed, "kernel launch", "kernel launches"));
}

std::string reportJson(const CaptureArguments& a, const ImportReport& report) {
  const AttributionResult& c = report.counts;
  return jsonText({{"schema", "ditscope.import-capture/1"},
                   {"file", a.file},
                   {"out", a.out},
                   {"source", report.source},
                   {"rows", report.rows},
                   {"kernels", c.kernels},
                   {"kernels_without_launch", c.orphans},
                   {"kernels_of_attention", c.attributed},
                   {"attention_calls", c.calls},
                   {"steps", c.steps},
                   {"layers", c.layers}});
}

}  // namespace

CommandResult importCaptureCommand(const CaptureArguments& a, CaptureFormat format) {
  ImportOptions options;
  options.tool = "ditscope " DITSCOPE_VERSION;
  if (!a.rules.empty()) options.rules = readRules(a.rules);
  const StopOnInterrupt stop;
  try {
    ProgressLine progress(fmt::format("importing {}", a.file));
    const ImportReport report =
        importCapture(a.file, format, a.out, options, [&](int64_t done, int64_t total) {
          progress.update(done, total);
          return !stop.stopped();
        });
    return {.text = a.json ? reportJson(a, report) : reportText(a, report), .exitCode = 0};
  } catch (const db::Cancelled&) {
    throw db::Error(db::Error::Kind::Failure, "import of " + a.file, "it was stopped", "nothing was written");
  }
}

}  // namespace ditscope::analyzer
