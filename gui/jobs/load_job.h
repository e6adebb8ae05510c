// SPDX-License-Identifier: GPL-3.0-or-later
// Loads a trace on a worker thread. A second start() gives up the first: whatever a given-up load still
// delivers is dropped by its number. The destructor cancels and waits, so that a window may close at any
// time.
#pragma once

#include <QObject>
#include <QString>
#include <QThreadPool>
#include <functional>

#include "gui/models/trace.h"

namespace ditscope::gui {

class LoadJob : public QObject {
  Q_OBJECT
 public:
  explicit LoadJob(QObject* parent = nullptr);
  ~LoadJob() override;

  void start(const QString& path);
  void cancel();
  [[nodiscard]] bool running() const { return m_running; }

 signals:
  void started(const QString& path);
  void progressed(int done, int total, const QString& what);
  void loaded(ditscope::gui::TracePtr trace);
  void failed(const QString& message, int exitCode);  // one line: what, why, what to do
  void cancelled();

 private:
  void giveUp();

  QThreadPool m_pool;
  std::function<void()> m_cancelCurrent;
  int m_number = 0;
  bool m_running = false;
};

}  // namespace ditscope::gui
