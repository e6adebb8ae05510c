// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/models/block_text.h"

#include <cmath>

#include "analyzer/format.h"
#include "gui/models/readout.h"

namespace ditscope::gui {
namespace {

QString stateName(db::BlockState state) {
  switch (state) {
    case db::BlockState::Full:
      return QObject::tr("kept");
    case db::BlockState::Partial:
      return QObject::tr("kept in part");
    case db::BlockState::Skipped:
      break;
  }
  return QObject::tr("dropped");
}

}  // namespace

QString blockText(const Trace& trace, const db::AttnCall& call, db::TokenOrder order,
                  const HeadBlocks& blocks, int row, int col) {
  if (row < 0 || col < 0 || row >= blocks.rows() || col >= blocks.cols()) return {};
  QString line = QObject::tr("query block %1 (%2), key block %3 (%4)")
                     .arg(row)
                     .arg(blockTokens(trace, call, order, row, true))
                     .arg(col)
                     .arg(blockTokens(trace, call, order, col, false));
  if (blocks.mass)
    line += QObject::tr(": %1 of the row's mass, rank %2 of %3")
                .arg(percentText(double(blocks.mass->at(row, col))))
                .arg(rankInRow(*blocks.mass, row, col))
                .arg(blocks.cols());
  if (blocks.legend)
    line += QStringLiteral(", ") + text(analyzer::blockClassLabel(blocks.legend->at(row, col)));
  else if (blocks.mask)
    line += QStringLiteral(", ") + stateName(blocks.mask->at(row, col));
  if (!blocks.rowRecall.empty())
    line += QObject::tr("; row recall %1").arg(percentText(blocks.rowRecall[size_t(row)]));
  return line;
}

QString reorderedBlockText(const HeadBlocks& blocks, int row, int col) {
  if (!blocks.shownOrder || row < 0 || col < 0 || row >= blocks.rows() || col >= blocks.cols()) return {};
  QStringList found;
  if (blocks.shownKept)
    found << QObject::tr("%1 of the pairs kept").arg(percentText(double(blocks.shownKept->at(row, col))));
  if (blocks.shownMass)
    found << QObject::tr("%1 of the row's mass").arg(percentText(double(blocks.shownMass->at(row, col))));
  return QObject::tr("query block %1, key block %2, %3: %4")
      .arg(row)
      .arg(col)
      .arg(orderText(*blocks.shownOrder), found.join(QStringLiteral(", ")));
}

QString orderText(db::TokenOrder order) {
  switch (order) {
    case db::TokenOrder::PixelMajor:
      return QObject::tr("tokens in (y, x, frame) order");
    case db::TokenOrder::TileMajor:
      return QObject::tr("tokens in order of tiles");
    case db::TokenOrder::Clustered:
      return QObject::tr("tokens in order of clusters");
    case db::TokenOrder::FrameMajor:
      break;
  }
  return QObject::tr("tokens in (frame, y, x) order");
}

std::vector<double> columnMass(const db::BlockMass& mass) {
  std::vector<double> sums(size_t(mass.cols), 0.0);
  for (int row = 0; row < mass.rows; ++row)
    for (int col = 0; col < mass.cols; ++col)
      if (std::isfinite(mass.at(row, col))) sums[size_t(col)] += double(mass.at(row, col));
  for (double& sum : sums) sum /= std::max(mass.rows, 1);
  return sums;
}

}  // namespace ditscope::gui
