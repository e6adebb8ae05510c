// SPDX-License-Identifier: Apache-2.0
// The queue, many producers beside one writer thread, and what push refuses.
#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "db/error.h"
#include "db/mpsc_queue.h"
#include "db/trace_reader.h"
#include "db/trace_writer.h"
#include "tests/support/temp_dir.h"

namespace ditscope::db {
namespace {

int64_t healthOf(const TraceReader& reader, const std::string& name) {
  for (const HealthCounter& counter : reader.health()) {
    if (counter.name == name) return counter.value;
  }
  return -1;
}

TEST(MpscQueue, IsFirstInFirstOutAndBounded) {
  MpscQueue<int> queue(3);  // rounded up to 4
  EXPECT_EQ(queue.capacity(), 4u);
  int value = 0;
  EXPECT_FALSE(queue.tryPop(value));
  for (int round = 0; round < 5; ++round) {
    for (int i = 0; i < 4; ++i) EXPECT_TRUE(queue.tryPush(i));
    int extra = 9;
    EXPECT_FALSE(queue.tryPush(extra));
    for (int i = 0; i < 4; ++i) {
      ASSERT_TRUE(queue.tryPop(value));
      EXPECT_EQ(value, i);
    }
  }
}

TEST(MpscQueue, LosesNothingBetweenThreads) {
  constexpr int kThreads = 4;
  constexpr int kEach = 20'000;
  MpscQueue<int> queue(64);
  std::vector<std::thread> producers;
  for (int t = 0; t < kThreads; ++t) {
    producers.emplace_back([&, t] {
      for (int i = 0; i < kEach; ++i) {
        int value = t * kEach + i;
        while (!queue.tryPush(value)) std::this_thread::yield();
      }
    });
  }
  std::vector<int> next(kThreads, 0);  // each producer's values must arrive in its order
  for (int got = 0; got < kThreads * kEach;) {
    int value = 0;
    if (!queue.tryPop(value)) {
      std::this_thread::yield();
      continue;
    }
    ++got;
    ASSERT_EQ(value % kEach, next[size_t(value / kEach)]++);
  }
  for (std::thread& producer : producers) producer.join();
}

TEST(TraceWriter, ManyProducersWithEveryDropCounted) {
  constexpr int kThreads = 6;
  constexpr int kEach = 20'000;
  const tests::TempDir folder;
  std::atomic<int64_t> accepted{0};
  std::atomic<int64_t> refused{0};
  {
    TraceWriter writer(folder / "t.db", db::Run(), {.queueCapacity = 256});
    const int64_t device = writer.addDevice({});
    std::vector<std::thread> producers;
    for (int t = 0; t < kThreads; ++t) {
      producers.emplace_back([&, t] {
        LaunchConfig config;
        config.name = "kernel_" + std::to_string(t % 3);
        const int32_t id = writer.addLaunchConfig(config);
        for (int i = 0; i < kEach; ++i) {
          const Kernel kernel{device, id, i, 1, t, i, 0, LinkMethod::Direct, 0};
          if (i % 4 == 0) {  // some wait, some give up
            writer.push(kernel);
            ++accepted;
          } else {
            ++(writer.tryPush(kernel) ? accepted : refused);
          }
        }
      });
    }
    for (std::thread& producer : producers) producer.join();
    writer.finalise(db::Run());
  }
  const TraceReader reader(folder / "t.db");
  EXPECT_EQ(accepted + refused, kThreads * kEach);
  EXPECT_GT(refused, 0);  // a queue of 256 cannot take it all
  EXPECT_EQ(reader.kernelCount(), accepted);
  EXPECT_EQ(healthOf(reader, "dropped_records"), refused);
  EXPECT_EQ(reader.launchConfigs().size(), 3u);
  EXPECT_TRUE(reader.diagnostics().empty());  // every kernel has its device and launch configuration
}

TEST(TraceWriter, FlushCommitsWhatWasPushedBefore) {
  const tests::TempDir folder;
  TraceWriter writer(folder / "t.db", db::Run());
  for (int i = 1; i <= 50; ++i) {
    writer.push(Kernel{1, 1, i, 1, 0, i, 0, LinkMethod::None, 0});
    writer.flush();
    ASSERT_EQ(TraceReader(folder / "t.db").kernelCount(), i);
  }
}

TEST(TraceWriter, WithoutFinaliseTheFileIsReadableAndSaysSo) {
  const tests::TempDir folder;
  {
    TraceWriter writer(folder / "t.db", db::Run());
    for (int i = 0; i < 100; ++i) writer.push(Kernel{1, 1, i, 1, 0, i, 0, LinkMethod::None, 0});
  }
  const TraceReader reader(folder / "t.db");
  EXPECT_EQ(reader.kernelCount(), 100);
  EXPECT_FALSE(reader.run().finalised);
}

TEST(TraceWriter, RowsThatReferToNothingAreReported) {
  const tests::TempDir folder;
  {
    TraceWriter writer(folder / "t.db", db::Run());
    writer.push(Kernel{1, 1, 0, 1, 0, 1, 77, LinkMethod::Direct, 0});
    writer.finalise(db::Run());
  }
  const auto diagnostics = TraceReader(folder / "t.db").diagnostics();
  ASSERT_EQ(diagnostics.size(), 3u);
  EXPECT_EQ(diagnostics[0].text, "1 rows of kernel refer to a attn_call that was not recorded");
}

TEST(TraceWriter, RecordsWhosePartsDisagreeAreRefusedAtOnce) {
  const tests::TempDir folder;
  TraceWriter writer(folder / "t.db", db::Run());
  AttnRecord record;
  record.call.id = 1;
  record.heads.resize(3);
  record.masks.resize(2, BlockMask(2, 2));
  EXPECT_THROW(writer.push(record), std::invalid_argument);
  record.masks = {BlockMask(2, 2), BlockMask(2, 3), BlockMask(2, 2)};
  EXPECT_THROW(writer.push(record), std::invalid_argument);
  record.masks.clear();
  record.masses.resize(3, BlockMass{2, 2, {1, 2, 3}});
  EXPECT_THROW(writer.push(record), std::invalid_argument);
  record.masses.clear();
  record.curves.resize(3, RecallCurve{{0.5f}, {0.5f}});
  EXPECT_THROW(writer.push(record), std::invalid_argument);
  record.curves.clear();
  writer.push(record);
  writer.finalise(db::Run());
  EXPECT_EQ(TraceReader(folder / "t.db").calls().size(), 1u);
}

TEST(TraceWriter, ACallIdTwiceIsOurFaultAndSaidOnce) {
  const tests::TempDir folder;
  TraceWriter writer(folder / "t.db", db::Run());
  AttnRecord record;
  record.call.id = 1;
  writer.push(record);
  writer.flush();
  writer.push(record);
  EXPECT_THROW(writer.flush(), Error);
  writer.push(record);  // reported already: the sampling run goes on without a trace
  EXPECT_FALSE(writer.tryPush(Kernel()));
  EXPECT_THROW(writer.finalise(db::Run()), Error);
  EXPECT_EQ(TraceReader(folder / "t.db").calls().size(), 1u);
}

}  // namespace
}  // namespace ditscope::db
