// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/main_window.h"

#include <QApplication>
#include <QClipboard>
#include <QCloseEvent>
#include <QDockWidget>
#include <QDragEnterEvent>
#include <QFileDialog>
#include <QFileInfo>
#include <QLabel>
#include <QMenuBar>
#include <QMimeData>
#include <QStackedWidget>
#include <QStatusBar>
#include <QVBoxLayout>

#include "gui/models/summary_text.h"
#include "gui/plots/theme.h"
#include "gui/views/message_bar.h"
#include "gui/views/shortcut_sheet.h"
#include "gui/views/start_page.h"
#include "gui/views/step_bar.h"
#include "gui/views/workspace.h"

namespace ditscope::gui {
namespace {

const QString kGeometryKey = QStringLiteral("window/geometry");
const QString kLayoutKey = QStringLiteral("window/layout");
constexpr double kPictureScale = 2;  // of an exported picture

QString askForTrace(QWidget* parent) {
  return QFileDialog::getOpenFileName(parent, QObject::tr("Open a trace"), {},
                                      QObject::tr("Traces (*.db);;All files (*)"));
}

QString askForPicture(QWidget* parent, const QString& suggestion) {
  return QFileDialog::getSaveFileName(parent, QObject::tr("Export the pane"), suggestion,
                                      QObject::tr("PNG pictures (*.png)"));
}

}  // namespace

MainWindow::MainWindow(WindowOptions options, QWidget* parent)
    : QMainWindow(parent),
      m_options(std::move(options)),
      m_recent(m_options.settings),
      m_message(new MessageBar(this)),
      m_pages(new QStackedWidget(this)),
      m_start(new StartPage(m_pages)),
      m_workspace(new Workspace(&m_session, m_pages)),
      m_steps(new StepBar(&m_session, this)),
      m_readout(new QLabel(this)),
      m_health(new QLabel(this)) {
  if (!m_options.chooseTrace) m_options.chooseTrace = askForTrace;
  if (!m_options.choosePicture) m_options.choosePicture = askForPicture;
  setWindowTitle(QStringLiteral("DiTScope"));
  setAcceptDrops(true);
  resize(1280, 800);

  auto* body = new QWidget(this);
  auto* column = new QVBoxLayout(body);
  column->setContentsMargins({});
  column->setSpacing(0);
  column->addWidget(m_message);
  column->addWidget(m_pages, 1);
  column->addWidget(m_steps);
  setCentralWidget(body);
  m_pages->addWidget(m_start);
  m_pages->addWidget(m_workspace);
  m_steps->hide();
  m_readout->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Fixed);
  statusBar()->addWidget(m_readout, 1);
  statusBar()->addPermanentWidget(m_health);
  m_health->setAccessibleName(tr("Capture health"));

  buildFileMenu();
  buildActions();
  connectLoad();
  connect(&m_session, &Session::readout, m_readout, &QLabel::setText);
  connect(&m_session, &Session::problem, m_message, &MessageBar::showError);
  connect(m_start, &StartPage::openAsked, this, [this] { open(m_options.chooseTrace(this)); });
  connect(m_start, &StartPage::pathAsked, this, &MainWindow::open);
  m_start->setRecent(m_recent.paths());
  if (m_options.settings) restoreGeometry(m_options.settings->value(kGeometryKey).toByteArray());
}

MainWindow::~MainWindow() = default;

void MainWindow::buildFileMenu() {
  QMenu* file = menuBar()->addMenu(tr("&File"));
  file->addAction(tr("&Open\u2026"), QKeySequence::Open, this, [this] { open(m_options.chooseTrace(this)); });
  QMenu* recent = file->addMenu(tr("Open &recent"));
  connect(recent, &QMenu::aboutToShow, this, [this, recent] { fillRecentMenu(*recent); });
  fillRecentMenu(*recent);
  file->addAction(tr("Re&load"), QKeySequence(Qt::Key_F5), this, [this] {
    if (m_session.trace()) open(QString::fromStdString(m_session.trace()->path.string()));
  });
  file->addSeparator();
  file->addAction(tr("&Export the pane as PNG\u2026"), QKeySequence(Qt::CTRL | Qt::Key_E), this,
                  &MainWindow::exportPicture);
  file->addSeparator();
  file->addAction(tr("&Quit"), QKeySequence(Qt::CTRL | Qt::Key_Q), this, &QWidget::close);
}

void MainWindow::buildActions() {
  QMenu* edit = menuBar()->addMenu(tr("&Edit"));
  edit->addAction(tr("&Copy the selected value"), QKeySequence::Copy, this, &MainWindow::copyValue);

  QMenu* go = menuBar()->addMenu(tr("&Go"));
  go->addAction(tr("Step &before"), QKeySequence(Qt::Key_BracketLeft), this,
                [this] { m_session.selection().moveStep(-1); });
  go->addAction(tr("Step &after"), QKeySequence(Qt::Key_BracketRight), this,
                [this] { m_session.selection().moveStep(1); });
  go->addAction(tr("&Play or stop"), QKeySequence(Qt::Key_P), this,
                [this] { m_steps->setPlaying(!m_steps->playing()); });

  QMenu* view = menuBar()->addMenu(tr("&View"));
  QAction* fit = view->addAction(tr("&Fit the pane"), this, [this] { m_workspace->focusedPane()->fit(); });
  fit->setShortcuts({QKeySequence(Qt::Key_F), QKeySequence(Qt::Key_Home)});
  view->addSeparator();
  for (const QDockWidget* dock : m_workspace->docks()) view->addAction(dock->toggleViewAction());
  view->addSeparator();
  view->addAction(tr("&Reset the layout"), QKeySequence(Qt::CTRL | Qt::Key_0), m_workspace,
                  &Workspace::resetLayout);

  QMenu* help = menuBar()->addMenu(tr("&Help"));
  help->addAction(tr("&Keyboard and mouse"), QKeySequence(Qt::Key_Question), this,
                  &MainWindow::showShortcuts);
}

