// SPDX-License-Identifier: Apache-2.0
#include "analyzer/tune/tuner.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "analyzer/exchange/choice_text.h"
#include "analyzer/tune/knapsack.h"

namespace ditscope::analyzer {
namespace {

constexpr double kSlack = 1e-9;

// Of a whole run, with the dense steps before.
double runNs(const HeadCandidates& head, double callNs, const TuneGoal& goal) {
  return goal.denseSteps * head.candidates.front().timeNs + (goal.steps - goal.denseSteps) * callNs;
}

struct Problem {
  std::vector<KnapsackGroup> groups;
  std::vector<std::vector<size_t>> candidate;  // of each option
  double needed = 0;
};

bool allowed(const Candidate& c, size_t index, const TuneGoal& goal) {
  return index == 0 || (c.recall >= goal.headFloor && std::isfinite(c.timeNs) && std::isfinite(c.error));
}

KnapsackOption optionOf(const HeadCandidates& head, const Candidate& c, const TuneGoal& goal) {
  const double ns = runNs(head, c.timeNs, goal);
  switch (goal.target) {
    case Target::Recall:
      return {ns, c.recall};
    case Target::Error:
      return {ns, -c.error};
    case Target::Speedup:
      return {-c.recall, -ns};
  }
  return {};
}

Problem problemOf(std::span<const HeadCandidates> heads, const TuneGoal& goal) {
  Problem p;
  double denseNs = 0;
  for (const HeadCandidates& head : heads) {
    KnapsackGroup& group = p.groups.emplace_back();
    std::vector<size_t>& candidate = p.candidate.emplace_back();
    for (size_t i = 0; i < head.candidates.size(); ++i) {
      if (!allowed(head.candidates[i], i, goal)) continue;
      group.push_back(optionOf(head, head.candidates[i], goal));
      candidate.push_back(i);
    }
    denseNs += goal.steps * head.candidates.front().timeNs;
  }
  const double count = double(heads.size());
  p.needed = goal.target == Target::Recall  ? goal.aim() * count
             : goal.target == Target::Error ? -goal.value * count
                                            : -denseNs / goal.value;
  return p;
}

// Selections of one setting for all heads, as candidates of each.
std::map<std::string, std::vector<size_t>> uniformSelections(std::span<const HeadCandidates> heads) {
  std::map<std::string, std::vector<size_t>> all;
  for (size_t h = 0; h < heads.size(); ++h)
    for (size_t i = 0; i < heads[h].candidates.size(); ++i) {
      std::vector<size_t>& chosen = all[choiceText(heads[h].candidates[i].choice)];
      if (chosen.size() == h) chosen.push_back(i);  // the first of equal ones
    }
  std::erase_if(all, [&](const auto& entry) { return entry.second.size() != heads.size(); });
  return all;
}

std::vector<std::vector<size_t>> startsOf(std::span<const HeadCandidates> heads, const Problem& problem) {
  std::vector<std::vector<size_t>> starts;
  for (const auto& [text, chosen] : uniformSelections(heads)) {
    std::vector<size_t> start;
    for (size_t h = 0; h < heads.size(); ++h) {
      const auto found = std::ranges::find(problem.candidate[h], chosen[h]);
      if (found != problem.candidate[h].end()) start.push_back(size_t(found - problem.candidate[h].begin()));
    }
    if (start.size() == heads.size()) starts.push_back(std::move(start));
  }
  return starts;
}

std::vector<size_t> candidatesOf(const Problem& problem, const std::vector<size_t>& options) {
  std::vector<size_t> chosen;
  for (size_t h = 0; h < options.size(); ++h) chosen.push_back(problem.candidate[h][options[h]]);
  return chosen;
}

}  // namespace

Outcome outcomeOf(std::span<const HeadCandidates> heads, const TuneGoal& goal, std::vector<size_t> chosen) {
  Outcome o{.chosen = std::move(chosen)};
  for (size_t h = 0; h < heads.size(); ++h) {
    const Candidate& c = heads[h].candidates.at(o.chosen[h]);
    o.recall += c.recall;
    o.error += c.error;
    o.lowestRecall = std::min(o.lowestRecall, c.recall);
    o.ns += runNs(heads[h], c.timeNs, goal);
    o.loNs += runNs(heads[h], c.timeLoNs, goal);
    o.hiNs += runNs(heads[h], c.timeHiNs, goal);
    o.denseNs += goal.steps * heads[h].candidates.front().timeNs;
  }
  const double count = std::max(double(heads.size()), 1.0);
  o.recall /= count;
  o.error /= count;
  return o;
}

std::optional<Tuned> tune(std::span<const HeadCandidates> heads, const TuneGoal& goal) {
  const Problem problem = problemOf(heads, goal);
  const auto solution = solveKnapsack(problem.groups, problem.needed, startsOf(heads, problem));
  if (!solution) return std::nullopt;
  Tuned tuned{.outcome = outcomeOf(heads, goal, candidatesOf(problem, solution->chosen))};
  if (goal.target == Target::Speedup) {
    const double count = std::max(double(heads.size()), 1.0);
    tuned.bound = -solution->bound / count;
    tuned.gap = solution->gap() / count;
    tuned.rateNs = solution->rate > 0 ? 1 / solution->rate : 0;
  } else {
    tuned.bound = solution->bound;
    tuned.gap = solution->cost > 0 ? solution->gap() / solution->cost : 0;
    tuned.rateNs = solution->rate;
  }
  return tuned;
}

std::vector<UniformOutcome> uniformOutcomes(std::span<const HeadCandidates> heads, const TuneGoal& goal) {
  std::vector<UniformOutcome> all;
  if (heads.empty()) return all;
  for (auto& [text, chosen] : uniformSelections(heads)) {
    const db::MethodChoice& choice = heads.front().candidates[chosen.front()].choice;
    all.push_back({choice, outcomeOf(heads, goal, std::move(chosen))});
  }
  return all;
}

bool meets(const Outcome& o, const TuneGoal& goal) {
  const double slack = kSlack * std::max(1.0, std::abs(goal.value));
  switch (goal.target) {
    case Target::Recall:
      return o.recall >= goal.aim() - slack;
    case Target::Error:
      return o.error <= goal.value + slack;
    case Target::Speedup:
      return o.speedup() >= goal.value - slack;
  }
  return false;
}

bool better(const Outcome& a, const Outcome& b, const TuneGoal& goal) {
  return goal.target == Target::Speedup ? a.recall > b.recall : a.ns < b.ns;
}

std::vector<Outcome> paretoFront(std::span<const HeadCandidates> heads, const TuneGoal& goal, size_t most) {
  TuneGoal recall = goal;
  recall.target = Target::Recall;
  const Problem problem = problemOf(heads, recall);
  std::vector<Outcome> front;
  for (const KnapsackSolution& s : knapsackFront(problem.groups, most))
    front.push_back(outcomeOf(heads, recall, candidatesOf(problem, s.chosen)));
  return front;
}

}  // namespace ditscope::analyzer
