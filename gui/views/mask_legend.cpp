// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/views/mask_legend.h"

#include <cmath>

#include "analyzer/format.h"
#include "gui/models/readout.h"
#include "gui/plots/mask_image.h"

namespace ditscope::gui {
namespace {

using analyzer::BlockClass;

std::vector<ClassEntry> classEntries(const analyzer::MaskLegend& legend, const MaskColours& colours,
                                     bool pooled) {
  std::vector<ClassEntry> entries;
  const double all = double(legend.classes.size());
  for (const BlockClass c :
       {BlockClass::KeptHeavy, BlockClass::KeptLight, BlockClass::DroppedHeavy, BlockClass::DroppedLight}) {
    const size_t i = size_t(c);
    entries.push_back({colours.classes[i], markOf(c), text(analyzer::blockClassLabel(c)),
                       QObject::tr("%1 of blocks, %2 of mass")
                           .arg(percentText(double(legend.blocks[i]) / all), percentText(legend.mass[i]))});
  }
  if (pooled)
    entries.push_back({{colours.pooledBoth, colours.pooledBoth},
                       CellMark::None,
                       QObject::tr("kept and missed"),
                       QObject::tr("share a pixel")});
  return entries;
}

std::vector<ClassEntry> stateEntries(const db::BlockMask& mask, const MaskColours& colours) {
  const auto flat = [](QRgb colour) { return ClassColours{colour, colour}; };
  return {{flat(colours.classes[size_t(BlockClass::KeptHeavy)].low), CellMark::None, QObject::tr("kept"),
           QObject::tr("%1 of blocks").arg(percentText(mask.density()))},
          {flat(colours.classes[size_t(BlockClass::KeptLight)].high), CellMark::None,
           QObject::tr("kept in part"), QObject::tr("masked inside")},
          {flat(colours.classes[size_t(BlockClass::DroppedLight)].low), CellMark::None,
           QObject::tr("dropped"), QObject::tr("%1 of blocks").arg(percentText(1 - mask.density()))}};
}

}  // namespace

CellMark markOf(BlockClass blockClass) {
  if (blockClass == BlockClass::DroppedHeavy) return CellMark::Cross;
  return blockClass == BlockClass::KeptLight ? CellMark::Slash : CellMark::None;
}

CellMark markOf(MaskPair pair) {
  if (pair == MaskPair::OnlySecond) return CellMark::Cross;
  return pair == MaskPair::OnlyFirst ? CellMark::Slash : CellMark::None;
}

std::vector<ClassEntry> maskEntries(const HeadBlocks& blocks, MaskShow show, bool dark, bool pooled) {
  if (show == MaskShow::Difference)
    return pairEntries(countPairs(*blocks.mask, *blocks.other), dark, QObject::tr("A"), QObject::tr("B"));
  const MaskColours colours = maskColours(dark);
  if (show == MaskShow::Classes) return classEntries(*blocks.legend, colours, pooled);
  return show == MaskShow::Mask ? stateEntries(*blocks.mask, colours) : std::vector<ClassEntry>{};
}

std::vector<ClassEntry> pairEntries(const PairCounts& counts, bool dark, const QString& first,
                                    const QString& second) {
  const PairColours colours = pairColours(dark);
  const double all = double(counts.neither + counts.onlyFirst + counts.onlySecond + counts.both);
  const auto entry = [all](QRgb colour, CellMark mark, const QString& name, int64_t blocks) {
    return ClassEntry{{colour, colour},
                      mark,
                      name,
                      QObject::tr("%1 of blocks").arg(percentText(all > 0 ? double(blocks) / all : 0))};
  };
  return {
      entry(colours.both, CellMark::None, QObject::tr("kept by both"), counts.both),
      entry(colours.onlyFirst, CellMark::Slash, QObject::tr("only by %1").arg(first), counts.onlyFirst),
      entry(colours.onlySecond, CellMark::Cross, QObject::tr("only by %1").arg(second), counts.onlySecond),
      entry(colours.neither, CellMark::None, QObject::tr("by neither"), counts.neither)};
}

ColourLegend massLegend(const db::BlockMass& mass) {
  ColourLegend legend;
  legend.scale = massScale(mass);
  legend.map = ColourMapId::Viridis;
  legend.title = QObject::tr("Share of the row's mass (log)");
  legend.format = [](double value) { return numberText(value, 2); };
  for (const float value : mass.mass) {
    legend.clippedLow |= double(value) < legend.scale.lo;
    legend.hasNotMeasured |= std::isnan(value);
  }
  return legend;
}

ColourLegend keptLegend() {
  ColourLegend legend;
  legend.scale = {.lo = 0, .hi = 1, .log = false};
  legend.title = QObject::tr("Share of the pairs kept");
  legend.format = [](double value) { return numberText(value, 2); };
  return legend;
}

QString maskNote(MaskShow show, QSize pooling) {
  QStringList notes;
  if (pooling != QSize(1, 1))
    notes << (show == MaskShow::Mass || show == MaskShow::KeptShare
                  ? QObject::tr("A pixel is the mean of %1 \u00d7 %2 blocks.")
                  : QObject::tr("A pixel is the strongest of %1 \u00d7 %2 blocks; none is hidden."))
                 .arg(pooling.height())
                 .arg(pooling.width());
  if (show == MaskShow::Classes) notes << QObject::tr("Darker or brighter within a class: more mass.");
  return notes.join(QChar(' '));
}

}  // namespace ditscope::gui
