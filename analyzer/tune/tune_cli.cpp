// SPDX-License-Identifier: Apache-2.0
#include "analyzer/tune/tune_cli.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fstream>
#include <thread>

#include "analyzer/terminal.h"
#include "analyzer/tune/report_tune.h"
#include "db/config_file.h"
#include "db/enum_names.h"
#include "db/error.h"

namespace ditscope::analyzer {
namespace {

volatile std::sig_atomic_t g_interrupted = 0;

class InterruptGuard {  // Ctrl-C ends a computation between two heads
 public:
  InterruptGuard() {
    m_before = std::signal(SIGINT, [](int) { g_interrupted = 1; });
  }
  ~InterruptGuard() { std::signal(SIGINT, m_before); }
  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;

 private:
  void (*m_before)(int);
};

TuneRequest requestOf(const TuneArguments& a) {
  TuneRequest request = a.request;
  if (int(a.recall.has_value()) + int(a.speedup.has_value()) + int(a.error.has_value()) != 1)
    db::refuseInput("command line", "tune needs one target", "give one of --recall, --speedup and --error");
  if (a.recall) request.value = *a.recall;
  if (a.speedup) request.target = Target::Speedup, request.value = *a.speedup;
  if (a.error) request.target = Target::Error, request.value = *a.error;
  request.over = a.over == "mean" ? Over::Mean : Over::Worst;
  request.threads = std::clamp(int32_t(std::thread::hardware_concurrency()), 1, 8);
  return request;
}

void writeFront(const std::string& path, const TuningResult& result) {
  const std::string text =
      path.ends_with(".csv")    ? frontCsv(result)
      : path.ends_with(".json") ? frontJson(result)
      : path.ends_with(".svg")
          ? frontSvg(result)
          : (db::refuseInput(path, "the front is written as .json, .csv or .svg", "end its name so"),
             std::string());
  std::ofstream file(path, std::ios::binary);
  if (!(file << text).flush())
    throw db::Error(db::Error::Kind::Failure, path, std::strerror(errno), "choose another place");
}

CommandResult runTune(const TuneArguments& a) {
  TuneRequest request = requestOf(a);
  ProbeRuns probes = a.probes;
  if (probes.folder.empty()) probes.folder = a.out + ".probes";
  request.probes = probeTraces(request.recordings.front(), probes);
  const InterruptGuard guard;
  TuningResult result;
  try {
    ProgressLine line("tuning");
    result = runTuning(request, [&line](int64_t done, int64_t total) {
      line.update(done, total);
      return g_interrupted == 0;
    });
  } catch (const db::Cancelled&) {
    throw db::Error(db::Error::Kind::Failure, "tuning", "it was cancelled",
                    "nothing was written; run it again");
  }
  db::writeConfig(a.out, tunedConfig(result));
  if (!a.front.empty()) writeFront(a.front, result);
  if (a.json) return {.text = tuneJson(result)};
  return {.text = tuneText(result, terminalStyle(a.ascii)) + fmt::format("{}: written\n", a.out)};
}

CommandResult runExplain(const TuneArguments& a) {
  ExplainQuery query = a.explain;
  query.branch = db::fromName<db::Branch>(a.branch);
  const db::SparsityConfig config = db::readConfig(a.config);
  return {.text = a.json ? explainJson(a.config, config, query)
                         : explainText(a.config, config, query, terminalStyle(a.ascii))};
}

void addTune(CLI::App& app, TuneArguments& a) {
  auto* tune = app.add_subcommand("tune", "the fastest setting of every head for a recall, or the reverse");
  tune->add_option("RUN", a.request.recordings, "dense traces recorded with --record mass")
      ->required()
      ->type_name("");
  tune->add_option("--recall", a.recall, "mean recall to keep")->check(CLI::Range(0.0, 1.0))->type_name("R");
  tune->add_option("--speedup", a.speedup, "speed-up of attention to reach")
      ->check(CLI::Range(1.0, 1000.0))
      ->type_name("S");
  tune->add_option("--error", a.error, "mean relative error to allow")
      ->check(CLI::Range(0.0, 10.0))
      ->type_name("E");
  tune->add_option("--out", a.out, "configuration to write")->required()->type_name("PATH");
  tune->add_option("--head-floor", a.request.headFloor, "recall of every head (default: R - 0.1)")
      ->check(CLI::Range(0.0, 1.0))
      ->type_name("R");
  tune->add_option("--margin", a.request.margin, "aim this much above the recall (default: 0.002)")
      ->check(CLI::Range(0.0, 0.5))
      ->type_name("M");
  tune->add_option("--methods", a.request.methods, "only these, separated by commas")
      ->delimiter(',')
      ->type_name("LIST");
  tune->add_option(
          "--probe", a.probes.wanted,
          "methods that masses cannot evaluate, as for collect --method: each is run, and measured; or "
          "traces of such runs")
      ->type_name("METHOD|RUN");
  tune->add_option("--probe-dir", a.probes.folder,
                   "where the runs of --probe are kept; those that are there are not run again (default: "
                   "OUT.probes)")
      ->type_name("DIR");
  tune->add_option("--probe-every", a.probes.everyStep,
                   "probes measure recall and error in one of K steps (default: in about ten)")
      ->check(CLI::Range(1, 1000))
      ->type_name("K");
  tune->add_option("--latency", a.request.latency, "trace of ditscope bench --out")->type_name("FILE");
  tune->add_option("--dense-steps", a.request.denseSteps, "first steps that stay dense (default: 1)")
      ->check(CLI::Range(1, 10000))
      ->type_name("N");
  tune->add_option("--over", a.over, "several recordings: what holds in the worst, or on average")
      ->check(CLI::IsMember({"worst", "mean"}))
      ->type_name("WHAT");
  tune->add_option("--pareto", a.front, "time against recall as .json, .csv or .svg")->type_name("PATH");
  tune->add_flag("--json", a.json, "one JSON object");
  tune->add_flag("--ascii", a.ascii, "no block characters");
  tune->footer(
      "Example:\n  ditscope collect --model demo-video --record mass --out dense.db\n"
      "  ditscope tune dense.db --recall 0.95 --out config.json\n"
      "  ditscope tune dense.db --recall 0.95 --probe topp:source=pooled,share=0.95 --out config.json\n"
      "  ditscope collect --model demo-video --config config.json --record mass --out run.db");
}

}  // namespace

void addTuneCommands(CLI::App& app, TuneArguments& a) {
  addTune(app, a);
  auto* explain = app.add_subcommand("explain", "why a tuned configuration does what it does with a head");
  explain->add_option("CONFIG", a.config, "configuration made by ditscope tune")->required()->type_name("");
  explain->add_option("--layer", a.explain.layer)->required()->type_name("L");
  explain->add_option("--head", a.explain.head)->required()->type_name("H");
  explain->add_option("--step", a.explain.step, "sampling step (default: the first that is not dense)")
      ->type_name("S");
  explain->add_option("--branch", a.branch, "cond or uncond")
      ->check(CLI::IsMember({"cond", "uncond"}))
      ->type_name("NAME");
  explain->add_flag("--json", a.json, "one JSON object");
  explain->add_flag("--ascii", a.ascii, "no block characters");
  explain->footer("Example:\n  ditscope explain config.json --layer 3 --head 2");
}

std::optional<CommandResult> runTuneCommand(const CLI::App& app, const TuneArguments& arguments) {
  if (app.got_subcommand("tune")) return runTune(arguments);
  if (app.got_subcommand("explain")) return runExplain(arguments);
  return std::nullopt;
}

}  // namespace ditscope::analyzer
