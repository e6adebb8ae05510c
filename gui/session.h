// SPDX-License-Identifier: GPL-3.0-or-later
// What the panes share: the open trace, the selection in it, and the reader of blocks. GUI thread only.
#pragma once

#include <QObject>

#include "gui/jobs/block_job.h"
#include "gui/jobs/task.h"
#include "gui/models/curves.h"
#include "gui/models/selection.h"
#include "gui/models/trace.h"

namespace ditscope::gui {

class Session : public QObject {
  Q_OBJECT
 public:
  using QObject::QObject;

  void setTrace(TracePtr trace);  // from the second trace on, the selection stays as far as it can
  [[nodiscard]] const TracePtr& trace() const { return m_trace; }
  [[nodiscard]] Selection& selection() { return m_selection; }
  [[nodiscard]] BlockJob& blocks() { return m_blocks; }
  // The recall curves of the trace, read in the background once somebody asks; null until then.
  [[nodiscard]] CurveTablePtr curves();
  [[nodiscard]] bool readsCurves() const { return m_curveTask.busy(); }

 signals:
  void traceChanged();
  void curvesChanged();
  void curvesProgressed(int percent);
  void readout(const QString& line);  // what is under the pointer, for the status bar
  void problem(const QString& message);

 private:
  TracePtr m_trace;
  Selection m_selection;
  BlockJob m_blocks;
  CurveTablePtr m_curves;
  Task<CurveTable> m_curveTask;
};

}  // namespace ditscope::gui
