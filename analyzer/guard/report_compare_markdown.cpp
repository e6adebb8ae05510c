// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "analyzer/format.h"
#include "analyzer/guard/report_compare.h"

namespace ditscope::analyzer {
namespace {

constexpr size_t kMostRows = 30;    // rows of a table; a comment holds 65,536 characters
constexpr size_t kNameBytes = 200;  // of a kernel

// Text of a trace inside HTML inside a table cell: whatever could be markup becomes an entity.
std::string cell(std::string_view text) {
  std::string safe;
  for (const char c : plainText(text)) {
    const bool plain = std::isalnum(static_cast<unsigned char>(c)) != 0 ||
                       (static_cast<unsigned char>(c) & 0x80U) != 0 ||
                       std::string_view(" .,:;+-=%()/").find(c) != std::string_view::npos;
    safe += plain ? std::string(1, c) : fmt::format("&#{};", int(c));
  }
  return safe;
}

std::string nameCell(const SeriesKey& key) {
  std::string name = describe(key);
  if (name.size() > kNameBytes) {
    size_t end = kNameBytes;
    while (end > 0 && (static_cast<unsigned char>(name[end]) & 0xC0U) == 0x80U)
      --end;  // not inside a character
    name = name.substr(0, end) + "...";
  }
  return "<code>" + cell(name) + "</code>";
}

std::string table(const Comparison& c, Verdict verdict) {
  std::string text =
      "| kernel | base | new | change | 99 % interval | matters from | |\n|---|--:|--:|--:|--:|--:|---|\n";
  size_t rows = 0;
  for (const ComparedSeries& s : c.series) {
    if (s.judgement.verdict != verdict || rows++ >= kMostRows) continue;
    const ShiftEvidence& e = s.evidence;
    const std::string& note = verdict == Verdict::Unclear ? s.judgement.reason : s.note;
    text += fmt::format("| {} | {} | {} | {} | {} to {} | {} | {} |\n", nameCell(s.key),
                        formatDuration(e.baseMedianNs), formatDuration(e.newMedianNs), formatShift(e.shift),
                        formatShift(e.interval.low), formatShift(e.interval.high), formatShift(e.floor),
                        cell(note));
  }
  if (rows > kMostRows) text += fmt::format("\n{} more are in the JSON report.\n", rows - kMostRows);
  return text;
}

std::string section(const Comparison& c, Verdict verdict, bool open) {
  const int64_t count = c.count(verdict);
  if (count == 0) return "";
  const std::string title = fmt::format("{}: {}", nameOf(verdict), plural(count, "kernel"));
  if (open) return fmt::format("\n**{}**\n\n{}", title, table(c, verdict));
  return fmt::format("\n<details><summary>{}</summary>\n\n{}\n</details>\n", title, table(c, verdict));
}

std::string side(const char* name, const std::vector<ComparedRun>& runs) {
  std::string text = fmt::format("{} ({})", name, plural(int64_t(runs.size()), "run"));
  const std::string commit = runs.empty() ? "" : runs.front().run.gitCommit;
  const bool one =
      std::ranges::all_of(runs, [&](const ComparedRun& run) { return run.run.gitCommit == commit; });
  if (one && !commit.empty()) text += " at " + cell(commit.substr(0, 10));
  return text;
}

}  // namespace

std::string compareMarkdown(const Comparison& c) {
  std::string text =
      fmt::format("### Kernel times: {}{}\n\n{}; {} against {}.\n",
                  c.likely && c.verdict != Verdict::Unclear ? "likely " : "", nameOf(c.verdict),
                  cell(c.reason), side("base", c.base), side("new", c.next));
  if (c.likely && !c.series.empty()) text += "\nOne run on a side: how much runs differ is not known.\n";
  if (!c.notes.empty()) text += "\n";
  for (const std::string& note : c.notes) text += "- " + cell(note) + "\n";
  text += section(c, Verdict::Slower, true) + section(c, Verdict::Faster, true);
  text += section(c, Verdict::Unclear, false) + section(c, Verdict::Same, false);
  text += fmt::format("\nLaunches: {} and {}, set aside {} and {} (warm-up, no time, throttled). ",
                      formatCount(c.baseCounts.launches), formatCount(c.newCounts.launches),
                      formatCount(c.baseCounts.setAside()), formatCount(c.newCounts.setAside()));
  text += fmt::format("On one side only: {} and {} kernels. Seed {}.\n", c.onlyBase.size(), c.onlyNew.size(),
                      c.rule.verdict.bootstrap.seed);
  return text;
}

}  // namespace ditscope::analyzer
