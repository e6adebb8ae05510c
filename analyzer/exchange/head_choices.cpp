// SPDX-License-Identifier: Apache-2.0
#include "analyzer/exchange/head_choices.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "analyzer/exchange/choice_text.h"
#include "db/error.h"

namespace ditscope::analyzer {
namespace {

constexpr db::Branch kBranches[] = {db::Branch::Cond, db::Branch::Uncond};

bool expectsAnything(const db::MethodChoice& choice) {
  return choice.expected != db::Expected{};
}

void reportExpectations(const db::SparsityConfig& config, LossReport& losses) {
  int64_t count = expectsAnything(config.defaults) ? 1 : 0;
  for (const db::ConfigOverride& o : config.overrides) count += expectsAnything(o.choice) ? 1 : 0;
  if (count > 0)
    losses.push_back(fmt::format("expected density, recall, error and time of {} choices", count));
}

struct Vote {  // of the cells that share one place of a format
  uint32_t winner = 0;
  bool changes = false;  // over the steps
  bool differs = false;  // between the branches
};

// The settings of a configuration, equal ones once, and the one that most cells have.
class Interned {
 public:
  Interned(const db::SparsityConfig& config, std::vector<db::MethodChoice>& choices)
      : m_table(config), m_choices(choices), m_known{{"dense", {0}}} {}

  // Dense steps of the schedule have a vote, for dense, only where the format could tell them apart.
  Vote vote(const db::IndexRange& steps, int32_t layer, int32_t head, bool denseVotes) {
    Vote result;
    std::map<uint32_t, int64_t> votes;
    std::optional<uint32_t> before[2];
    for (int32_t step = steps.first; step <= steps.last; ++step) {
      std::optional<uint32_t> ids[2];
      for (const db::Branch branch : kBranches) {
        const db::Cell cell{step, layer, head, branch};
        const bool dense = m_table.kindOf(cell) == db::StepKind::Dense;
        if (dense && !denseVotes) continue;
        std::optional<uint32_t>& id = ids[size_t(branch)];
        std::optional<uint32_t>& last = before[size_t(branch)];
        id = dense ? 0 : idOf(m_table.resolve(cell));
        ++votes[*id];
        result.changes = result.changes || (last && *last != *id);
        last = id;
      }
      result.differs = result.differs || ids[0] != ids[1];
    }
    const auto most = std::ranges::max_element(votes, {}, [](const auto& vote) { return vote.second; });
    if (most != votes.end()) result.winner = most->first;
    return result;
  }

 private:
  uint32_t idOf(const db::MethodChoice& choice) {
    const auto [entry, isNew] = m_idOf.try_emplace(&choice, 0);
    if (!isNew) return entry->second;
    std::vector<uint32_t>& ids = m_known[choiceText(choice)];  // of equal text; their notes may differ
    const auto same =
        std::ranges::find_if(ids, [&](uint32_t id) { return sameSetting(m_choices[id], choice); });
    if (same != ids.end()) return entry->second = *same;
    m_choices.push_back(choice);
    ids.push_back(uint32_t(m_choices.size() - 1));
    return entry->second = ids.back();
  }

