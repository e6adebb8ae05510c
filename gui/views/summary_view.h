// SPDX-License-Identifier: GPL-3.0-or-later
// What the trace is, and first of all whether it can be trusted: capture health, then the figures of the run,
// the heads that lose most (a click selects them), and where it came from.
#pragma once

#include "gui/views/pane.h"

class QLabel;

namespace ditscope::gui {

class SummaryView : public Pane {
  Q_OBJECT
 public:
  explicit SummaryView(Session* session, QWidget* parent = nullptr);
  [[nodiscard]] QString copyText() const override;
  [[nodiscard]] TableData table() const override;

 protected:
  void changeEvent(QEvent* event) override;

 private:
  void reload();
  void follow(const QString& link);

  QLabel* m_title;
  QLabel* m_health;
  QLabel* m_figures;
  QLabel* m_heads;
  QLabel* m_origin;
};

}  // namespace ditscope::gui
