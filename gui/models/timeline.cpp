// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/models/timeline.h"

#include <QObject>
#include <algorithm>
#include <array>
#include <map>

namespace ditscope::gui {
namespace {

constexpr size_t kMostStreams = 8;

void add(Track& track, int64_t start, int64_t end, SpanKind kind, int32_t item) {
  if (end < start) return;  // a damaged record
  track.start.push_back(start);
  track.end.push_back(end);
  track.kind.push_back(kind);
  track.item.push_back(item);
  track.longest = std::max(track.longest, end - start);
}

Track stepTrack(const Trace& trace) {
  Track track{.name = QObject::tr("Steps"), .start = {}, .end = {}, .kind = {}, .item = {}};
  for (const db::Step& step : trace.facts.steps)
    add(track, step.startNs, step.endNs, SpanKind::Step, step.index);
  return track;
}

// The search of a call comes before its kernels; recording follows them.
Track callTrack(const Trace& trace) {
  Track track{.name = QObject::tr("Attention calls"), .start = {}, .end = {}, .kind = {}, .item = {}};
  for (size_t i = 0; i < trace.facts.calls.size(); ++i) {
    const db::AttnCall& call = trace.facts.calls[i];
    int64_t at = call.startNs;
    for (const auto& [ns, kind] : {std::pair{call.searchNs, SpanKind::Search},
                                   {call.kernelNs, SpanKind::Attention},
                                   {call.recordNs, SpanKind::Record}}) {
      if (ns > 0) add(track, at, at + ns, kind, int32_t(i));
      at += std::max<int64_t>(ns, 0);
    }
  }
  return track;
}

void addKernels(Timeline& timeline, const KernelTable& kernels) {
  std::map<int32_t, Track> streams;
  for (size_t i = 0; i < kernels.size(); ++i) {
    auto found = streams.find(kernels.stream[i]);
    if (found == streams.end()) {
      if (streams.size() == kMostStreams) continue;
      found = streams.try_emplace(kernels.stream[i]).first;
      found->second.name = QObject::tr("Kernels, stream %1").arg(kernels.stream[i]);
    }
    add(found->second, kernels.start[i], kernels.start[i] + kernels.duration[i],
        kernels.call[i] != 0 ? SpanKind::AttentionKernel : SpanKind::OtherKernel, int32_t(i));
  }
  for (auto& [stream, track] : streams) timeline.tracks.push_back(std::move(track));
}

// First span that can reach `ns`: spans begin in order, and none is longer than `longest`.
size_t firstReaching(const Track& track, int64_t ns) {
  const auto from = std::lower_bound(track.start.begin(), track.start.end(), ns - track.longest);
  auto at = size_t(from - track.start.begin());
  while (at < track.size() && track.start[at] < ns && track.end[at] < ns) ++at;
  return at;
}

// The kind with most of the time among the spans of a piece, or among a sample of very many.
SpanKind mostOf(const Track& track, const Piece& piece) {
  constexpr int64_t kSample = 64;
  std::array<int64_t, 6> ns{};
  const int64_t stride = std::max<int64_t>(piece.count / kSample, 1);
  for (int64_t i = 0; i < piece.count; i += stride) {
    const size_t at = piece.first + size_t(i);
    ns[size_t(track.kind[at])] += track.end[at] - track.start[at];
  }
  return SpanKind(std::max_element(ns.begin(), ns.end()) - ns.begin());
}

}  // namespace

size_t Track::at(int64_t ns) const {
  auto after = size_t(std::upper_bound(start.begin(), start.end(), ns) - start.begin());
  while (after > 0 && start[after - 1] >= ns - longest) {
    --after;
    if (end[after] >= ns) return after;
  }
  return size();
}

TimelinePtr makeTimeline(const Trace& trace, const KernelTable* kernels) {
  auto timeline = std::make_shared<Timeline>();
  timeline->tracks = {stepTrack(trace), callTrack(trace)};
  if (kernels) addKernels(*timeline, *kernels);
  std::erase_if(timeline->tracks, [](const Track& track) { return track.size() == 0; });
  bool any = false;
  for (Track& track : timeline->tracks) {
    if (!std::is_sorted(track.start.begin(), track.start.end())) {  // imports may interleave calls
      std::vector<size_t> order(track.size());
      for (size_t i = 0; i < order.size(); ++i) order[i] = i;
      std::stable_sort(order.begin(), order.end(),
                       [&](size_t a, size_t b) { return track.start[a] < track.start[b]; });
      const Track before = track;
      for (size_t i = 0; i < order.size(); ++i) {
        track.start[i] = before.start[order[i]];
        track.end[i] = before.end[order[i]];
        track.kind[i] = before.kind[order[i]];
        track.item[i] = before.item[order[i]];
      }
    }
    const int64_t last = *std::max_element(track.end.begin(), track.end.end());
    timeline->begin = any ? std::min(timeline->begin, track.start.front()) : track.start.front();
    timeline->end = any ? std::max(timeline->end, last) : last;
    any = true;
  }
  if (timeline->end <= timeline->begin) timeline->end = timeline->begin + 1;
  return timeline;
}

std::vector<Piece> pieces(const Track& track, int64_t from, int64_t to, int64_t least) {
  std::vector<Piece> result;
  size_t at = firstReaching(track, from);
  while (at < track.size() && track.start[at] <= to) {
    Piece piece{track.start[at], track.end[at], at, 1, track.kind[at]};
    ++at;
    // Whatever begins within the same `least` is drawn with it; found without looking at each.
    while (piece.end - piece.start < least && at < track.size() && track.start[at] <= piece.start + least) {
      const int64_t edge = std::min(piece.start + least, to);
      const auto next =
          size_t(std::upper_bound(track.start.begin() + std::ptrdiff_t(at), track.start.end(), edge) -
                 track.start.begin());
      if (next <= at) break;
      piece.count += int64_t(next - at);
      piece.end = std::max(piece.end, track.end[next - 1]);
      at = next;
    }
    if (piece.count > 1) piece.kind = mostOf(track, piece);
    result.push_back(piece);
  }
  return result;
}

double idleShare(const Track& track, int64_t from, int64_t to) {
  if (to <= from) return 0;
  int64_t busy = 0;
  for (size_t i = firstReaching(track, from); i < track.size() && track.start[i] < to; ++i)
    busy += std::max<int64_t>(std::min(track.end[i], to) - std::max(track.start[i], from), 0);
  return 1 - std::min(1.0, double(busy) / double(to - from));
}

}  // namespace ditscope::gui
