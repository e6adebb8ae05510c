// SPDX-License-Identifier: Apache-2.0
// Stands in for kernels/cuda/hopper_ops.cuh in the emulator.
#pragma once

#include "tests/device/soft/tensor_copy.h"

namespace ditscope::kernels::cuda {

struct Barrier {
  uint32_t address;

  void init(int arrivals) const { soft::initBarrier(address, arrivals); }
  void arrive() const { soft::arrive(address, 0); }
  void arriveAndExpect(int bytes) const { soft::arrive(address, bytes); }
  void wait(int parity) const {
    soft::waitUntil("an mbarrier", [&] { return soft::phaseIsOver(address, parity); });
  }
};

inline void makeBarriersVisible() {}
inline void copyBox(uint32_t to, const CUtensorMap* map, const Barrier& full, int d, int n, int h, int b) {
  soft::copyLater([=, bytes = soft::boxBytes(*map), barrier = full.address] {
    soft::copyBox(to, *map, d, n, h, b);
    soft::completeBytes(barrier, bytes);
  });
}

template <int kRegisters>
void raiseRegisters() {}
template <int kRegisters>
void lowerRegisters() {}

inline void meet(int id, int threads) {
  soft::waitAt(id, threads, true);
}
inline void announce(int id, int threads) {
  soft::arriveAt(id, threads, true);
}
inline bool allAgree(int id, int threads, bool mine) {
  return soft::waitAt(id, threads, mine);
}

}  // namespace ditscope::kernels::cuda
