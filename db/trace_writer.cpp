// SPDX-License-Identifier: Apache-2.0
#include "db/trace_writer.h"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <thread>
#include <tuple>
#include <utility>
#include <variant>

#include "db/attn_blobs.h"
#include "db/error.h"
#include "db/mpsc_queue.h"
#include "db/row_writer.h"
#include "db/trace_create.h"

namespace ditscope::db {
namespace {

using Clock = std::chrono::steady_clock;
using Task = std::function<void(RowWriter&)>;  // everything rare: dimension rows, finalise
using Item = std::variant<std::monostate, Kernel, Step, std::unique_ptr<AttnRecord>, Task>;

constexpr size_t kRowsPerCommit = 10'000;
constexpr auto kCommitInterval = std::chrono::milliseconds(200);
constexpr auto kIdleWait = std::chrono::milliseconds(5);
constexpr auto kFullWait = std::chrono::microseconds(100);

auto configKey(const LaunchConfig& c) {
  return std::tie(c.name, c.grid[0], c.grid[1], c.grid[2], c.block[0], c.block[1], c.block[2], c.cluster[0],
                  c.cluster[1], c.cluster[2], c.registersPerThread, c.staticSharedBytes,
                  c.dynamicSharedBytes);
}
struct ConfigLess {
  bool operator()(const LaunchConfig& a, const LaunchConfig& b) const { return configKey(a) < configKey(b); }
};

}  // namespace

// Only the writer thread touches `rows`; the mutex guards what is marked so.
struct TraceWriter::Impl {
  Impl(NewTrace trace, const WriterOptions& options)
      : queue(options.queueCapacity), rows(std::move(trace.connection), options.keyframeEvery) {
    if (!trace.notice.empty()) rows.add(Diagnostic{0, "warning", trace.notice});
    thread = std::thread([this] { work(); });
  }

  ~Impl() {
    {
      const std::lock_guard lock(mutex);
      stopping = true;
    }
    wake.notify_one();
    thread.join();
  }

  void push(Item item) {
    while (!failed.load(std::memory_order_acquire)) {
      if (queue.tryPush(item)) return;
      wake.notify_one();
      std::this_thread::sleep_for(kFullWait);
    }
    dropped.fetch_add(1, std::memory_order_relaxed);
    const std::lock_guard lock(mutex);
    if (!std::exchange(reported, true)) throw Error(*failure);
  }

  void pushAndWait(Task task) {
    push(std::move(task));
    flush();
  }

  void flush() {
    std::unique_lock lock(mutex);
    const uint64_t ticket = ++flushesWanted;
    wake.notify_one();
    flushed.wait(lock, [&] { return flushesDone >= ticket; });
    if (failure) {
      reported = true;
      throw Error(*failure);
    }
  }

  void work() {
    for (bool stop = false; !stop;) {
      uint64_t ticket = 0;
      {
        std::unique_lock lock(mutex);
        if (queue.pushed() == queue.popped()) {
          wake.wait_for(lock, kIdleWait, [&] { return stopping || flushesWanted > flushesDone; });
        }
        ticket = flushesWanted;
        stop = stopping;
      }
      try {
        drain(queue.pushed());
        const bool due = stop || ticket > flushesDone || Clock::now() - lastCommit >= kCommitInterval;
        if (due && !failed) commit();
      } catch (const Error& error) {
        fail(error);
      } catch (const std::exception& error) {
        fail(
            Error(Error::Kind::Failure, "cannot record", error.what(), "report this as a fault of DiTScope"));
      }
      if (ticket > flushesDone) {
        const std::lock_guard lock(mutex);
        flushesDone = ticket;
        flushed.notify_all();
      }
    }
  }

  void drain(size_t end) {  // what was pushed before; a value still being written is waited for
    Item item;
    for (size_t n = 0; queue.popped() < end; ++n) {
      if (!queue.tryPop(item)) {
        std::this_thread::yield();
        continue;
      }
      if (failed) continue;
      std::visit([this](auto& value) { store(value); }, item);
      const bool lookAtClock = n % 256 == 0 || !std::holds_alternative<Kernel>(item);
      if (rows.pendingRows() >= kRowsPerCommit ||
          (lookAtClock && Clock::now() - lastCommit >= kCommitInterval)) {
        commit();
      }
    }
  }

