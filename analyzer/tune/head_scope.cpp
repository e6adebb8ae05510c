// SPDX-License-Identifier: Apache-2.0
#include "analyzer/tune/head_scope.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "analyzer/tune/mass_tally.h"

namespace ditscope::analyzer {

HeadScope::HeadScope(const HeadMasses& masses, int32_t denseSteps, int32_t textFirst, int32_t textLast)
    : m_masses(masses),
      m_denseSteps(denseSteps),
      m_rankings(masses.steps.size()),
      m_curves(masses.steps.size()),
      m_sources(masses.steps.size(), -1) {
  const auto text = [&](int32_t index) { return index >= textFirst && index <= textLast; };
  for (int32_t row = 0; row < masses.rows; ++row) {
    const int64_t first = int64_t{row} * masses.block;
    const double weight =
        double(std::min<int64_t>(masses.block, masses.tokens - first)) / double(masses.tokens);
    for (int32_t col = 0; col < masses.cols; ++col) {
      m_row.push_back(row);
      m_weight.push_back(weight);
      m_text.push_back(text(row) || text(col) ? 1 : 0);
    }
  }
}

const HeadScope::Ranking& HeadScope::ranking(int32_t step) {
  Ranking& r = m_rankings[size_t(step)];
  if (!r.tops.empty()) return r;
  const std::vector<float>& mass = m_masses.steps[size_t(step)];
  const auto cols = size_t(m_masses.cols);
  std::vector<double> heaviness(mass.size());
  for (size_t i = 0; i < mass.size(); ++i) heaviness[i] = double(mass[i]) * m_weight[i];
  std::vector<uint8_t> isTop(mass.size());
  for (size_t row = 0; row < size_t(m_masses.rows); ++row) {
    const auto begin = mass.begin() + std::ptrdiff_t(row * cols);
    const auto top = std::max_element(begin, begin + std::ptrdiff_t(cols)) - mass.begin();
    r.tops.push_back(int32_t(top));
    isTop[size_t(top)] = 1;
  }
  std::vector<int32_t> order(mass.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](int32_t a, int32_t b) {
    const double ofA = heaviness[size_t(a)], ofB = heaviness[size_t(b)];
    return ofA > ofB || (ofA == ofB && a < b);
  });
  r.sums.assign(1, 0.0);
  r.among.assign(1, 0);
  for (const int32_t block : order) {
    r.sums.push_back(r.sums.back() + heaviness[size_t(block)]);
    r.among.push_back(r.among.back() + (isTop[size_t(block)] != 0 ? 0 : 1));
    if (isTop[size_t(block)] == 0) r.rest.push_back(block);
  }
  int32_t kept = 0;
  for (size_t i = 0; i < mass.size(); ++i) kept += isTop[i] != 0 || m_text[i] != 0 ? 1 : 0;
  r.kept.assign(1, kept);
  for (const int32_t block : r.rest) r.kept.push_back(kept += m_text[size_t(block)] != 0 ? 0 : 1);
  return r;
}

const std::vector<float>& HeadScope::curve(int32_t step, int32_t source) {
  std::vector<float>& curve = m_curves[size_t(step)];
  if (m_sources[size_t(step)] == source) return curve;
  m_sources[size_t(step)] = source;
  const Ranking& by = ranking(source);
  const std::vector<float>& mass = m_masses.steps[size_t(step)];
  const auto heaviness = [&](size_t block) { return double(mass[block]) * m_weight[block]; };
  double sum = 0;
  for (size_t i = 0; i < mass.size(); ++i) sum += m_text[i] != 0 ? heaviness(i) : 0;
  for (const int32_t top : by.tops) sum += m_text[size_t(top)] != 0 ? 0 : heaviness(size_t(top));
  curve.assign(1, float(sum));
  for (const int32_t block : by.rest) {
    if (m_text[size_t(block)] == 0) sum += heaviness(size_t(block));
    curve.push_back(float(sum));
  }
  return curve;
}

size_t HeadScope::extra(const Ranking& r, const db::MethodChoice& choice) const {
  const size_t all = r.sums.size() - 1;
  if (choice.method == "topk") {
    const auto count = size_t(std::ceil(numberOr(choice, "density", 0.25) * double(all) - 1e-9));
    return count > r.tops.size() ? std::min(count - r.tops.size(), r.rest.size()) : 0;
  }
  const double share = numberOr(choice, "share", 0.9);
  if (share >= 1 || r.sums[all] <= 0) return r.rest.size();
  const auto place = std::lower_bound(r.sums.begin() + 1, r.sums.end(), (share - kShareHit) * r.sums[all]);
  return size_t(r.among[std::min(size_t(place - r.sums.begin()), all)]);
}

void HeadScope::addRows(int32_t step, const Ranking& by, size_t extra, std::vector<double>& recalls) const {
  const std::vector<float>& mass = m_masses.steps[size_t(step)];
  const size_t first = recalls.size();
  recalls.resize(first + size_t(m_masses.rows));
  double* rows = recalls.data() + first;
  for (size_t i = 0; i < mass.size(); ++i)
    if (m_text[i] != 0) rows[m_row[i]] += double(mass[i]);
  const auto add = [&](int32_t block) {
    if (m_text[size_t(block)] == 0) rows[m_row[size_t(block)]] += double(mass[size_t(block)]);
  };
  for (const int32_t top : by.tops) add(top);
  for (size_t i = 0; i < extra; ++i) add(by.rest[i]);
}

Candidate HeadScope::evaluate(const db::MethodChoice& choice, bool rows) {
  const MaskSchedule schedule = scheduleOf(choice, m_denseSteps);
  MassTally tally;
  for (int32_t step = m_denseSteps; step < int32_t(m_masses.steps.size()); ++step) {
    const int32_t source = schedule.source(step);
    if (source == step) {
      tally.dense();
      continue;
    }
    const Ranking& by = ranking(source);
    const size_t count = extra(by, choice);
    tally.recall += double(curve(step, source)[count]);
    tally.density += double(by.kept[count]) / (double(m_masses.rows) * m_masses.cols);
    ++tally.steps;
    if (rows) addRows(step, by, count, tally.rows);
  }
  return tally.candidate(choice);
}

}  // namespace ditscope::analyzer
