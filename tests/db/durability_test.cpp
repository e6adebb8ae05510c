// SPDX-License-Identifier: Apache-2.0
// Killed writers, full disks, folders without write access, file systems without WAL.
#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sqlite3.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <chrono>
#include <csignal>
#include <fstream>
#include <random>
#include <thread>

#include "db/error.h"
#include "db/sqlite.h"
#include "db/trace_reader.h"
#include "db/trace_writer.h"
#include "tests/db/random_records.h"
#include "tests/support/child_process.h"
#include "tests/support/make_trace.h"
#include "tests/support/temp_dir.h"

namespace ditscope::db {
namespace {

using std::filesystem::path;
using tests::Random;

constexpr int kKernelsPerBatch = 300;

// Batch n is call n with its masks and kernels.
void pushBatch(TraceWriter& writer, int64_t n) {
  Random random{uint32_t(n)};
  AttnRecord record;
  record.call.id = n;
  record.call.step = int32_t(n);
  record.masks = {tests::randomMask(random, 32, 32, 0.3), tests::randomMask(random, 32, 32, 0.3)};
  record.heads.resize(2);
  writer.push(std::move(record));
  for (int i = 0; i < kKernelsPerBatch; ++i) {
    writer.push(Kernel{1, 1, n * 1000 + i, 1, 0, i, n, LinkMethod::Direct, 0});
  }
}

void expectBatches(const path& file, int64_t least) {
  const TraceReader reader(file);
  ASSERT_EQ(Connection(file, Connection::Mode::ReadOnly).queryText("PRAGMA integrity_check"), "ok");
  ASSERT_GE(reader.kernelCount(), least * kKernelsPerBatch);
  const auto calls = reader.calls();
  ASSERT_GE(int64_t(calls.size()), least);
  for (const AttnCall& call : calls) {
    Random random{uint32_t(call.id)};
    for (int32_t head = 0; head < 2; ++head) {
      ASSERT_EQ(reader.mask(call.id, head), tests::randomMask(random, 32, 32, 0.3)) << call.id;
    }
  }
}

// Kills `trials` writers at random moments: every fourth while it makes the file, the others after their
// first batch. Returns how many batches had been finished.
int64_t killWriters(int trials, const std::function<void()>& prepare) {
  std::mt19937 random(20);
  int64_t batches = 0;
  for (int trial = 0; trial < trials; ++trial) {
    const tests::TempDir folder;
    const path file = folder / "t.db";
    int pipes[2];
    EXPECT_EQ(pipe(pipes), 0);
    tests::ChildProcess writerProcess([&] {
      prepare();
      TraceWriter writer(file, db::Run());
      for (int64_t n = 1;; ++n) {
        pushBatch(writer, n);
        writer.flush();
        if (write(pipes[1], &n, sizeof(n)) != sizeof(n)) return 1;
      }
    });
    close(pipes[1]);
    int64_t finished = 0;
    if (trial % 4 != 0) {
      EXPECT_EQ(read(pipes[0], &finished, sizeof(finished)), ssize_t{sizeof(finished)});
    }
    std::this_thread::sleep_for(std::chrono::microseconds(random() % 60'000));
    writerProcess.kill();
    while (read(pipes[0], &finished, sizeof(finished)) == sizeof(finished)) {
    }
    close(pipes[0]);
    batches += finished;
    if (finished == 0) continue;
    SCOPED_TRACE(fmt::format("trial {}, {} batches finished", trial, finished));
    expectBatches(file, finished);
  }
  return batches;
}

TEST(Durability, HundredKilledWritersLoseNoFinishedBatch) {
  EXPECT_GE(killWriters(100, [] {}), 75);
}

// Makes this process's SQLite believe in a file system without shared memory, like some network mounts.
void withoutWal() {
  sqlite3_vfs_register(sqlite3_vfs_find("unix-dotfile"), 1);
}

TEST(Durability, KilledWritersWithoutWalLeaveAReadableFileToo) {
  EXPECT_GE(killWriters(10, withoutWal), 7);
}

// Writes until the disk is full; afterwards all finished batches must be there. Returns 0 when all is well.
int fillTheDisk(const path& folder) {
  const path file = folder / "t.db";
  std::ofstream(folder / "filler") << std::string(200'000, 'x');
  int64_t finished = 0;
  try {
    TraceWriter writer(file, db::Run());
    for (;;) {
      pushBatch(writer, finished + 1);
      writer.flush();
      ++finished;
    }
  } catch (const Error& error) {
    if (error.kind() != Error::Kind::Failure) return 2;
    const std::string text = error.what();
    if (text.find("what was committed before can be read") == std::string::npos) return 3;
  }
  if (finished == 0) return 4;
  std::filesystem::remove(folder / "filler");  // as the message asks for: room for the lock file of a reader
  expectBatches(file, finished);
  return ::testing::Test::HasFailure() ? 5 : 0;
}

// Mounts a small file system that only this process sees; false where that is not allowed.
bool mountSmallDisk(const path& folder) {
  const uid_t user = geteuid();
  const gid_t group = getegid();
  if (user == 0) {
    if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0)
      return false;
  } else {
    if (unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) return false;
    std::ofstream("/proc/self/uid_map") << "0 " << user << " 1";
    std::ofstream("/proc/self/setgroups") << "deny";
    std::ofstream("/proc/self/gid_map") << "0 " << group << " 1";
  }
  return mount("none", folder.c_str(), "tmpfs", 0, "size=2m") == 0;
}

int limitFileSizes(rlim_t bytes) {
  std::signal(SIGXFSZ, SIG_IGN);
  const rlimit limit{bytes, bytes};
  return setrlimit(RLIMIT_FSIZE, &limit);
}

TEST(Durability, AtTheFileSizeLimitWhatWasCommittedStays) {
  const tests::TempDir folder;
  EXPECT_EQ(tests::runInChild([&] { return limitFileSizes(1 << 20) != 0 ? 1 : fillTheDisk(folder.path()); }),
            0);
}

TEST(Durability, OnAFullDiskWhatWasCommittedStays) {
  const tests::TempDir folder;
  EXPECT_EQ(tests::runInChild([&] {
              // Without the right to mount, the limit on file sizes is the nearest thing.
              if (!mountSmallDisk(folder.path()) && limitFileSizes(2 << 20) != 0) return 1;
              return fillTheDisk(folder.path());
            }),
            0);
}

// In a folder that belongs to someone else, as someone who may only read; works for root and others.
int withoutWriteAccess(const path& folder, const std::function<int()>& work) {
  chmod(folder.c_str(), 0555);
  const int code = tests::runInChild([&] {
    if (geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0)) return 98;
    return work();
  });
  chmod(folder.c_str(), 0755);
  return code;
}

TEST(Durability, AReadOnlyFolderIsOneClearError) {
  const tests::TempDir folder;
  EXPECT_EQ(withoutWriteAccess(folder.path(),
                               [&] {
                                 try {
                                   TraceWriter writer(folder / "t.db", db::Run());
                                 } catch (const Error& error) {
                                   const std::string text = error.what();
                                   return error.kind() == Error::Kind::BadInput &&
                                                  text.find("you may not write to its folder") !=
                                                      std::string::npos
                                              ? 0
                                              : 1;
                                 }
                                 return 2;
                               }),
            0);
}

TEST(Durability, TracesInAReadOnlyFolderCanBeRead) {
  const tests::TempDir folder;
  tests::makeSyntheticTrace(folder / "finished.db", {.steps = 2, .layers = 1, .heads = 1});
  tests::makeSyntheticTrace(folder / "unfinished.db",
                            {.steps = 2, .layers = 1, .heads = 1, .finalise = false});
  EXPECT_EQ(withoutWriteAccess(folder.path(),
                               [&] {
                                 for (const char* name : {"finished.db", "unfinished.db"}) {
                                   const TraceReader reader(folder / name);
                                   if (reader.calls().size() != 4 || !reader.mask(3, 0)) return 1;
                                 }
                                 return 0;
                               }),
            0);
}

TEST(Durability, NamesAreTakenAsTheyAre) {
  const tests::TempDir folder;
  for (const char* name : {"a b.db", "100%41?mode=rw#x.db", "größe.db", "-x.db"}) {
    tests::makeSyntheticTrace(folder / name, {.steps = 1, .layers = 1, .heads = 1, .finalise = false});
    EXPECT_EQ(TraceReader(folder / name).calls().size(), 2u) << name;
    EXPECT_EQ(
        Connection(folder / name, Connection::Mode::Immutable).queryInt("SELECT count(*) FROM attn_call"), 2);
  }
}

TEST(Durability, AnExistingFileIsKeptUnlessToldOtherwise) {
  const tests::TempDir folder;
  tests::makeSyntheticTrace(folder / "t.db", {.steps = 2, .layers = 1, .heads = 1});
  EXPECT_THROW(TraceWriter(folder / "t.db", db::Run()), Error);
  EXPECT_EQ(TraceReader(folder / "t.db").calls().size(), 4u);
  TraceWriter(folder / "t.db", db::Run(), {.overwrite = true}).finalise(db::Run());
  EXPECT_EQ(TraceReader(folder / "t.db").calls().size(), 0u);
  EXPECT_THROW(TraceWriter(folder / "missing" / "t.db", db::Run()), Error);
}

TEST(Durability, WithoutWalItRecordsAndSaysSo) {
  const tests::TempDir folder;
  sqlite3_vfs* usual = sqlite3_vfs_find(nullptr);
  sqlite3_vfs_register(sqlite3_vfs_find("unix-dotfile"),
                       1);  // has no shared memory, like some network mounts
  {
    TraceWriter writer(folder / "t.db", db::Run());
    for (int64_t n = 1; n <= 5; ++n) pushBatch(writer, n);
    writer.finalise(db::Run());
  }
  sqlite3_vfs_register(usual, 1);
  expectBatches(folder / "t.db", 5);
  const auto diagnostics = TraceReader(folder / "t.db").diagnostics();
  ASSERT_FALSE(diagnostics.empty());
  EXPECT_EQ(diagnostics[0].severity, "warning");
  EXPECT_NE(diagnostics[0].text.find("write-ahead log"), std::string::npos);
}

TEST(Durability, AReaderBesideTheWriterSeesWholeBatches) {
  const tests::TempDir folder;
  TraceWriter writer(folder / "t.db", db::Run());
  std::atomic<bool> done{false};
  std::thread writing([&] {
    for (int64_t n = 1; n <= 150; ++n) {
      pushBatch(writer, n);
      writer.flush();
    }
    done = true;
  });
  const TraceReader reader(folder / "t.db");
  size_t seen = 0;
  int looks = 0;
  for (bool last = false; !last; ++looks) {
    last = done;
    const std::vector<AttnCall> calls = reader.calls();
    EXPECT_GE(calls.size(), seen);
    seen = calls.size();
    if (seen == 0) continue;
    EXPECT_TRUE(reader.mask(calls.back().id, 1).has_value());
    EXPECT_GE(reader.heads().size(), 2 * seen);
  }
  writing.join();
  EXPECT_EQ(seen, 150u);
  EXPECT_GT(looks, 3);
  writer.finalise(db::Run());  // the reader still has it open
  EXPECT_TRUE(reader.run().finalised);
  EXPECT_EQ(TraceReader(folder / "t.db").kernelCount(), 150 * kKernelsPerBatch);
}

}  // namespace
}  // namespace ditscope::db
