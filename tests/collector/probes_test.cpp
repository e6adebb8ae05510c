// SPDX-License-Identifier: Apache-2.0
// The probes on a machine without a GPU: matching of kernels with launches and calls, records as CUPTI writes
// them, and what is said where there is no driver or no CUPTI.
#include <gtest/gtest.h>

#include "collector/probes/cuda_driver.h"
#include "collector/probes/kernel_ledger.h"
#include "collector/probes/kernel_scope.h"
#include "collector/probes/kernel_tracer.h"
#include "db/trace_reader.h"
#include "temporary_folder.h"

#ifdef DITSCOPE_HAVE_CUPTI
#include "collector/probes/cupti_buffers.h"
#include "collector/probes/cupti_library.h"
#include "collector/probes/cupti_records.h"
#endif

namespace ditscope::collector {
namespace {

constexpr uint64_t kDay = 86'400'000'000'000;  // the tracer's clock counts from long ago

struct Ledger {
  KernelLedger ledger{{.runNs = 1000, .tracerNs = kDay}};
  std::vector<db::Kernel> rows;

  void kernel(uint32_t correlation, uint64_t start, uint64_t end) {
    ledger.addKernel({.start = start, .end = end, .correlation = correlation, .device = 0, .stream = 7});
  }
  void settle(bool atEnd) {
    ledger.settle(atEnd, [this](const db::LaunchConfig&, db::Kernel row) { rows.push_back(row); });
  }
};

TEST(Ledger, AKernelGetsTheCallOfItsLaunchAndTheTimeOfTheRun) {
  Ledger all;
  all.ledger.addCall(5, 42);
  all.ledger.addLaunch(5, kDay + 100);
  all.kernel(5, kDay + 300, kDay + 350);
  all.settle(false);
  ASSERT_EQ(all.rows.size(), 1u);
  EXPECT_EQ(all.rows[0].startNs, 1300);
  EXPECT_EQ(all.rows[0].durationNs, 50);
  EXPECT_EQ(all.rows[0].callId, 42);
  EXPECT_EQ(all.rows[0].link, db::LinkMethod::Correlation);
  EXPECT_EQ(all.rows[0].stream, 7);
  EXPECT_EQ(all.rows[0].flags, 0u);
  EXPECT_EQ(all.ledger.linked(), 1);
}

TEST(Ledger, KernelsWaitForALaunchThatComesLater) {
  Ledger all;
  all.kernel(9, kDay + 300, kDay + 350);
  all.settle(false);
  EXPECT_TRUE(all.rows.empty());
  all.ledger.addCall(9, 3);
  all.settle(false);
  EXPECT_TRUE(all.rows.empty()) << "the call is known, the launch is not";
  all.ledger.addLaunch(9, kDay + 100);
  all.settle(false);
  ASSERT_EQ(all.rows.size(), 1u);
  EXPECT_EQ(all.rows[0].callId, 3);
}

TEST(Ledger, TheNodesOfAGraphShareALaunch) {
  Ledger all;
  all.ledger.addLaunch(1, kDay);
  for (uint64_t node = 0; node < 3; ++node) all.kernel(1, kDay + 10 + node, kDay + 11 + node);
  all.settle(false);
  all.settle(true);
  EXPECT_EQ(all.rows.size(), 3u);
  EXPECT_EQ(all.ledger.health().orphans, 0);
  EXPECT_EQ(all.ledger.health().unmatched, 0);
}

TEST(Ledger, WhatIsSuspectIsKeptFlaggedAndCounted) {
  Ledger all;
  all.ledger.addLaunch(1, kDay + 500);
  all.kernel(1, kDay + 400, kDay + 450);  // before its launch
  all.ledger.addLaunch(2, kDay + 600);
  all.kernel(2, 0, 0);                    // could not be timed
  all.kernel(3, kDay + 700, kDay + 750);  // nobody launched it
  all.ledger.addLaunch(4, kDay + 800);    // of no kernel
  all.settle(true);
  ASSERT_EQ(all.rows.size(), 3u);
  EXPECT_EQ(all.rows[0].flags, db::kBeforeLaunch);
  EXPECT_EQ(all.rows[1].flags, db::kZeroTime);
  EXPECT_EQ(all.rows[1].durationNs, 0);
  EXPECT_EQ(all.rows[1].startNs, 1600) << "when it was launched";
  EXPECT_EQ(all.rows[2].flags, db::kOrphan);
  const LedgerHealth health = all.ledger.health();
  EXPECT_EQ(health.beforeLaunch, 1);
  EXPECT_EQ(health.zeroTime, 1);
  EXPECT_EQ(health.orphans, 1);
  EXPECT_EQ(health.unmatched, 1);
}

TEST(Ledger, TheEarlierOfTwoRecordsOfALaunchCounts) {
  Ledger all;
  all.ledger.addLaunch(1, kDay + 200);  // the driver's
  all.ledger.addLaunch(1, kDay + 100);  // the runtime's around it
  all.kernel(1, kDay + 150, kDay + 160);
  all.settle(true);
  EXPECT_EQ(all.rows[0].flags, 0u);
}

TEST(CudaDriver, ALibraryThatIsNotThereIsNamed) {
  const CudaDriver driver = probeCudaDriver("libditscope_no_such_driver.so");
  EXPECT_EQ(driver.devices, 0);
  EXPECT_NE(driver.whyNot.find("libditscope_no_such_driver.so"), std::string::npos) << driver.whyNot;
}

TEST(CudaDriver, ALibraryThatIsNoDriverIsNoDriver) {
  EXPECT_NE(probeCudaDriver("libm.so.6").whyNot.find("is not a CUDA driver"), std::string::npos);
}

TEST(CudaDriver, VersionsAreWrittenAsCudaNumbersThem) {
  EXPECT_EQ(cudaVersionText(13000), "13.0");
  EXPECT_EQ(cudaVersionText(12080), "12.8");
}

TEST(Tracer, SaysWhyThereIsNone) {
  if (probeCudaDriver().whyNot.empty()) GTEST_SKIP() << "there is a GPU here";
  std::string whyNot;
  EXPECT_EQ(KernelTracer::open(whyNot), nullptr);
  EXPECT_FALSE(whyNot.empty());
  const KernelScope scope(7);  // does nothing
}

#ifdef DITSCOPE_HAVE_CUPTI

TEST(Cupti, ALibraryThatIsNotThereIsNamed) {
  const char* const names[] = {"libditscope_no_such_cupti.so", nullptr};
  EXPECT_EQ(loadCupti(names).whyNot, "libditscope_no_such_cupti.so is not on this machine");
}

TEST(Cupti, ALibraryThatIsNotCuptiIsRefused) {
  const char* const names[] = {"libm.so.6", nullptr};
  EXPECT_FALSE(loadCupti(names).whyNot.empty());
}

TEST(Cupti, ARivalIsNamed) {
  const CuptiLibrary none;
  EXPECT_EQ(cuptiFailure(none, CUPTI_ERROR_MULTIPLE_SUBSCRIBERS_NOT_SUPPORTED, "CUPTI for Kineto"),
            "CUPTI for Kineto holds it");
}

template <class Record>
const CUpti_Activity* activity(const Record& record) {
  return reinterpret_cast<const CUpti_Activity*>(&record);
}

CUpti_ActivityKernel10 kernelRecord(uint32_t correlation, const char* name) {
  CUpti_ActivityKernel10 kernel = {};
  kernel.kind = CUPTI_ACTIVITY_KIND_CONCURRENT_KERNEL;
  kernel.start = kDay + 2000;
  kernel.end = kDay + 2500;
  kernel.correlationId = correlation;
  kernel.streamId = 13;
  kernel.gridX = 4, kernel.gridY = 3, kernel.gridZ = 2;
  kernel.blockX = 128, kernel.blockY = kernel.blockZ = 1;
  kernel.clusterX = 2, kernel.clusterY = kernel.clusterZ = 1;
  kernel.registersPerThread = 168;
  kernel.dynamicSharedMemory = 200'000;
  kernel.name = name;
  return kernel;
}

TEST(CuptiRecords, BecomeAKernelOfACall) {
  KernelLedger ledger({0, kDay});
  CuptiRecords records(ledger);
  CUpti_ActivityExternalCorrelation other = {};
  other.kind = CUPTI_ACTIVITY_KIND_EXTERNAL_CORRELATION;
  other.externalKind = CUPTI_EXTERNAL_CORRELATION_KIND_CUSTOM0;  // another profiler's
  other.externalId = 99;
  other.correlationId = 8;
  records.add(activity(other));
  CUpti_ActivityExternalCorrelation ours = other;
  ours.externalKind = CUPTI_EXTERNAL_CORRELATION_KIND_CUSTOM2;
  ours.externalId = 17;
  records.add(activity(ours));
  CUpti_ActivityAPI launch = {};
  launch.kind = CUPTI_ACTIVITY_KIND_RUNTIME;
  launch.start = kDay + 1000;
  launch.correlationId = 8;
  records.add(activity(launch));
  records.add(activity(kernelRecord(8, "_Z6squarePfi")));
  int rows = 0;
  ledger.settle(true, [&rows](const db::LaunchConfig& config, const db::Kernel& kernel) {
    ++rows;
    EXPECT_EQ(config.name, "square(float*, int)");
    EXPECT_EQ(config.grid[0] * 100 + config.grid[1] * 10 + config.grid[2], 432);
    EXPECT_EQ(config.block[0], 128);
    EXPECT_EQ(config.cluster[0], 2);
    EXPECT_EQ(config.registersPerThread, 168);
    EXPECT_EQ(config.dynamicSharedBytes, 200'000);
    EXPECT_EQ(kernel.startNs, 2000);
    EXPECT_EQ(kernel.durationNs, 500);
    EXPECT_EQ(kernel.callId, 17);
    EXPECT_EQ(kernel.stream, 13);
  });
  EXPECT_EQ(rows, 1);
}

TEST(CuptiRecords, SumUpWhatTheGpuSaysOfItself) {
  KernelLedger ledger({0, kDay});
  CuptiRecords records(ledger);
  CUpti_ActivityEnvironment sample = {};
  sample.kind = CUPTI_ACTIVITY_KIND_ENVIRONMENT;
  sample.environmentKind = CUPTI_ACTIVITY_ENVIRONMENT_SPEED;
  sample.timestamp = kDay + 5;
  for (const uint32_t clock : {1980u, 1410u, 1755u}) {
    sample.data.speed.smClock = clock;
    sample.data.speed.clocksThrottleReasons = CUPTI_CLOCKS_THROTTLE_REASON_SW_POWER_CAP;
    records.add(activity(sample));
  }
  sample.environmentKind = CUPTI_ACTIVITY_ENVIRONMENT_POWER;
  sample.data.power.power = 698'500;
  records.add(activity(sample));
  sample.environmentKind = CUPTI_ACTIVITY_ENVIRONMENT_TEMPERATURE;
  sample.data.temperature.gpuTemperature = 61;
  records.add(activity(sample));
  CUpti_ActivityOverhead3 overhead = {};
  overhead.kind = CUPTI_ACTIVITY_KIND_OVERHEAD;
  overhead.start = 100;
  overhead.end = 350;
  records.add(activity(overhead));
  EXPECT_EQ(records.conditions().text(),
            "GPU during the run: SM clock 1410 to 1980 MHz, at most 698 W and 61 C; slowed by its power cap");
  EXPECT_EQ(records.overheadNs(), 250);
  const std::vector<GpuClock> clocks = records.takeClocks();
  ASSERT_EQ(clocks.size(), 3u);
  EXPECT_EQ(clocks[1].mhz, 1410u);
  EXPECT_EQ(clocks[1].time, kDay + 5);
  EXPECT_TRUE(records.takeClocks().empty());
}

TEST(CuptiBuffers, DeclineWhenAllAreTaken) {
  CuptiBuffers buffers;
  std::vector<uint8_t*> taken;
  size_t size = 0, most = 1;
  for (size_t i = 0; i < CuptiBuffers::kMost; ++i) {
    uint8_t* buffer = nullptr;
    buffers.request(&buffer, &size, &most);
    ASSERT_NE(buffer, nullptr);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(buffer) % 8, 0u);
    EXPECT_EQ(most, 0u);
    taken.push_back(buffer);
  }
  uint8_t* none = taken.front();
  buffers.request(&none, &size, &most);
  EXPECT_EQ(none, nullptr);
  EXPECT_EQ(buffers.declined(), 1);
  buffers.complete(taken[3], 96);
  const CuptiBuffers::Full full = buffers.next(0);
  EXPECT_EQ(full.data, taken[3]);
  EXPECT_EQ(full.validBytes, 96u);
  buffers.giveBack(full);
  buffers.request(&none, &size, &most);
  EXPECT_EQ(none, taken[3]);
  EXPECT_EQ(buffers.next(1).data, nullptr);
}

#endif

}  // namespace
}  // namespace ditscope::collector
