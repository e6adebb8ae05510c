// SPDX-License-Identifier: GPL-3.0-or-later
// The window: menus, message bar, start page or docks, step bar, status bar. It owns the session and the
// load. Files are chosen through functions, so that no test meets a dialog.
#pragma once

#include <QMainWindow>
#include <functional>

#include "gui/jobs/load_job.h"
#include "gui/models/recent_files.h"
#include "gui/session.h"

class QLabel;
class QStackedWidget;

namespace ditscope::gui {

class MessageBar;
class StartPage;
class StepBar;
class Workspace;

struct WindowOptions {
  QSettings* settings = nullptr;                 // of recent files and layout; nullptr: nothing is remembered
  std::function<QString(QWidget*)> chooseTrace;  // empty result: the user gave up; not set: file dialogs
  std::function<QString(QWidget*, const QString& suggestion)> choosePicture;
};

class MainWindow : public QMainWindow {
  Q_OBJECT
 public:
  explicit MainWindow(WindowOptions options, QWidget* parent = nullptr);
  ~MainWindow() override;

  void open(const QString& path);  // in the background
  void showTrace(TracePtr trace);
  void exportPicture();  // of the pane last worked in
  void copyValue();
  void showShortcuts();

  [[nodiscard]] Session& session() { return m_session; }
  [[nodiscard]] Workspace& workspace() { return *m_workspace; }
  [[nodiscard]] MessageBar& messageBar() { return *m_message; }
  [[nodiscard]] StepBar& stepBar() { return *m_steps; }
  [[nodiscard]] LoadJob& loadJob() { return m_load; }
  [[nodiscard]] bool settled() const;  // nothing is loading or being computed

 protected:
  void closeEvent(QCloseEvent* event) override;
  void dragEnterEvent(QDragEnterEvent* event) override;
  void dropEvent(QDropEvent* event) override;
  void changeEvent(QEvent* event) override;

 private:
  void buildActions();
  void buildFileMenu();
  void connectLoad();
  void fillRecentMenu(QMenu& menu);
  void updateHealth();

  WindowOptions m_options;
  RecentFiles m_recent;
  Session m_session;
  LoadJob m_load;
  QString m_loading;  // path of the load in progress
  MessageBar* m_message;
  QStackedWidget* m_pages;
  StartPage* m_start;
  Workspace* m_workspace;
  StepBar* m_steps;
  QLabel* m_readout;
  QLabel* m_health;
};

}  // namespace ditscope::gui
