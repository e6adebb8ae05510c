// SPDX-License-Identifier: Apache-2.0
#include "analyzer/verify/run_checks.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <tuple>

#include "analyzer/format.h"
#include "db/enum_names.h"
#include "db/error.h"

namespace ditscope::analyzer {
namespace {

std::string shown(const std::string& text) {
  return text.empty() ? "not recorded" : plainText(text);
}
template <class Number>
std::string shown(Number number) {
  return fmt::format("{}", number);
}

using CallKey = std::tuple<int32_t, int32_t, db::Branch>;

std::set<CallKey> selfCalls(const Recording& recording) {
  std::set<CallKey> keys;
  for (const db::AttnCall& call : recording.facts.calls)
    if (call.kind != db::AttnKind::Cross) keys.insert({call.step, call.layer, call.branch});
  return keys;
}

}  // namespace

void checkFitsConfig(const std::string& configFile, const db::SparsityConfig& config,
                     const Recording& recording) {
  const db::Run& run = recording.facts.run;
  const auto check = [&](const char* name, const auto& mine, const auto& theirs) {
    if (mine == theirs) return;
    db::refuseInput(
        recording.file,
        fmt::format("its {} is {}, that of {} is {}", name, shown(theirs), configFile, shown(mine)),
        "give recordings of the model, size and steps that the configuration was made for");
  };
  check("model", config.model.className, run.model);
  check("number of layers", config.model.layers, run.nLayers);
  check("number of heads", config.model.heads, run.nHeads);
  check("number of tokens", config.model.tokens, run.seqLen);
  check("number of steps", config.steps, run.nSteps);
  check("width of query blocks", config.blockQ, run.blockQ);
  check("width of key blocks", config.blockK, run.blockK);
}

void checkDense(const Recording& dense) {
  const auto sparse = std::ranges::find_if(dense.facts.heads,
                                           [](const db::HeadRow& head) { return head.stats.densityQk < 1; });
  if (sparse == dense.facts.heads.end() && !dense.facts.heads.empty()) return;
  db::refuseInput(dense.file,
                  sparse == dense.facts.heads.end()
                      ? std::string("it has no attention statistics")
                      : fmt::format("it is not dense: its method is {}", shown(dense.facts.run.method)),
                  "record it with --method dense");
}

void checkSameRequest(const Recording& dense, const Recording& run) {
  const db::Run &a = dense.facts.run, &b = run.facts.run;
  const auto check = [&](const char* name, const auto& ofDense, const auto& ofRun) {
    if (ofDense == ofRun) return;
    db::refuseInput(
        run.file,
        fmt::format("its {} is {}, that of {} is {}", name, shown(ofRun), dense.file, shown(ofDense)),
        fmt::format("record both alike, or let `ditscope verify` record: leave {} out", run.file));
  };
  check("model path", a.modelPath, b.modelPath);
  check("scheduler", a.scheduler, b.scheduler);
  check("seed", a.seed, b.seed);
  check("label", a.label, b.label);
  check("guidance", a.guidance, b.guidance);
  check("dtype", a.dtype, b.dtype);
  for (const Recording* recording : {&dense, &run}) {
    const std::set<CallKey> all = selfCalls(dense), calls = selfCalls(*recording);
    const auto steps = int64_t(recording->facts.steps.size());
    if (steps < recording->facts.run.nSteps || (recording == &run && calls != all))
      db::refuseInput(recording->file,
                      fmt::format("it has {} of {} steps and {} of {} attention calls: it was stopped early",
                                  steps, recording->facts.run.nSteps, calls.size(), all.size()),
                      "record it again to the end");
  }
  const bool measured = std::ranges::any_of(run.facts.heads, [](const db::HeadRow& head) {
    return head.stats.densityQk < 1 && std::isfinite(head.stats.recallMean);
  });
  const bool sparse =
      std::ranges::any_of(run.facts.heads, [](const db::HeadRow& head) { return head.stats.densityQk < 1; });
  if (sparse && !measured)
    db::refuseInput(run.file, "it has no recalls of sparse heads", "record it with --record mass");
}

void checkObeyed(const std::string& configFile, const db::ConfigTable& config, const Recording& run) {
  const std::string& method = run.facts.run.method;
  if (!method.starts_with("config:"))
    db::refuseInput(run.file, fmt::format("its method is {}, not a configuration", shown(method)),
                    fmt::format("record it with --config {}", configFile));
  for (const db::HeadRow& head : run.facts.heads) {
    const db::Cell cell{head.step, head.layer, head.head, head.branch};
    const std::string& planned = head.decision.method;
    // A call that nothing planned bears the name of the whole configuration.
    if (planned.empty() || planned == "config" || config.kindOf(cell) == db::StepKind::Dense) continue;
    if (const std::string& wanted = config.resolve(cell).method; wanted != planned)
      db::refuseInput(
          run.file,
          fmt::format("step {} layer {} head {} {} was planned by {}, but by {} in {}", head.step, head.layer,
                      head.head, db::nameOf(head.branch), plainText(planned), wanted, configFile),
          fmt::format("record it with --config {}", configFile));
  }
}

}  // namespace ditscope::analyzer