void MainWindow::connectLoad() {
  connect(&m_load, &LoadJob::started, this, [this](const QString& path) {
    m_loading = path;
    m_message->showProgress(tr("Loading %1").arg(QFileInfo(path).fileName()), 0, int(LoadPhase::Done));
  });
  connect(&m_load, &LoadJob::progressed, this, [this](int done, int total, const QString& what) {
    m_message->showProgress(tr("Loading %1: %2").arg(QFileInfo(m_loading).fileName(), what), done, total);
  });
  connect(&m_load, &LoadJob::loaded, this, [this](const TracePtr& trace) {
    m_message->clear();
    m_recent.add(m_loading);
    m_start->setRecent(m_recent.paths());
    showTrace(trace);
  });
  connect(&m_load, &LoadJob::failed, m_message, &MessageBar::showError);
  connect(&m_load, &LoadJob::cancelled, m_message, &MessageBar::clear);
  connect(m_message, &MessageBar::cancelAsked, &m_load, &LoadJob::cancel);
}

void MainWindow::fillRecentMenu(QMenu& menu) {
  menu.clear();
  for (const QString& path : m_recent.paths()) {
    QAction* action = menu.addAction(QString(path).replace(QChar('&'), QStringLiteral("&&")), this,
                                     [this, path] { open(path); });
    action->setEnabled(QFileInfo::exists(path));
  }
  menu.setEnabled(!menu.isEmpty());
}

void MainWindow::open(const QString& path) {
  if (!path.isEmpty()) m_load.start(path);
}

void MainWindow::showTrace(TracePtr trace) {
  const bool first = m_pages->currentWidget() != m_workspace;
  const QString name = QString::fromStdString(trace->path.filename().string());
  m_pages->setCurrentWidget(m_workspace);
  m_steps->show();
  if (first) {
    // Docks can only be laid out once the workspace has its size.
    layout()->activate();
    m_workspace->resetLayout();
    if (m_options.settings) m_workspace->restoreLayout(m_options.settings->value(kLayoutKey).toByteArray());
    m_workspace->pane(QStringLiteral("grid"))->setFocus();  // so that the arrow keys work at once
  }
  m_session.setTrace(std::move(trace));
  setWindowTitle(QStringLiteral("%1 \u2014 DiTScope").arg(name));
  updateHealth();
}

void MainWindow::updateHealth() {
  if (!m_session.trace()) return;
  const HealthText health = healthText(m_session.trace()->summary);
  const PlotColours colours = plotColours(palette());
  const bool good = health.level == HealthLevel::Good;
  const QColor colour = good                               ? colours.good
                        : health.level == HealthLevel::Bad ? colours.bad
                                                           : colours.warning;
  m_health->setText(QStringLiteral("<span style='color:%1'>%2 %3</span>&nbsp;")
                        .arg(colour.name(), good ? QStringLiteral("\u2713") : QStringLiteral("\u26a0"),
                             health.headline.toHtmlEscaped()));
  m_health->setToolTip(health.details.join(QChar('\n')));
}

void MainWindow::exportPicture() {
  Pane* pane = m_workspace->focusedPane();
  if (!m_session.trace() || !pane) return;
  const QString base = QString::fromStdString(m_session.trace()->path.stem().string());
  const QString path = m_options.choosePicture(
      this, QStringLiteral("%1-%2.png").arg(base, pane->parentWidget()->objectName()));
  if (path.isEmpty()) return;
  if (!pane->picture(kPictureScale).save(path, "PNG"))
    m_message->showError(tr("%1 : the picture could not be written : choose another folder").arg(path));
  else
    m_readout->setText(tr("Wrote %1").arg(path));
}

void MainWindow::copyValue() {
  const Pane* pane = m_workspace->focusedPane();
  if (!m_session.trace() || !pane) return;
  QApplication::clipboard()->setText(pane->copyText());
  m_readout->setText(tr("Copied: %1").arg(pane->copyText().section(QChar('\n'), 0, 0)));
}

void MainWindow::showShortcuts() {
  auto* sheet = new ShortcutSheet(this, this);
  sheet->setAttribute(Qt::WA_DeleteOnClose);
  sheet->show();
}

bool MainWindow::settled() const {
  return !m_load.running() && m_workspace->settled();
}

void MainWindow::closeEvent(QCloseEvent* event) {
  m_load.cancel();
  if (m_options.settings) {
    m_options.settings->setValue(kGeometryKey, saveGeometry());
    if (m_session.trace()) m_options.settings->setValue(kLayoutKey, m_workspace->layoutState());
  }
  QMainWindow::closeEvent(event);
}

void MainWindow::dragEnterEvent(QDragEnterEvent* event) {
  if (event->mimeData()->hasUrls() && event->mimeData()->urls().first().isLocalFile())
    event->acceptProposedAction();
}

void MainWindow::dropEvent(QDropEvent* event) {
  if (event->mimeData()->hasUrls()) open(event->mimeData()->urls().first().toLocalFile());
}

void MainWindow::changeEvent(QEvent* event) {
  QMainWindow::changeEvent(event);
  if (event->type() == QEvent::PaletteChange) updateHealth();
}

}  // namespace ditscope::gui
