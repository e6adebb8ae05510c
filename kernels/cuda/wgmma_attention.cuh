// SPDX-License-Identifier: Apache-2.0
// Attention with TMA and wgmma (sm_90a), after the plan of FlashAttention-3 (arXiv 2407.08608): one warpgroup
// fetches, the others compute 64 query rows each; a CTA stays and takes one query block after the other,
// whose queries and first keys arrive while the last one is being finished.
#pragma once

#include "kernels/cuda/hopper_maps.h"
#include "kernels/cuda/hopper_ops.cuh"
#include "kernels/cuda/row_softmax.cuh"
#include "kernels/cuda/wgmma_ops.cuh"

namespace ditscope::kernels::cuda {

// What the loop computes beside the output; each is compiled apart, for its instructions cost time even where
// they do nothing. Kept bits and counters need none (prepareStats()).
enum class Observe {
  Nothing,
  Gap,
  LogMass,  // and the gap, if asked for
  Skips,    // a skip rule, and all statistics that are asked for
};

// A tile of kRows rows in shared memory: regions of 64 columns, for D = 72 one of 16 columns behind.
template <int kDim, int kRows>
struct HopperTile {
  static constexpr int kWideRegions = kDim / 64;
  static constexpr bool kHasNarrow = kDim % 64 != 0;
  static constexpr int kBytes = kRows * (kWideRegions * 128 + (kHasNarrow ? 32 : 0));
  uint32_t base;
  __device__ uint32_t wide(int region) const { return base + uint32_t(region * kRows * 128); }
  __device__ uint32_t narrow() const { return base + uint32_t(kWideRegions * kRows * 128); }
};

template <int kDim, int kKeys, int kConsumers, int kStages>
struct HopperShared {
  using QueryTile = HopperTile<kDim, 64 * kConsumers>;
  using KeyTile = HopperTile<kDim, kKeys>;
  static constexpr int kTiles = QueryTile::kBytes + 2 * kStages * KeyTile::kBytes;
  static constexpr int kBytes = kTiles + 1024 + 8 * (4 * kStages + 2) + 16;  // 1024: room to align

  uint32_t base;  // of the tiles, a multiple of 1024
  __device__ explicit HopperShared(uint32_t start) : base((start + 1023) & ~1023u) {}
  __device__ QueryTile queries() const { return {base}; }
  __device__ KeyTile keys(int stage) const {
    return {base + uint32_t(QueryTile::kBytes + stage * KeyTile::kBytes)};
  }
  __device__ KeyTile values(int stage) const { return keys(kStages + stage); }
  __device__ Barrier keysFull(int stage) const { return barrier(stage); }
  __device__ Barrier keysEmpty(int stage) const { return barrier(kStages + stage); }
  __device__ Barrier valuesFull(int stage) const { return barrier(2 * kStages + stage); }
  __device__ Barrier valuesEmpty(int stage) const { return barrier(3 * kStages + stage); }
  __device__ Barrier queriesFull() const { return barrier(4 * kStages); }
  __device__ Barrier queriesEmpty() const { return barrier(4 * kStages + 1); }
  __device__ uint32_t itemSlot() const { return barrier(4 * kStages + 2).address; }

  __device__ void initBarriers() const {
    constexpr int kWarps = 4 * kConsumers;  // each consumer warp says for itself that it is done
    for (int stage = 0; stage < kStages; ++stage) {
      keysFull(stage).init(1);
      keysEmpty(stage).init(kWarps);
      valuesFull(stage).init(1);
      valuesEmpty(stage).init(kWarps);
    }
    queriesFull().init(1);
    queriesEmpty().init(kWarps);
  }

 private:
  __device__ Barrier barrier(int i) const { return {base + uint32_t(kTiles + 8 * i)}; }
};

// A place in a ring of stages; the parity tells the rounds apart.
template <int kStages>
struct RingPlace {
  int stage = 0;
  int parity = 0;
  __device__ void advance() {
    if (++stage == kStages) {
      stage = 0;
      parity ^= 1;
    }
  }
};

constexpr int kNoItem = -1;

// The one thread that fetches: items by turns, their queries, then keys and values of each visit.
template <int kDim, int kKeys, int kConsumers, int kStages>
class HopperProducer {
  using Shared = HopperShared<kDim, kKeys, kConsumers, kStages>;

