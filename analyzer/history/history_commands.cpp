// SPDX-License-Identifier: Apache-2.0
#include "analyzer/history/history_commands.h"

#include <fmt/format.h>

#include <algorithm>

#include "analyzer/exchange/exchange_file.h"
#include "analyzer/format.h"
#include "analyzer/history/history_add.h"
#include "analyzer/history/report_history.h"
#include "analyzer/terminal.h"
#include "db/error.h"

namespace ditscope::analyzer {
namespace {

using Access = db::HistoryFile::Access;

History readChosen(const HistoryArguments& a, bool changes = true) {
  const db::HistoryFile file(a.file, Access::Read);
  ProgressLine line("looking for changes");
  History history =
      readHistory(file, {.kernels = a.kernels, .series = a.series, .branch = a.branch, .changes = changes},
                  [&line](int64_t done, int64_t total) {
                    line.update(done, total);
                    return true;
                  });
  if (history.series.empty() && (a.series || a.branch || !a.kernels.empty()))
    db::refuseInput(a.file, "no series is of what was asked for", "see ditscope history list " + a.file);
  return history;
}

std::string addOne(db::HistoryFile& file, const std::string& trace, const AddOptions& options) {
  ProgressLine progress(fmt::format("reading {}", trace));
  db::OpenOptions open;
  open.cancelled = [&progress] {
    progress.pulse();
    return false;
  };
  const NewPoints added = pointsOf(readSeries(trace, db::TraceReader(trace, open)), options);
  if (added.points.empty())
    db::refuseInput(
        trace, added.tooFew == 0 ? "it has no kernel launches" : "no kernel has enough samples for a point",
        fmt::format("name a recording with kernel times, {} launches of a kernel at least",
                    options.screening.minSamples));
  const std::optional<int64_t> id = file.add(added.run, added.points);
  if (!id) return fmt::format("{} is there already\n", plainText(trace));
  std::string text = fmt::format("run {}: {} of {}, {}", *id, plural(int64_t(added.points.size()), "point"),
                                 plainText(trace), shortCommit(added.run));
  if (!added.run.branch.empty()) text += " on " + plainText(added.run.branch);
  if (added.tooFew > 0)
    text += fmt::format("; {} with too few samples left out", plural(added.tooFew, "series", "series"));
  return text + "\n";
}

const db::HistoryBaseline* find(const std::vector<db::HistoryBaseline>& all, const std::string& name,
                                const std::string& branch) {
  const auto same = [&](const db::HistoryBaseline& b) { return b.name == name && b.branch == branch; };
  const auto found = std::ranges::find_if(all, same);
  return found == all.end() ? nullptr : &*found;
}

std::string baselineText(const db::HistoryBaseline& baseline, const std::vector<db::HistoryRun>& runs,
                         bool files) {
  std::string text;
  if (!files)
    text = plainText(baseline.name) + (baseline.branch.empty() ? "" : " on " + plainText(baseline.branch)) +
           "\n";
  for (const db::HistoryRun& run : runs) {
    if (std::ranges::find(baseline.runIds, run.id) == baseline.runIds.end()) continue;
    text += files ? run.file + "\n"
                  : fmt::format("  run {}  {}  {}  {}\n", run.id, formatUtc(run.startedUtcNs),
                                shortCommit(run), plainText(run.file));
  }
  return text;
}

// The runs that --last or --commit choose, ascending by id.
std::vector<int64_t> chosenRuns(const HistoryArguments& a, const std::vector<db::HistoryRun>& runs) {
  std::vector<int64_t> ids;
  for (const db::HistoryRun& run : runs)
    if ((!a.branch || run.branch == *a.branch) && (!a.commit || run.gitCommit.starts_with(*a.commit)))
      ids.push_back(run.id);
  if (a.last && int64_t(ids.size()) > *a.last) ids.erase(ids.begin(), ids.end() - *a.last);
  if (ids.empty())
    db::refuseInput(a.file, "no run is of that branch and commit", "see ditscope history list --json");
  std::ranges::sort(ids);
  return ids;
}

}  // namespace

CommandResult addToHistory(const HistoryArguments& a) {
  const AddOptions options{.screening = {}, .branch = a.branch, .commit = a.commit, .kernels = a.kernels};
  db::HistoryFile file(a.file, Access::Create);
  CommandResult result;
  for (const std::string& trace : a.traces) result.text += addOne(file, trace, options);
  return result;
}

CommandResult listHistory(const HistoryArguments& a) {
  const History history = readChosen(a);
  return {.text = a.json ? historyJson(history) : historyText(history, a.all, terminalStyle(a.ascii)),
          .exitCode = a.check && countOpenSlower(history) > 0 ? 1 : 0};
}

CommandResult plotHistory(const HistoryArguments& a) {
  const History history = readChosen(a);
  if (a.svg.empty()) return {.text = historyChart(history, a.most, terminalStyle(a.ascii))};
  writeExchangeFile(a.svg, historySvg(history, a.most));
  const size_t shown = std::min(a.most, history.series.size());
  return {.text = fmt::format("{} of {} in {}\n", plural(int64_t(shown), "chart"),
                              plural(int64_t(history.series.size()), "series", "series"), a.svg)};
}

CommandResult baselineOfHistory(const HistoryArguments& a) {
  const bool changes = a.last || a.commit || a.remove;
  if (changes && a.name.empty())
    db::refuseInput("history baseline", "no name is given", "name the baseline, for example main");
  db::HistoryFile file(a.file, changes ? Access::Write : Access::Read);
  const std::vector<db::HistoryRun> runs = file.runs();
  const std::string branch = a.branch.value_or("");
  if (a.last || a.commit) file.setBaseline({a.name, branch, chosenRuns(a, runs)});
  const std::vector<db::HistoryBaseline> all = file.baselines();
  CommandResult result;
  if (a.name.empty()) {
    for (const db::HistoryBaseline& baseline : all) result.text += baselineText(baseline, runs, a.files);
    return result;
  }
  const db::HistoryBaseline* baseline = find(all, a.name, branch);
  if (baseline == nullptr)
    db::refuseInput(a.file,
                    fmt::format("there is no baseline {}{}{}", a.name, branch.empty() ? "" : " on ", branch),
                    "set it with --last or --commit");
  if (!a.remove) return {.text = baselineText(*baseline, runs, a.files)};
  file.setBaseline({a.name, branch, {}});
  return result;
}

CommandResult exportHistory(const HistoryArguments& a) {
  const History history = readChosen(a, false);
  writeExchangeFile(a.out, otavaCsv(history));
  if (!a.config.empty()) writeExchangeFile(a.config, otavaConfig(history, a.out));
  return {.text = fmt::format("{} of {} in {}\n", plural(int64_t(history.series.size()), "series", "series"),
                              plural(int64_t(history.runs.size()), "run"), a.out)};
}

CommandResult markHistory(const HistoryArguments& a, bool accepted) {
  {
    const History history = readChosen(a, false);
    const std::vector<db::HistoryPoint>& points = history.series.front().points;
    if (std::ranges::find(points, *a.run, &db::HistoryPoint::runId) == points.end())
      db::refuseInput(fmt::format("--run {}", *a.run), "the series has no point of it",
                      "see ditscope history list " + a.file);
  }
  db::HistoryFile file(a.file, Access::Write);
  if (a.remove) {
    file.removeMark(*a.series, *a.run);
  } else {
    file.setMark({*a.series, *a.run, accepted, a.note});
  }
  return {};
}

}  // namespace ditscope::analyzer
