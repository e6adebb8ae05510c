// SPDX-License-Identifier: Apache-2.0
// What masks that the collector would make lose of the recorded softmax masses of one head, without the
// model: dense, topk and topp from the masses of an earlier step, and window, as collector/methods makes them
// (min_keep 1, crossing block included, text kept). Exact up to what the run itself changes: once
// earlier steps are sparse, masses differ a little from those of the dense run, and stored masses are rounded
// to 0.14 %, which can swap blocks of equal mass.
#pragma once

#include <map>
#include <memory>
#include <vector>

#include "analyzer/tune/candidate.h"

namespace ditscope::analyzer {

struct HeadMasses {  // of one (layer, head, branch) of a dense recording
  int32_t rows = 0, cols = 0, block = 0;
  int64_t tokens = 0;
  db::TokenGrid grid;
  db::TextSpan text;
  std::vector<std::vector<float>> steps;  // [step][rows * cols]; every row sums to 1, or is zeros
};

// Offline methods know topk and topp (source previous), window and dense.
[[nodiscard]] bool isEvaluatedOffline(const db::MethodChoice& choice);
// When such a method searches, and whether it computes a step as a whole.
struct MaskSchedule {
  int32_t denseSteps = 1, searchEvery = 1;
  bool searches = false;  // else a mask needs no masses
  // The step whose masses make the mask of `step`; `step` itself where it searches or is dense.
  [[nodiscard]] int32_t source(int32_t step) const;
};
[[nodiscard]] MaskSchedule scheduleOf(const db::MethodChoice& choice, int32_t denseSteps);

inline constexpr double kShareHit = 1e-6;  // of the total: how near a sum must come to a share to meet it
// A parameter that is a number, else `otherwise`.
[[nodiscard]] double numberOr(const db::MethodChoice& choice, const char* key, double otherwise);

class HeadScope;

// Borrows the masses. Not for several threads at once: it keeps what was sorted.
class MassEvaluator {
 public:
  // Steps before denseSteps (at least 1) are dense whatever the choice, and no part of the averages.
  MassEvaluator(const HeadMasses& masses, int32_t denseSteps);
  ~MassEvaluator();

  // Averages over the steps from denseSteps on, those that search or are dense counted as dense; recallP05
  // over the query blocks of sparse steps. Error and times stay 0. Faster for choices of one schedule in a
  // row. Throws std::invalid_argument for a method that masses cannot tell.
  [[nodiscard]] Candidate evaluate(const db::MethodChoice& choice);

  // The least blocks a row (topk; of the head in thousandths with scope=head), or share in thousandths
  // (topp), with mean recall >= `recall`, by bisection.
  [[nodiscard]] db::MethodChoice cheapest(db::MethodChoice choice, double recall);

  // For how many further steps the mask of step `source` keeps a recall >= `recall`: the topp mask that
  // spends half of the loss at its own step. `ended` tells that the recording ended first.
  struct Reuse {
    int32_t steps = 0;
    bool ended = false;
  };
  [[nodiscard]] Reuse reusable(int32_t source, double recall);

 private:
  struct Ranking {               // of the blocks of each row, heaviest first
    std::vector<int32_t> order;  // [rows][cols]
    std::vector<double> sums;    // [rows][cols + 1] of the heaviest
    std::vector<int32_t> kept;   // [rows][cols + 1] of the heaviest and the text
  };
  using Curves = std::vector<std::vector<float>>;  // [step][rows][cols + 1] mass of the kept; empty = dense

  const Ranking& ranking(int32_t step);
  const Curves& curves(const MaskSchedule& schedule);
  [[nodiscard]] std::vector<float> curveOf(int32_t step, const Ranking& by) const;
  [[nodiscard]] int32_t count(const Ranking& ranking, int32_t row, const db::MethodChoice& choice) const;
  [[nodiscard]] Candidate window(const db::MethodChoice& choice);
  HeadScope& headScope();
  [[nodiscard]] double weight(int32_t row) const;  // its tokens / all
  [[nodiscard]] bool isText(int32_t block) const { return block >= m_textFirst && block <= m_textLast; }

  const HeadMasses& m_masses;
  int32_t m_denseSteps;
  int32_t m_textFirst = 0, m_textLast = -1;
  std::vector<Ranking> m_rankings;  // by step, made when asked for
  MaskSchedule m_curvesOf;
  Curves m_curves;
  std::unique_ptr<HeadScope> m_headScope;  // made when asked for
};

}  // namespace ditscope::analyzer