 public:
  __device__ HopperProducer(const DeviceArgs& args, const HopperMaps& maps, const Shared& shared)
      : m_args(args), m_maps(maps), m_shared(shared) {}

  __device__ void run() {
    for (int turn = 0;; ++turn) {
      int index = atomicAdd(m_args.nextItem, 1);
      if (index >= m_args.items)
        index = kNoItem;
      else if (m_args.order)
        index = __ldg(m_args.order + index);
      m_shared.queriesEmpty().wait(turn % 2 ^ 1);
      storeShared(m_shared.itemSlot(), index);
      if (index == kNoItem) {
        m_shared.queriesFull().arrive();
        return;
      }
      fetchItem(Item(m_args, index));
    }
  }

 private:
  __device__ void fetchItem(const Item& item) {
    fetch(m_shared.queries(), m_maps.q, m_shared.queriesFull(), item.firstRow(m_args), item.h, item.b);
    ListWalk walk(m_args, item);
    Visit visit;
    const int head = item.kvHead(m_args);
    while (walk.next(visit)) {
      const int row = visit.keyBlock * kKeys;
      m_shared.keysEmpty(m_place.stage).wait(m_place.parity ^ 1);
      fetch(m_shared.keys(m_place.stage), m_maps.k, m_shared.keysFull(m_place.stage), row, head, item.b);
      m_shared.valuesEmpty(m_place.stage).wait(m_place.parity ^ 1);
      fetch(m_shared.values(m_place.stage), m_maps.v, m_shared.valuesFull(m_place.stage), row, head, item.b);
      m_place.advance();
    }
  }

  template <class Tile>
  __device__ void fetch(const Tile& tile, const CUtensorMap (&map)[2], const Barrier& full, int row, int head,
                        int batch) {
    full.arriveAndExpect(Tile::kBytes);
    for (int region = 0; region < Tile::kWideRegions; ++region)
      copyBox(tile.wide(region), &map[0], full, 64 * region, row, head, batch);
    if (Tile::kHasNarrow) copyBox(tile.narrow(), &map[1], full, 64, row, head, batch);
  }

  const DeviceArgs& m_args;
  const HopperMaps& m_maps;
  const Shared& m_shared;
  RingPlace<kStages> m_place;
};

// A warpgroup's 64 query rows.
template <class T, int kDim, int kKeys, int kConsumers, int kStages, Observe kObserve>
class HopperConsumer {
  using Shared = HopperShared<kDim, kKeys, kConsumers, kStages>;
  using Softmax = RowSoftmax<kKeys>;
  using Scores = typename Softmax::Scores;
  using Weights = uint32_t[kKeys / 16][4];  // packed pairs, a step of 16 keys
  static constexpr bool kHasNarrow = Shared::KeyTile::kHasNarrow;
  static constexpr int kWide = 64 * Shared::KeyTile::kWideRegions;  // columns of D in wide regions
  static constexpr int kThreads = 128 * kConsumers;

  struct Output {
    float wide[kWide / 8][4];
    float narrow[kHasNarrow ? 2 : 1][4];
  };

 public:
  __device__ HopperConsumer(const DeviceArgs& args, const Shared& shared, int group)
      : m_args(args), m_shared(shared), m_group(group), m_lane(int(threadIdx.x) % 32) {}

  __device__ void run() {
    if (kTakesTurns && m_group == 1) announce(1, kThreads);  // group 0 begins
    for (int turn = 0;; ++turn) {
      m_shared.queriesFull().wait(turn % 2);
      const int index = loadShared(m_shared.itemSlot());
      if (index == kNoItem) return;
      if (isFirstThread()) stampStart(m_args, index);
      const Item item(m_args, index);
      const int rowInBlock = 64 * m_group + int(threadIdx.x) % 128 / 32 * 16 + m_lane / 4;
      Softmax softmax(m_args, item, rowInBlock);
      const BlockStats stats(m_args, item);
      Output output = {};
      if constexpr (kObserve == Observe::Skips)
        attendWithSkips(item, softmax, stats, output);
      else
        attend(item, softmax, stats, output);
      finish(item, softmax, stats, output);
      if (isFirstThread()) stampEnd(m_args, index);
    }
  }

