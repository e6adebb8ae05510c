// SPDX-License-Identifier: Apache-2.0
// The clock of a device while a launch ran, from measurements at moments before and after it.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "db/model.h"

namespace ditscope::analyzer {

class ClockTrack {
 public:
  // clocks: by device and time, as a reader gives them.
  explicit ClockTrack(const std::vector<db::DeviceClock>& clocks);

  // Hz: mean of the last measurement before the end and the next one, those within a second of the launch;
  // 0 = not known.
  [[nodiscard]] double during(int64_t deviceId, int64_t startNs, int64_t endNs) const;

 private:
  struct Moment {
    int64_t ns = 0;
    double hz = 0;
  };
  std::map<int64_t, std::vector<Moment>> m_moments;  // by device, ascending
};

}  // namespace ditscope::analyzer
