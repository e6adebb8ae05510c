// SPDX-License-Identifier: Apache-2.0
// The plain values of a trace, shared by every layer above: what a run is, its steps, layers, attention
// calls and heads. Units: times in integer nanoseconds from the start of the run unless a name says
// otherwise; LSE in natural log with the softmax scale applied, -inf for an empty row; fractions in [0, 1].
// NaN in a float means "not measured" and is stored as NULL.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace ditscope::db {

inline constexpr float kNotMeasured = std::numeric_limits<float>::quiet_NaN();

enum class RecordLevel : uint8_t { Stats, Mass, Full };
enum class AttnKind : uint8_t { Self, Cross, Joint };
enum class Branch : uint8_t { Cond, Uncond };  // of classifier-free guidance
enum class BlockState : uint8_t { Skipped, Partial, Full };
enum class TimeMethod : uint8_t { None, Measured, Attributed, Replayed };
enum class TokenOrder : uint8_t {
  FrameMajor,  // (t, y, x), as the model has it
  PixelMajor,  // (y, x, t)
  TileMajor,   // 3-D tiles of a video one after the other
  Clustered,   // by semantic clusters, another order in every call
};

struct TokenGrid {  // of the video or image tokens, after patching
  int32_t frames = 1;
  int32_t rows = 0;
  int32_t cols = 0;
  [[nodiscard]] int64_t count() const { return int64_t{frames} * rows * cols; }
};

struct TextSpan {  // [begin, end) of the text tokens inside the attention sequence; empty when there are none
  int64_t begin = 0;
  int64_t end = 0;
};

struct Run {
  std::string uuid, groupUuid;  // ranks of one distributed run share the group
  int32_t rank = 0;
  int64_t startedUtcNs = 0;
  int64_t durationNs = 0;
  std::string tool;        // program and version that wrote the trace
  std::string source;      // live | nsys | kineto | synthetic
  std::string sourceFile;  // of an import
  std::string model;       // class name, for example WanTransformer3DModel
  std::string modelPath;
  std::string scheduler;
  std::string method;  // of sparsity, as given on the command line
  RecordLevel record = RecordLevel::Stats;
  int32_t nSteps = 0;
  int32_t nLayers = 0;
  int32_t nHeads = 0;
  int64_t seqLen = 0;
  TokenGrid grid;
  TextSpan text;
  int32_t blockQ = 0;
  int32_t blockK = 0;
  std::string dtype;
  int64_t seed = 0;
  int64_t label = -1;  // class label, -1 when the run is prompted otherwise
  double guidance = 1.0;
  std::string gitCommit, torch, blas, cuda, driver, cupti;
  // Cost of recording: sampling time with recording on / off, measured interleaved. 0 when not measured.
  double overheadRatio = 0, overheadLo = 0, overheadHi = 0;
  bool finalised = false;
};

struct Device {
  int64_t id = 0;
  int32_t ordinal = 0;
  std::string uuid, name;  // for a CPU the model name of the processor
  int32_t smCount = 0;     // cores for a CPU
  int64_t memoryBytes = 0;
  int64_t clockHz = 0;
};

struct Step {
  int32_t index = 0;
  double sigma = 0;
  double timestep = 0;  // as the model sees it
  int64_t startNs = 0;
  int64_t endNs = 0;
};

struct Layer {
  int32_t index = 0;
  std::string name;  // module path in the checkpoint, for example blocks.3
  AttnKind kind = AttnKind::Self;
  int32_t nHeads = 0;
  int32_t headDim = 0;
};

// One attention call: one layer, step and guidance branch. `id` is given by the caller, unique in the run.
struct AttnCall {
  int64_t id = 0;
  int32_t step = 0;
  int32_t layer = 0;
  Branch branch = Branch::Cond;
  AttnKind kind = AttnKind::Self;
  TokenOrder order = TokenOrder::FrameMajor;  // of masks and masses, unless a head's decision says otherwise
  int64_t qLen = 0;
  int64_t kvLen = 0;
  int32_t blockQ = 0;
  int32_t blockK = 0;
  std::string plan;  // what the method did: dense, search, sparse, reuse
  int64_t startNs = 0;
  int64_t kernelNs = 0;   // attention alone
  int64_t searchNs = 0;   // mask search and plan building
  int64_t recordNs = 0;   // spent measuring for the trace; not part of the sampling time
  double flopsDense = 0;  // 4 * heads * q * kv * D
  double flopsDone = 0;   // of the blocks computed
};

