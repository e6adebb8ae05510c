// SPDX-License-Identifier: Apache-2.0
// The driver of the CPU kernel: brings keys and values into fp32 rows where they are not, and hands the query
// blocks to the threads in a good order.
#include <algorithm>
#include <numeric>
#include <vector>

#include "kernels/attention.h"
#include "kernels/block_walk.h"
#include "kernels/cpu_block.h"
#include "kernels/head_rows.h"
#include "kernels/parallel.h"

namespace ditscope::kernels {
namespace {

// Task numbers (b, h, g) in the order to hand out. Lists much longer than the mean come first, longest first,
// so that no thread is left with one at the end; the others stay together by head, because a head's keys and
// values fit the caches and all heads' do not, the longest of a head first.
std::vector<int32_t> taskOrder(const AttentionArgs& args, const Geometry& geometry) {
  std::vector<int32_t> order(size_t(geometry.batches * geometry.heads * geometry.qBlocks));
  std::iota(order.begin(), order.end(), 0);
  if (!args.list || order.empty()) return order;
  const BlockList& list = *args.list;
  std::vector<int32_t> length(order.size());
  for (size_t task = 0; task < order.size(); ++task) {
    const int64_t head = int64_t(task) / geometry.qBlocks;
    const int32_t* row = list.rowStart + head / geometry.heads * list.batchStride +
                         head % geometry.heads * list.headStride + int64_t(task) % geometry.qBlocks;
    length[task] = row[1] - row[0];
  }
  const int64_t total = std::accumulate(length.begin(), length.end(), int64_t(0));
  const int64_t tooLong = 2 * ceilDiv(total, int64_t(order.size()));
  const auto group = [&](int32_t task) { return length[task] > tooLong ? -1 : task / geometry.qBlocks; };
  std::stable_sort(order.begin(), order.end(), [&](int32_t a, int32_t b) {
    return group(a) != group(b) ? group(a) < group(b) : length[a] > length[b];
  });
  return order;
}

}  // namespace

void attentionCpu(const AttentionArgs& args, int threads) {
  validate(args);
  const Geometry geometry(args);
  const std::vector<int32_t> order = taskOrder(args, geometry);
  threads = int(std::min(int64_t(resolveThreads(threads)), std::max<int64_t>(1, int64_t(order.size()))));
  thread_local RowMemory keyMemory, valueMemory;
  const RowsOfHeads keys(args.k, geometry.validKeys, keyMemory, threads);
  const RowsOfHeads values(args.v, geometry.validKeys, valueMemory, threads);
  std::vector<CpuScratch> scratch;
  for (int i = 0; i < threads; ++i) scratch.emplace_back(geometry);
  std::vector<BlockCounts> counts(order.size());
  const auto taskAt = [&](size_t i) {
    const int64_t head = order[i] / geometry.qBlocks;
    const int64_t b = head / geometry.heads;
    const int64_t h = head % geometry.heads;
    const KeyValueRows rows{keys.head(b, geometry.kvHead(h)), values.head(b, geometry.kvHead(h))};
    return CpuTask{args, geometry, rows, b, h, order[i] % geometry.qBlocks};
  };
  parallelFor(int64_t(order.size()), threads, [&](int64_t i, int thread) {
    const CpuTask task = taskAt(size_t(i));
    // Threads take turns as long as the tasks are alike; a wrong guess costs a few lines fetched in vain.
    const CpuTask next = taskAt(std::min(size_t(i) + size_t(threads), order.size() - 1));
    counts[size_t(order[size_t(i)])] = computeQueryBlock(task, &next, scratch[size_t(thread)]);
  });
  keyMemory.trim();
  valueMemory.trim();
  if (args.stats && args.stats->counters) sumCounts(counts, geometry, args.stats->counters);
}

}  // namespace ditscope::kernels
