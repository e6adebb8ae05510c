// SPDX-License-Identifier: GPL-3.0-or-later
// One view of the trace. A pane knows the session and nothing of the window or of other panes, so that it
// can stand in a dock, alone in a picture, or in a test.
#pragma once

#include <QImage>
#include <QWidget>

#include "gui/models/table_data.h"
#include "gui/session.h"

namespace ditscope::gui {

class Pane : public QWidget {
  Q_OBJECT
 public:
  Pane(Session* session, const QString& title, QWidget* parent = nullptr);

  virtual void fit() {}                                         // show everything
  [[nodiscard]] virtual QString copyText() const = 0;           // the selected value, for the clipboard
  [[nodiscard]] virtual TableData table() const { return {}; }  // the numbers behind the picture
  [[nodiscard]] virtual bool settled() const { return true; }   // nothing is being computed for it
  [[nodiscard]] QImage picture(double scale = 1);               // of the whole pane

 protected:
  [[nodiscard]] Session& session() const { return *m_session; }
  [[nodiscard]] const TracePtr& trace() const { return m_session->trace(); }
  [[nodiscard]] Selection& selection() const { return m_session->selection(); }
  [[nodiscard]] const Cell& pinned() const { return m_session->selection().pinned(); }

 private:
  Session* m_session;
};

}  // namespace ditscope::gui
