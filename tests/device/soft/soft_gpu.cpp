// SPDX-License-Identifier: Apache-2.0
#include "tests/device/soft/soft_gpu.h"

#include <ucontext.h>

#include <cstring>
#include <deque>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <stdexcept>
#include <vector>

#include "tests/device/soft/cuda_names.h"

soft::Dim threadIdx, blockIdx, blockDim, gridDim;

namespace ditscope::kernels::soft {
namespace {

constexpr size_t kStackBytes = 256 << 10;
constexpr uint32_t kSharedStart = 256;  // no tile lies at address 0

struct Fiber {
  ucontext_t context;
  std::unique_ptr<uint8_t[]> stack;
  const char* waitsFor = nullptr;
  bool done = false;
};

// Threads that hand in parcels; two rounds are kept, for a fast thread may begin the next one.
struct Meeting {
  int arrived = 0;
  uint64_t round = 0;
  std::array<Parcel, kGroup> parcels[2];
};

struct NamedBarrier {
  int arrived = 0;
  uint64_t round = 0;
  bool agrees[2] = {true, true};
};

struct MemoryBarrier {
  int arrivals = 0, pending = 0, bytes = 0;
  int phase = 0;
};

struct Cta {
  std::vector<Fiber> fibers;
  std::vector<Meeting> warps, groups;
  std::map<int, NamedBarrier> named;
  std::map<uint32_t, MemoryBarrier> barriers;
  std::deque<std::function<void()>> copies;
  std::vector<uint8_t> shared;
  std::string failure;
  int current = 0;
  uint64_t progress = 0;
  ucontext_t scheduler;
};

Schedule g_schedule;
std::mt19937 g_random;
Cta* g_cta = nullptr;
uint64_t g_ctas = 0;
const std::function<void()>* g_kernel = nullptr;

void enterFiber() {
  (*g_kernel)();
  g_cta->fibers[size_t(g_cta->current)].done = true;
  madeProgress();
  swapcontext(&g_cta->fibers[size_t(g_cta->current)].context, &g_cta->scheduler);
}

void resume(int index) {
  Fiber& fiber = g_cta->fibers[size_t(index)];
  g_cta->current = index;
  threadIdx.x = unsigned(index);
  fiber.waitsFor = nullptr;
  swapcontext(&g_cta->scheduler, &fiber.context);
}

// "3 threads wait for a named barrier (first: 128)"
std::string whoWaits() {
  std::map<std::string, std::pair<int, int>> waits;  // first thread and number
  for (size_t i = 0; i < g_cta->fibers.size(); ++i) {
    const Fiber& fiber = g_cta->fibers[i];
    if (fiber.done) continue;
    auto [entry, isNew] = waits.try_emplace(fiber.waitsFor ? fiber.waitsFor : "nothing", int(i), 0);
    ++entry->second.second;
  }
  std::string text;
  for (const auto& [why, who] : waits)
    text += (text.empty() ? "" : "; ") + std::to_string(who.second) + " threads from " +
            std::to_string(who.first) + " on wait for " + why;
  return text;
}

void schedule() {
  const int threads = int(g_cta->fibers.size());
  for (int alive = threads; alive > 0;) {
    const uint64_t before = g_cta->progress;
    const int first = int(g_random() % unsigned(threads));
    alive = 0;
    for (int i = 0; i < threads; ++i) {
      const int index = (first + i) % threads;
      if (!g_cta->fibers[size_t(index)].done) resume(index);
      if (!g_cta->failure.empty()) throw std::runtime_error("emulated GPU: " + g_cta->failure);
      alive += !g_cta->fibers[size_t(index)].done;
    }
    if (alive == 0 || g_cta->progress != before) continue;
    if (g_cta->copies.empty()) throw std::runtime_error("emulated GPU: the CTA hangs: " + whoWaits());
    const auto copy = std::move(g_cta->copies.front());
    g_cta->copies.pop_front();
    copy();
  }
}

void runCta(int threads, int sharedBytes) {
  Cta cta;
  g_cta = &cta;
  ++g_ctas;
  cta.fibers.resize(size_t(threads));
  cta.warps.resize(size_t(threads + kWarp - 1) / kWarp);
  cta.groups.resize(size_t(threads + kGroup - 1) / kGroup);
  cta.shared.assign(size_t(sharedBytes) + 128, 0xff);
  for (Fiber& fiber : cta.fibers) {
    fiber.stack = std::make_unique_for_overwrite<uint8_t[]>(kStackBytes);
    getcontext(&fiber.context);
    fiber.context.uc_stack.ss_sp = fiber.stack.get();
    fiber.context.uc_stack.ss_size = kStackBytes;
    fiber.context.uc_link = nullptr;
    makecontext(&fiber.context, enterFiber, 0);
  }
  schedule();
  if (!cta.copies.empty())
    throw std::runtime_error("emulated GPU: the CTA ended before its copies had landed");
}

Parcel* exchange(Meeting& meeting, int place, int members, const char* what, const Parcel& mine) {
  const uint64_t round = meeting.round;
  meeting.parcels[round % 2][size_t(place)] = mine;
  if (++meeting.arrived == members) {
    meeting.arrived = 0;
    ++meeting.round;
    madeProgress();
  }
  waitUntil(what, [&] { return meeting.round != round; });
  return meeting.parcels[round % 2].data();
}

void endPhase(MemoryBarrier& barrier) {
  if (barrier.pending != 0 || barrier.bytes != 0) return;
  barrier.pending = barrier.arrivals;
  barrier.phase ^= 1;
  madeProgress();
}

MemoryBarrier& barrierAt(uint32_t address) {
  const auto found = g_cta->barriers.find(address);
  if (found == g_cta->barriers.end()) fail("there is no mbarrier at " + std::to_string(address));
  return found->second;
}

}  // namespace

void setSchedule(const Schedule& schedule) {
  g_schedule = schedule;
  g_random.seed(schedule.seed);
}

void runGrid(Dim grid, int threads, int sharedBytes, const std::function<void()>& kernel) {
  g_kernel = &kernel;
  gridDim = grid;
  blockDim = {unsigned(threads), 1, 1};
  for (blockIdx.z = 0; blockIdx.z < grid.z; ++blockIdx.z)
    for (blockIdx.y = 0; blockIdx.y < grid.y; ++blockIdx.y)
      for (blockIdx.x = 0; blockIdx.x < grid.x; ++blockIdx.x) runCta(threads, sharedBytes);
  g_cta = nullptr;
}

int thread() {
  return g_cta->current;
}

uint64_t cta() {
  return g_ctas;
}

void fail(const std::string& why) {
  g_cta->failure = "thread " + std::to_string(thread()) + ": " + why;
  for (;;) pause("its end");
}

void pause(const char* why) {
  Fiber& fiber = g_cta->fibers[size_t(g_cta->current)];
  fiber.waitsFor = why;
  swapcontext(&fiber.context, &g_cta->scheduler);
}

void madeProgress() {
  ++g_cta->progress;
}

uint8_t* dynamicMemory() {
  return reinterpret_cast<uint8_t*>((reinterpret_cast<uintptr_t>(g_cta->shared.data()) + 127) &
                                    ~uintptr_t(127));
}

uint32_t addressOf(const void* pointer) {
  return kSharedStart + uint32_t(static_cast<const uint8_t*>(pointer) - dynamicMemory());
}

uint8_t* at(uint32_t address, int bytes) {
  if (address < kSharedStart || address - kSharedStart + size_t(bytes) > g_cta->shared.size() - 128)
    fail("shared memory ends before address " + std::to_string(address));
  return dynamicMemory() + (address - kSharedStart);
}

const Parcel* exchangeInWarp(const Parcel& mine) {
  const int t = thread();
  return exchange(g_cta->warps[size_t(t / kWarp)], t % kWarp, kWarp, "the rest of the warp", mine);
}

const Parcel* exchangeInGroup(const Parcel& mine) {
  const int t = thread();
  return exchange(g_cta->groups[size_t(t / kGroup)], t % kGroup, kGroup, "the rest of the warpgroup", mine);
}

void arriveAt(int id, int threads, bool agrees) {
  NamedBarrier& barrier = g_cta->named[id];
  bool& all = barrier.agrees[barrier.round % 2];
  all = (barrier.arrived == 0 || all) && agrees;
  if (++barrier.arrived < threads) return;
  barrier.arrived = 0;
  ++barrier.round;
  madeProgress();
}

bool waitAt(int id, int threads, bool agrees) {
  NamedBarrier& barrier = g_cta->named[id];
  const uint64_t round = barrier.round;
  arriveAt(id, threads, agrees);
  waitUntil("a named barrier", [&] { return barrier.round != round; });
  return barrier.agrees[round % 2];
}

void initBarrier(uint32_t address, int arrivals) {
  static_cast<void>(at(address, 8));
  g_cta->barriers[address] = {arrivals, arrivals, 0, 0};
}

void arrive(uint32_t address, int expectedBytes) {
  MemoryBarrier& barrier = barrierAt(address);
  if (barrier.pending == 0) fail("more arrivals at an mbarrier than it expects");
  barrier.bytes += expectedBytes;
  --barrier.pending;
  endPhase(barrier);
}

void completeBytes(uint32_t address, int bytes) {
  MemoryBarrier& barrier = barrierAt(address);
  barrier.bytes -= bytes;
  endPhase(barrier);
}

bool phaseIsOver(uint32_t address, int parity) {
  return barrierAt(address).phase != parity;
}

void copyLater(std::function<void()> copy) {
  if (g_schedule.copiesAreLate)
    g_cta->copies.push_back(std::move(copy));
  else
    copy();
}

bool copiesAreLate() {
  return g_schedule.copiesAreLate;
}

}  // namespace ditscope::kernels::soft
