// SPDX-License-Identifier: GPL-3.0-or-later
// How fast the window answers on a large trace: first picture, hover, click, scrub, what-if, timeline, pan of
// a 1,720 x 1,720-block mask, memory. Draws into memory, without a screen. Processor time stands beside the
// wall clock, because other programs disturb only the latter.
//   bench_gui MILLION.db MASK.db, made by
//   ditscope-make-trace MILLION.db --million
//   ditscope-make-trace MASK.db --steps 1 --layers 1 --heads 1 --branches 1 --dense-steps 0 --grid 43,40,64
#include <QApplication>
#include <QElapsedTimer>
#include <QFile>
#include <QMouseEvent>
#include <QWheelEvent>
#include <algorithm>
#include <cstdio>
#include <ctime>
#include <functional>

#include "gui/lean_memory.h"
#include "gui/main_window.h"
#include "gui/plots/heatmap_plot.h"
#include "gui/plots/timeline_plot.h"
#include "gui/screenshot.h"
#include "gui/views/grid_view.h"
#include "gui/views/mask_view.h"
#include "gui/views/timeline_view.h"
#include "gui/views/whatif_view.h"
#include "gui/views/workspace.h"

using namespace ditscope::gui;

namespace {

double cpuMs() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return double(now.tv_sec) * 1e3 + double(now.tv_nsec) * 1e-6;
}

struct Lap {  // wall and processor time of many repetitions
  std::vector<double> wall, cpu;
  void run(const std::function<void()>& work) {
    QElapsedTimer clock;
    clock.start();
    const double before = cpuMs();
    work();
    cpu.push_back(cpuMs() - before);
    wall.push_back(double(clock.nsecsElapsed()) * 1e-6);
  }
  void print(const char* what, double target) {
    for (auto* list : {&wall, &cpu}) std::sort(list->begin(), list->end());
    const auto at = [](const std::vector<double>& list, double share) {
      return list[size_t(share * double(list.size() - 1))];
    };
    std::printf("%-52s %8.2f %8.2f %8.2f %8.2f   %6.0f\n", what, at(wall, 0.5), at(wall, 0.95), at(cpu, 0.5),
                at(cpu, 0.95), target);
  }
};

void paintAll() {  // what an event loop does until it has nothing left to draw
  for (int i = 0; i < 3; ++i) {
    QApplication::sendPostedEvents();
    QApplication::processEvents();
  }
}

void settle(MainWindow& window) {
  do QApplication::processEvents(QEventLoop::AllEvents | QEventLoop::WaitForMoreEvents, 5);
  while (!window.settled());
  paintAll();
}

void mouse(QWidget* target, QEvent::Type type, QPointF at, Qt::MouseButton button, Qt::MouseButtons buttons) {
  QMouseEvent event(type, at, target->mapToGlobal(at), button, buttons, Qt::NoModifier);
  QApplication::sendEvent(target, &event);
}

void wheel(QWidget* target, QPointF at, int delta) {
  QWheelEvent event(at, target->mapToGlobal(at), {}, QPoint(0, delta), Qt::NoButton, Qt::NoModifier,
                    Qt::NoScrollPhase, false);
  QApplication::sendEvent(target, &event);
}

double memoryMb(const char* key) {
  QFile status(QStringLiteral("/proc/self/status"));
  if (!status.open(QIODevice::ReadOnly)) return 0;
  for (const QByteArray& line : status.readAll().split('\n'))
    if (line.startsWith(key))
      return line.mid(int(qstrlen(key))).simplified().split(' ').first().toDouble() / 1024;
  return 0;
}

QWidget* canvasOf(HeatmapPlot* plot) {
  return plot->focusProxy();
}

void gridTimes(MainWindow& window) {
  auto* grid = static_cast<GridView*>(window.workspace().pane(QStringLiteral("grid")));
  QWidget* canvas = canvasOf(grid->plot());
  const QRectF inside = QRectF(canvas->rect()).adjusted(80, 60, -60, -60);
  const auto at = [&](int i) {
    return inside.topLeft() + QPointF((i * 37) % int(inside.width()), (i * 53) % int(inside.height()));
  };
  Lap hover, click, scrub;
  for (int i = 0; i < 300; ++i)
    hover.run([&] {
      mouse(canvas, QEvent::MouseMove, at(i), Qt::NoButton, Qt::NoButton);
      paintAll();
    });
  for (int i = 0; i < 40; ++i)
    click.run([&] {
      mouse(canvas, QEvent::MouseButtonPress, at(i), Qt::LeftButton, Qt::LeftButton);
      mouse(canvas, QEvent::MouseButtonRelease, at(i), Qt::LeftButton, Qt::NoButton);
      settle(window);
    });
  for (int i = 0; i < 40; ++i)
    scrub.run([&] {
      window.session().selection().setStep(i);
      settle(window);
    });
  hover.print("hover over the grid, every pane follows", 16);
  click.print("click on a head, mask read and drawn", 100);
  scrub.print("one step on, everything redrawn", 100);
}