  void store(std::monostate) {}
  void store(const Kernel& kernel) { rows.add(kernel); }
  void store(const Step& step) { rows.add(step); }
  void store(std::unique_ptr<AttnRecord>& record) { rows.add(std::move(*std::exchange(record, nullptr))); }
  void store(Task& task) { std::exchange(task, nullptr)(rows); }

  void commit() {
    if (const int64_t now = dropped.load(std::memory_order_relaxed); now != droppedStored) {
      rows.setHealth("dropped_records", now);
      droppedStored = now;
    }
    rows.commit();
    lastCommit = Clock::now();
  }

  void fail(const Error& error) {
    const std::lock_guard lock(mutex);
    failure = error;
    failed.store(true, std::memory_order_release);
  }

  MpscQueue<Item> queue;
  std::atomic<int64_t> dropped{0};
  std::atomic<bool> failed{false};

  RowWriter rows;
  Clock::time_point lastCommit = Clock::now();
  int64_t droppedStored = -1;  // so that the first commit says 0

  std::mutex mutex;
  std::condition_variable wake, flushed;
  uint64_t flushesWanted = 0, flushesDone = 0;  // guarded; the writer thread alone changes flushesDone
  bool stopping = false;                        // guarded
  bool reported = false;                        // guarded
  std::optional<Error> failure;                 // guarded

  std::mutex configMutex;
  std::map<LaunchConfig, int32_t, ConfigLess> configs;  // guarded by configMutex
  int64_t devices = 0;                                  // the owner's thread

  std::thread thread;
};

TraceWriter::TraceWriter(const std::filesystem::path& path, const Run& run, const WriterOptions& options)
    : m_impl(std::make_unique<Impl>(createTrace(path, run, options.overwrite), options)) {}
TraceWriter::~TraceWriter() = default;

int64_t TraceWriter::addDevice(const Device& device) {
  const int64_t id = ++m_impl->devices;
  m_impl->pushAndWait([id, device](RowWriter& rows) { rows.add(id, device); });
  return id;
}

int32_t TraceWriter::addLaunchConfig(const LaunchConfig& config) {
  const std::lock_guard lock(m_impl->configMutex);
  const auto [place, isNew] = m_impl->configs.try_emplace(config, int32_t(m_impl->configs.size()) + 1);
  const int32_t id = place->second;
  // Pushed under the lock: whoever is given the id later pushes its kernels behind this row.
  if (isNew) m_impl->push(Task([id, config](RowWriter& rows) { rows.add(id, config); }));
  return id;
}

void TraceWriter::addLayer(const Layer& layer) {
  m_impl->pushAndWait([layer](RowWriter& rows) { rows.add(layer); });
}

void TraceWriter::addDiagnostic(const Diagnostic& diagnostic) {
  m_impl->pushAndWait([diagnostic](RowWriter& rows) { rows.add(diagnostic); });
}

void TraceWriter::setHealth(const std::string& name, int64_t value) {
  m_impl->pushAndWait([name, value](RowWriter& rows) { rows.setHealth(name, value); });
}

void TraceWriter::setCircumstance(const std::string& name, const std::string& value) {
  m_impl->pushAndWait([name, value](RowWriter& rows) { rows.setCircumstance(name, value); });
}

void TraceWriter::push(AttnRecord record) {
  validate(record);
  m_impl->push(std::make_unique<AttnRecord>(std::move(record)));
}

void TraceWriter::push(const Step& step) {
  m_impl->push(step);
}
void TraceWriter::push(const Kernel& kernel) {
  m_impl->push(kernel);
}

void TraceWriter::push(const DeviceClock& clock) {
  m_impl->push(Task([clock](RowWriter& rows) { rows.add(clock); }));
}

bool TraceWriter::tryPush(const Kernel& kernel) noexcept {
  Item item = kernel;
  if (!m_impl->failed.load(std::memory_order_acquire) && m_impl->queue.tryPush(item)) return true;
  m_impl->dropped.fetch_add(1, std::memory_order_relaxed);
  return false;
}

void TraceWriter::flush() {
  m_impl->flush();
}

void TraceWriter::finalise(const Run& run) {
  m_impl->flush();  // counts what was dropped
  m_impl->pushAndWait([run](RowWriter& rows) { rows.finalise(run); });
}

}  // namespace ditscope::db
