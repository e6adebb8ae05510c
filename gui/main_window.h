// SPDX-License-Identifier: GPL-3.0-or-later
// The window: menus, start page, docks, transport and status bar. What it shows belongs to the session.
#pragma once

#include <QMainWindow>
#include <functional>

#include "gui/jobs/follower.h"
#include "gui/jobs/load_job.h"
#include "gui/models/recent_files.h"
#include "gui/models/session_state.h"
#include "gui/session.h"

class QLabel;
class QMenu;
class QSettings;
class QStackedWidget;

namespace ditscope::gui {

class MessageBar;
class StartPage;
class StepBar;
class Tour;
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

  void open(const QString& path);          // in the background
  void openOther(const QString& path);     // to compare with; likewise
  void openAll(const QStringList& paths);  // one, or two to compare
  void showTrace(TracePtr trace);
  void restoreSession();  // the traces and the selection of last time
  void exportPane();      // the one last worked in, as what the chosen name ends with
  void copyValue();
  void copyPicture();
  void showTable();
  void showShortcuts();
  void showAbout();
  void startTour();
  void setFollowing(bool following);
  void setLook(const QString& look);  // "light", "dark" or empty: as the desktop has it

  [[nodiscard]] Session& session() { return m_session; }
  [[nodiscard]] Workspace& workspace() { return *m_workspace; }
  [[nodiscard]] MessageBar& messageBar() { return *m_message; }
  [[nodiscard]] StepBar& stepBar() { return *m_steps; }
  [[nodiscard]] LoadJob& loadJob() { return m_load; }
  [[nodiscard]] Follower& follower() { return m_follower; }
  [[nodiscard]] bool settled() const;  // nothing is loading or being computed

 protected:
  void closeEvent(QCloseEvent* event) override;
  void dragEnterEvent(QDragEnterEvent* event) override;
  void dropEvent(QDropEvent* event) override;
  void changeEvent(QEvent* event) override;

 private:
  void buildFileMenu();
  void buildEditMenu();
  void buildGoMenu();
  void buildViewMenu();
  void buildHelpMenu();
  void connectLoads();
  void connectLoad(LoadJob& job, const std::function<void(const TracePtr&)>& loaded);
  void fillRecentMenu(QMenu& menu);
  void updateHealth();
  void updateFollowing();
  void updateTitle();
  void remember();

  WindowOptions m_options;
  RecentFiles m_recent;
  Session m_session;
  LoadJob m_load, m_loadOther;
  Follower m_follower;
  SessionState m_restoring;  // what to select once the traces have come
  QString m_followed;        // path that was offered to be followed
  bool m_quiet = false;      // the load in progress follows a recording: no message about it
  QAction* m_followAction = nullptr;
  MessageBar* m_message;
  QStackedWidget* m_pages;
  StartPage* m_start;
  Workspace* m_workspace;
  StepBar* m_steps;
  QLabel* m_readout;
  QLabel* m_health;
  Tour* m_tour;
};

}  // namespace ditscope::gui
