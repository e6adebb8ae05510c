// SPDX-License-Identifier: Apache-2.0
// The parts of a run on a GPU that are the same on a CPU: reductions, uploads, and recording behind the run.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>
#include <stdexcept>

#include "collector/cuda/deferred_recorder.h"
#include "collector/cuda/list_upload.h"
#include "collector/cuda/to_host.h"
#include "collector/head_statistics.h"
#include "collector/placement.h"
#include "db/error.h"
#include "db/trace_reader.h"
#include "temporary_folder.h"

namespace ditscope::collector {
namespace {

constexpr int kBlock = 32;

struct Call {
  at::Tensor q = at::randn({1, 2, 100, 16}), k = at::randn({1, 2, 100, 16}), v = at::randn({1, 2, 100, 16});
  KernelResult dense = runAttention(q, k, v, {.block = kBlock, .rowLogMass = true});
};

template <class T>
std::span<const T> headOf(const at::Tensor& x, int64_t head) {
  const auto size = size_t(x.numel() / x.size(1));
  return {static_cast<const T*>(x.data_ptr()) + size_t(head) * size, size};
}

TEST(ToHost, EntropiesAreThoseOfTheHostStatistics) {
  const Call call;
  const at::Tensor entropies = cuda::rowEntropies(call.dense.rowLogMass, call.dense.lse);
  for (int64_t h = 0; h < 2; ++h) {
    EXPECT_NEAR(entropies[h].item<float>(),
                rowEntropy(headOf<int16_t>(call.dense.rowLogMass, h), headOf<float>(call.dense.lse, h)),
                1e-4);
  }
}

TEST(ToHost, RowsAndBlocksThatWereNotVisitedDoNotCount) {
  const Call call;
  call.dense.rowLogMass[0][0].select(0, 1).fill_(int64_t{kernels::kNotVisited});
  call.dense.lse[0][1].narrow(0, 3, 20).fill_(-INFINITY);
  const at::Tensor entropies = cuda::rowEntropies(call.dense.rowLogMass, call.dense.lse);
  for (int64_t h = 0; h < 2; ++h) {
    EXPECT_NEAR(entropies[h].item<float>(),
                rowEntropy(headOf<int16_t>(call.dense.rowLogMass, h), headOf<float>(call.dense.lse, h)),
                1e-4);
  }
}

TEST(ToHost, ErrorsAreThoseOfTheHostStatistics) {
  const Call call;
  const at::Tensor out = (call.dense.out + 0.1 * at::randn({1, 2, 100, 16})).contiguous();
  const at::Tensor full = call.dense.out.contiguous();
  const at::Tensor errors = cuda::relativeErrors(out, full);
  for (int64_t h = 0; h < 2; ++h) {
    const auto view = [h](const at::Tensor& x) { return RowView{headOf<float>(x, h).data(), 100, 16, 16}; };
    EXPECT_NEAR(errors[h].item<float>(), relativeL1(view(out), view(full)), 1e-5);
  }
  EXPECT_EQ(cuda::relativeErrors(full, full).max().item<float>(), 0);
}

TEST(ListUpload, HoldsTheListsAndRemembersThem) {
  const std::vector<uint8_t> kept = {1, 0, 1, 1, 1, 0, 0, 0, 1};
  auto lists = std::make_shared<const kernels::BlockListStorage>(
      kernels::listFromMask({1, 3, 3}, kept, kBlock, kBlock));
  cuda::ListUploads uploads;
  EXPECT_FALSE(uploads.has(lists));
  const kernels::BlockList first = uploads.of(lists, at::kCPU);
  EXPECT_TRUE(uploads.has(lists));
  EXPECT_NE(first.entry, lists->entry.data());
  EXPECT_TRUE(std::equal(lists->entry.begin(), lists->entry.end(), first.entry));
  EXPECT_TRUE(std::equal(lists->rowStart.begin(), lists->rowStart.end(), first.rowStart));
  EXPECT_EQ(first.partialBits, nullptr);
  EXPECT_EQ(uploads.of(lists, at::kCPU).entry, first.entry);
  const auto* where = lists.get();
  lists.reset();
  const auto other = std::make_shared<const kernels::BlockListStorage>(
      kernels::listFromMask({1, 3, 3}, kept, kBlock, kBlock));
  EXPECT_FALSE(uploads.has(other)) << "even where it lies at " << where;
}

Observation observation(int step, const Call& call) {
  Observation seen;
  seen.call.id = step + 1;
  seen.call.step = step;
  seen.call.qLen = seen.call.kvLen = 100;
  seen.call.blockQ = seen.call.blockK = kBlock;
  seen.call.plan = "dense";
  seen.result = {
      .kernel = call.dense, .lseInOrder = call.dense.lse, .launches = {{.heads = {}, .kernelNs = 5}}};
  seen.full = seen.result;
  seen.mass = blockMass(call.dense, kBlock);
  seen.out = call.dense.out;
  seen.kernelName = "attention";
  return seen;
}

struct Trace {
  Trace() : writer(folder.path() / "run.db", {}) {
    writer.addLayer({0, "blocks.0", db::AttnKind::Self, 2, 16});
  }

