// SPDX-License-Identifier: Apache-2.0
// What the machine gives at a moment: its clock, and the rate of its arithmetic units, which a hyperthread at
// work, a hypervisor or heat makes less. Asked around every call of a benchmark; a tenth of a millisecond.
#pragma once

#include <vector>

namespace ditscope::collector::bench {

struct MachineState {
  double clockHz = 0;     // of the calling thread's core
  double arithmetic = 0;  // rate of multiply-adds; only ratios mean something
};

class MachineProbe {
 public:
  explicit MachineProbe(int threads) : m_threads(threads) {}

  MachineState measure();
  // The rate of multiply-adds that the machine reaches when it is left alone: nearly the best seen so far.
  [[nodiscard]] double bestArithmetic() const;
  // Whether a call between the two states had less than nine tenths of that. (A second hyperthread that
  // multiplies takes 15 to 25 %, and half as long again from an attention kernel.)
  [[nodiscard]] bool isThrottled(const MachineState& before, const MachineState& after) const;

 private:
  int m_threads;
  std::vector<double> m_rates;  // ascending
};

}  // namespace ditscope::collector::bench
