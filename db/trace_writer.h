// SPDX-License-Identifier: Apache-2.0
// Writes a trace. Records are pushed from any thread into a bounded lock-free queue; one writer thread
// packs them and commits every 10,000 rows or 200 ms, so that a killed process loses at most that much.
// The file is readable at any time (WAL); finalise() makes it one single self-contained file.
#pragma once

#include <filesystem>
#include <memory>
#include <vector>

#include "db/block_mask.h"
#include "db/model.h"

namespace ditscope::db {

// Everything recorded about one attention call. Empty vectors mean "not recorded".
struct AttnRecord {
  AttnCall call;
  std::vector<HeadStats> heads;               // [H]
  std::vector<HeadDecision> decisions;        // [H], only beside heads
  std::vector<BlockMask> masks;               // [H], or one mask that all heads share
  std::vector<BlockMass> masses;              // [H]; record level mass
  std::vector<RecallCurve> curves;            // [H]
  std::vector<std::vector<float>> lseBlocks;  // [H][query blocks]: mean LSE of the block's rows
  std::vector<std::vector<float>> lseRows;    // [H][q rows]; record level full
};

struct WriterOptions {
  size_t queueCapacity = 1 << 16;  // records; rounded up to a power of two
  int keyframeEvery = 16;          // steps between masks stored without reference to the step before
  bool overwrite = false;          // replace an existing file, else its presence is an error
};

class TraceWriter {
 public:
  // Creates the file with its tables. Throws db::Error (read-only directory, existing file, disk full).
  // On a file system without WAL it falls back to a rollback journal and adds a diagnostic.
  TraceWriter(const std::filesystem::path& path, const Run& run, const WriterOptions& options = {});
  ~TraceWriter();  // without finalise(): flushes and leaves a readable, unfinalised file
  TraceWriter(const TraceWriter&) = delete;
  TraceWriter& operator=(const TraceWriter&) = delete;

  // Dimension rows: written at once, from the thread that owns the writer; throw db::Error.
  int64_t addDevice(const Device& device);              // returns its id
  int32_t addLaunchConfig(const LaunchConfig& config);  // same config, same id; thread-safe
  void addLayer(const Layer& layer);
  void addDiagnostic(const Diagnostic& diagnostic);
  void setHealth(const std::string& name, int64_t value);
  void setCircumstance(const std::string& name, const std::string& value);

  // Facts. push waits while the queue is full; tryPush drops the record instead and counts the drop in the
  // health counter dropped_records. Both are thread-safe; after a failure of the writer thread (disk full)
  // push throws db::Error once and tryPush returns false; what was committed stays readable.
  void push(AttnRecord record);
  void push(const Step& step);
  void push(const Kernel& kernel);
  void push(const DeviceClock& clock);  // some a second
  bool tryPush(const Kernel& kernel) noexcept;

  void flush();  // returns when everything pushed before is committed; throws db::Error on failure
  // Updates the run row (duration, overhead, ...), builds indexes, checks, folds the WAL in. Call once.
  void finalise(const Run& run);

 private:
  struct Impl;
  std::unique_ptr<Impl> m_impl;
};

}  // namespace ditscope::db
