// SPDX-License-Identifier: GPL-3.0-or-later
// The window's menus. Every action has its place here and, where people repeat it, a key.
#include <QAction>
#include <QActionGroup>
#include <QDockWidget>
#include <QMenuBar>
#include <QSettings>
#include <QUndoStack>

#include "gui/main_window.h"
#include "gui/screenshot.h"
#include "gui/views/step_bar.h"
#include "gui/views/workspace.h"

namespace ditscope::gui {
namespace {

const QString kLookKey = QStringLiteral("look");

}  // namespace

void MainWindow::buildFileMenu() {
  QMenu* file = menuBar()->addMenu(tr("&File"));
  file->addAction(tr("&Open\u2026"), QKeySequence::Open, this, [this] { open(m_options.chooseTrace(this)); });
  file->addAction(tr("Open a run to &compare\u2026"), QKeySequence(Qt::CTRL | Qt::SHIFT | Qt::Key_O), this,
                  [this] { openOther(m_options.chooseTrace(this)); });
  QAction* close =
      file->addAction(tr("Close the compared ru&n"), &m_session, [this] { m_session.setOther(nullptr); });
  close->setEnabled(false);
  connect(&m_session, &Session::runsChanged, close,
          [this, close] { close->setEnabled(m_session.runB() != nullptr); });
  QMenu* recent = file->addMenu(tr("Open &recent"));
  connect(recent, &QMenu::aboutToShow, this, [this, recent] { fillRecentMenu(*recent); });
  fillRecentMenu(*recent);
  file->addAction(tr("Re&load"), QKeySequence(Qt::Key_F5), this, [this] {
    if (m_session.runA()) open(QString::fromStdString(m_session.runA()->path.string()));
  });
  m_followAction = file->addAction(tr("&Follow the recording"), QKeySequence(Qt::CTRL | Qt::Key_L));
  m_followAction->setCheckable(true);
  m_followAction->setEnabled(false);
  connect(m_followAction, &QAction::toggled, this, &MainWindow::setFollowing);
  file->addSeparator();
  file->addAction(tr("&Export the pane\u2026"), QKeySequence(Qt::CTRL | Qt::Key_E), this,
                  &MainWindow::exportPane);
  file->addSeparator();
  file->addAction(tr("&Quit"), QKeySequence(Qt::CTRL | Qt::Key_Q), this, &QWidget::close);
}

void MainWindow::buildEditMenu() {
  QMenu* edit = menuBar()->addMenu(tr("&Edit"));
  QAction* undo = m_session.undo().createUndoAction(this, tr("&Undo"));
  undo->setShortcut(QKeySequence::Undo);
  QAction* redo = m_session.undo().createRedoAction(this, tr("&Redo"));
  redo->setShortcuts({QKeySequence(Qt::CTRL | Qt::SHIFT | Qt::Key_Z), QKeySequence(Qt::CTRL | Qt::Key_Y)});
  edit->addActions({undo, redo});
  edit->addSeparator();
  edit->addAction(tr("&Copy the selected value"), QKeySequence::Copy, this, &MainWindow::copyValue);
  edit->addAction(tr("Copy the &picture"), QKeySequence(Qt::CTRL | Qt::SHIFT | Qt::Key_C), this,
                  &MainWindow::copyPicture);
}

void MainWindow::buildGoMenu() {
  QMenu* go = menuBar()->addMenu(tr("&Go"));
  go->addAction(tr("Step &before"), QKeySequence(Qt::Key_BracketLeft), this,
                [this] { m_session.selection().moveStep(-1); });
  go->addAction(tr("Step &after"), QKeySequence(Qt::Key_BracketRight), this,
                [this] { m_session.selection().moveStep(1); });
  go->addAction(tr("&Play or stop"), QKeySequence(Qt::Key_P), this,
                [this] { m_steps->setPlaying(!m_steps->playing()); });
  go->addSeparator();
  const struct {
    const char* name;
    Qt::Key key;
    RunShown shown;
  } runs[] = {{"Show run &A", Qt::Key_1, RunShown::A},
              {"Show run &B", Qt::Key_2, RunShown::B},
              {"Show the &difference B \u2212 A", Qt::Key_3, RunShown::Difference}};
  for (const auto& run : runs)
    go->addAction(tr(run.name), QKeySequence(run.key), this,
                  [this, shown = run.shown] { m_session.setShown(shown); });
}

void MainWindow::buildViewMenu() {
  QMenu* view = menuBar()->addMenu(tr("&View"));
  QAction* fit = view->addAction(tr("&Fit the pane"), this, [this] { m_workspace->focusedPane()->fit(); });
  fit->setShortcuts({QKeySequence(Qt::Key_F), QKeySequence(Qt::Key_Home)});
  view->addAction(tr("Numbers as a &table"), QKeySequence(Qt::Key_T), this, &MainWindow::showTable);
  view->addSeparator();
  for (const QDockWidget* dock : m_workspace->docks()) view->addAction(dock->toggleViewAction());
  view->addSeparator();
  QMenu* look = view->addMenu(tr("&Colours"));
  auto* group = new QActionGroup(this);
  const QString wanted = m_options.settings ? m_options.settings->value(kLookKey).toString() : QString();
  for (const auto& [name, key] : {std::pair{tr("As the &desktop has them"), QString()},
                                  {tr("&Light"), QStringLiteral("light")},
                                  {tr("D&ark"), QStringLiteral("dark")}}) {
    QAction* action = group->addAction(look->addAction(name));
    action->setCheckable(true);
    action->setChecked(key == wanted);
    connect(action, &QAction::triggered, this, [this, look = key] { setLook(look); });
  }
  if (!wanted.isEmpty()) setLook(wanted);
  view->addSeparator();
  view->addAction(tr("&Reset the layout"), QKeySequence(Qt::CTRL | Qt::Key_0), m_workspace,
                  &Workspace::resetLayout);
}

void MainWindow::buildHelpMenu() {
  QMenu* help = menuBar()->addMenu(tr("&Help"));
  help->addAction(tr("&Tour"), QKeySequence(Qt::Key_F1), this, &MainWindow::startTour);
  help->addAction(tr("&Keyboard and mouse"), QKeySequence(Qt::Key_Question), this,
                  &MainWindow::showShortcuts);
  help->addSeparator();
  help->addAction(tr("&About DiTScope"), this, &MainWindow::showAbout);
}

void MainWindow::setLook(const QString& look) {
  if (m_options.settings) m_options.settings->setValue(kLookKey, look);
  if (look.isEmpty())
    desktopLook();
  else
    applyLook(look == QStringLiteral("dark"));
}

}  // namespace ditscope::gui
