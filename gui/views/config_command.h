// SPDX-License-Identifier: GPL-3.0-or-later
// One change of the configuration, with the whole of it before and after.
#pragma once

#include <QUndoCommand>

#include "gui/views/config_view.h"

namespace ditscope::gui {

class ConfigCommand : public QUndoCommand {
 public:
  ConfigCommand(ConfigView* view, db::SparsityConfig before, db::SparsityConfig after, const QString& what)
      : QUndoCommand(what), m_view(view), m_before(std::move(before)), m_after(std::move(after)) {}
  void undo() override { m_view->showConfig(m_before); }
  void redo() override { m_view->showConfig(m_after); }

 private:
  ConfigView* m_view;
  db::SparsityConfig m_before, m_after;
};

}  // namespace ditscope::gui
