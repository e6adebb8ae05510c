// SPDX-License-Identifier: Apache-2.0
#include "analyzer/tune/mass_evaluation.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <stdexcept>

#include "analyzer/tune/head_scope.h"
#include "analyzer/tune/mass_tally.h"

namespace ditscope::analyzer {
namespace {

bool competesInHead(const db::MethodChoice& choice) {
  const auto scope = choice.parameters.find("scope");
  return scope != choice.parameters.end() && scope->second == db::ParameterValue(std::string("head"));
}

}  // namespace

double numberOr(const db::MethodChoice& choice, const char* key, double otherwise) {
  const auto value = choice.parameters.find(key);
  if (value == choice.parameters.end()) return otherwise;
  const double* given = std::get_if<double>(&value->second);
  return given != nullptr ? *given : otherwise;
}

bool isEvaluatedOffline(const db::MethodChoice& choice) {
  const auto is = [&](const char* key, const char* value) {
    const auto given = choice.parameters.find(key);
    return given == choice.parameters.end() || given->second == db::ParameterValue(std::string(value));
  };
  if (choice.method == "dense") return true;
  if (choice.method == "window") return numberOr(choice, "dense_last", 0) == 0;
  return (choice.method == "topk" || choice.method == "topp") && is("source", "previous") &&
         (is("scope", "row") || competesInHead(choice)) && is("crossing", "included") &&
         numberOr(choice, "min_keep", 1) == 1 && numberOr(choice, "dense_last", 0) == 0;
}

int32_t MaskSchedule::source(int32_t step) const {
  if (step < denseSteps) return step;
  if (!searches) return -1;
  const int32_t first = denseSteps - 1;
  return first + (step - first) / searchEvery * searchEvery;
}

MaskSchedule scheduleOf(const db::MethodChoice& choice, int32_t denseSteps) {
  MaskSchedule schedule;
  schedule.searches = choice.method != "window";
  const int32_t own = int32_t(numberOr(choice, "dense_steps", schedule.searches ? 1 : 0));
  schedule.denseSteps = std::max(denseSteps, own);
  schedule.searchEvery = std::max(int32_t(numberOr(choice, "search_every", 10)), 1);
  return schedule;
}

MassEvaluator::MassEvaluator(const HeadMasses& masses, int32_t denseSteps)
    : m_masses(masses), m_denseSteps(std::max(denseSteps, 1)), m_rankings(masses.steps.size()) {
  if (masses.text.begin < masses.text.end) {
    m_textFirst = int32_t(masses.text.begin / masses.block);
    m_textLast = int32_t((masses.text.end - 1) / masses.block);
  }
}

MassEvaluator::~MassEvaluator() = default;

HeadScope& MassEvaluator::headScope() {
  if (!m_headScope)
    m_headScope = std::make_unique<HeadScope>(m_masses, m_denseSteps, m_textFirst, m_textLast);
  return *m_headScope;
}

double MassEvaluator::weight(int32_t row) const {
  const int64_t first = int64_t{row} * m_masses.block;
  return double(std::min<int64_t>(m_masses.block, m_masses.tokens - first)) / double(m_masses.tokens);
}

const MassEvaluator::Ranking& MassEvaluator::ranking(int32_t step) {
  Ranking& r = m_rankings[size_t(step)];
  if (!r.order.empty()) return r;
  const size_t rows = size_t(m_masses.rows), cols = size_t(m_masses.cols);
  r.order.resize(rows * cols);
  r.sums.resize(rows * (cols + 1));
  r.kept.resize(rows * (cols + 1));
  for (size_t row = 0; row < rows; ++row) {
    const float* mass = m_masses.steps[size_t(step)].data() + row * cols;
    int32_t* order = r.order.data() + row * cols;
    std::iota(order, order + cols, 0);
    std::sort(order, order + cols,
              [mass](int32_t a, int32_t b) { return mass[a] > mass[b] || (mass[a] == mass[b] && a < b); });
    const bool textRow = isText(int32_t(row));
    int32_t* kept = r.kept.data() + row * (cols + 1);
    double* sums = r.sums.data() + row * (cols + 1);
    kept[0] = textRow ? int32_t(cols) : m_textLast - m_textFirst + 1;
    for (size_t i = 0; i < cols; ++i) {
      sums[i + 1] = sums[i] + double(mass[order[i]]);
      kept[i + 1] = kept[i] + (textRow || isText(order[i]) ? 0 : 1);
    }
  }
  return r;
}

std::vector<float> MassEvaluator::curveOf(int32_t step, const Ranking& by) const {
  const size_t rows = size_t(m_masses.rows), cols = size_t(m_masses.cols);
  std::vector<float> curve(rows * (cols + 1));
  for (size_t row = 0; row < rows; ++row) {
    const float* mass = m_masses.steps[size_t(step)].data() + row * cols;
    const int32_t* order = by.order.data() + row * cols;
    float* out = curve.data() + row * (cols + 1);
    const bool textRow = isText(int32_t(row));
    double sum = 0;
    for (size_t i = 0; i < cols; ++i) sum += textRow || isText(int32_t(i)) ? double(mass[i]) : 0;
    out[0] = float(sum);
    for (size_t i = 0; i < cols; ++i) {
      if (!textRow && !isText(order[i])) sum += double(mass[order[i]]);
      out[i + 1] = float(sum);
    }
  }
  return curve;
}

const MassEvaluator::Curves& MassEvaluator::curves(const MaskSchedule& schedule) {
  if (!m_curves.empty() && m_curvesOf.denseSteps == schedule.denseSteps &&
      m_curvesOf.searchEvery == schedule.searchEvery)
    return m_curves;
  m_curvesOf = schedule;
  m_curves.assign(m_masses.steps.size(), {});
  for (int32_t step = m_denseSteps; step < int32_t(m_masses.steps.size()); ++step) {
    const int32_t source = schedule.source(step);
    if (source != step) m_curves[size_t(step)] = curveOf(step, ranking(source));
  }
  return m_curves;
}

int32_t MassEvaluator::count(const Ranking& ranking, int32_t row, const db::MethodChoice& choice) const {
  const int32_t cols = m_masses.cols;
  if (choice.method == "topk")
    return std::clamp(int32_t(std::ceil(numberOr(choice, "density", 0.25) * cols - 1e-9)), 1, cols);
  const double share = numberOr(choice, "share", 0.9);
  const double* sums = ranking.sums.data() + size_t(row) * size_t(cols + 1);
  if (share >= 1 || sums[cols] <= 0) return cols;
  const double* place = std::lower_bound(sums + 1, sums + cols + 1, (share - kShareHit) * sums[cols]);
  return std::clamp(int32_t(place - sums), 1, cols);
}

Candidate MassEvaluator::evaluate(const db::MethodChoice& choice) {
  if (!isEvaluatedOffline(choice))
    throw std::invalid_argument("evaluation on masses : they cannot tell what " + choice.method + " does");
  if (choice.method == "dense") return {.choice = choice};
  if (choice.method == "window") return window(choice);
  if (competesInHead(choice)) return headScope().evaluate(choice, true);
  const MaskSchedule schedule = scheduleOf(choice, m_denseSteps);
  const Curves& curve = curves(schedule);
  const size_t stride = size_t(m_masses.cols) + 1;
  MassTally tally;
  for (int32_t step = m_denseSteps; step < int32_t(m_masses.steps.size()); ++step) {
    if (curve[size_t(step)].empty()) {
      tally.dense();
      continue;
    }
    const Ranking& by = ranking(schedule.source(step));
    int64_t kept = 0;
    for (int32_t row = 0; row < m_masses.rows; ++row) {
      const size_t place = size_t(row) * stride + size_t(count(by, row, choice));
      const double recall = double(curve[size_t(step)][place]);
      kept += by.kept[place];
      tally.recall += weight(row) * recall;
      tally.rows.push_back(recall);
    }
    tally.density += double(kept) / (double(m_masses.rows) * m_masses.cols);
    ++tally.steps;
  }
  return tally.candidate(choice);
}

Candidate MassEvaluator::window(const db::MethodChoice& choice) {
  const MaskSchedule schedule = scheduleOf(choice, m_denseSteps);
  const int64_t tokens = int64_t(numberOr(choice, "tokens", 0));
  const int64_t frames = int64_t(numberOr(choice, "frames", 1));
  const int64_t perFrame = int64_t{m_masses.grid.rows} * m_masses.grid.cols;
  const int64_t start = m_masses.text.begin == 0 ? m_masses.text.end : 0;
  const auto reach = [&](int64_t token, int side) {
    if (tokens > 0) return token + side * tokens;
    const int64_t frame = std::max<int64_t>(token - start, 0) / perFrame + side * frames;
    return start + frame * perFrame + (side > 0 ? perFrame - 1 : 0);
  };
  const size_t cols = size_t(m_masses.cols);
  std::vector<uint8_t> mask(size_t(m_masses.rows) * cols);
  for (int32_t row = 0; row < m_masses.rows; ++row) {
    const int64_t first = int64_t{row} * m_masses.block;
    const int64_t last = std::min<int64_t>(first + m_masses.block, m_masses.tokens) - 1;
    const int64_t low = std::clamp<int64_t>(reach(first, -1), 0, m_masses.tokens - 1) / m_masses.block;
    const int64_t high = std::clamp<int64_t>(reach(last, +1), 0, m_masses.tokens - 1) / m_masses.block;
    for (int32_t col = 0; col < m_masses.cols; ++col)
      mask[size_t(row) * cols + size_t(col)] = (col >= low && col <= high) || isText(row) || isText(col);
  }
  const double density =
      double(std::count(mask.begin(), mask.end(), uint8_t{1})) / std::max(double(mask.size()), 1.0);
  MassTally tally;
  for (int32_t step = m_denseSteps; step < int32_t(m_masses.steps.size()); ++step) {
    if (step < schedule.denseSteps) {
      tally.dense();
      continue;
    }
    for (int32_t row = 0; row < m_masses.rows; ++row) {
      double recall = 0;
      for (size_t i = size_t(row) * cols; i < size_t(row + 1) * cols; ++i)
        recall += mask[i] != 0 ? double(m_masses.steps[size_t(step)][i]) : 0;
      tally.recall += weight(row) * recall;
      tally.rows.push_back(recall);
    }
    tally.density += density;
    ++tally.steps;
  }
  return tally.candidate(choice);
}

db::MethodChoice MassEvaluator::cheapest(db::MethodChoice choice, double recall) {
  const bool inHead = competesInHead(choice);
  const bool blocks = choice.method == "topk" && !inHead;
  const int32_t most = blocks ? m_masses.cols : 1000;
  const auto with = [&](int32_t amount) {
    choice.parameters[choice.method == "topk" ? "density" : "share"] = std::max(double(amount) / most, 0.001);
    return choice;
  };
  const auto recallOf = [&](const db::MethodChoice& tried) {
    return inHead ? headScope().evaluate(tried, false).recall : evaluate(tried).recall;
  };
  int32_t low = 0, high = most;  // high suffices, low does not
  while (high - low > 1) {
    const int32_t middle = low + (high - low) / 2;
    (recallOf(with(middle)) >= recall ? high : low) = middle;
  }
  return with(high);
}

MassEvaluator::Reuse MassEvaluator::reusable(int32_t source, double recall) {
  const db::MethodChoice mask{.method = "topp", .parameters = {{"share", (1 + recall) / 2}}};
  const Ranking& by = ranking(source);
  const size_t cols = size_t(m_masses.cols);
  std::vector<uint8_t> kept(size_t(m_masses.rows) * cols);
  for (int32_t row = 0; row < m_masses.rows; ++row) {
    const int32_t* order = by.order.data() + size_t(row) * cols;
    const size_t rowAt = size_t(row) * cols;
    for (int32_t i = 0, n = count(by, row, mask); i < n; ++i) kept[rowAt + size_t(order[i])] = 1;
    for (int32_t col = 0; col < m_masses.cols; ++col)
      if (isText(row) || isText(col)) kept[rowAt + size_t(col)] = 1;
  }
  const auto recallAt = [&](int32_t step) {
    double sum = 0;
    for (int32_t row = 0; row < m_masses.rows; ++row) {
      double rowSum = 0;
      for (size_t i = size_t(row) * cols; i < size_t(row + 1) * cols; ++i)
        rowSum += kept[i] != 0 ? double(m_masses.steps[size_t(step)][i]) : 0;
      sum += weight(row) * rowSum;
    }
    return sum;
  };
  Reuse reuse;
  for (int32_t step = source + 1; step < int32_t(m_masses.steps.size()); ++step) {
    if (recallAt(step) < recall) return reuse;
    ++reuse.steps;
  }
  reuse.ended = true;
  return reuse;
}

}  // namespace ditscope::analyzer
