// SPDX-License-Identifier: Apache-2.0
// What the tuner reads of traces: the masses of a dense recording head by head, what dense attention took,
// and what a run with one setting measured. A recording belongs to one thread.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "analyzer/progress.h"
#include "analyzer/tune/mass_evaluation.h"
#include "db/trace_reader.h"

namespace ditscope::analyzer {

class DenseRecording {
 public:
  // Throws db::Error unless it is a whole dense run with block masses of every self-attention.
  explicit DenseRecording(const std::string& file, const db::OpenOptions& options = {});

  [[nodiscard]] const std::string& file() const { return m_file; }
  [[nodiscard]] const db::Run& run() const { return m_run; }
  [[nodiscard]] const std::vector<HeadKey>& heads() const { return m_heads; }  // by layer, head, branch
  [[nodiscard]] int32_t headDim() const { return m_headDim; }
  [[nodiscard]] HeadMasses masses(
      const HeadKey& key) const;  // all steps; throws db::Error when one lacks them
  // [step][query blocks]: means over the rows of each block; a step is empty where it was not recorded.
  [[nodiscard]] std::vector<std::vector<float>> lseBlocks(const HeadKey& key) const;
  // Of one call of the head, mean over the steps from `firstStep` on; NaN where it was not timed.
  [[nodiscard]] double timeNs(const HeadKey& key, int32_t firstStep) const;

 private:
  struct Place {
    std::vector<int64_t> calls;  // by step, 0 = not recorded
    std::vector<double> times;   // by step, NaN = not timed
  };
  std::string m_file;
  db::TraceReader m_reader;
  db::Run m_run;
  int32_t m_headDim = 0;
  std::vector<HeadKey> m_heads;
  std::map<HeadKey, Place> m_places;
};

// Throws db::Error, naming what differs, unless they are runs of one model, size, steps and blocks.
void checkAlike(const std::string& fileA, const db::Run& a, const std::string& fileB, const db::Run& b);

// "NAME:key=value,..." as collector and traces write a method.
[[nodiscard]] db::MethodChoice parseChoice(const std::string& text);

struct Probe {  // a run with one setting, measured
  std::string file;
  db::Run run;
  db::MethodChoice choice;
  std::map<HeadKey, Candidate> heads;
  double searchNs = 0;  // of one head in one call that searched, beyond its kernel; NaN when none did
};
// Averages over the steps from `firstStep` on. Throws db::Error without recalls, or made with a
// configuration.
[[nodiscard]] Probe readProbe(const std::string& file, int32_t firstStep,
                              const db::OpenOptions& options = {});

}  // namespace ditscope::analyzer
