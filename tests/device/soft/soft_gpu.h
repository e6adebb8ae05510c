// SPDX-License-Identifier: Apache-2.0
// A GPU for tests on the CPU: one CTA at a time, each of its threads a fiber, so that the barriers, the
// stages and the descriptors of the CUDA kernels are exercised where there is no GPU. It is exact about what
// may go wrong and says nothing about speed: a copy may land at once or as late as possible, products read
// shared memory as late as possible, registers that a product still writes hold NaN, and a CTA in which
// nothing can go on is an error that says what its threads wait for. Not thread-safe: one kernel at a time.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <string>

namespace ditscope::kernels::soft {

constexpr int kWarp = 32;
constexpr int kGroup = 128;  // a warpgroup

struct Dim {
  unsigned x = 1, y = 1, z = 1;
};

// How the next kernels run; the seed chooses in which order the threads of a CTA go on.
struct Schedule {
  uint32_t seed = 0;
  bool copiesAreLate = false;
};
void setSchedule(const Schedule& schedule);

// Runs the CTAs one after the other; `sharedBytes` of dynamic shared memory, filled with NaN for each. Throws
// std::runtime_error when a CTA hangs or does what the hardware forbids.
void runGrid(Dim grid, int threads, int sharedBytes, const std::function<void()>& kernel);

// ---- For the emulated instructions, called by a thread of the running CTA ----

[[nodiscard]] int thread();
[[nodiscard]] uint64_t cta();  // of all that ran, counted from 1
[[noreturn]] void fail(const std::string& why);

// A State of each thread of the running CTA, new for each CTA. One State type, one store.
template <class State>
State& ofThread() {
  struct Entry {
    uint64_t cta = 0;
    State state;
  };
  static std::map<int, Entry> entries;
  Entry& mine = entries[thread()];
  if (mine.cta != cta()) mine.state = {};
  mine.cta = cta();
  return mine.state;
}

// Lets the other threads go on; `why` is said if none can.
void pause(const char* why);
template <class Ready>
void waitUntil(const char* why, Ready ready) {
  while (!ready()) pause(why);
}
void madeProgress();

// Dynamic shared memory by address; fails when it lies outside.
[[nodiscard]] uint8_t* dynamicMemory();
[[nodiscard]] uint32_t addressOf(const void* pointer);
[[nodiscard]] uint8_t* at(uint32_t address, int bytes);

// All threads of a warp, or of a warpgroup, hand something in and see what the others gave.
struct Parcel {
  std::array<uint64_t, 4> words{};
};
[[nodiscard]] const Parcel* exchangeInWarp(const Parcel& mine);
[[nodiscard]] const Parcel* exchangeInGroup(const Parcel& mine);

// A named barrier (bar.sync, bar.arrive, bar.red.and).
void arriveAt(int id, int threads, bool agrees);
bool waitAt(int id, int threads, bool agrees);

// mbarriers in shared memory.
void initBarrier(uint32_t address, int arrivals);
void arrive(uint32_t address, int expectedBytes);
void completeBytes(uint32_t address, int bytes);
[[nodiscard]] bool phaseIsOver(uint32_t address, int parity);

// Does it now, or later by the schedule, at the latest when no thread can go on.
void copyLater(std::function<void()> copy);
[[nodiscard]] bool copiesAreLate();

}  // namespace ditscope::kernels::soft
