// SPDX-License-Identifier: GPL-3.0-or-later
// What leaves the window: pictures, numbers, the clipboard; and its help.
#include <QApplication>
#include <QClipboard>
#include <QCoreApplication>
#include <QFileInfo>
#include <QLabel>
#include <QSettings>

#include "db/error.h"
#include "gui/export.h"
#include "gui/main_window.h"
#include "gui/models/readout.h"
#include "gui/views/about.h"
#include "gui/views/message_bar.h"
#include "gui/views/shortcut_sheet.h"
#include "gui/views/table_window.h"
#include "gui/views/tour.h"
#include "gui/views/workspace.h"

namespace ditscope::gui {
namespace {

QString demoTrace() {  // of a source tree, or installed beside the program
  const QString folder = QCoreApplication::applicationDirPath();
  for (const char* place : {"/../../tests/data/demo.db", "/../share/ditscope/demo.db"}) {
    const QFileInfo file(folder + QString::fromLatin1(place));
    if (file.exists()) return file.canonicalFilePath();
  }
  return {};
}

}  // namespace

void MainWindow::exportPane() {
  Pane* pane = m_workspace->focusedPane();
  if (!m_session.trace() || !pane) return;
  const QString base = QString::fromStdString(m_session.trace()->path.stem().string());
  const QString path = m_options.choosePicture(
      this, QStringLiteral("%1-%2.png").arg(base, pane->parentWidget()->objectName()));
  if (path.isEmpty()) return;
  try {
    gui::exportPane(*pane, path);
    m_readout->setText(tr("Wrote %1").arg(path));
  } catch (const db::Error& error) {
    m_message->showError(text(error.what()));
  }
}

void MainWindow::copyValue() {
  const Pane* pane = m_workspace->focusedPane();
  if (!m_session.trace() || !pane) return;
  QApplication::clipboard()->setText(pane->copyText());
  m_readout->setText(tr("Copied: %1").arg(pane->copyText().section(QChar('\n'), 0, 0)));
}

void MainWindow::copyPicture() {
  Pane* pane = m_workspace->focusedPane();
  if (!m_session.trace() || !pane) return;
  QApplication::clipboard()->setImage(pane->picture(kPictureScale));
  m_readout->setText(tr("Copied the picture of %1").arg(pane->windowTitle()));
}

void MainWindow::showTable() {
  const Pane* pane = m_workspace->focusedPane();
  if (!m_session.trace() || !pane) return;
  TableData numbers = pane->table();
  if (numbers.empty()) {
    m_readout->setText(tr("%1 has no numbers to list").arg(pane->windowTitle()));
    return;
  }
  auto* window = new TableWindow(pane->windowTitle(), std::move(numbers), this);
  window->setAttribute(Qt::WA_DeleteOnClose);
  window->show();
}

void MainWindow::showShortcuts() {
  auto* sheet = new ShortcutSheet(this, this);
  sheet->setAttribute(Qt::WA_DeleteOnClose);
  sheet->show();
}

void MainWindow::showAbout() {
  auto* about = new About(this);
  about->setAttribute(Qt::WA_DeleteOnClose);
  about->show();
}

// On what is open, else on the demo trace.
void MainWindow::startTour() {
  if (!m_session.runA()) {
    const QString demo = demoTrace();
    if (demo.isEmpty()) {
      m_message->showError(
          tr("tour : there is no demo trace beside the program : open a trace first, for example "
             "out/demo-20.db that ./demo makes"));
      return;
    }
    open(demo);
  }
  m_tour->start();
}

}  // namespace ditscope::gui
