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
  // undisturbed: the share of the best rate from which a call counts as left alone.
  explicit MachineProbe(int threads, double undisturbed = 0.9)
      : m_threads(threads), m_undisturbed(undisturbed) {}

  MachineState measure();
  // The rate of multiply-adds that the machine reaches when it is left alone: nearly the best seen so far.
  [[nodiscard]] double bestArithmetic() const;
  // Whether a call between the two states had less than that share of it. (A second hyperthread that
  // multiplies takes 15 to 25 %, and half as long again from an attention kernel.)
  [[nodiscard]] bool isThrottled(const MachineState& before, const MachineState& after) const;

 private:
  int m_threads;
  double m_undisturbed;
  std::vector<double> m_rates;  // ascending
};

}  // namespace ditscope::collector::bench
