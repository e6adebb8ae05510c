// SPDX-License-Identifier: GPL-3.0-or-later
// ditscope-gui: opens the window on a trace, or draws a picture of it and ends.
#include <CLI/CLI.hpp>
#include <QApplication>
#include <QSettings>
#include <cstdio>
#include <string>
#include <vector>

#include "db/error.h"
#include "gui/lean_memory.h"
#include "gui/main_window.h"
#include "gui/screenshot.h"
#include "gui/views/pane_registry.h"

namespace {

using namespace ditscope;  // NOLINT: a program, not a library

struct Options {
  std::vector<std::string> traces;
  std::string screenshot, view = "window", select, size, show = "a", tabs;
  bool dark = false, listViews = false;
};

bool hasDisplay() {
#if defined(Q_OS_UNIX) && !defined(Q_OS_MACOS)
  return qEnvironmentVariableIsSet("DISPLAY") || qEnvironmentVariableIsSet("WAYLAND_DISPLAY");
#else
  return true;
#endif
}

void declare(CLI::App& app, Options& options) {
  app.set_version_flag("--version", "ditscope-gui " DITSCOPE_VERSION);
  app.add_option("trace", options.traces, "Trace to open; a second one to compare it with")
      ->type_name("FILE")
      ->expected(0, 2);
  auto* picture =
      app.add_option("--screenshot", options.screenshot, "Draw a picture to this PNG file and end")
          ->type_name("OUT.png");
  app.add_option("--view", options.view, "What to draw; see --list-views")
      ->needs(picture)
      ->type_name("NAME")
      ->capture_default_str();
  app.add_option("--select", options.select,
                 "What is selected, for example step=7,layer=3,head=2,branch=cond")
      ->needs(picture)
      ->type_name("WORDS");
  app.add_option("--show", options.show, "Of two traces: a, b, or difference")
      ->needs(picture)
      ->check(CLI::IsMember({"a", "b", "difference"}))
      ->capture_default_str();
  app.add_option("--tabs", options.tabs, "Panes of the window to bring to the front, for example time,recall")
      ->needs(picture)
      ->type_name("NAMES");
  app.add_option("--size", options.size, "Size of the picture in pixels")->needs(picture)->type_name("WxH");
  app.add_flag("--dark", options.dark, "Dark colours");
  app.add_flag("--list-views", options.listViews, "List the views and end");
  app.footer(
      "Examples:\n  ditscope-gui run.db\n  ditscope-gui before.db after.db\n"
      "  ditscope-gui run.db --screenshot mask.png --view mask --select step=12,layer=3,head=2 --size "
      "1280x800\n\n"
      "Exit codes: 0 done, 3 bad input, 4 failure. A picture needs no display.");
}

int listViews() {
  std::printf("%-10s %s\n", "window", "everything");
  for (const gui::PaneEntry& entry : gui::paneEntries())
    std::printf("%-10s %s\n", qUtf8Printable(entry.name), qUtf8Printable(entry.help));
  return 0;
}

// A picture is drawn without a screen, which some platform plugins of Qt warn about at length.
void keepQuiet(QtMsgType type, const QMessageLogContext&, const QString& message) {
  if (type == QtCriticalMsg || type == QtFatalMsg) std::fprintf(stderr, "%s\n", qUtf8Printable(message));
}

int drawPicture(const Options& options) {
  if (options.traces.empty())
    throw db::Error(db::Error::Kind::BadInput, "--screenshot", "no trace is named",
                    "name one: ditscope-gui run.db --screenshot out.png");
  gui::applyLook(options.dark);
  gui::PictureRequest request;
  request.trace = QString::fromStdString(options.traces[0]);
  if (options.traces.size() > 1) request.other = QString::fromStdString(options.traces[1]);
  request.shown = options.show == "b"            ? gui::RunShown::B
                  : options.show == "difference" ? gui::RunShown::Difference
                                                 : gui::RunShown::A;
  request.tab = QString::fromStdString(options.tabs);
  request.out = QString::fromStdString(options.screenshot);
  request.view = QString::fromStdString(options.view);
  request.select = QString::fromStdString(options.select);
  if (!options.size.empty()) request.size = gui::parseSize(QString::fromStdString(options.size));
  gui::takePicture(request);
  return 0;
}

int openWindow(const Options& options) {
  if (options.dark) gui::applyLook(true);
  QSettings settings;
  gui::MainWindow window({.settings = &settings, .chooseTrace = {}, .choosePicture = {}});
  window.show();
  QStringList paths;
  for (const std::string& path : options.traces) paths << QString::fromStdString(path);
  if (paths.isEmpty())
    window.restoreSession();
  else
    window.openAll(paths);
  return QApplication::exec();
}

int run(int argc, char** argv, const Options& options) {
  const bool picture = !options.screenshot.empty();
  if (!hasDisplay() && !qEnvironmentVariableIsSet("QT_QPA_PLATFORM")) {
    if (!picture)
      throw db::Error(db::Error::Kind::BadInput, "the window",
                      "there is no display (DISPLAY and WAYLAND_DISPLAY are not set)",
                      "draw a picture with --screenshot OUT.png, or set a display");
    qputenv("QT_QPA_PLATFORM", "offscreen");
  }
  if (picture) qInstallMessageHandler(keepQuiet);
  ditscope::gui::keepMemoryLean();
  QApplication app(argc, argv);
  QApplication::setOrganizationName(QStringLiteral("DiTScope"));
  QApplication::setApplicationName(QStringLiteral("ditscope-gui"));
  QApplication::setApplicationVersion(QStringLiteral(DITSCOPE_VERSION));
  return picture ? drawPicture(options) : openWindow(options);
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app(
      "Shows a DiTScope trace: what sparse attention keeps and misses, head by head and step by step.",
      "ditscope-gui");
  declare(app, options);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);
    std::fprintf(stderr, "ditscope-gui: command line : %s : see ditscope-gui --help\n", error.what());
    return 3;
  }
  if (options.listViews) return listViews();
  try {
    return run(argc, argv, options);
  } catch (const db::Error& error) {
    std::fprintf(stderr, "ditscope-gui: %s\n", error.what());
    return error.exitCode();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "ditscope-gui: %s\n", error.what());
    return 4;
  }
}
