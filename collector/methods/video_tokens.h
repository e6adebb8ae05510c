// SPDX-License-Identifier: Apache-2.0
// Where the video stands in a sequence that may hold text before or behind it, and what every mask owes to
// the text: its tokens attend all and are attended by all. Methods that reorder tokens leave the text in
// place.
#pragma once

#include <vector>

#include "collector/methods/method.h"
#include "kernels/token_windows.h"

namespace ditscope::collector {

class VideoTokens {
 public:
  // Throws db::Error when the text stands neither first nor last.
  explicit VideoTokens(const MethodCall& call);

  [[nodiscard]] int64_t begin() const { return m_begin; }
  [[nodiscard]] int64_t end() const { return m_end; }  // behind the last video token
  [[nodiscard]] int64_t count() const { return m_end - m_begin; }
  [[nodiscard]] int64_t text() const { return m_tokens - count(); }
  [[nodiscard]] int64_t all() const { return m_tokens; }
  [[nodiscard]] bool holds(int64_t token) const { return token >= m_begin && token < m_end; }

  // Throws db::Error naming the method when the call's grid has not this many tokens.
  void requireGrid(const MethodCall& call, const char* method) const;

  // Adds the keys that `query` attends because of the text; true when these are all there are.
  bool addText(int64_t query, std::vector<kernels::KeyInterval>& intervals) const;

  // order: int64, [video tokens] or [H, video tokens], counted from the first video token; the result is over
  // the whole sequence, as TokenPermutation has it.
  [[nodiscard]] at::Tensor withText(const at::Tensor& order) const;

 private:
  int64_t m_tokens;
  int64_t m_begin;
  int64_t m_end;
};

// Share of the (query, key) pairs that stay when `share` of the video's are kept and all of the text's, and
// the other way round: the share of the video's pairs for one of all pairs, at least 0.
[[nodiscard]] double withTextPairs(const VideoTokens& video, double share);
[[nodiscard]] double withoutTextPairs(const VideoTokens& video, double share);

}  // namespace ditscope::collector
