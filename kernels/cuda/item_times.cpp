// SPDX-License-Identifier: Apache-2.0
#include "kernels/cuda/item_times.h"

#include <algorithm>
#include <map>

namespace ditscope::kernels {
namespace {

bool isComplete(const ItemStamp& stamp) {
  return stamp.endNs >= stamp.startNs && stamp.endNs != 0;
}

struct Span {
  uint64_t start = UINT64_MAX, end = 0;
  void add(const ItemStamp& stamp) {
    start = std::min(start, stamp.startNs);
    end = std::max(end, stamp.endNs);
  }
  [[nodiscard]] double ns() const { return end < start ? 0 : double(end - start); }
};

// Of the union of intervals.
double busyNs(std::vector<ItemStamp>& stamps) {
  std::sort(stamps.begin(), stamps.end(), [](const auto& a, const auto& b) { return a.startNs < b.startNs; });
  uint64_t until = 0;
  double busy = 0;
  for (const ItemStamp& stamp : stamps) {
    const uint64_t from = std::max(until, stamp.startNs);
    if (stamp.endNs > from) busy += double(stamp.endNs - from);
    until = std::max(until, stamp.endNs);
  }
  return busy;
}

}  // namespace

std::vector<double> headNs(std::span<const ItemStamp> stamps, int64_t heads) {
  std::vector<double> times(size_t(heads), 0);
  Span whole;
  double sum = 0;
  const size_t perHead = heads > 0 ? stamps.size() / size_t(heads) : 0;
  for (size_t i = 0; i < perHead * size_t(heads); ++i) {
    if (!isComplete(stamps[i])) continue;
    whole.add(stamps[i]);
    const double ns = double(stamps[i].endNs - stamps[i].startNs);
    times[i / perHead] += ns;
    sum += ns;
  }
  if (sum > 0)
    for (double& time : times) time *= whole.ns() / sum;
  return times;
}

LoadBalance loadBalance(std::span<const ItemStamp> stamps) {
  Span whole;
  std::map<uint32_t, std::vector<ItemStamp>> byProcessor;
  for (const ItemStamp& stamp : stamps) {
    if (!isComplete(stamp)) continue;
    whole.add(stamp);
    byProcessor[stamp.processor].push_back(stamp);
  }
  LoadBalance balance{.spanNs = whole.ns(), .processors = int(byProcessor.size())};
  double busy = 0;
  for (auto& [processor, items] : byProcessor) {
    busy += busyNs(items);
    uint64_t end = 0;
    for (const ItemStamp& item : items) end = std::max(end, item.endNs);
    balance.tailNs = std::max(balance.tailNs, double(whole.end - end));
  }
  if (balance.processors > 0 && balance.spanNs > 0)
    balance.busyShare = busy / (balance.spanNs * balance.processors);
  return balance;
}

}  // namespace ditscope::kernels
