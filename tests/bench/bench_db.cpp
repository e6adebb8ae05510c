// SPDX-License-Identifier: Apache-2.0
// The trace file: rows a second and bytes a row through the whole writer, size and time of masks, and how
// long a reader waits beside a busy writer.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <random>
#include <thread>
#include <vector>

#include "db/mask_codec.h"
#include "db/mass_codec.h"
#include "db/trace_reader.h"
#include "db/trace_writer.h"
#include "tests/support/make_trace.h"
#include "tests/support/synthetic_head.h"
#include "tests/support/synthetic_stats.h"
#include "tests/support/temp_dir.h"

namespace ditscope {
namespace {

using Clock = std::chrono::steady_clock;

double cpuSeconds() {  // of all threads of this process
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return double(now.tv_sec) + 1e-9 * double(now.tv_nsec);
}

db::Kernel kernelAt(int64_t i, int64_t device, int32_t config) {
  return {device,
          config,
          1'000'000 + i * 7'321,
          3'000 + i * 37 % 90'000,
          7,
          i,
          i % 8 == 2 ? i / 8 + 1 : 0,
          i % 8 == 2 ? db::LinkMethod::Correlation : db::LinkMethod::None,
          0};
}

constexpr int64_t kKernels = 1'000'000;

void pushKernels(db::TraceWriter& writer) {  // and waits until they are committed
  const int64_t device = writer.addDevice({});
  const int32_t config = writer.addLaunchConfig({});
  for (int64_t i = 0; i < kKernels; ++i) writer.push(kernelAt(i, device, config));
  writer.flush();
}

// A million kernels from one producer through the queue into committed rows.
void writeKernels(benchmark::State& state) {
  double cpu = 0;
  uintmax_t bytes = 0;
  for (auto _ : state) {
    const tests::TempDir folder;
    {
      db::TraceWriter writer(folder / "t.db", db::Run());
      const double before = cpuSeconds();
      const auto start = Clock::now();
      pushKernels(writer);
      state.SetIterationTime(std::chrono::duration<double>(Clock::now() - start).count());
      cpu += cpuSeconds() - before;
    }
    bytes = std::filesystem::file_size(folder / "t.db");
  }
  state.counters["rows/s"] =
      benchmark::Counter(double(kKernels), benchmark::Counter::kIsIterationInvariantRate);
  state.counters["rows/cpu_s"] = double(kKernels) * double(state.iterations()) / cpu;  // of both threads
  state.counters["B/row"] = double(bytes) / double(kKernels);
}
BENCHMARK(writeKernels)
    ->UseManualTime()
    ->Unit(benchmark::kMillisecond)
    ->Repetitions(5)
    ->ReportAggregatesOnly();

// Indexes, reference checks and folding the WAL in, for those rows; bytes with the indexes.
void finaliseKernels(benchmark::State& state) {
  uintmax_t bytes = 0;
  for (auto _ : state) {
    const tests::TempDir folder;
    db::TraceWriter writer(folder / "t.db", db::Run());
    pushKernels(writer);
    const auto start = Clock::now();
    writer.finalise(db::Run());
    state.SetIterationTime(std::chrono::duration<double>(Clock::now() - start).count());
    bytes = std::filesystem::file_size(folder / "t.db");
  }
  state.counters["B/row"] = double(bytes) / double(kKernels);
}
BENCHMARK(finaliseKernels)->UseManualTime()->Unit(benchmark::kMillisecond)->Iterations(3);

// The scalars of 72,000 heads, 24 a call, as a run without masks records them; with what a method decided or
// without.
constexpr int32_t kHeadsPerCall = 24;
constexpr int32_t kHeadCalls = 3'000;

db::AttnRecord headsOf(int32_t call, bool decisions) {
  db::AttnRecord record;
  record.call.id = call + 1;
  record.call.step = call / 60;
  record.call.layer = call % 60;
  record.call.plan = "sparse";
  for (int32_t head = 0; head < kHeadsPerCall; ++head) {
    db::HeadStats& stats = record.heads.emplace_back();
    stats.densityQk = stats.densityPv = 0.25F + 0.001F * float(head);
    stats.recallMean = stats.recallP01 = stats.recallP05 = 0.9F + 0.0001F * float(call % 999);
    stats.maskDrift = 0.125F;
    stats.lseMean = stats.lseMin = stats.lseMax = 7.0F + 0.01F * float(head);
    stats.lseDriftMean = stats.lseDriftP50 = stats.lseDriftP90 = stats.lseDriftSigned = 0.03F;
    stats.timeNs = 100'000 + call;
    stats.timeMethod = db::TimeMethod::Attributed;
    if (!decisions) continue;
    const bool reuses = record.call.step % 4 != 0;
    record.decisions.push_back({.method = "adaspa",
                                .choice = reuses ? "reuse" : "vertical_slash",
                                .budget = 0.25F,
                                .threshold = 0.95F,
                                .sourceStep = reuses ? record.call.step / 4 * 4 : -1});
  }
  return record;
}

void writeHeads(benchmark::State& state) {
  double cpu = 0;
  uintmax_t bytes = 0;
  for (auto _ : state) {
    const tests::TempDir folder;
    {
      db::TraceWriter writer(folder / "t.db", db::Run());
      const double before = cpuSeconds();
      const auto start = Clock::now();
      for (int32_t call = 0; call < kHeadCalls; ++call) writer.push(headsOf(call, state.range(0) == 1));
      writer.flush();
      state.SetIterationTime(std::chrono::duration<double>(Clock::now() - start).count());
      cpu += cpuSeconds() - before;
    }
    bytes = std::filesystem::file_size(folder / "t.db");
  }
  constexpr double kHeads = double{kHeadCalls} * kHeadsPerCall;
  state.counters["heads/cpu_s"] = kHeads * double(state.iterations()) / cpu;  // of both threads
  state.counters["B/head"] = double(bytes) / kHeads;
}
BENCHMARK(writeHeads)
    ->ArgName("decisions")
    ->DenseRange(0, 1)
    ->UseManualTime()
    ->Unit(benchmark::kMillisecond)
    ->Repetitions(5)
    ->ReportAggregatesOnly();

// Masks of 256 x 256 blocks over 50 steps: the heaviest blocks of a drifting head, searched at each step.
std::vector<std::vector<db::BlockMask>> driftingMasks(double density) {
  constexpr int kSteps = 50;
  std::vector<std::vector<db::BlockMask>> steps(kSteps);
  for (int32_t head = 0; head < 4; ++head) {  // local, temporal, local, dense
    const tests::SyntheticHead model({0, head, db::Branch::Cond}, {16, 32, 32}, 64, 1);
    for (int32_t step = 0; step < kSteps; ++step) {
      steps[size_t(step)].push_back(tests::topKMask(model.at(step, kSteps).mass, density));
    }
  }
  return steps;
}

void encodeMasks(benchmark::State& state) {
  constexpr size_t kKeyframeEvery = 16;
  const auto steps = driftingMasks(double(state.range(0)) / 100);
  size_t bytes = 0;
  size_t masks = 0;
  for (auto _ : state) {
    bytes = masks = 0;
    for (size_t step = 0; step < steps.size(); ++step) {
      const bool key = step % kKeyframeEvery == 0;
      bytes += db::encodeMasks(steps[step], key ? std::span<const db::BlockMask>() : steps[step - 1]).size();
      masks += steps[step].size();
    }
  }
  state.counters["B/mask"] = double(bytes) / double(masks);
  state.SetItemsProcessed(state.iterations() * int64_t(masks));
}
BENCHMARK(encodeMasks)->ArgName("percent_kept")->Arg(10)->Arg(25)->Arg(50)->Unit(benchmark::kMillisecond);

void decodeMask(benchmark::State& state) {
  const auto steps = driftingMasks(0.25);
  const db::Bytes bytes = db::encodeMasks(steps[20], steps[19]);
  for (auto _ : state) {
    const db::HeadBlobView blob(bytes);
    benchmark::DoNotOptimize(db::decodeMask(blob, 1, &steps[19][1]));
  }
}
BENCHMARK(decodeMask)->Unit(benchmark::kMicrosecond);

void encodeMass(benchmark::State& state) {
  const tests::SyntheticHead model({0, 0, db::Branch::Cond}, {16, 32, 32}, 64, 1);
  const db::BlockMass mass = model.at(5, 50).mass;
  size_t bytes = 0;
  for (auto _ : state) bytes = db::encodeMasses({&mass, 1}).size();
  state.counters["B/block"] = double(bytes) / double(mass.mass.size());
}
BENCHMARK(encodeMass)->Unit(benchmark::kMillisecond);

// 20 looks a second (here without a pause) at the newest call, beside a writer at full speed.
void readBesideWriter(benchmark::State& state) {
  const tests::TempDir folder;
  db::TraceWriter writer(folder / "t.db", db::Run());
  const int64_t device = writer.addDevice({});
  const int32_t config = writer.addLaunchConfig({});
  const auto masks = driftingMasks(0.25);
  std::atomic<bool> stop{false};
  std::atomic<int64_t> calls{0};
  std::thread writing([&] {
    for (int64_t i = 0; !stop; ++i) {
      writer.push(kernelAt(i, device, config));
      if (i % 2'000 != 0) continue;
      db::AttnRecord record;
      record.call.id = i / 2'000 + 1;
      record.call.step = int32_t(i / 2'000);
      record.heads.resize(4);
      record.masks = masks[size_t(i / 2'000) % masks.size()];
      writer.push(std::move(record));
      calls = i / 2'000;
    }
  });
  while (calls < 20) std::this_thread::yield();
  writer.flush();
  const db::TraceReader reader(folder / "t.db");
  std::vector<double> waits;
  for (auto _ : state) {
    const auto start = Clock::now();
    const auto step = int32_t(std::max<int64_t>(0, calls - 1'000'000 / 2'000));
    benchmark::DoNotOptimize(reader.heads({.step = step}));
    if (const auto call = reader.findCall(step, 0, db::Branch::Cond))
      benchmark::DoNotOptimize(reader.mask(*call, 1));
    waits.push_back(1e3 * std::chrono::duration<double>(Clock::now() - start).count());
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  stop = true;
  writing.join();
  std::ranges::sort(waits);
  state.counters["p50_ms"] = waits[waits.size() / 2];
  state.counters["p99_ms"] = waits[waits.size() * 99 / 100];
  state.counters["max_ms"] = waits.back();
}
BENCHMARK(readBesideWriter)->Iterations(1500)->Unit(benchmark::kMillisecond);

// What a window asks for first, on a finished file of a million kernels and 72,000 heads.
void openLargeTrace(benchmark::State& state) {
  static const tests::TempDir folder;
  [[maybe_unused]] static const bool made = [] {
    tests::SyntheticTraceOptions options{.steps = 50, .layers = 30, .heads = 24};
    options.record = db::RecordLevel::Stats;
    options.kernels = 1'000'000;
    tests::makeSyntheticTrace(folder / "t.db", options);
    return true;
  }();
  for (auto _ : state) {
    const db::TraceReader reader(folder / "t.db", {.quickCheck = state.range(0) == 1, .cancelled = {}});
    benchmark::DoNotOptimize(reader.run());
    if (state.range(0) == 2) benchmark::DoNotOptimize(reader.heads());
    if (state.range(0) == 3) {
      int64_t sum = 0;
      reader.forEachKernel([&](const db::Kernel& kernel) { sum += kernel.durationNs; });
      benchmark::DoNotOptimize(sum);
    }
  }
  state.SetLabel(std::vector{"open", "open with quick_check", "open, all heads",
                             "open, all kernels"}[size_t(state.range(0))]);
  state.counters["file_MB"] = double(std::filesystem::file_size(folder / "t.db")) / 1e6;
}
BENCHMARK(openLargeTrace)->ArgName("what")->DenseRange(0, 3)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace ditscope

BENCHMARK_MAIN();
