// SPDX-License-Identifier: GPL-3.0-or-later
// The run along time: tracks of spans, by start. Times in ns from the start of the run. Where spans are too
// close to tell apart, pieces() merges them and says how many there are, so that a million stay drawable.
#pragma once

#include <QString>
#include <memory>
#include <vector>

#include "gui/models/kernel_table.h"

namespace ditscope::gui {

enum class SpanKind : uint8_t { Step, Attention, Search, Record, AttentionKernel, OtherKernel };

struct Track {
  QString name;
  std::vector<int64_t> start, end;
  std::vector<SpanKind> kind;
  std::vector<int32_t> item;  // step, position in facts.calls, or position in the kernel table
  int64_t longest = 0;        // span; how far before a time a span that reaches it can begin
  [[nodiscard]] size_t size() const { return start.size(); }
  // The span at a time, the last one to begin; size() when there is none.
  [[nodiscard]] size_t at(int64_t ns) const;
};

struct Timeline {
  std::vector<Track> tracks;
  int64_t begin = 0, end = 1;
};
using TimelinePtr = std::shared_ptr<const Timeline>;

// Steps and attention calls, and the kernels by stream once they are there (null before).
[[nodiscard]] TimelinePtr makeTimeline(const Trace& trace, const KernelTable* kernels);

struct Piece {  // what is drawn as one rectangle
  int64_t start = 0, end = 0;
  size_t first = 0;
  int64_t count = 1;
  SpanKind kind = SpanKind::Step;  // of several: that which takes most of the time
};
// Of the spans within [from, to]: those shorter than `least` are merged with what follows closer than that.
[[nodiscard]] std::vector<Piece> pieces(const Track& track, int64_t from, int64_t to, int64_t least);

// Share of [from, to] during which no span of the track runs; spans must not overlap.
[[nodiscard]] double idleShare(const Track& track, int64_t from, int64_t to);

}  // namespace ditscope::gui
