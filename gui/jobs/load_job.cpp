// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/jobs/load_job.h"

#include <QFutureWatcher>
#include <QPromise>
#include <QtConcurrent>
#include <variant>

#include "db/error.h"
#include "gui/jobs/failure.h"

namespace ditscope::gui {
namespace {

using LoadOutcome = std::variant<TracePtr, Failure>;

QString phaseText(LoadPhase phase) {
  switch (phase) {
    case LoadPhase::Opening:
      return QObject::tr("Opening");
    case LoadPhase::Reading:
      return QObject::tr("Reading");
    case LoadPhase::Preparing:
      return QObject::tr("Preparing the tables");
    case LoadPhase::Done:
      break;
  }
  return QObject::tr("Done");
}

void load(QPromise<LoadOutcome>& promise, const QString& path) {
  promise.setProgressRange(0, int(LoadPhase::Done));
  try {
    promise.addResult(loadTrace(
        path.toStdString(), [&] { return promise.isCanceled(); },
        [&](LoadPhase phase) { promise.setProgressValueAndText(int(phase), phaseText(phase)); }));
  } catch (const db::Cancelled&) {  // no result: the window keeps what it shows
  } catch (...) {
    promise.addResult(currentFailure());
  }
}

}  // namespace

LoadJob::LoadJob(QObject* parent) : QObject(parent) {}

LoadJob::~LoadJob() {
  giveUp();
  m_pool.waitForDone();
}

void LoadJob::giveUp() {
  ++m_number;
  m_running = false;
  m_check.giveUp();
  if (m_cancelCurrent) std::exchange(m_cancelCurrent, {})();
}

void LoadJob::cancel() {
  if (!m_running) return;
  giveUp();
  emit cancelled();
}

void LoadJob::start(const QString& path) {
  giveUp();
  m_running = true;
  const int number = m_number;
  QFuture<LoadOutcome> future = QtConcurrent::run(&m_pool, load, path);
  m_cancelCurrent = [future]() mutable { future.cancel(); };

  auto* watcher = new QFutureWatcher<LoadOutcome>(this);
  connect(watcher, &QFutureWatcherBase::progressValueChanged, this, [this, watcher, number](int value) {
    if (number == m_number) emit progressed(value, int(LoadPhase::Done), watcher->progressText());
  });
  connect(watcher, &QFutureWatcherBase::finished, this, [this, watcher, number, path] {
    watcher->deleteLater();
    if (number != m_number || watcher->future().resultCount() == 0) return;
    m_running = false;
    const LoadOutcome outcome = watcher->result();
    if (const auto* trace = std::get_if<TracePtr>(&outcome)) {
      emit loaded(*trace);
      check(path);
    } else {
      emit failed(std::get<Failure>(outcome).message, std::get<Failure>(outcome).exitCode);
    }
  });
  watcher->setFuture(future);
  emit started(path);
}

void LoadJob::check(const QString& path) {
  const auto work = [file = path.toStdString()](const Task<bool>::Progress& progress) {
    checkTrace(file, [&] { return !progress(0, 1); });
    return std::make_shared<const bool>(true);
  };
  m_check.start(work,
                {.ready = [](const auto&) {}, .failed = [this](const QString& why) { emit damaged(why); }});
}

}  // namespace ditscope::gui