// Scalars of one head in one call; columns of the table attn_head.
struct HeadStats {
  float densityQk = kNotMeasured;  // score blocks computed / valid blocks
  float densityPv = kNotMeasured;  // blocks whose softmax and PV were computed / valid blocks
  float recallMean = kNotMeasured, recallP01 = kNotMeasured, recallP05 = kNotMeasured;  // over query rows
  float rowEntropy = kNotMeasured;  // mean over query rows of the entropy of the block masses, nats
  float maskDrift = kNotMeasured;   // 1 - Jaccard of the kept sets of this step and the one before
  float lseMean = kNotMeasured, lseStd = kNotMeasured, lseMin = kNotMeasured, lseMax = kNotMeasured;
  // Against the step before, over rows that are finite in both.
  float lseDriftMean = kNotMeasured, lseDriftP50 = kNotMeasured, lseDriftP90 = kNotMeasured;
  float lseDriftSigned = kNotMeasured;
  int32_t lseEmptyRows = 0;
  float errorL1 = kNotMeasured;  // relative L1 of the output against dense attention on the same inputs
  int64_t timeNs = 0;
  TimeMethod timeMethod = TimeMethod::None;
};

// What the sparsity method decided for a head in a call.
inline constexpr size_t kMaxNameBytes = 64;
struct HeadDecision {
  std::string method = {};      // that planned the head, by name; empty = not recorded; at most kMaxNameBytes
  std::string choice = {};      // what it decided: dense, window, spatial, output_share, ...; likewise
  float budget = kNotMeasured;  // share of the key blocks that it meant to keep
  float threshold = kNotMeasured;  // in the method's own units: cumulative mass, ln lambda, ...
  int32_t sourceStep = -1;         // that what it reused (mask, LSE, residual, output) stems from; -1 = none
  TokenOrder order = TokenOrder::FrameMajor;  // of this head's masks and masses
};

struct HeadRow {  // a HeadStats with its coordinates
  int64_t callId = 0;
  int32_t step = 0;
  int32_t layer = 0;
  int32_t head = 0;
  Branch branch = Branch::Cond;
  HeadStats stats;
  HeadDecision decision;
};

// How much of a head's softmax mass the heaviest blocks hold. Point i is at density curveDensity(i).
inline constexpr int kCurvePoints = 64;
[[nodiscard]] constexpr double curveDensity(int i) {  // quadratic spacing: fine where sparse methods live
  const double x = (i + 1) / double{kCurvePoints};
  return x * x;
}
struct RecallCurve {
  std::vector<float> byRow;   // kCurvePoints: the heaviest blocks of each query row, same count in every row
  std::vector<float> byHead;  // kCurvePoints: the heaviest blocks of the whole head
};

// A kernel launch. Times are integer ns; a CPU kernel is one call of our own kernel.
struct LaunchConfig {
  std::string name;
  int32_t grid[3] = {1, 1, 1};
  int32_t block[3] = {1, 1, 1};
  int32_t cluster[3] = {1, 1, 1};
  int32_t registersPerThread = 0;
  int64_t staticSharedBytes = 0;
  int64_t dynamicSharedBytes = 0;
};
enum class LinkMethod : uint8_t { None, Correlation, NvtxRange, GraphNode, Direct };
struct Kernel {
  int64_t deviceId = 0;
  int32_t configId = 0;  // from TraceWriter::addLaunchConfig, or as read
  int64_t startNs = 0;
  int64_t durationNs = 0;
  int32_t stream = 0;
  int64_t correlation = 0;
  int64_t callId = 0;  // attention call it belongs to, 0 when none is known
  LinkMethod link = LinkMethod::None;
  uint32_t flags = 0;  // KernelFlag bits
};
enum KernelFlag : uint32_t { kZeroTime = 1, kBeforeLaunch = 2, kOrphan = 4, kThrottled = 8, kWarmup = 16 };

// A named counter of the capture's health: dropped records, zero times, early starts, clock steps.
struct HealthCounter {
  std::string name;
  int64_t value = 0;
};
// A fact that may move times beside the code: governor, load, clock policy, cache. Never the process's
// environment.
struct Circumstance {
  std::string name, value;
};
struct DeviceClock {  // of a device's processors at a moment
  int64_t deviceId = 0;
  int64_t timeNs = 0;
  int64_t hz = 0;
};
struct Diagnostic {
  int64_t timeNs = 0;
  std::string severity;  // info | warning | error
  std::string text;
};

}  // namespace ditscope::db
