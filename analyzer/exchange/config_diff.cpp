// SPDX-License-Identifier: Apache-2.0
#include "analyzer/exchange/config_diff.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include "analyzer/exchange/cell_groups.h"
#include "analyzer/exchange/choice_text.h"

namespace ditscope::analyzer {
namespace {

std::string numberText(const std::optional<double>& value) {
  return value ? fmt::format("{}", *value) : "none";
}

std::string joined(const std::vector<std::string>& texts) {
  std::string all;
  for (const std::string& text : texts) all += (all.empty() ? "" : ", ") + text;
  return all.empty() ? "none" : all;
}

class Differ {
 public:
  Differ(const db::SparsityConfig& before, const db::SparsityConfig& after)
      : m_before(before),
        m_after(after),
        m_extent{std::min(before.steps, after.steps), std::min(before.model.layers, after.model.layers),
                 std::min(before.model.heads, after.model.heads)} {}

  ConfigDiff diff() {
    facts();
    cells();
    return std::move(m_diff);
  }

 private:
  using Side = std::pair<const db::MethodChoice*, db::StepKind>;

  void fact(const std::string& name, const std::string& before, const std::string& after) {
    if (before != after) m_diff.facts.push_back({name, before, after});
  }

  // Notes are for programs: what the tuner leaves there would fill screens. The hash tells long ones
  // apart.
  static std::string noteText(const std::string& note) {
    constexpr size_t kShown = 60;
    if (note.size() <= kShown) return note;
    return fmt::format("{} ... ({} bytes, hash {:x})", note.substr(0, kShown), note.size(),
                       std::hash<std::string>()(note));
  }

  void facts() {
    const db::ConfigModel &a = m_before.model, &b = m_after.model;
    const auto count = [&](const char* name, int64_t before, int64_t after) {
      fact(name, std::to_string(before), std::to_string(after));
    };
    const auto grid = [](const db::TokenGrid& g) {
      return fmt::format("{} x {} x {}", g.frames, g.rows, g.cols);
    };
    const auto text = [](const db::TextSpan& t) { return fmt::format("{} to {}", t.begin, t.end); };
    fact("model", a.className, b.className);
    count("layers", a.layers, b.layers);
    count("heads", a.heads, b.heads);
    count("tokens", a.tokens, b.tokens);
    fact("grid", grid(a.grid), grid(b.grid));
    fact("text tokens", text(a.text), text(b.text));
    fact("scheduler", m_before.scheduler, m_after.scheduler);
    count("steps", m_before.steps, m_after.steps);
    count("query block", m_before.blockQ, m_after.blockQ);
    count("key block", m_before.blockK, m_after.blockK);
    fact("guidance", numberText(m_before.guidance), numberText(m_after.guidance));
    fact("traces", joined(m_before.traces), joined(m_after.traces));
    std::map<std::string, std::pair<std::string, std::string>> notes;
    for (const auto& [key, value] : m_before.extensions) notes[key].first = value;
    for (const auto& [key, value] : m_after.extensions) notes[key].second = value;
    for (const auto& [key, values] : notes) {
      if (values.first != values.second) fact(key, noteText(values.first), noteText(values.second));
    }
  }

  void cells() {
    const db::ConfigTable before(m_before), after(m_after);
    std::vector<uint32_t> ids(m_extent.cells(), 0);
    for (const db::Branch branch : {db::Branch::Cond, db::Branch::Uncond})
      for (int32_t step = 0; step < m_extent.steps; ++step)
        for (int32_t layer = 0; layer < m_extent.layers; ++layer)
          for (int32_t head = 0; head < m_extent.heads; ++head) {
            const db::Cell cell{step, layer, head, branch};
            ids[m_extent.place(cell)] = compare({&before.resolve(cell), before.kindOf(cell)},
                                                {&after.resolve(cell), after.kindOf(cell)});
          }
    m_diff.cells = int64_t(ids.size());
    std::vector<int64_t> counts(m_texts.size() + 1, 0);
    for (const uint32_t id : ids) ++counts[id];
    m_diff.changedCells = m_diff.cells - counts[0];
    for (const CellGroup& group : groupCells(m_extent, ids)) {
      const auto& [a, b] = m_texts[group.id - 1];
      m_diff.changes.push_back({group.cells, a, b, cellsIn(group.cells)});
    }
  }

