// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/main_window.h"

#include <QCloseEvent>
#include <QDragEnterEvent>
#include <QFileDialog>
#include <QFileInfo>
#include <QLabel>
#include <QMenu>
#include <QMimeData>
#include <QSettings>
#include <QStackedWidget>
#include <QStatusBar>
#include <QVBoxLayout>

#include "gui/models/summary_text.h"
#include "gui/plots/theme.h"
#include "gui/views/message_bar.h"
#include "gui/views/start_page.h"
#include "gui/views/step_bar.h"
#include "gui/views/tour.h"
#include "gui/views/workspace.h"

namespace ditscope::gui {
namespace {

const QString kGeometryKey = QStringLiteral("window/geometry");
const QString kLayoutKey = QStringLiteral("window/layout");
const QString kSessionKey = QStringLiteral("session");

QString askForTrace(QWidget* parent) {
  return QFileDialog::getOpenFileName(parent, QObject::tr("Open a trace"), {},
                                      QObject::tr("Traces (*.db);;All files (*)"));
}

QString askForPicture(QWidget* parent, const QString& suggestion) {
  return QFileDialog::getSaveFileName(
      parent, QObject::tr("Export the pane"), suggestion,
      QObject::tr("PNG picture (*.png);;SVG drawing (*.svg);;PDF (*.pdf);;Numbers as CSV (*.csv)"));
}

QString pathOf(const TracePtr& trace) {
  return trace ? QString::fromStdString(trace->path.string()) : QString();
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
      m_health(new QLabel(this)),
      m_tour(new Tour(m_workspace, this)) {
  if (!m_options.chooseTrace) m_options.chooseTrace = askForTrace;
  if (!m_options.choosePicture) m_options.choosePicture = askForPicture;
  setAcceptDrops(true);
  resize(1280, 800);

  auto* body = new QWidget(this);
  auto* column = new QVBoxLayout(body);
  column->setContentsMargins({});
  column->setSpacing(0);
  column->addWidget(m_message);
  column->addWidget(m_pages, 1);
  column->addWidget(m_tour);
  column->addWidget(m_steps);
  setCentralWidget(body);
  m_pages->addWidget(m_start);
  m_pages->addWidget(m_workspace);
  m_steps->hide();
  m_tour->hide();
  m_readout->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Fixed);
  statusBar()->addWidget(m_readout, 1);
  statusBar()->addPermanentWidget(m_health);
  m_health->setAccessibleName(tr("Capture health"));

  buildFileMenu();
  buildEditMenu();
  buildGoMenu();
  buildViewMenu();
  buildHelpMenu();
  connectLoads();
  updateTitle();
  connect(&m_session, &Session::readout, m_readout, &QLabel::setText);
  connect(&m_session, &Session::problem, m_message, &MessageBar::showError);
  connect(&m_session, &Session::runsChanged, this, &MainWindow::updateTitle);
  connect(m_start, &StartPage::openAsked, this, [this] { open(m_options.chooseTrace(this)); });
  connect(m_start, &StartPage::pathAsked, this, &MainWindow::open);
  connect(m_start, &StartPage::tourAsked, this, &MainWindow::startTour);
  m_start->setRecent(m_recent.paths());
  if (m_options.settings) restoreGeometry(m_options.settings->value(kGeometryKey).toByteArray());
}

MainWindow::~MainWindow() = default;

void MainWindow::open(const QString& path) {
  if (path.isEmpty()) return;
  m_quiet = false;
  m_load.start(path);
}

void MainWindow::openOther(const QString& path) {
  if (!path.isEmpty()) m_loadOther.start(path);
}

void MainWindow::openAll(const QStringList& paths) {
  m_session.setOther(nullptr);
  if (!paths.isEmpty()) open(paths[0]);
  if (paths.size() > 1) openOther(paths[1]);
}

void MainWindow::showTrace(TracePtr trace) {
  const bool first = m_pages->currentWidget() != m_workspace;
  m_pages->setCurrentWidget(m_workspace);
  m_steps->show();
  if (first) {
    // Docks can only be laid out once the workspace has its size.
    layout()->activate();
    m_workspace->resetLayout();
    if (m_options.settings) m_workspace->restoreLayout(m_options.settings->value(kLayoutKey).toByteArray());
    m_workspace->pane(QStringLiteral("grid"))->setFocus();  // so that the arrow keys work at once
  }
  const Selection::Extent before = m_session.selection().extent();
  const bool atEnd =
      m_quiet && !before.steps.empty() && m_session.selection().pinned().step == before.steps.back();
  m_session.setTrace(std::move(trace));
  if (!m_restoring.traceA.isEmpty() && pathOf(m_session.runA()) == m_restoring.traceA)
    m_session.selection().pin(m_restoring.cell);
  m_restoring.traceA.clear();
  const std::vector<int>& steps = m_session.selection().extent().steps;
  if (atEnd && !steps.empty())
    m_session.selection().setStep(steps.back());  // whoever watched the end still does
  updateHealth();
  updateFollowing();
}

void MainWindow::restoreSession() {
  if (!m_options.settings) return;
  const SessionState state = parseState(m_options.settings->value(kSessionKey).toByteArray());
  if (state.traceA.isEmpty() || !QFileInfo::exists(state.traceA)) return;
  m_restoring = state;
  QStringList paths{state.traceA};
  if (QFileInfo::exists(state.traceB)) paths << state.traceB;
  openAll(paths);
}

void MainWindow::updateTitle() {
  if (!m_session.runA()) return setWindowTitle(QStringLiteral("DiTScope"));
  QString name = QFileInfo(pathOf(m_session.runA())).fileName();
  if (m_session.runB()) name = tr("%1 and %2").arg(name, QFileInfo(pathOf(m_session.runB())).fileName());
  setWindowTitle(QStringLiteral("%1 \u2014 DiTScope").arg(name));
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

bool MainWindow::settled() const {
  const auto idle = [](const LoadJob& job) { return !job.running() && !job.checking(); };
  return idle(m_load) && idle(m_loadOther) && m_workspace->settled();
}

void MainWindow::remember() {
  if (!m_options.settings) return;
  m_options.settings->setValue(kGeometryKey, saveGeometry());
  if (!m_session.runA()) return;
  m_options.settings->setValue(kLayoutKey, m_workspace->layoutState());
  const auto absolute = [](const TracePtr& trace) {
    return trace ? QFileInfo(pathOf(trace)).absoluteFilePath() : QString();
  };
  m_options.settings->setValue(kSessionKey,
                               stateText({absolute(m_session.runA()), absolute(m_session.runB()),
                                          m_session.selection().pinned(), int(m_session.shown())}));
}

void MainWindow::closeEvent(QCloseEvent* event) {
  m_load.cancel();
  m_loadOther.cancel();
  m_follower.stop();
  remember();
  QMainWindow::closeEvent(event);
}

void MainWindow::dragEnterEvent(QDragEnterEvent* event) {
  if (event->mimeData()->hasUrls() && event->mimeData()->urls().first().isLocalFile())
    event->acceptProposedAction();
}

void MainWindow::dropEvent(QDropEvent* event) {
  QStringList paths;
  for (const QUrl& url : event->mimeData()->urls())
    if (url.isLocalFile()) paths << url.toLocalFile();
  if (!paths.isEmpty()) openAll(paths.mid(0, 2));
}

void MainWindow::changeEvent(QEvent* event) {
  QMainWindow::changeEvent(event);
  if (event->type() == QEvent::PaletteChange) updateHealth();
}

}  // namespace ditscope::gui
