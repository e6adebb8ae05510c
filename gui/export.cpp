// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/export.h"

#include <QFileInfo>
#include <QPageSize>
#include <QPdfWriter>
#include <QSaveFile>

#include "db/error.h"
#include "gui/plots/svg_device.h"
#include "gui/plots/vector_picture.h"

namespace ditscope::gui {
namespace {

constexpr double kPointsPerPixel = 0.75;  // at 96 pixels an inch

[[noreturn]] void cannotWrite(const QString& path) {
  throw db::Error(db::Error::Kind::Failure, path.toStdString(), "it could not be written",
                  "check that the folder exists, is writable and has space");
}

void writeWhole(const QString& path, const QByteArray& bytes) {
  QSaveFile file(path);
  if (!file.open(QIODevice::WriteOnly) || file.write(bytes) != bytes.size() || !file.commit())
    cannotWrite(path);
}

void writePdf(Pane& pane, const QString& path) {
  QSaveFile file(path);
  if (!file.open(QIODevice::WriteOnly)) cannotWrite(path);
  {
    QPdfWriter writer(&file);
    writer.setResolution(96);
    writer.setPageMargins(QMarginsF());
    writer.setPageSize(
        QPageSize(QSizeF(pane.size()) * kPointsPerPixel, QPageSize::Point, {}, QPageSize::ExactMatch));
    writer.setTitle(pane.windowTitle());
    drawVectors(pane, writer);
  }
  if (!file.commit()) cannotWrite(path);
}

}  // namespace

void exportPane(Pane& pane, const QString& path) {
  const QString kind = QFileInfo(path).suffix().toLower();
  if (kind == QStringLiteral("png")) {
    if (!pane.picture(kPictureScale).save(path, "PNG")) cannotWrite(path);
  } else if (kind == QStringLiteral("svg")) {
    SvgDevice device(pane.size(), pane.windowTitle());
    drawVectors(pane, device);
    writeWhole(path, device.text());
  } else if (kind == QStringLiteral("pdf")) {
    writePdf(pane, path);
  } else if (kind == QStringLiteral("csv")) {
    const TableData table = pane.table();
    if (table.empty())
      throw db::Error(db::Error::Kind::BadInput, path.toStdString(), "the pane shows no numbers now",
                      "choose a picture format, or select what was recorded");
    writeWhole(path, csvText(table).toUtf8());
  } else {
    throw db::Error(db::Error::Kind::BadInput, path.toStdString(), "its name ends with no known format",
                    "end it with .png, .svg, .pdf or .csv");
  }
}

}  // namespace ditscope::gui
