// SPDX-License-Identifier: Apache-2.0
// The two sides of every conversion: a configuration seen through a format that lacks some of its axes, and
// the choices that a file gives to heads, as a configuration.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/exchange/cell_groups.h"
#include "analyzer/exchange/exchange_format.h"
#include "db/config.h"

namespace ditscope::analyzer {

enum class FormatAxes : uint8_t { Heads, StepsAndHeads };  // (layer, head), or (step, layer, head)

// The choice of each head, the most frequent where the format has one place for several. Steps that the
// schedule makes dense do not count where the format has no steps, else they are dense. Reports what is
// dropped: step ranges, branches, schedule, expectations, notes. Borrows nothing.
class HeadChoices {
 public:
  // The first `heldSteps` steps of the schedule the format can keep dense some other way.
  HeadChoices(const db::SparsityConfig& config, FormatAxes axes, LossReport& losses, int32_t heldSteps = 0);

  [[nodiscard]] const db::MethodChoice& at(int32_t step, int32_t layer, int32_t head) const;
  [[nodiscard]] const db::MethodChoice& at(int32_t layer, int32_t head) const { return at(0, layer, head); }

 private:
  void fill(const db::SparsityConfig& config, LossReport& losses);
  void reportSchedule(const db::SparsityConfig& config, int32_t heldSteps, LossReport& losses) const;

  CellExtent m_extent;
  bool m_hasSteps;
  std::vector<db::MethodChoice> m_choices;  // [0] is dense; those of equal setting once
  std::vector<uint32_t> m_of;               // [steps or 1][layers][heads]
};

// What single heads lose, counted by reason and reported together.
class HeadLosses {
 public:
  void add(const std::string& reason) { ++m_heads[reason]; }
  // Of a choice whose other parameters the format holds.
  void addParameters(const db::MethodChoice& choice, std::initializer_list<std::string_view> carried);
  void report(LossReport& losses, std::string_view unit = "heads") const;

 private:
  std::map<std::string, int64_t> m_heads;
};

// Collects a choice a cell; cells that were not set are dense.
class ImportedChoices {
 public:
  explicit ImportedChoices(const db::SparsityConfig& like);

  void set(int32_t step, int32_t layer, int32_t head, const db::MethodChoice& choice);  // of both branches
  void setBranch(const db::Cell& cell, const db::MethodChoice& choice);
  void setAllSteps(int32_t layer, int32_t head, const db::MethodChoice& choice);
  // The configuration it was made like with these choices: the most frequent is the default.
  [[nodiscard]] db::SparsityConfig config() const;

 private:
  [[nodiscard]] uint32_t intern(const db::MethodChoice& choice);

  const db::SparsityConfig& m_like;
  CellExtent m_extent;
  std::vector<db::MethodChoice> m_choices;  // id - 1; the first is dense
  std::map<std::string, std::vector<uint32_t>> m_known;
  std::vector<uint32_t> m_ids;
};

// Throws db::Error unless the file is for as many layers and heads as --like.
void requireShape(const ExchangeInput& input, size_t layers, size_t heads);

}  // namespace ditscope::analyzer
