// SPDX-License-Identifier: GPL-3.0-or-later
// What the panes share: one or two open traces, the selection in them, and what is read in the background.
// With two, panes show run A, run B, or what B has more than A; trace() is the one whose cells are shown.
// GUI thread only.
#pragma once

#include <QObject>
#include <QUndoStack>

#include "gui/jobs/block_job.h"
#include "gui/jobs/task.h"
#include "gui/models/curves.h"
#include "gui/models/kernel_table.h"
#include "gui/models/selection.h"
#include "gui/models/trace.h"

namespace ditscope::gui {

enum class RunShown : unsigned char { A, B, Difference };

class Session : public QObject {
  Q_OBJECT
 public:
  using QObject::QObject;

  void setTrace(TracePtr trace);  // run A; from the second on, the selection stays as far as it can
  void setOther(TracePtr trace);  // run B; null: there is none
  void setShown(RunShown shown);  // A as long as there is no B
  [[nodiscard]] RunShown shown() const { return m_shown; }
  [[nodiscard]] bool showsDifference() const { return m_shown == RunShown::Difference; }

  [[nodiscard]] const TracePtr& trace() const { return data().trace; }
  [[nodiscard]] const TracePtr& runA() const { return m_a.trace; }
  [[nodiscard]] const TracePtr& runB() const { return m_b.trace; }
  [[nodiscard]] Selection& selection() { return m_selection; }
  [[nodiscard]] BlockJob& blocks() { return m_blocks; }
  [[nodiscard]] QUndoStack& undo() { return m_undo; }  // of edits, not of what is looked at

  // Of trace(), read in the background once somebody asks; null until then.
  [[nodiscard]] CurveTablePtr curves();
  [[nodiscard]] KernelTablePtr kernels();
  [[nodiscard]] bool readsCurves() const { return m_curveTask.busy(); }
  [[nodiscard]] bool readsKernels() const { return m_kernelTask.busy(); }

 signals:
  void traceChanged();  // another trace, or another of the two is shown
  void runsChanged();   // A or B was opened or closed
  void curvesChanged();
  void curvesProgressed(int percent);
  void kernelsChanged();
  void kernelsProgressed(int percent);
  void readout(const QString& line);  // what is under the pointer, for the status bar
  void problem(const QString& message);

 private:
  struct RunData {
    TracePtr trace;
    CurveTablePtr curves = {};
    KernelTablePtr kernels = {};
  };
  [[nodiscard]] const RunData& data() const { return m_shown == RunShown::B ? m_b : m_a; }
  void show();
  template <class T, class Read, class Progressed>
  std::shared_ptr<const T> lazily(std::shared_ptr<const T> RunData::*slot, Task<T>& task, Read read,
                                  void (Session::*changed)(), Progressed progressed);

  RunData m_a, m_b;
  RunShown m_shown = RunShown::A;
  Selection m_selection;
  BlockJob m_blocks;
  QUndoStack m_undo;
  Task<CurveTable> m_curveTask;
  Task<KernelTable> m_kernelTask;
};

}  // namespace ditscope::gui
