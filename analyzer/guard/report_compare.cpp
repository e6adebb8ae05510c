// SPDX-License-Identifier: Apache-2.0
#include "analyzer/guard/report_compare.h"

#include <fmt/format.h>

#include <algorithm>

#include "analyzer/format.h"
#include "analyzer/text_table.h"

namespace ditscope::analyzer {
namespace {

constexpr size_t kShownKernels = 20;  // kernels of a verdict, unless all are wanted

Emphasis emphasisOf(Verdict verdict) {
  switch (verdict) {
    case Verdict::Slower:
      return Emphasis::Bad;
    case Verdict::Unclear:
      return Emphasis::Warning;
    default:
      return Emphasis::Good;
  }
}

std::string sideText(const char* side, const std::vector<ComparedRun>& runs) {
  std::string text = fmt::format("{} {}:", side, plural(int64_t(runs.size()), "run"));
  for (const ComparedRun& run : runs) {
    text += " " + plainText(run.file);
    if (!run.run.gitCommit.empty()) text += fmt::format(" ({})", plainText(run.run.gitCommit.substr(0, 10)));
  }
  return text + "\n";
}

std::string screenedText(const char* side, const ScreeningCounts& counts) {
  std::string text;
  const auto add = [&](const char* what, int64_t count) {
    if (count > 0) text += fmt::format("{}{} {}", text.empty() ? "" : ", ", formatCount(count), what);
  };
  add("warm-up", counts.warmup);
  add("without a time", counts.zeroTime);
  add("before their launch", counts.beforeLaunch);
  add("throttled", counts.throttled);
  return fmt::format("{}: {}, set aside: {}\n", side, plural(counts.launches, "launch", "launches"),
                     text.empty() ? "none" : text);
}

std::string seriesTable(const Comparison& c, Verdict verdict, size_t shown, const TextStyle& style) {
  TextTable table;
  table.addColumn("verdict", Align::Left);
  table.addColumn("kernel", Align::Left);
  for (const char* title : {"base", "new", "launches", "of time"}) table.addColumn(title);
  table.addColumn("why", Align::Left);
  double all = 0;
  for (const ComparedSeries& s : c.series) all += s.baseNs;
  size_t rows = 0;
  for (const ComparedSeries& s : c.series) {
    if (s.judgement.verdict != verdict || rows++ >= shown) continue;
    const ShiftEvidence& e = s.evidence;
    const std::string note = s.note.empty() ? "" : " (" + s.note + ")";
    table.addRow({fmt::format("{}{}", s.judgement.likely && verdict == Verdict::Slower ? "likely " : "",
                              nameOf(verdict)),
                  shortenedName(describe(s.key)), formatDuration(e.baseMedianNs),
                  formatDuration(e.newMedianNs), fmt::format("{} | {}", e.baseSamples, e.newSamples),
                  all > 0 ? formatPercent(s.baseNs / all) : std::string(kNoValue),
                  plainText(s.judgement.reason + note)});
  }
  if (rows == 0) return "";
  std::string text = "\n" + table.render(style);
  if (rows > shown) text += fmt::format("... and {} more {}\n", rows - shown, nameOf(verdict));
  return text;
}

std::string unpairedText(const char* side, const std::vector<Unpaired>& left, size_t shown) {
  if (left.empty()) return "";
  double ns = 0;
  for (const Unpaired& series : left) ns += series.ns;
  std::string text =
      fmt::format("\nonly in {}: {}, {}\n", side, plural(int64_t(left.size()), "kernel"), formatDuration(ns));
  for (size_t i = 0; i < std::min(shown, left.size()); ++i)
    text += fmt::format("  {:>10}  {}\n", formatDuration(left[i].ns), shortenedName(describe(left[i].key)));
  return text;
}

}  // namespace

std::string_view nameOf(Verdict verdict) {
  switch (verdict) {
    case Verdict::Slower:
      return "SLOWER";
    case Verdict::Faster:
      return "FASTER";
    case Verdict::Same:
      return "SAME";
    case Verdict::Unclear:
      break;
  }
  return "UNCLEAR";
}

std::string compareText(const Comparison& c, bool all, const TextStyle& style) {
  std::string text = sideText("base", c.base) + sideText("new", c.next);
  text += fmt::format("{}{}: {}\n", c.likely && c.verdict != Verdict::Unclear ? "likely " : "",
                      emphasise(nameOf(c.verdict), emphasisOf(c.verdict), style), c.reason);
  if (c.likely && !c.series.empty())
    text += "one run on a side: how much runs differ is not known; three runs a side tell\n";
  for (const std::string& note : c.notes)
    text += emphasise("note: ", Emphasis::Warning, style) + plainText(note) + "\n";
  text += screenedText("base", c.baseCounts) + screenedText("new", c.newCounts);
  const size_t shown = all ? c.series.size() : kShownKernels;
  for (const Verdict verdict : {Verdict::Slower, Verdict::Faster, Verdict::Unclear})
    text += seriesTable(c, verdict, shown, style);
  if (all) text += seriesTable(c, Verdict::Same, shown, style);
  text += fmt::format("\n{} SLOWER, {} FASTER, {} UNCLEAR, {} SAME\n", c.count(Verdict::Slower),
                      c.count(Verdict::Faster), c.count(Verdict::Unclear), c.count(Verdict::Same));
  const size_t left = all ? std::max(c.onlyBase.size(), c.onlyNew.size()) : 5;
  return text + unpairedText("base", c.onlyBase, left) + unpairedText("new", c.onlyNew, left);
}

int exitCodeOf(const Comparison& c) {
  if (c.verdict == Verdict::Unclear) return c.rule.unclearPasses ? 0 : 2;
  return c.verdict == Verdict::Slower ? 1 : 0;
}

}  // namespace ditscope::analyzer
