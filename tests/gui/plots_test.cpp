// SPDX-License-Identifier: GPL-3.0-or-later
#include <qcustomplot.h>

#include <QtTest>
#include <cmath>

#include "gui/plots/colour_map.h"
#include "gui/plots/heatmap_plot.h"
#include "gui/plots/heatmap_plottable.h"
#include "gui/plots/mask_image.h"
#include "gui/plots/navigator.h"
#include "gui/plots/theme.h"
#include "tests/gui/pictures.h"

using namespace ditscope;
using namespace ditscope::gui;

namespace {

constexpr QRgb kKept = 0xffff0000;

// Isolated kept cells, one in every 37 of a large map; pooling keeps a colour when any cell has it.
HeatmapSource sparseCells(int size) {
  HeatmapSource source;
  source.rows = source.cols = size;
  source.image = [size](int maxRows, int maxCols) {
    db::BlockMask mask(size, size);
    for (int i = 0; i < size; i += 37) mask.set(i, (i * 7) % size, db::BlockState::Full);
    const MaskColours colours{{{{0xff000000, 0xff000000}, {0xff000000, 0xff000000}, {kKept, kKept}, {0, 0}}},
                              0};
    return stateImage(mask, colours, maxRows, maxCols);
  };
  return source;
}

QImage drawn(QCustomPlot& plot) {
  plot.replot();
  return plot.toPixmap(plot.width(), plot.height()).toImage();
}

}  // namespace

class PlotsTest : public QObject {
  Q_OBJECT

 private slots:
  void colourMapsRunFromEndToEnd() {
    QCOMPARE(colourTable(ColourMapId::Viridis).front(), QRgb(0xff440154));
    QCOMPARE(colourTable(ColourMapId::Viridis).back(), QRgb(0xfffde725));
    QCOMPARE(colourTable(ColourMapId::BlueWhiteRed)[127], mix(0xfff7f7f7, 0xffd1e5f0, 0.02));
    for (const ColourMapId id : {ColourMapId::Viridis, ColourMapId::Cividis})  // lightness rises all the way
      for (size_t i = 8; i < 256; i += 8) QVERIFY(qGray(colourTable(id)[i]) >= qGray(colourTable(id)[i - 8]));
  }

  void scalesClipAndLeaveNanOut() {
    const ValueScale linear{.lo = 1, .hi = 3, .log = false};
    QCOMPARE(linear.position(2), 0.5);
    QCOMPARE(linear.position(9), 1.0);
    const ValueScale log{.lo = 0.001, .hi = 1, .log = true};
    QCOMPARE(log.position(0), 0.0);
    QVERIFY(std::abs(log.position(0.0316227766) - 0.5) < 1e-6);
    QCOMPARE(qAlpha(colourOf(NAN, linear, colourTable(ColourMapId::Viridis))), 0);
    const ValueScale flat{.lo = 2, .hi = 2, .log = false};
    QCOMPARE(flat.position(2), 0.5);
  }

  void pooledDrawingHidesNoKeptCell() {
    constexpr int kSize = 1720;
    QCustomPlot plot;
    plot.resize(400, 400);
    plot.yAxis->setRangeReversed(true);
    auto* map = new HeatmapPlottable(plot.xAxis, plot.yAxis);
    map->setSource(sparseCells(kSize));
    plot.xAxis->setRange(0, kSize);
    plot.yAxis->setRange(0, kSize);
    for (QCPAxis* axis : {plot.xAxis, plot.yAxis}) axis->setVisible(false);
    const QImage image = drawn(plot);
    QVERIFY(map->pooling().width() >= 4);
    int missing = 0;
    for (int i = 0; i < kSize; i += 37) {
      const QPoint at(int(plot.xAxis->coordToPixel((i * 7) % kSize + 0.5)),
                      int(plot.yAxis->coordToPixel(i + 0.5)));
      bool found = false;  // within the pooled cell around it
      for (int dy = -2; dy <= 2; ++dy)
        for (int dx = -2; dx <= 2; ++dx)
          found |= image.valid(at + QPoint(dx, dy)) && image.pixel(at + QPoint(dx, dy)) == kKept;
      missing += !found;
    }
    QCOMPARE(missing, 0);
  }

