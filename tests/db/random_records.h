// SPDX-License-Identifier: Apache-2.0
// Random attention records of random shape, from a seed.
#pragma once

#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "db/trace_writer.h"

namespace ditscope::tests {

using Random = std::mt19937;

inline int32_t pick(Random& random, int32_t low, int32_t high) {
  return std::uniform_int_distribution<int32_t>(low, high)(random);
}
inline float fraction(Random& random) {
  return std::uniform_real_distribution<float>(0, 1)(random);
}

inline db::BlockMask randomMask(Random& random, int32_t rows, int32_t cols, double density) {
  db::BlockMask mask(rows, cols);
  for (int32_t row = 0; row < rows; ++row) {
    for (int32_t col = 0; col < cols; ++col) {
      if (fraction(random) >= density) continue;
      mask.set(row, col, fraction(random) < 0.1f ? db::BlockState::Partial : db::BlockState::Full);
    }
  }
  return mask;
}

inline std::vector<float> randomLse(Random& random, int32_t count) {
  std::vector<float> lse(static_cast<size_t>(count));
  for (float& value : lse) {
    value = fraction(random) < 0.05f ? -std::numeric_limits<float>::infinity() : 30 * fraction(random) - 10;
  }
  return lse;
}

inline db::HeadDecision randomDecision(Random& random, int32_t step) {
  db::HeadDecision decision;
  decision.method =
      std::vector<std::string>{"", "topk", "sparge", std::string(64, 'm')}[size_t(pick(random, 0, 3))];
  decision.choice = std::vector<std::string>{"", "window", "größe"}[size_t(pick(random, 0, 2))];
  if (fraction(random) < 0.7f) decision.budget = fraction(random);
  if (fraction(random) < 0.5f) decision.threshold = 20 * fraction(random) - 15;
  if (fraction(random) < 0.3f) decision.sourceStep = pick(random, 0, step);
  decision.order = db::TokenOrder(pick(random, 0, 3));
  return decision;
}

// Parts are missing at random; every part that is there covers all heads, single heads may be absent in it.
inline db::AttnRecord randomRecord(Random& random, int64_t id, int32_t step, int32_t layer) {
  const int32_t heads = pick(random, 1, 5);
  const int32_t rows = pick(random, 1, 40);
  const int32_t cols = pick(random, 1, 40);
  db::AttnRecord record;
  record.call.id = id;
  record.call.step = step;
  record.call.layer = layer;
  record.call.branch = db::Branch(pick(random, 0, 1));
  record.call.kind = db::AttnKind(pick(random, 0, 2));
  record.call.order = db::TokenOrder(pick(random, 0, 3));
  record.call.qLen = rows * 64;
  record.call.kvLen = cols * 64;
  record.call.blockQ = record.call.blockK = 64;
  record.call.plan = "sparse";
  record.call.kernelNs = pick(random, 0, 1'000'000);
  const bool decisions = fraction(random) < 0.7f;
  const bool shared = fraction(random) < 0.2f;
  const bool masks = fraction(random) < 0.8f;
  const bool masses = fraction(random) < 0.5f;
  const bool curves = fraction(random) < 0.5f;
  const bool lse = fraction(random) < 0.5f;
  if (shared) record.masks.push_back(randomMask(random, rows, cols, 0.3));
  for (int32_t head = 0; head < heads; ++head) {
    db::HeadStats& stats = record.heads.emplace_back();
    stats.densityQk = fraction(random);
    stats.recallMean = fraction(random);
    stats.lseMin = -std::numeric_limits<float>::infinity();
    stats.lseMean = 20 * fraction(random);
    stats.lseEmptyRows = pick(random, 0, 9);
    stats.timeNs = pick(random, 0, 1'000'000);
    stats.timeMethod = db::TimeMethod(pick(random, 0, 3));
    if (decisions) record.decisions.push_back(randomDecision(random, step));
    const bool absent = fraction(random) < 0.2f;
    if (masks && !shared)
      record.masks.push_back(absent ? db::BlockMask() : randomMask(random, rows, cols, 0.3));
    if (masses) {
      db::BlockMass mass{rows, cols, {}};
      for (int32_t i = 0; i < rows * cols; ++i)
        mass.mass.push_back(fraction(random) < 0.1f ? 0 : fraction(random));
      record.masses.push_back(absent ? db::BlockMass() : mass);
    }
    if (curves) {
      db::RecallCurve curve;
      for (int i = 0; i < db::kCurvePoints; ++i) {
        curve.byRow.push_back(float(db::curveDensity(i)));
        curve.byHead.push_back(std::sqrt(float(db::curveDensity(i))));
      }
      record.curves.push_back(absent ? db::RecallCurve() : curve);
    }
    if (lse) {
      record.lseBlocks.push_back(randomLse(random, rows));
      record.lseRows.push_back(absent ? std::vector<float>() : randomLse(random, rows * 64));
    }
  }
  return record;
}

}  // namespace ditscope::tests