  std::vector<db::HeadRow> finish() {
    for (int step = 0; step < 3; ++step) writer.push(db::Step{step, 0, 0, 0, 0});
    writer.finalise({});
    return db::TraceReader(folder.path() / "run.db").heads();
  }

  const TemporaryFolder folder;
  const RunClock clock;
  db::TraceWriter writer;
  Recorder recorder{writer, {.level = db::RecordLevel::Mass, .layers = {}}, clock, writer.addDevice({}), 1};
};

TEST(DeferredRecorder, RecordsWhatTheRecorderWould) {
  std::vector<Call> calls(3);
  Trace now, later;
  cuda::DeferredRecorder deferred(later.recorder, later.clock);
  for (int step = 0; step < 3; ++step) {
    now.recorder.record(observation(step, calls[size_t(step)]));
    Observation seen = observation(step, calls[size_t(step)]);
    cuda::bringToHost(seen);
    deferred.add(std::move(seen), {});
    deferred.endStep();
  }
  EXPECT_EQ(deferred.finish().kernelNs, 15);
  const std::vector<db::HeadRow> expected = now.finish(), got = later.finish();
  ASSERT_EQ(got.size(), expected.size());
  for (size_t i = 0; i < got.size(); ++i) {
    EXPECT_EQ(got[i].stats.lseMean, expected[i].stats.lseMean);
    EXPECT_NEAR(got[i].stats.rowEntropy, expected[i].stats.rowEntropy, 1e-4);
    EXPECT_EQ(got[i].stats.errorL1, 0);
    EXPECT_EQ(got[i].stats.recallMean, expected[i].stats.recallMean);
    if (got[i].step == 0) continue;
    EXPECT_EQ(got[i].stats.lseDriftP90, expected[i].stats.lseDriftP90);
  }
}

TEST(DeferredRecorder, AFailureComesOutOfTheSamplingThread) {
  const Call call;
  Trace trace;
  cuda::DeferredRecorder deferred(trace.recorder, trace.clock);
  Observation broken = observation(0, call);
  broken.plan.decisions = {{.sourceStep = 7}};  // of a step to come
  deferred.add(std::move(broken), {});
  deferred.endStep();
  EXPECT_THROW((void)deferred.finish(), std::invalid_argument);
}

TEST(Placement, TakesTheNumbersThatSuitTheDevice) {
  EXPECT_EQ(choosePlacement("cpu", "auto").dtype, at::kFloat);
  EXPECT_EQ(choosePlacement("cpu", "bf16").dtype, at::kBFloat16);
  EXPECT_TRUE(choosePlacement("cpu", "f16").device.is_cpu());
}

TEST(Placement, AGpuThatIsNotThereIsAnErrorOnlyWhereItWasAskedFor) {
  const auto absence = cuda::absence();
  if (!absence) GTEST_SKIP() << "there is a GPU here";
  EXPECT_TRUE(choosePlacement("auto", "auto").device.is_cpu());
  try {
    (void)choosePlacement("cuda", "auto");
    FAIL() << "it was taken";
  } catch (const db::Error& error) {
    EXPECT_EQ(error.kind(), db::Error::Kind::BadInput);
    EXPECT_NE(std::string(error.what()).find(absence->why), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace ditscope::collector