void otherTimes(MainWindow& window) {
  auto* whatIf = static_cast<WhatIfView*>(window.workspace().pane(QStringLiteral("whatif")));
  window.workspace().raise(QStringLiteral("whatif"));
  settle(window);
  Lap slide;
  for (int i = 0; i < 20; ++i)
    slide.run([&] {
      whatIf->setSetting({WhatIfRule::Density, 0.05 + 0.04 * i});
      paintAll();
    });
  slide.print("what-if slider, all heads predicted anew", 200);
  auto* timeline = static_cast<TimelineView*>(window.workspace().pane(QStringLiteral("timeline")));
  window.workspace().raise(QStringLiteral("timeline"));
  settle(window);
  Lap zoom;
  for (int i = 0; i < 120; ++i)
    zoom.run([&] {
      wheel(timeline->plot(), QPointF(timeline->plot()->width() / 2.0, 60), i < 60 ? 120 : -120);
      paintAll();
    });
  zoom.print("zoom of the timeline of all kernels, a notch", 16);
}

void maskTimes(MainWindow& window) {
  auto* mask = static_cast<MaskView*>(window.workspace().pane(QStringLiteral("mask")));
  QWidget* canvas = canvasOf(mask->plot());
  const QPointF middle = QRectF(canvas->rect()).center();
  for (const int notches : {0, 5, 10, 15}) {
    mask->fit();
    paintAll();
    for (int i = 0; i < notches; ++i) wheel(canvas, middle, 120);
    paintAll();
    Lap pan;
    mouse(canvas, QEvent::MouseButtonPress, middle, Qt::MiddleButton, Qt::MiddleButton);
    for (int i = 0; i < 60; ++i)
      pan.run([&] {
        mouse(canvas, QEvent::MouseMove, middle + QPointF(3.0 * (i % 20), 2.0 * (i % 20)), Qt::NoButton,
              Qt::MiddleButton);
        paintAll();
      });
    mouse(canvas, QEvent::MouseButtonRelease, middle, Qt::MiddleButton, Qt::NoButton);
    char words[64];
    std::snprintf(words, sizeof words, "pan of the 1,720 x 1,720 mask, %d notches in", notches);
    pan.print(words, 16);
  }
}

void openIn(MainWindow& window, const QString& path, const char* what) {
  Lap first;
  first.run([&] {
    window.open(path);
    while (!window.session().trace() || window.loadJob().running())
      QApplication::processEvents(QEventLoop::AllEvents | QEventLoop::WaitForMoreEvents, 5);
    paintAll();
  });
  first.print(what, 300);
  settle(window);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "ditscope: bench_gui : two traces are needed : bench_gui MILLION.db MASK.db\n");
    return 3;
  }
  qputenv("QT_QPA_PLATFORM", "offscreen");
  QElapsedTimer clock;
  clock.start();
  const double before = cpuMs();
  keepMemoryLean();
  QApplication app(argc, argv);
  applyLook(false);
  std::printf("%-52s %8s %8s %8s %8s   %6s\n", "ms", "wall p50", "p95", "cpu p50", "p95", "target");
  MainWindow window({});
  window.resize(1600, 1000);
  window.show();
  paintAll();
  std::printf("%-52s %8.2f %8s %8.2f\n", "start to the empty window drawn",
              double(clock.nsecsElapsed()) * 1e-6, "", cpuMs() - before);
  openIn(window, QString::fromLocal8Bit(argv[1]), "open 72,000 heads and 1 M kernels to the first picture");
  gridTimes(window);
  otherTimes(window);
  std::printf("%-52s %8.0f %8.0f MB now and at most, target 300\n", "memory with that trace",
              memoryMb("VmRSS:"), memoryMb("VmHWM:"));
  openIn(window, QString::fromLocal8Bit(argv[2]), "open the large mask");
  maskTimes(window);
  std::printf("%-52s %8.0f %8.0f MB now and at most\n", "memory with the large mask", memoryMb("VmRSS:"),
              memoryMb("VmHWM:"));
  return 0;
}