  [[nodiscard]] int64_t cellsIn(const db::CellSelector& cells) const {
    const auto covered = [](const std::vector<db::IndexRange>& ranges, int32_t all) {
      int64_t sum = ranges.empty() ? all : 0;
      for (const db::IndexRange& range : ranges) sum += range.last - range.first + 1;
      return sum;
    };
    const int64_t steps = cells.steps ? cells.steps->last - cells.steps->first + 1 : m_extent.steps;
    return steps * covered(cells.layers, m_extent.layers) * covered(cells.heads, m_extent.heads) *
           (cells.branch ? 1 : 2);
  }

  // 0 when both compute the same, else the number of this change.
  uint32_t compare(const Side& before, const Side& after) {
    const auto [entry, isNew] = m_known.try_emplace({before, after}, Known{});
    if (isNew) {
      const db::MethodChoice &a = *before.first, &b = *after.first;
      const bool same = before.second == after.second && a.method == b.method && a.parameters == b.parameters;
      entry->second.expectsOther = a.expected != b.expected || a.extensions != b.extensions;
      if (!same) entry->second.id = number(textsOf(before, after));
    }
    m_diff.changedExpectations += entry->second.expectsOther ? 1 : 0;
    return entry->second.id;
  }

  uint32_t number(std::pair<std::string, std::string> texts) {
    const auto [entry, isNew] = m_numbers.try_emplace(texts, uint32_t(m_texts.size() + 1));
    if (isNew) m_texts.push_back(std::move(texts));
    return entry->second;
  }

  // "topk density=0.2" -> "topk density=0.1": of the same method only what differs.
  static std::pair<std::string, std::string> textsOf(const Side& before, const Side& after) {
    const auto kindText = [](db::StepKind kind) { return fmt::format("step={}", db::nameOf(kind)); };
    const db::MethodChoice &a = *before.first, &b = *after.first;
    std::string first = a.method, second = b.method;
    const bool sameMethod = a.method == b.method;
    std::map<std::string, std::pair<std::string, std::string>> values;
    for (const auto& [key, value] : a.parameters) values[key].first = parameterText(value);
    for (const auto& [key, value] : b.parameters) values[key].second = parameterText(value);
    for (const auto& [key, texts] : values) {
      if (sameMethod && texts.first == texts.second) continue;
      if (!texts.first.empty() || sameMethod) first += fmt::format(" {}={}", key, orNone(texts.first));
      if (!texts.second.empty() || sameMethod) second += fmt::format(" {}={}", key, orNone(texts.second));
    }
    if (before.second != after.second) {
      first += ' ' + kindText(before.second);
      second += ' ' + kindText(after.second);
    }
    return {first, second};
  }

  static std::string orNone(const std::string& text) { return text.empty() ? "(default)" : text; }

  struct Known {
    uint32_t id = 0;
    bool expectsOther = false;
  };

  const db::SparsityConfig& m_before;
  const db::SparsityConfig& m_after;
  CellExtent m_extent;
  ConfigDiff m_diff;
  std::map<std::pair<Side, Side>, Known> m_known;
  std::map<std::pair<std::string, std::string>, uint32_t> m_numbers;
  std::vector<std::pair<std::string, std::string>> m_texts;  // id - 1
};

}  // namespace

ConfigDiff diffConfigs(const db::SparsityConfig& before, const db::SparsityConfig& after) {
  return Differ(before, after).diff();
}

}  // namespace ditscope::analyzer
