// SPDX-License-Identifier: Apache-2.0
// topk and topp with scope=head on recorded masses: the blocks of a whole head compete, each with its share
// of the softmax times the rows that it has, and every query block keeps its heaviest one. Both keep these
// and then the heaviest others; they differ in how many, so that one curve a step serves every setting.
#pragma once

#include <cstdint>
#include <vector>

#include "analyzer/tune/mass_evaluation.h"

namespace ditscope::analyzer {

// Borrows the masses. Not for several threads at once.
class HeadScope {
 public:
  // textFirst, textLast: blocks with text, which is kept on top; none when last < first.
  HeadScope(const HeadMasses& masses, int32_t denseSteps, int32_t textFirst, int32_t textLast);

  // As MassEvaluator::evaluate. Without `rows` recallP05 is not looked for, which takes most of the time.
  [[nodiscard]] Candidate evaluate(const db::MethodChoice& choice, bool rows);

 private:
  struct Ranking {               // of the blocks of a step
    std::vector<int32_t> tops;   // the heaviest of each row
    std::vector<int32_t> rest;   // all others, heaviest first
    std::vector<double> sums;    // [all + 1] of the heaviest of all, tops or not
    std::vector<int32_t> among;  // [all + 1] how many of these are none of the tops
    std::vector<int32_t> kept;   // [rest + 1] blocks: tops, text and so many of the rest
  };

  const Ranking& ranking(int32_t step);
  // [rest + 1] recall of `step` with the tops and so many of the rest of the ranking's step.
  const std::vector<float>& curve(int32_t step, int32_t source);
  // How many of the rest the setting keeps.
  [[nodiscard]] size_t extra(const Ranking& ranking, const db::MethodChoice& choice) const;
  void addRows(int32_t step, const Ranking& ranking, size_t extra, std::vector<double>& recalls) const;

  const HeadMasses& m_masses;
  int32_t m_denseSteps;
  // Of each block: its row of blocks, the tokens of that row / all, and whether its query or key block has
  // text.
  std::vector<int32_t> m_row;
  std::vector<double> m_weight;
  std::vector<uint8_t> m_text;
  std::vector<Ranking> m_rankings;           // by step, made when asked for
  std::vector<std::vector<float>> m_curves;  // by step, for m_sources
  std::vector<int32_t> m_sources;
};

}  // namespace ditscope::analyzer