  void notMeasuredIsHatchedNotColoured() {
    QCustomPlot plot;
    plot.resize(200, 200);
    auto* map = new HeatmapPlottable(plot.xAxis, plot.yAxis);
    map->setColours(plotColours(lightPalette()));
    HeatmapSource source;
    source.rows = source.cols = 1;
    source.image = [](int, int) {
      QImage clear(1, 1, QImage::Format_ARGB32);
      clear.fill(Qt::transparent);
      return clear;
    };
    map->setSource(source);
    plot.xAxis->setRange(0, 1);
    plot.yAxis->setRange(0, 1);
    const QImage image = drawn(plot);
    const QImage hatch = notMeasuredBrush(plotColours(lightPalette())).textureImage();
    QVERIFY(tests::contains(image, hatch.pixel(0, hatch.height() - 1)));
    QVERIFY(tests::contains(image, hatch.pixel(0, 0)));
  }

  void pooledClassesShowKeptBesideMissed() {
    HeadBlocks blocks;
    blocks.mask = db::BlockMask(2, 2);
    blocks.mass = db::BlockMass{.rows = 2, .cols = 2, .mass = {0.5F, 0.5F, 0.0F, 1.0F}};
    blocks.mask->set(0, 0, db::BlockState::Full);
    blocks.mask->set(1, 1, db::BlockState::Full);
    blocks.legend = analyzer::classifyBlocks(*blocks.mask, *blocks.mass, {});
    const MaskColours colours = maskColours(false);
    QCOMPARE(classImage(blocks, colours, 1, 1).pixel(0, 0), colours.pooledBoth);
    const QImage full = classImage(blocks, colours, 2, 2);
    QVERIFY(full.pixel(0, 0) != full.pixel(1, 0));
    QVERIFY(!tests::contains(full, colours.pooledBoth));
  }

  void classesDifferInLightnessToo() {
    for (const bool dark : {false, true}) {
      const MaskColours colours = maskColours(dark);
      const auto grey = [&](analyzer::BlockClass c) {
        return qGray(mix(colours.classes[size_t(c)].low, colours.classes[size_t(c)].high, 0.5));
      };
      using enum analyzer::BlockClass;
      const int greys[] = {grey(KeptHeavy), grey(DroppedHeavy), grey(KeptLight), grey(DroppedLight)};
      for (int a = 0; a < 4; ++a)
        for (int b = a + 1; b < 4; ++b)
          QVERIFY2(std::abs(greys[a] - greys[b]) >= 15, qPrintable(QString::number(a * 10 + b)));
    }
  }

  void clicksWheelAndKeysReachTheMap() {
    HeatmapPlot plot;
    plot.resize(500, 400);
    plot.setMap(sparseCells(40));
    plot.setAxes({}, {});
    plot.show();
    QVERIFY(QTest::qWaitForWindowExposed(&plot));
    plot.canvas()->replot();
    QSignalSpy clicked(&plot, &HeatmapPlot::cellClicked);
    QSignalSpy asked(&plot, &HeatmapPlot::moveAsked);
    const QCPAxisRect* rect = plot.canvas()->xAxis->axisRect();
    const QPoint target(int(plot.canvas()->xAxis->coordToPixel(10.5)),
                        int(plot.canvas()->yAxis->coordToPixel(5.5)));
    QTest::mouseClick(plot.canvas(), Qt::LeftButton, {}, target);
    QCOMPARE(clicked.count(), 1);
    QCOMPARE(clicked[0][0].toInt(), 5);
    QCOMPARE(clicked[0][1].toInt(), 10);
    QTest::keyClick(plot.canvas(), Qt::Key_Down);
    QCOMPARE(asked.count(), 1);

    const QPointF global = plot.canvas()->mapToGlobal(QPointF(target));
    QWheelEvent wheel(target, global, {}, QPoint(0, 120), Qt::NoButton, {}, Qt::NoScrollPhase, false);
    QApplication::sendEvent(plot.canvas(), &wheel);
    QVERIFY(plot.canvas()->xAxis->range().size() < 40);
    QVERIFY(plot.canvas()->xAxis->range().contains(10.5));
    QTest::mouseDClick(plot.canvas(), Qt::LeftButton, {}, target);
    QCOMPARE(plot.canvas()->xAxis->range().size(), 40.0);

    QTest::mousePress(plot.canvas(), Qt::LeftButton, {}, rect->topLeft() + QPoint(40, 40));
    QTest::mouseMove(plot.canvas(), rect->topLeft() + QPoint(140, 120));
    QTest::mouseRelease(plot.canvas(), Qt::LeftButton, {}, rect->topLeft() + QPoint(140, 120));
    QVERIFY(plot.canvas()->xAxis->range().size() < 20);
    QTest::keyClick(plot.canvas(), Qt::Key_Backspace);
    QCOMPARE(plot.canvas()->xAxis->range().size(), 40.0);
    QCOMPARE(clicked.count(), 1);  // a drag is no click
  }
};

QTEST_MAIN(PlotsTest)
#include "plots_test.moc"