 private:
  // Two groups take turns on the tensor cores, one multiplying while the other is in its softmax.
  static constexpr bool kTakesTurns = kConsumers == 2 && kObserve != Observe::Skips;

  __device__ void release(const Barrier& empty) const {
    __syncwarp();
    if (m_lane == 0) empty.arrive();
  }

  // Each iteration multiplies the next scores and the last weights at the same time.
  __device__ void attend(const Item& item, Softmax& softmax, const BlockStats& stats, Output& output) {
    ListWalk walk(m_args, item);
    Visit visit, following;
    if (!walk.next(visit)) return release(m_shared.queriesEmpty());
    bool more = walk.next(following);
    Scores s;
    Weights p;

    m_shared.keysFull(m_place.stage).wait(m_place.parity);
    takeTurn();
    fenceRegisters();
    multiplyKeys(s, m_place.stage);
    commitProducts();
    passTurn();
    waitProducts<0>();
    release(m_shared.keysEmpty(m_place.stage));
    if (!more) release(m_shared.queriesEmpty());
    Seen seen = look(s, softmax, visit, true);
    softmax.update(s, seen.blockMax, seen.rescale, seen.blockSum);
    pack(p, s);
    report(seen, softmax, stats, visit);
    RingPlace<kStages> last = m_place;
    m_place.advance();

    while (more) {
      visit = following;
      more = walk.next(following);
      m_shared.keysFull(m_place.stage).wait(m_place.parity);
      takeTurn();
      fenceRegisters();
      multiplyKeys(s, m_place.stage);
      commitProducts();
      m_shared.valuesFull(last.stage).wait(last.parity);
      fenceRegisters();
      multiplyValues(output, p, last.stage);
      commitProducts();
      passTurn();
      waitProducts<1>();
      release(m_shared.keysEmpty(m_place.stage));
      if (!more) release(m_shared.queriesEmpty());
      seen = look(s, softmax, visit, false);
      waitProducts<0>();  // only here, so that the exponentials run beside the scaling of the output
      release(m_shared.valuesEmpty(last.stage));
      softmax.update(s, seen.blockMax, seen.rescale, seen.blockSum);
      scaleOutput(output, seen.rescale);
      pack(p, s);
      report(seen, softmax, stats, visit);
      last = m_place;
      m_place.advance();
    }

    finishValues(output, p, last);
  }

  // As above while blocks are kept; after a skipped block there are no weights to multiply meanwhile.
  __device__ void attendWithSkips(const Item& item, Softmax& softmax, const BlockStats& stats,
                                  Output& output) {
    ListWalk walk(m_args, item);
    Visit following;
    m_more = walk.next(following);
    if (!m_more) return release(m_shared.queriesEmpty());
    const float threshold = skipThreshold(m_args, item);
    Weights p;
    RingPlace<kStages> last;
    bool pending = false;
    int visited = 0, skipped = 0;
    while (m_more) {
      const Visit visit = following;
      m_more = walk.next(following);
      const bool mayGo = visited++ > 0 && mayBeSkipped(m_args, visit.keyBlock);
      const SkipTurn turn{visit, visited == 1, mayGo, threshold};
      pending = pending ? step<true>(turn, softmax, stats, output, p, last)
                        : step<false>(turn, softmax, stats, output, p, last);
      skipped += !pending;
    }
    if (pending) finishValues(output, p, last);
    if (isFirstThread()) stats.countSkipped(skipped);
  }

  // What a visit leaves beside its weights, of this thread's two rows.
  struct Seen {
    float blockMax[2], rescale[2], blockSum[2];
    float gap;
  };

  struct SkipTurn {
    Visit visit;
    bool first, mayGo;
    float threshold;
  };

