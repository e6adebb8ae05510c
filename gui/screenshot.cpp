// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/screenshot.h"

#include <QApplication>
#include <QElapsedTimer>
#include <QRegularExpression>
#include <QStyle>
#include <QStyleFactory>
#include <algorithm>
#include <functional>
#include <memory>

#include "db/error.h"
#include "gui/main_window.h"
#include "gui/plots/theme.h"
#include "gui/views/pane_registry.h"
#include "gui/views/workspace.h"

namespace ditscope::gui {
namespace {

constexpr int kPatienceMs = 60'000;
constexpr int kLargestSide = 8192;

[[noreturn]] void refuse(const QString& what, const QString& why, const QString& remedy) {
  throw db::Error(db::Error::Kind::BadInput, what.toStdString(), why.toStdString(), remedy.toStdString());
}

int numberIn(const QString& key, const QString& word, const std::vector<int>& allowed) {
  bool ok = false;
  const int value = word.toInt(&ok);
  if (ok && std::find(allowed.begin(), allowed.end(), value) != allowed.end()) return value;
  refuse(QStringLiteral("--select %1=%2").arg(key, word), QStringLiteral("the trace has no such %1").arg(key),
         allowed.empty() ? QStringLiteral("choose another trace")
                         : QStringLiteral("choose one of %1 to %2").arg(allowed.front()).arg(allowed.back()));
}

std::vector<int> upTo(int count) {
  std::vector<int> all(size_t(std::max(count, 0)));
  for (int i = 0; i < count; ++i) all[size_t(i)] = i;
  return all;
}

db::Branch branchIn(const QString& word, const std::vector<db::Branch>& allowed) {
  const auto branch = word == QStringLiteral("uncond") ? db::Branch::Uncond : db::Branch::Cond;
  const bool known = word == QStringLiteral("cond") || word == QStringLiteral("uncond");
  if (known && std::find(allowed.begin(), allowed.end(), branch) != allowed.end()) return branch;
  refuse(QStringLiteral("--select branch=%1").arg(word), QStringLiteral("the trace has no such branch"),
         QStringLiteral("choose cond or uncond"));
}

// Runs the event loop until nothing is being computed, and once more for the replots that this queued.
void settle(const std::function<bool()>& settled) {
  QElapsedTimer clock;
  clock.start();
  do {
    QApplication::processEvents(QEventLoop::AllEvents | QEventLoop::WaitForMoreEvents, 10);
    if (clock.elapsed() > kPatienceMs)
      throw db::Error(db::Error::Kind::Failure, "screenshot", "the trace took more than a minute to show",
                      "record fewer blocks or choose another view");
  } while (!settled());
  for (int i = 0; i < 5; ++i) {
    QApplication::sendPostedEvents();
    QApplication::processEvents();
  }
}

struct Runs {
  TracePtr a, b;
  RunShown shown = RunShown::A;
};

QImage pictureOfWindow(const Runs& runs, const Cell& cell, QSize size, const QString& tabs) {
  MainWindow window({});
  window.setAttribute(Qt::WA_DontShowOnScreen);
  window.resize(size);
  window.show();
  window.showTrace(runs.a);
  window.session().setOther(runs.b);
  window.session().setShown(runs.shown);
  window.session().selection().pin(cell);
  for (const QString& tab : tabs.split(QChar(','), Qt::SkipEmptyParts)) window.workspace().raise(tab);
  settle([&] { return window.settled(); });
  QImage image(size, QImage::Format_ARGB32_Premultiplied);
  window.render(&image);
  return image;
}

QImage pictureOfPane(const PaneEntry& entry, const Runs& runs, const Cell& cell, QSize size) {
  Session session;
  session.setTrace(runs.a);
  session.setOther(runs.b);
  session.setShown(runs.shown);
  session.selection().pin(cell);
  const std::unique_ptr<Pane> pane(entry.make(&session, nullptr));
  pane->setAttribute(Qt::WA_DontShowOnScreen);
  pane->resize(size);
  pane->show();
  settle([&] { return pane->settled(); });
  return pane->picture();
}

}  // namespace

QStringList viewNames() {
  QStringList names{QStringLiteral("window")};
  for (const PaneEntry& entry : paneEntries()) names << entry.name;
  return names;
}

Cell parseSelection(const QString& words, const Trace& trace) {
  Cell cell = trace.startCell();
  const Selection::Extent& extent = trace.extent;
  for (const QString& word : words.split(QChar(','), Qt::SkipEmptyParts)) {
    const QString key = word.section(QChar('='), 0, 0).trimmed();
    const QString value = word.section(QChar('='), 1).trimmed();
    if (key == QStringLiteral("step"))
      cell.step = numberIn(key, value, extent.steps);
    else if (key == QStringLiteral("layer"))
      cell.layer = numberIn(key, value, extent.layers);
    else if (key == QStringLiteral("head"))
      cell.head = numberIn(key, value, upTo(extent.heads));
    else if (key == QStringLiteral("branch"))
      cell.branch = branchIn(value, extent.branches);
    else if (key == QStringLiteral("query"))
      cell.queryBlock = numberIn(key, value, upTo(extent.queryBlocks));
    else if (key == QStringLiteral("key"))
      cell.keyBlock = numberIn(key, value, upTo(extent.keyBlocks));
    else
      refuse(
          QStringLiteral("--select %1").arg(word), QStringLiteral("unknown name '%1'").arg(key),
          QStringLiteral("use step, layer, head, branch, query or key, for example step=7,layer=3,head=2"));
  }
  return cell;
}

QSize parseSize(const QString& words) {
  static const QRegularExpression pattern(QStringLiteral("^(\\d{2,4})x(\\d{2,4})$"));
  const auto match = pattern.match(words);
  const QSize size(match.captured(1).toInt(), match.captured(2).toInt());
  if (!match.hasMatch() || std::max(size.width(), size.height()) > kLargestSide)
    refuse(
        QStringLiteral("--size %1").arg(words), QStringLiteral("not a size in pixels"),
        QStringLiteral("write WIDTHxHEIGHT, for example 1280x800, each side at most %1").arg(kLargestSide));
  return size;
}

namespace {
struct DesktopLook {
  QString style;
  QPalette palette;
  QFont font;
};
const DesktopLook& rememberedLook() {
  static const DesktopLook look{QApplication::style()->objectName(), QApplication::palette(),
                                QApplication::font()};
  return look;
}
}  // namespace

void desktopLook() {
  const DesktopLook& look = rememberedLook();
  QApplication::setStyle(look.style);
  QApplication::setPalette(look.palette);
  for (const char* kind : {"QLineEdit", "QAbstractSpinBox"}) QApplication::setPalette(look.palette, kind);
  QApplication::setFont(look.font);
}

void applyLook(bool dark) {
  (void)rememberedLook();
  QApplication::setStyle(QStyleFactory::create(QStringLiteral("Fusion")));
  const QPalette palette = dark ? darkPalette() : lightPalette();
  QApplication::setPalette(palette);
  QPalette inputs = palette;  // panes are as bright as fields: in the dark a field would have no edge
  if (dark) inputs.setColor(QPalette::Base, palette.color(QPalette::Button));
  for (const char* kind : {"QLineEdit", "QAbstractSpinBox"}) QApplication::setPalette(inputs, kind);
  QApplication::setFont(QFont(QStringLiteral("DejaVu Sans"), 9));
}

void takePicture(const PictureRequest& request) {
  const auto entries = paneEntries();
  const auto entry = std::find_if(entries.begin(), entries.end(),
                                  [&](const PaneEntry& each) { return each.name == request.view; });
  const bool whole = request.view == QStringLiteral("window");
  if (!whole && entry == entries.end())
    refuse(QStringLiteral("--view %1").arg(request.view), QStringLiteral("there is no such view"),
           QStringLiteral("use one of %1").arg(viewNames().join(QStringLiteral(", "))));
  for (const QString& file : {request.trace, request.other})
    if (!file.isEmpty()) checkTrace(file.toStdString());
  const Runs runs{loadTrace(request.trace.toStdString()),
                  request.other.isEmpty() ? nullptr : loadTrace(request.other.toStdString()), request.shown};
  const Cell cell = parseSelection(request.select, *runs.a);
  const QSize size = !request.size.isEmpty() ? request.size : whole ? QSize(1280, 800) : QSize(720, 560);
  const QImage image =
      whole ? pictureOfWindow(runs, cell, size, request.tab) : pictureOfPane(*entry, runs, cell, size);
  if (!image.save(request.out, "PNG"))
    throw db::Error(db::Error::Kind::Failure, request.out.toStdString(), "the picture could not be written",
                    "check that the folder exists, is writable and has space");
}

}  // namespace ditscope::gui
