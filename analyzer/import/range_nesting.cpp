// SPDX-License-Identifier: Apache-2.0
#include "analyzer/import/range_nesting.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <tuple>

namespace ditscope::analyzer {
namespace {

constexpr size_t kMaxOpen = 64;  // layer ranges around each other; deeper ones are not looked at

struct OpenLayer {
  int64_t endNs = 0;
  int32_t number = -1;
  int32_t label = -1;
  int32_t begin = -1;  // number of the mark that opened it
};

// The state of the sweep over one lane.
class LaneSweep {
 public:
  explicit LaneSweep(RangeNesting& nesting) : m_nesting(nesting) {}

  void startLane() {
    m_layers.clear();
    m_inside = kNone;
  }

  void visit(const CapturedRange& range, size_t index) {
    std::erase_if(m_layers, [&](const OpenLayer& layer) { return layer.endNs <= range.startNs; });
    switch (range.kind) {
      case RangeKind::Step:
        return;
      case RangeKind::Layer:
        if (range.number >= 0) open({range.endNs, range.number, range.label, -1});
        return;
      case RangeKind::LayerBegin:
        std::erase_if(m_layers, [](const OpenLayer& layer) { return layer.begin >= 0; });
        open({std::numeric_limits<int64_t>::max(), range.number, range.label, range.number});
        return;
      case RangeKind::LayerEnd:
        std::erase_if(m_layers, [&](const OpenLayer& layer) { return layer.begin == range.number; });
        return;
      case RangeKind::Attention:
      case RangeKind::AttentionKernel:
        attention(range, index);
    }
  }

 private:
  void open(const OpenLayer& layer) {
    if (m_layers.size() < kMaxOpen) m_layers.push_back(layer);
  }

  void attention(const CapturedRange& range, size_t index) {
    std::vector<NestedCall>& calls = m_nesting.calls;
    const bool inside = m_inside != kNone && range.startNs < calls[m_inside].endNs;
    const bool inGraph = range.runLane != kNoLane;
    if (inside && !inGraph) {
      NestedCall& outer = calls[m_inside];
      m_nesting.callOfRange[index] = int32_t(m_inside);
      if (outer.shape == AttentionShape()) outer.shape = range.shape;  // an inner operator may know it
      return;
    }
    NestedCall call{.lane = inGraph ? range.runLane : range.lane,
                    .startNs = inGraph ? range.runNs : range.startNs,
                    .endNs = inGraph ? range.runNs : range.endNs,
                    .isKernel = range.kind == RangeKind::AttentionKernel,
                    .shape = range.shape};
    if (inside) call.shape = calls[m_inside].shape;  // the graph was captured in there, and runs later
    if (!m_layers.empty()) {
      call.layerNumber = m_layers.back().number;
      call.layerLabel = m_layers.back().label;
    }
    m_nesting.callOfRange[index] = int32_t(calls.size());
    if (!call.isKernel) m_inside = calls.size();
    calls.push_back(call);
  }

  RangeNesting& m_nesting;
  std::vector<OpenLayer> m_layers;
  static constexpr size_t kNone = std::numeric_limits<size_t>::max();
  size_t m_inside = kNone;  // the last attention range on the host
};

}  // namespace

RangeNesting nestRanges(const std::vector<CapturedRange>& ranges) {
  std::vector<uint32_t> order(ranges.size());
  std::iota(order.begin(), order.end(), 0U);
  // An outer range comes before those inside it, and a layer before attention of the same extent.
  const auto key = [&](uint32_t i) {
    const CapturedRange& r = ranges[i];
    return std::tuple(r.lane, r.startNs, -r.endNs, r.kind, i);
  };
  std::sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) { return key(a) < key(b); });
  RangeNesting nesting;
  nesting.callOfRange.assign(ranges.size(), -1);
  LaneSweep sweep(nesting);
  Lane lane = kNoLane;
  for (const uint32_t i : order) {
    if (ranges[i].lane != lane) sweep.startLane();
    lane = ranges[i].lane;
    sweep.visit(ranges[i], i);
  }
  return nesting;
}

}  // namespace ditscope::analyzer