  // Returns whether the block was kept: then its weights wait in p for the values at `last`.
  template <bool kPending>
  __device__ __forceinline__ bool step(const SkipTurn& turn, Softmax& softmax, const BlockStats& stats,
                                       Output& output, Weights& p, RingPlace<kStages>& last) {
    Scores s;
    m_shared.keysFull(m_place.stage).wait(m_place.parity);
    fenceRegisters();
    multiplyKeys(s, m_place.stage);
    commitProducts();
    if constexpr (kPending) {
      m_shared.valuesFull(last.stage).wait(last.parity);
      fenceRegisters();
      multiplyValues(output, p, last.stage);
      commitProducts();
    }
    waitProducts<kPending ? 1 : 0>();
    release(m_shared.keysEmpty(m_place.stage));
    if (!m_more) release(m_shared.queriesEmpty());

    Seen seen = look(s, softmax, turn.visit, turn.first);
    bool keep = true;
    if (turn.mayGo) keep = !allAgree(3, kThreads, softmax.skipExcess(seen.blockMax) < turn.threshold);
    if (keep) softmax.update(s, seen.blockMax, seen.rescale, seen.blockSum);
    if constexpr (kPending) {
      waitProducts<0>();
      release(m_shared.valuesEmpty(last.stage));
    }
    last = m_place;
    m_place.advance();
    if (keep) {
      scaleOutput(output, seen.rescale);
      pack(p, s);
      report(seen, softmax, stats, turn.visit);
    } else {
      reportSkipped(seen, stats, turn.visit);
      m_shared.valuesFull(last.stage).wait(last.parity);
      release(m_shared.valuesEmpty(last.stage));
    }
    return keep;
  }

  // The last weights' product with their values.
  __device__ void finishValues(Output& output, const Weights& p, const RingPlace<kStages>& last) const {
    m_shared.valuesFull(last.stage).wait(last.parity);
    fenceRegisters();
    multiplyValues(output, p, last.stage);
    commitProducts();
    waitProducts<0>();
    release(m_shared.valuesEmpty(last.stage));
  }

  __device__ Seen look(Scores& s, Softmax& softmax, const Visit& visit, bool first) const {
    Seen seen;
    softmax.mask(s, visit);
    softmax.findBlockMax(s, seen.blockMax);
    seen.gap = softmax.gap(seen.blockMax, first);
    return seen;
  }

  // After all that the next products wait for.
  __device__ void report(const Seen& seen, Softmax& softmax, const BlockStats& stats,
                         const Visit& visit) const {
    if constexpr (kObserve != Observe::Nothing) {
      stats.reportGap(visit.keyBlock, warpMax(seen.gap), m_lane == 0);
      if (kObserve == Observe::LogMass || (kObserve == Observe::Skips && stats.wantsRowLogMass()))
        softmax.storeRowLogMass(stats, visit.keyBlock, seen.blockSum);
    }
  }
  __device__ void reportSkipped(const Seen& seen, const BlockStats& stats, const Visit& visit) const {
    stats.reportGap(visit.keyBlock, warpMax(seen.gap), m_lane == 0);
    if (isFirstThread()) stats.markSkipped(visit.keyBlock);
  }

  __device__ bool isFirstThread() const { return m_group == 0 && int(threadIdx.x) % 128 == 0; }

  __device__ void takeTurn() const {
    if (kTakesTurns) meet(1 + m_group, kThreads);
  }
  __device__ void passTurn() const {
    if (kTakesTurns) announce(2 - m_group, kThreads);
  }

  __device__ void multiplyKeys(Scores& s, int stage) const {
    const auto q = m_shared.queries();
    const auto k = m_shared.keys(stage);
#pragma unroll
    for (int step = 0; step < kWide / 16; ++step) {
      const uint32_t column = uint32_t(step % 4 * 32);
      SharedProduct<T, kKeys>::add(
          s, tileDescriptor<128>(q.wide(step / 4) + uint32_t(m_group * 64 * 128) + column),
          tileDescriptor<128>(k.wide(step / 4) + column), step > 0);
    }
    if constexpr (kHasNarrow)
      SharedProduct<T, kKeys>::add(s, tileDescriptor<32>(q.narrow() + uint32_t(m_group * 64 * 32)),
                                   tileDescriptor<32>(k.narrow()), true);
  }

