// SPDX-License-Identifier: Apache-2.0
#include "analyzer/tune/report_tune.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "analyzer/exchange/choice_text.h"
#include "analyzer/format.h"
#include "analyzer/machine_text.h"
#include "analyzer/text_table.h"

namespace ditscope::analyzer {
namespace {

using Json = nlohmann::ordered_json;

std::string fixed(double value) {
  return fmt::format("{:.4f}", value);
}

std::string goalText(const TuneGoal& goal) {
  switch (goal.target) {
    case Target::Recall:
      return fmt::format("mean recall {:g}", goal.value);
    case Target::Error:
      return fmt::format("mean error {:g}", goal.value);
    case Target::Speedup:
      return fmt::format("speed-up {:g}", goal.value);
  }
  return {};
}

void addOutcome(TextTable& table, const std::string& name, const Outcome& o) {
  table.addRow({name, fixed(o.recall), fixed(o.lowestRecall), fixed(o.error), formatDuration(o.ns),
                fmt::format("{:.2f}x", o.speedup())});
}

std::string outcomeTable(const TuningResult& r, const TextStyle& style) {
  TextTable table("  ");
  table.addColumn("predicted", Align::Left);
  for (const char* title : {"recall", "lowest head", "error", "attention", "speed-up"})
    table.addColumn(title);
  addOutcome(table, "tuned per head", r.tuned.outcome);
  if (const UniformOutcome* best = bestUniform(r))
    addOutcome(table, "best single setting: " + choiceText(best->choice), best->outcome);
  return table.render(style);
}

std::string methodTable(const TuningResult& r, const TextStyle& style) {
  struct Line {
    Summary density, recall;
  };
  std::map<std::string, Line> lines;
  for (size_t h = 0; h < r.heads.size(); ++h) {
    const Candidate& c = r.heads[h].candidates[r.tuned.outcome.chosen[h]];
    Line& line = lines[c.choice.method];
    line.density.add(c.densityQk);
    line.recall.add(c.recall);
  }
  TextTable table("  ");
  table.addColumn("method", Align::Left);
  for (const char* title : {"heads", "density", "recall"}) table.addColumn(title);
  for (const auto& [method, line] : lines)
    table.addRow({plainText(method), formatCount(line.density.count), formatPercent(line.density.mean()),
                  fixed(line.recall.mean())});
  return table.render(style);
}

}  // namespace

std::string tuneText(const TuningResult& r, const TextStyle& style) {
  std::string text =
      emphasise(fmt::format("Tuned for {}", goalText(r.goal)), Emphasis::Heading, style) + "\n";
  text +=
      fmt::format("{} of {} layers, {} steps of which the first {} dense; {} of {} heads and branches\n\n",
                  plainText(r.run.model), r.run.nLayers, r.run.nSteps, r.goal.denseSteps,
                  plural(int64_t(r.uuids.size()), "recording"), r.heads.size());
  text += outcomeTable(r, style) + "\n" + methodTable(r, style) + "\n";
  text += r.goal.target == Target::Speedup
              ? fmt::format("optimality: no selection has a mean recall above {} ({:.5f} more)\n",
                            fixed(r.tuned.bound), r.tuned.gap)
              : fmt::format("optimality: no selection is faster than {} ({} less)\n",
                            formatDuration(r.tuned.bound), formatPercent(r.tuned.gap, 3));
  for (const LeftOut& l : r.leftOut)
    text += fmt::format("left out {}: expected recall {}, found {} (lowest head {})\n", plainText(l.file),
                        fixed(l.expected.recall), fixed(l.found.recall), fixed(l.found.lowestRecall));
  if (!r.notEvaluated.empty())
    text +=
        fmt::format("not evaluated offline: {} (--probe measures them)\n", fmt::join(r.notEvaluated, ", "));
  for (const std::string& note : r.notes)
    text += emphasise("note: ", Emphasis::Warning, style) + plainText(note) + "\n";
  return text;
}

namespace {

Json pointJson(const Outcome& o) {
  return {{"attention_ns", jsonNumber(o.ns)},
          {"speedup", jsonNumber(o.speedup())},
          {"recall", jsonNumber(o.recall)},
          {"lowest_recall", jsonNumber(o.lowestRecall)},
          {"error", jsonNumber(o.error)}};
}

Json frontArray(const TuningResult& r) {
  Json points = Json::array();
  for (const Outcome& o : r.front) points.push_back(pointJson(o));
  return points;
}

}  // namespace

std::string tuneJson(const TuningResult& r) {
  Json json = {{"schema", "ditscope.tune/1"},
               {"goal", goalText(r.goal)},
               {"tuned", pointJson(r.tuned.outcome)},
               {"bound", jsonNumber(r.tuned.bound)},
               {"gap", jsonNumber(r.tuned.gap)},
               {"best_uniform", nullptr},
               {"front", frontArray(r)},
               {"left_out", Json::array()},
               {"not_evaluated", r.notEvaluated},
               {"notes", r.notes}};
  if (const UniformOutcome* best = bestUniform(r)) {
    json["best_uniform"] = pointJson(best->outcome);
    json["best_uniform"]["method"] = choiceText(best->choice);
  }
  for (const LeftOut& l : r.leftOut)
    json["left_out"].push_back(
        {{"file", l.file}, {"expected", pointJson(l.expected)}, {"found", pointJson(l.found)}});
  return jsonText(json);
}

std::string frontJson(const TuningResult& r) {
  return jsonText({{"schema", "ditscope.front/1"},
                   {"dense_ns", jsonNumber(r.tuned.outcome.denseNs)},
                   {"front", frontArray(r)}});
}

std::string frontCsv(const TuningResult& r) {
  std::string text = "attention_ns,speedup,recall,lowest_recall,error\n";
  for (const Outcome& o : r.front) {
    const std::string cells[] = {csvNumber(o.ns), csvNumber(o.speedup()), csvNumber(o.recall),
                                 csvNumber(o.lowestRecall), csvNumber(o.error)};
    text += csvLine(cells);
  }
  return text;
}

namespace {

constexpr double kFrontWidth = 720, kFrontHeight = 440, kFrontLeft = 64, kFrontRight = 20, kFrontTop = 20,
                 kFrontBottom = 52;

struct Scale {  // of one axis to pixels
  double lo = 0, hi = 1, from = 0, to = 1;
  [[nodiscard]] double at(double value) const { return from + (value - lo) / (hi - lo) * (to - from); }
};

std::string ticks(const Scale& x, const Scale& y) {
  std::string svg;
  for (int i = 0; i <= 5; ++i) {
    const double xv = x.lo + (x.hi - x.lo) * i / 5, yv = y.lo + (y.hi - y.lo) * i / 5;
    svg += fmt::format(
        R"(<line x1="{0:.1f}" y1="{1}" x2="{0:.1f}" y2="{2}" stroke="#ddd"/><text x="{0:.1f}" y="{3}" text-anchor="middle">{4:.0f} %</text>)"
        "\n",
        x.at(xv), kFrontTop, kFrontHeight - kFrontBottom, kFrontHeight - kFrontBottom + 18, 100 * xv);
    svg += fmt::format(
        R"(<line x1="{0}" y1="{1:.1f}" x2="{2}" y2="{1:.1f}" stroke="#ddd"/><text x="{3}" y="{4:.1f}" text-anchor="end">{5:.3f}</text>)"
        "\n",
        kFrontLeft, y.at(yv), kFrontWidth - kFrontRight, kFrontLeft - 6, y.at(yv) + 4, yv);
  }
  return svg;
}

}  // namespace

std::string frontSvg(const TuningResult& r) {
  const double denseNs = std::max(r.tuned.outcome.denseNs, 1.0);
  Scale x{.lo = 0, .hi = 1, .from = kFrontLeft, .to = kFrontWidth - kFrontRight};
  Scale y{.lo = r.tuned.outcome.recall, .hi = 1, .from = kFrontHeight - kFrontBottom, .to = kFrontTop};
  for (const Outcome& o : r.front) {
    y.lo = std::min(y.lo, o.recall);
    x.hi = std::max(x.hi, o.ns / denseNs);
  }
  if (!(y.lo < 1)) y.lo = 0;
  std::string svg = fmt::format(
      R"(<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {} {}" font-family="sans-serif" font-size="12">)"
      "\n<title>Predicted attention time against recall</title>\n<rect width=\"100%\" height=\"100%\" "
      "fill=\"white\"/>\n",
      kFrontWidth, kFrontHeight);
  svg += ticks(x, y);
  for (const UniformOutcome& u : r.uniform)
    if (u.outcome.recall >= y.lo && u.outcome.ns <= x.hi * denseNs)
      svg += fmt::format(R"(<circle cx="{:.1f}" cy="{:.1f}" r="3" fill="#999"/>)"
                         "\n",
                         x.at(u.outcome.ns / denseNs), y.at(u.outcome.recall));
  std::string line;
  for (const Outcome& o : r.front)
    line += fmt::format("{:.1f},{:.1f} ", x.at(o.ns / denseNs), y.at(o.recall));
  svg += fmt::format(R"(<polyline points="{}" fill="none" stroke="#1565c0" stroke-width="2"/>)"
                     "\n",
                     line);
  svg +=
      fmt::format(R"(<circle cx="{:.1f}" cy="{:.1f}" r="6" fill="none" stroke="#c62828" stroke-width="2"/>)"
                  "\n",
                  x.at(r.tuned.outcome.ns / denseNs), y.at(r.tuned.outcome.recall));
  svg += fmt::format(R"(<text x="{}" y="{}" text-anchor="middle">attention time, share of dense)"
                     " (line: per head, dots: one setting for all, ring: chosen)</text>\n",
                     kFrontWidth / 2, kFrontHeight - 12);
  return svg +
         fmt::format(
             R"svg(<text transform="translate(14 {}) rotate(-90)" text-anchor="middle">recall</text>)svg"
             "\n</svg>\n",
             kFrontHeight / 2);
}

}  // namespace ditscope::analyzer
