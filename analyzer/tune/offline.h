// SPDX-License-Identifier: Apache-2.0
// The candidates of every head from one or more dense recordings, and what several recordings say together.
#pragma once

#include <string>
#include <vector>

#include "analyzer/progress.h"
#include "analyzer/tune/recording.h"
#include "analyzer/tune/settings.h"

namespace ditscope::analyzer {

struct HeadEvidence {
  HeadKey key;
  // [recording][candidate], the same settings in each: dense, the uniform settings, then the head's own,
  // which fit the first recording. Times 0; the error of an offline candidate is 0 until predicted.
  std::vector<std::vector<Candidate>> byRecording;
  double denseNs = 0;  // measured, mean over the recordings; NaN = not timed
  // For how many steps masks and LSE stay good at the first recall of the query, in the first recording.
  int32_t reusableSteps = 0, reusableLseSteps = 0;
};

struct OfflineQuery {
  SettingsQuery settings;
  bool ownSettings = true;
  int32_t threads = 2;
};

// One head's masses at a time and thread. Throws db::Error, and db::Cancelled when progress returns false; it
// is called from any of the threads, one at a time.
[[nodiscard]] std::vector<HeadEvidence> offlineCandidates(const std::vector<std::string>& files,
                                                          const OfflineQuery& query,
                                                          const Progress& progress = {});

// How recordings are combined: the worst of each figure (the lowest recall, the highest density), or the
// mean.
enum class Over : uint8_t { Worst, Mean };
// `leftOut`: an index of a recording that takes no part, or -1.
[[nodiscard]] HeadCandidates combine(const HeadEvidence& evidence, Over over, int32_t leftOut = -1);

}  // namespace ditscope::analyzer