  __device__ void multiplyValues(Output& output, const Weights& p, int stage) const {
    const auto v = m_shared.values(stage);
#pragma unroll
    for (int step = 0; step < kKeys / 16; ++step) {
      RegisterProduct<T, kWide>::add(output.wide, p[step],
                                     tileDescriptor<128>(v.wide(0) + uint32_t(step * 16 * 128), kKeys * 128));
      if constexpr (kHasNarrow)
        RegisterProduct<T, 16>::add(output.narrow, p[step],
                                    tileDescriptor<32>(v.narrow() + uint32_t(step * 16 * 32)));
    }
  }

  __device__ static void pack(Weights& p, const Scores& s) {
#pragma unroll
    for (int step = 0; step < kKeys / 16; ++step)
#pragma unroll
      for (int half = 0; half < 2; ++half)
#pragma unroll
        for (int r = 0; r < 2; ++r)
          p[step][2 * half + r] = packPair<T>(s[2 * step + half][2 * r], s[2 * step + half][2 * r + 1]);
  }

  __device__ static void scaleOutput(Output& output, const float (&factor)[2]) {
#pragma unroll
    for (int j = 0; j < kWide / 8; ++j)
      for (int e = 0; e < 4; ++e) output.wide[j][e] *= factor[e / 2];
    if constexpr (kHasNarrow)
      for (int j = 0; j < 2; ++j)
        for (int e = 0; e < 4; ++e) output.narrow[j][e] *= factor[e / 2];
  }

  __device__ void finish(const Item& item, Softmax& softmax, const BlockStats& stats, Output& output) const {
    float normalise[2];
    softmax.finish(stats, normalise);
    scaleOutput(output, normalise);
#pragma unroll
    for (int r = 0; r < 2; ++r) {
      if (!softmax.exists(r)) continue;
      const int64_t row = item.b * m_args.o.stride[0] + item.h * m_args.o.stride[1] +
                          softmax.row(r) * m_args.o.stride[2] + 2 * (m_lane % 4);
#pragma unroll
      for (int j = 0; j < kWide / 8; ++j)
        storePair(m_args, row + 8 * j, output.wide[j][2 * r], output.wide[j][2 * r + 1]);
      if constexpr (kHasNarrow)
        storePair(m_args, row + kWide, output.narrow[0][2 * r], output.narrow[0][2 * r + 1]);
    }
  }

  const DeviceArgs& m_args;
  const Shared& m_shared;
  int m_group, m_lane;
  RingPlace<kStages> m_place;
  bool m_more = false;  // whether a visit follows, in calls with skips
};

// What fits: registers a thread and stages, by the size of the CTA.
template <int kDim, int kKeys, int kConsumers>
struct HopperBudget {
  static constexpr int kCtas = kConsumers == 2 ? 1 : 2;  // on a multiprocessor
  static constexpr int kProducerRegisters = kConsumers == 2 ? 24 : 40;
  static constexpr int kConsumerRegisters = kConsumers == 2 ? 240 : 208;
  static constexpr int kStages = kDim == 128 ? (kKeys == 128 ? 2 : 3) : 4;
};

template <class T, int kDim, int kKeys, int kConsumers, Observe kObserve>
__global__ void __launch_bounds__(128 * (kConsumers + 1), HopperBudget<kDim, kKeys, kConsumers>::kCtas)
    wgmmaAttention(const __grid_constant__ DeviceArgs args, const __grid_constant__ HopperMaps maps) {
  using Budget = HopperBudget<kDim, kKeys, kConsumers>;
  const HopperShared<kDim, kKeys, kConsumers, Budget::kStages> shared(sharedAddress(dynamicShared()));
  if (threadIdx.x == 0) {
    shared.initBarriers();
    makeBarriersVisible();
  }
  __syncthreads();
  const int group = int(threadIdx.x) / 128;
  if (group == 0) {
    lowerRegisters<Budget::kProducerRegisters>();
    if (threadIdx.x == 0) HopperProducer<kDim, kKeys, kConsumers, Budget::kStages>(args, maps, shared).run();
  } else {
    raiseRegisters<Budget::kConsumerRegisters>();
    HopperConsumer<T, kDim, kKeys, kConsumers, Budget::kStages, kObserve>(args, shared, group - 1).run();
  }
}

}  // namespace ditscope::kernels::cuda
