// SPDX-License-Identifier: Apache-2.0
#include "analyzer/guard/guard_cli.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>

#include "analyzer/guard/report_compare.h"
#include "analyzer/terminal.h"
#include "db/error.h"

namespace ditscope::analyzer {
namespace {

constexpr const char* kCompareFooter = R"(
Series with the same kernel, launch configuration, problem and device are compared. SLOWER and FASTER need a 99 %
interval of the shift beyond what matters (1 % from 1 ms, 2 % from 50 us, 5 % below, at least 0.3 us; 2 % where a side
has one run) and ranks that differ after correction for all kernels; SAME an interval within it; everything else is
UNCLEAR, with the reason. Three runs a side of the same command tell most.

Examples:
  ditscope compare base.db new.db
  ditscope compare base1.db base2.db base3.db -- new1.db new2.db new3.db --markdown summary.md
  ditscope compare base.db new.db --json --seed 7

Exit codes: 0 no kernel got slower, 1 one did, 2 unclear, 3 bad input, 4 a failure of ours.)";

[[noreturn]] void refuse(const std::string& why) {
  throw db::Error(db::Error::Kind::BadInput, "compare", why,
                  "write BASE.db NEW.db, or BASE.db ... -- NEW.db ... for several runs a side");
}

struct Sides {
  std::vector<std::string> base, next;
};
Sides sidesOf(const std::vector<std::string>& files) {
  const auto divider = std::ranges::find(files, kSides);
  Sides sides;
  if (divider == files.end()) {
    if (files.size() != 2)
      refuse(fmt::format("{} files are given and no -- between the sides", files.size()));
    return {{files[0]}, {files[1]}};
  }
  sides.base.assign(files.begin(), divider);
  sides.next.assign(divider + 1, files.end());
  if (std::ranges::count(files, kSides) > 1) refuse("there is more than one --");
  if (sides.base.empty() || sides.next.empty()) refuse("a side has no file");
  return sides;
}

std::vector<RunSeries> readAll(const std::vector<std::string>& files, const SeriesOptions& options) {
  std::vector<RunSeries> runs;
  for (const std::string& file : files) {
    ProgressLine progress(fmt::format("reading {}", file));
    db::OpenOptions open;
    open.cancelled = [&progress] {
      progress.pulse();
      return false;
    };
    runs.push_back(readSeries(file, db::TraceReader(file, open), options));
    if (runs.back().series.empty())
      throw db::Error(db::Error::Kind::BadInput, file, "it has no kernel launches",
                      "name a recording with kernel times");
  }
  return runs;
}

void writeText(const std::string& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary);
  if (!(file << text).flush())
    throw db::Error(db::Error::Kind::Failure, path, std::strerror(errno), "choose another place");
}

CommandResult runCompare(const GuardArguments& a) {
  CompareRule rule = a.rule;
  for (const std::string& what : a.across)
    (what == "devices"   ? rule.acrossDevices
     : what == "drivers" ? rule.acrossDrivers
                         : rule.acrossClocks) = true;
  const Sides sides = sidesOf(a.files);
  const SeriesOptions options{.seed = rule.verdict.bootstrap.seed, .deviceModels = rule.acrossDevices};
  const std::vector<RunSeries> base = readAll(sides.base, options), next = readAll(sides.next, options);
  ProgressLine line("comparing kernels");
  const Comparison comparison = compare(base, next, rule, [&line](int64_t done, int64_t total) {
    line.update(done, total);
    return true;
  });
  CommandResult result{.text = {}, .exitCode = exitCodeOf(comparison)};
  if (!a.markdown.empty() && a.markdown != "-") writeText(a.markdown, compareMarkdown(comparison));
  result.text = a.json              ? compareJson(comparison)
                : a.markdown == "-" ? compareMarkdown(comparison)
                                    : compareText(comparison, a.all, terminalStyle(a.ascii));
  return result;
}

}  // namespace

std::vector<std::string> reversedArguments(int argc, char** argv) {
  std::vector<std::string> arguments(argv + 1, argv + argc);
  if (!arguments.empty() && arguments[0] == "compare")
    std::ranges::replace(arguments, std::string("--"), kSides);
  std::ranges::reverse(arguments);
  return arguments;
}

void addGuardCommands(CLI::App& app, GuardArguments& a) {
  auto* compare = app.add_subcommand("compare", "did kernels get slower from one set of runs to another");
  compare->add_option("FILES", a.files, "BASE... -- NEW...: traces of each side")->required()->type_name("");
  compare->add_flag("--json", a.json, "one JSON object with every number");
  compare->add_option("--markdown", a.markdown, "also write a summary in GitHub's Markdown; - for stdout")
      ->type_name("FILE");
  compare->add_flag("--all", a.all, "also list what stayed the same");
  compare->add_flag("--ascii", a.ascii, "no block characters");
  compare->add_option("--kernel", a.rule.kernels, "only kernels whose name holds this; may be given again")
      ->allow_extra_args(false)
      ->type_name("TEXT");
  compare
      ->add_option(
          "--across", a.across,
          "compare all the same: other devices of one model, other drivers, other clock policies and caches")
      ->delimiter(',')
      ->check(CLI::IsMember({"devices", "drivers", "clocks"}))
      ->allow_extra_args(false)
      ->type_name("devices,drivers,clocks");
  compare
      ->add_option("--clear-share", a.rule.clearShare,
                   "of the kernel time that must have a verdict, else the whole is unclear (default: 0.5)")
      ->check(CLI::Range(0.0, 1.0))
      ->type_name("SHARE");
  compare
      ->add_option("--floor", a.rule.verdict.leastFloor,
                   "smallest change that matters, where it is more than below; 0.05 for shared machines")
      ->check(CLI::Range(0.0, 1.0))
      ->type_name("SHARE");
  compare->add_flag("--unclear-passes", a.rule.unclearPasses,
                    "exit code 0 and not 2 where it cannot be told");
  compare
      ->add_option("--warmups", a.rule.verdict.screening.warmups,
                   "first launches of a kernel in a run that do not count (default: 1)")
      ->check(CLI::Range(0, 1'000'000))
      ->type_name("N");
  compare
      ->add_option("--min-samples", a.rule.verdict.screening.minSamples,
                   "a run with fewer launches of a kernel does not count (default: 10)")
      ->check(CLI::Range(4, 1'000'000))
      ->type_name("N");
  compare->add_option("--seed", a.rule.verdict.bootstrap.seed, "of the resampling (default: 1)")
      ->type_name("SEED");
  compare->footer(kCompareFooter);
}

std::optional<CommandResult> runGuardCommand(const CLI::App& app, const GuardArguments& a) {
  if (app.got_subcommand("compare")) return runCompare(a);
  return std::nullopt;
}

}  // namespace ditscope::analyzer
