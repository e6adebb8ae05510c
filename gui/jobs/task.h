// SPDX-License-Identifier: GPL-3.0-or-later
// One piece of work at a time on a worker thread. A second start() gives up the first, whose result is
// dropped however late it comes. The destructor stops the work and waits, so that a window may close at any
// time. Callbacks run on the GUI thread. The result is shared and not changed afterwards.
#pragma once

#include <QFutureWatcher>
#include <QPromise>
#include <QString>
#include <QThreadPool>
#include <QtConcurrent>
#include <algorithm>
#include <atomic>
#include <functional>
#include <memory>
#include <variant>

#include "db/trace_reader.h"
#include "gui/jobs/background_thread.h"
#include "gui/jobs/failure.h"

namespace ditscope::gui {

template <class T>
class Task {
 public:
  using Progress = std::function<bool(int64_t done, int64_t total)>;  // false: stop, by db::Cancelled
  using Work = std::function<std::shared_ptr<const T>(const Progress&)>;
  struct Callbacks {
    std::function<void(std::shared_ptr<const T>)> ready;
    std::function<void(const QString& message)> failed;
    std::function<void(int percent)> progressed = {};
  };

  Task() { m_pool.setMaxThreadCount(1); }
  ~Task() {
    if (m_stop) *m_stop = true;
    m_watcher.reset();
    m_pool.waitForDone();
  }
  Task(const Task&) = delete;
  Task& operator=(const Task&) = delete;

  void giveUp() {
    if (m_stop) *m_stop = true;
    m_stop = nullptr;
    retire();
  }
  [[nodiscard]] bool busy() const { return m_watcher != nullptr; }

  void start(Work work, Callbacks callbacks) {
    giveUp();
    m_stop = std::make_shared<std::atomic<bool>>(false);
    m_watcher = std::make_unique<QFutureWatcher<Outcome>>();
    QObject::connect(m_watcher.get(), &QFutureWatcherBase::progressValueChanged, m_watcher.get(),
                     [call = callbacks.progressed](int percent) {
                       if (call) call(percent);
                     });
    QObject::connect(m_watcher.get(), &QFutureWatcherBase::finished, m_watcher.get(),
                     [this, callbacks] { deliver(callbacks); });
    m_watcher->setFuture(QtConcurrent::run(&m_pool, run, std::move(work), m_stop));
  }

 private:
  using Result = std::shared_ptr<const T>;
  using Outcome = std::variant<std::monostate, Result, Failure>;  // monostate: stopped
  using Stop = std::shared_ptr<std::atomic<bool>>;

  static void run(QPromise<Outcome>& promise, const Work& work, const Stop& stop) {
    promise.setProgressRange(0, 100);
    stayInTheBackground();
    try {
      promise.addResult(Outcome(work([&](int64_t done, int64_t total) {
        promise.setProgressValue(int(100 * done / std::max<int64_t>(total, 1)));
        return !*stop;
      })));
    } catch (const db::Cancelled&) {
      promise.addResult(Outcome());
    } catch (...) {
      promise.addResult(Outcome(currentFailure()));
    }
  }

  void deliver(const Callbacks& callbacks) {
    const Outcome outcome = m_watcher->result();
    retire();
    if (const auto* result = std::get_if<Result>(&outcome)) callbacks.ready(*result);
    if (const auto* failure = std::get_if<Failure>(&outcome)) callbacks.failed(failure->message);
  }

  void retire() {  // later: it may be the sender of the signal that brought us here
    if (!m_watcher) return;
    m_watcher->disconnect();
    m_watcher.release()->deleteLater();
  }

  QThreadPool m_pool;
  Stop m_stop;
  std::unique_ptr<QFutureWatcher<Outcome>> m_watcher;
};

}  // namespace ditscope::gui