  db::ConfigTable m_table;
  std::vector<db::MethodChoice>& m_choices;
  std::map<std::string, std::vector<uint32_t>> m_known;
  std::map<const db::MethodChoice*, uint32_t> m_idOf;
};

// Notes of the whole configuration that no format has made.
void reportNotes(const db::SparsityConfig& config, LossReport& losses) {
  const auto foreign = [](const auto& note) {
    return !note.first.starts_with("x-sparge") && !note.first.starts_with("x-skip-softmax");
  };
  const auto count = std::ranges::count_if(config.extensions, foreign);
  if (count > 0) losses.push_back(fmt::format("notes: {} keys that begin with x-", count));
}

}  // namespace

HeadChoices::HeadChoices(const db::SparsityConfig& config, FormatAxes axes, LossReport& losses,
                         int32_t heldSteps)
    : m_extent{config.steps, config.model.layers, config.model.heads},
      m_hasSteps(axes == FormatAxes::StepsAndHeads),
      m_choices(1) {
  fill(config, losses);
  reportSchedule(config, heldSteps, losses);
  reportExpectations(config, losses);
  reportNotes(config, losses);
}

const db::MethodChoice& HeadChoices::at(int32_t step, int32_t layer, int32_t head) const {
  const size_t row = (m_hasSteps ? size_t(step) : 0) * size_t(m_extent.layers) + size_t(layer);
  return m_choices[m_of[row * size_t(m_extent.heads) + size_t(head)]];
}

void HeadChoices::fill(const db::SparsityConfig& config, LossReport& losses) {
  Interned interned(config, m_choices);
  int64_t changing = 0, differing = 0;
  const int32_t places = m_hasSteps ? m_extent.steps : 1;
  for (int32_t place = 0; place < places; ++place) {
    const db::IndexRange steps =
        m_hasSteps ? db::IndexRange{place, place} : db::IndexRange{0, m_extent.steps - 1};
    for (int32_t layer = 0; layer < m_extent.layers; ++layer) {
      for (int32_t head = 0; head < m_extent.heads; ++head) {
        const Vote vote = interned.vote(steps, layer, head, m_hasSteps);
        m_of.push_back(vote.winner);
        changing += vote.changes ? 1 : 0;
        differing += vote.differs ? 1 : 0;
      }
    }
  }
  const char* unit = m_hasSteps ? "heads of steps" : "heads";
  if (changing > 0)
    losses.push_back(fmt::format("step ranges: {} of {} {} collapsed to their most frequent choice", changing,
                                 m_of.size(), unit));
  if (differing > 0)
    losses.push_back(
        fmt::format("branch: {} of {} {} differ between cond and uncond; the more frequent choice "
                    "stands for both",
                    differing, m_of.size(), unit));
}

void HeadChoices::reportSchedule(const db::SparsityConfig& config, int32_t heldSteps,
                                 LossReport& losses) const {
  std::map<db::StepKind, std::set<int32_t>> steps;
  for (const db::ScheduleEntry& entry : config.schedule) {
    const db::IndexRange range = entry.cells.steps.value_or(db::IndexRange{0, config.steps - 1});
    for (int32_t step = range.first; step <= range.last; ++step)
      if (step >= heldSteps || entry.kind != db::StepKind::Dense) steps[entry.kind].insert(step);
  }
  for (const auto& [kind, which] : steps) {
    if (kind == db::StepKind::Sparse || (kind == db::StepKind::Dense && m_hasSteps)) continue;
    losses.push_back(fmt::format("schedule: {} of {} steps have {} entries", which.size(), config.steps,
                                 db::nameOf(kind)));
  }
}

void HeadLosses::addParameters(const db::MethodChoice& choice,
                               std::initializer_list<std::string_view> carried) {
  for (const auto& [key, value] : choice.parameters)
    if (std::ranges::find(carried, std::string_view(key)) == carried.end())
      add(fmt::format("{} of {}", key, choice.method));
}

void HeadLosses::report(LossReport& losses, std::string_view unit) const {
  for (const auto& [reason, heads] : m_heads) losses.push_back(fmt::format("{}: {} {}", reason, heads, unit));
}

ImportedChoices::ImportedChoices(const db::SparsityConfig& like)
    : m_like(like),
      m_extent{like.steps, like.model.layers, like.model.heads},
      m_choices(1),
      m_known{{"dense", {1}}},
      m_ids(m_extent.cells(), 1) {}

uint32_t ImportedChoices::intern(const db::MethodChoice& choice) {
  std::vector<uint32_t>& ids = m_known[choiceText(choice)];
  for (const uint32_t id : ids)
    if (m_choices[id - 1] == choice) return id;
  m_choices.push_back(choice);
  ids.push_back(uint32_t(m_choices.size()));
  return ids.back();
}

void ImportedChoices::setBranch(const db::Cell& cell, const db::MethodChoice& choice) {
  m_ids[m_extent.place(cell)] = intern(choice);
}

void ImportedChoices::set(int32_t step, int32_t layer, int32_t head, const db::MethodChoice& choice) {
  const uint32_t id = intern(choice);
  for (const db::Branch branch : kBranches) m_ids[m_extent.place({step, layer, head, branch})] = id;
}

void ImportedChoices::setAllSteps(int32_t layer, int32_t head, const db::MethodChoice& choice) {
  const uint32_t id = intern(choice);
  for (const db::Branch branch : kBranches)
    for (int32_t step = 0; step < m_extent.steps; ++step)
      m_ids[m_extent.place({step, layer, head, branch})] = id;
}

db::SparsityConfig ImportedChoices::config() const {
  std::vector<int64_t> cells(m_choices.size() + 1, 0);
  for (const uint32_t id : m_ids) ++cells[id];
  const auto most = uint32_t(std::ranges::max_element(cells) - cells.begin());
  std::vector<uint32_t> rest = m_ids;
  std::ranges::replace(rest, most, 0U);
  db::SparsityConfig config = m_like;
  config.defaults = m_choices[most - 1];
  for (const CellGroup& group : groupCells(m_extent, rest))
    config.overrides.push_back({group.cells, m_choices[group.id - 1]});
  return config;
}

void requireShape(const ExchangeInput& input, size_t layers, size_t heads) {
  const db::ConfigModel& model = input.like->model;
  if (layers == size_t(model.layers) && heads == size_t(model.heads)) return;
  throw db::Error(db::Error::Kind::BadInput, "cannot read " + input.name,
                  fmt::format("it is for {} layers of {} heads, --like has {} of {}", layers, heads,
                              model.layers, model.heads),
                  "give with --like a run or a configuration of the model that it was made for");
}

}  // namespace ditscope::analyzer
