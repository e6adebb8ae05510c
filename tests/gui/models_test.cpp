// SPDX-License-Identifier: GPL-3.0-or-later
#include <QSettings>
#include <QtTest>
#include <cmath>

#include "db/error.h"
#include "db/trace_writer.h"
#include "gui/models/block_text.h"
#include "gui/models/curves.h"
#include "gui/models/drift_series.h"
#include "gui/models/grid_values.h"
#include "gui/models/head_blocks.h"
#include "gui/models/readout.h"
#include "gui/models/recent_files.h"
#include "gui/models/summary_text.h"
#include "gui/models/trace.h"
#include "gui/models/value_scale.h"
#include "tests/gui/support.h"

using namespace ditscope;
using namespace ditscope::gui;

class ModelsTest : public QObject {
  Q_OBJECT
  QTemporaryDir m_folder;
  TracePtr m_trace;

 private slots:
  void initTestCase() { m_trace = loadTrace(tests::traceIn(m_folder, "run.db")); }

  void loadsEveryCell() {
    QCOMPARE(m_trace->extent.steps.size(), size_t(6));
    QCOMPARE(m_trace->extent.layers.size(), size_t(3));
    QCOMPARE(m_trace->extent.heads, 4);
    QCOMPARE(m_trace->extent.queryBlocks, 32);
    const db::TraceReader reader(m_trace->path);
    for (const db::HeadRow& row : reader.heads()) {
      const Cell cell{.step = row.step, .layer = row.layer, .head = row.head, .branch = row.branch};
      QCOMPARE(m_trace->value(cell, analyzer::Quantity::DensityQk), double(row.stats.densityQk));
    }
  }

  // A recorder writes cross attention as times alone, in layers of their own.
  void leavesOutLayersWithoutHeads() {
    const auto path = std::filesystem::path(m_folder.path().toStdString()) / "cross.db";
    db::Run run;
    run.model = "WanTransformer3DModel";
    run.source = "synthetic";
    run.nSteps = run.nLayers = 1;
    run.nHeads = 2;
    run.blockQ = run.blockK = 64;
    db::TraceWriter writer(path, run);
    writer.addLayer({.index = 0, .name = "blocks.0", .nHeads = 2, .headDim = 32});
    writer.addLayer(
        {.index = 1, .name = "blocks.0.attn2", .kind = db::AttnKind::Cross, .nHeads = 2, .headDim = 32});
    writer.push(db::Step{.index = 0});
    db::AttnRecord self, cross;
    self.call = {.id = 1, .layer = 0, .qLen = 128, .kvLen = 128, .blockQ = 64, .blockK = 64, .plan = "dense"};
    self.heads.resize(2);
    cross.call = {.id = 2,
                  .layer = 1,
                  .kind = db::AttnKind::Cross,
                  .qLen = 128,
                  .kvLen = 128,
                  .blockQ = 64,
                  .blockK = 64,
                  .plan = "dense"};
    writer.push(std::move(self));
    writer.push(std::move(cross));
    writer.finalise(run);
    const TracePtr trace = loadTrace(path);
    QCOMPARE(trace->extent.layers.size(), size_t(1));
    QCOMPARE(trace->extent.heads, 2);
  }

  void knowsNoCellOutside() {
    QVERIFY(std::isnan(m_trace->value({.step = 99}, analyzer::Quantity::Recall)));
    QVERIFY(std::isnan(m_trace->value({.head = 99}, analyzer::Quantity::Recall)));
    QVERIFY(!m_trace->call(0, 99, db::Branch::Cond));
  }

  void refusesWhatIsNoTrace() {
    const auto path = std::filesystem::path(m_folder.path().toStdString()) / "text.db";
    QFile file(QString::fromStdString(path.string()));
    QVERIFY(file.open(QIODevice::WriteOnly));
    file.write("not a trace");
    file.close();
    QVERIFY_EXCEPTION_THROWN((void)loadTrace(path), db::Error);
    QVERIFY_EXCEPTION_THROWN((void)loadTrace(path.string() + ".missing"), db::Error);
  }

  void stopsWhenCancelled() {
    QVERIFY_EXCEPTION_THROWN((void)loadTrace(m_trace->path, [] { return true; }), db::Cancelled);
  }

  void readsAndJudgesBlocks() {
    const db::AttnCall* call = m_trace->call(4, 1, db::Branch::Cond);
    QVERIFY(call);
    BlockSource source(m_trace->path);
    const HeadBlocksPtr blocks = source.read({.callId = call->id, .head = 2, .rule = {}});
    QVERIFY(blocks->legend);
    QCOMPARE(blocks->rows(), 32);
    QCOMPARE(blocks->rowRecall.size(), size_t(32));
    const analyzer::HeavyRule all{.kind = analyzer::HeavyRule::Kind::TopMass, .value = 0.999};
    const HeadBlocksPtr stricter = source.read({.callId = call->id, .head = 2, .rule = all});
    const auto heavy = [](const HeadBlocks& b) {
      return b.legend->blocks[size_t(analyzer::BlockClass::KeptHeavy)] +
             b.legend->blocks[size_t(analyzer::BlockClass::DroppedHeavy)];
    };
    QVERIFY(heavy(*stricter) > heavy(*blocks));
  }

  void ranksABlockInItsRow() {
    const db::BlockMass mass{.rows = 1, .cols = 3, .mass = {0.2F, 0.7F, 0.1F}};
    QCOMPARE(rankInRow(mass, 0, 1), 1);
    QCOMPARE(rankInRow(mass, 0, 2), 3);
  }

  void namesTokensAndFrames() {
    const db::AttnCall* call = m_trace->call(4, 1, db::Branch::Cond);
    QCOMPARE(blockTokens(*m_trace, *call, db::TokenOrder::FrameMajor, 0, true),
             QStringLiteral("tokens 0\u201363, frame 0"));
    QCOMPARE(blockTokens(*m_trace, *call, db::TokenOrder::FrameMajor, 31, false),
             QStringLiteral("tokens 1984\u20132047, frame 7"));
    const std::vector<double> edges = frameEdges(*m_trace, *call, db::TokenOrder::FrameMajor, true);
    QCOMPARE(edges.size(), size_t(7));
    QCOMPARE(edges.front(), 4.0);
    QVERIFY(frameEdges(*m_trace, *call, db::TokenOrder::PixelMajor, true).empty());
  }

  void drawsDriftOverAllSteps() {
    const DriftSeries series = driftSeries(*m_trace, {.step = 0, .layer = 1, .head = 2});
    QCOMPARE(series.steps.size(), size_t(6));
    QVERIFY(std::isnan(series.mean[0]));
    QVERIFY(series.hasLse());
    QVERIFY(series.hasMask());
  }

  static CellValue layerPlusStep() {
    return [](const Cell& cell) {
      return cell.layer == 1 && cell.head == 3 ? NAN : cell.layer * 10.0 + cell.head;
    };
  }

  void gridsHaveTheAxesAskedFor() {
    const auto& extent = m_trace->extent;
    const GridValues heads = gridValues(extent, {GridAxes::LayerHead, {.step = 4}}, layerPlusStep());
    QCOMPARE(heads.rows, 3);
    QCOMPARE(heads.cols, 4);
    QCOMPARE(heads.value(2, 1), 21.0);
    QCOMPARE(heads.cell(2, 1).step, 4);
    QCOMPARE(heads.rowMeans[1], 11.0);  // of what was measured
    QCOMPARE(heads.find({.layer = 2, .head = 1}), std::pair(1, 2));
    const GridValues steps = gridValues(extent, {GridAxes::LayerStep, {}}, layerPlusStep());
    QCOMPARE(steps.cols, 6);
    QCOMPARE(steps.value(0, 5), 1.5);
    QCOMPARE(steps.cell(0, 5).step, extent.steps[5]);
    const GridValues all = gridValues(extent, {GridAxes::AllStep, {}}, layerPlusStep());
    QCOMPARE(all.rows, 12);
    QCOMPARE(all.rowNames[5], QStringLiteral("1.1"));
    QCOMPARE(all.find({.step = extent.steps[2], .layer = 1, .head = 1}), std::pair(2, 5));
    const GridValues layer = gridValues(extent, {GridAxes::HeadStep, {.layer = 2}}, layerPlusStep());
    QCOMPARE(layer.rows, 4);
    QCOMPARE(layer.value(3, 0), 23.0);
    QCOMPARE(gridValues({}, {}, layerPlusStep()).rows, 0);
  }

  void sortedGridsKeepTheirCells() {
    const auto& extent = m_trace->extent;
    const GridValues heads = gridValues(extent, {GridAxes::LayerHead, {}, true}, layerPlusStep());
    QCOMPARE(heads.cell(0, 0).head, 3);
    QCOMPARE(heads.value(0, 0), 3.0);
    QVERIFY(std::isnan(heads.value(1, 3)));  // not measured: last
    QCOMPARE(heads.find({.layer = 0, .head = 3}), std::pair(0, 0));
    const GridValues rows = gridValues(extent, {GridAxes::AllStep, {}, true}, layerPlusStep());
    QCOMPARE(rows.rowNames.front(), QStringLiteral("2.3"));
    QCOMPARE(rows.cell(0, 0).head, 3);
  }

  void logarithmicScalesHaveAFloor() {
    const std::vector<double> values{0, 0.001, 1, NAN};
    const ValueScale scale = logScale(rangeOf(values, false), values);
    QVERIFY(scale.log);
    QCOMPARE(scale.lo, 0.001);
    QCOMPARE(scale.position(0), 0.0);
    const std::vector<double> zeros{0, 0};
    QVERIFY(!logScale(rangeOf(zeros, false), zeros).log || rangeOf(zeros, false).hi > 0);
    QCOMPARE(rangeOf(std::vector<double>{-1, 3}, true).lo, -3.0);
  }

  void readsCurvesOfEveryHead() {
    const CurveTablePtr curves = readCurves(*m_trace);
    QVERIFY(curves->any());
    for (size_t row = 0; row < m_trace->table.size(); row += 7) {
      QVERIFY(curves->has(row));
      QVERIFY(std::abs(recallAt(curves->of(row), 1) - 1) < 1e-3);
      QVERIFY(recallAt(curves->of(row), 0.2) <= recallAt(curves->of(row), 0.3));
    }
    QVERIFY_EXCEPTION_THROWN((void)readCurves(*m_trace, [](int64_t, int64_t) { return false; }),
                             db::Cancelled);
  }

  void aBudgetForEachHeadBuysNoLessThanOneForAll() {
    const std::vector<HeadCurve> heads = headCurves(*m_trace, *readCurves(*m_trace));
    QCOMPARE(heads.size(), size_t(12));
    const auto uniform = uniformFront(heads), perHead = perHeadFront(heads);
    for (size_t i = 1; i < perHead.size(); ++i) {
      QVERIFY(perHead[i].density > perHead[i - 1].density);
      QVERIFY(perHead[i].recall >= perHead[i - 1].recall - 1e-6);
    }
    for (const RecallPoint& point : perHead)
      if (point.density > 0.02 && point.density < 1)
        QVERIFY2(point.recall >= recallOf(uniform, point.density) - 0.01,
                 qPrintable(QString::number(point.density)));
    QVERIFY(std::isnan(recallOf(uniform, 2)));
  }

  // Two heads whose best split of a budget is known: all of it to the head with the steeper curve.
  void frontGivesTheBudgetToTheSteeperHead() {
    HeadCurve steep{.recall = std::vector<double>(db::kCurvePoints)}, flat = steep;
    for (int i = 0; i < db::kCurvePoints; ++i) {
      steep.recall[size_t(i)] = std::min(1.0, 2 * db::curveDensity(i));
      flat.recall[size_t(i)] = db::curveDensity(i);
    }
    const std::vector<HeadCurve> heads{steep, flat};
    QVERIFY(std::abs(recallOf(perHeadFront(heads), 0.25) - 0.5) < 0.01);
    QVERIFY(std::abs(recallOf(uniformFront(heads), 0.25) - 0.375) < 0.01);
  }

  void columnMassFindsSinks() {
    const db::BlockMass mass{.rows = 2, .cols = 2, .mass = {0.9F, 0.1F, 0.7F, 0.3F}};
    const std::vector<double> columns = columnMass(mass);
    QVERIFY(std::abs(columns[0] - 0.8) < 1e-6);
    QVERIFY(orderText(db::TokenOrder::FrameMajor).contains(QStringLiteral("(frame, y, x)")));
    QVERIFY(!orderText(db::TokenOrder::PixelMajor).isEmpty());
  }

  void isLoudAboutLosses() {
    analyzer::TraceSummary summary = m_trace->summary;
    QCOMPARE(healthText(summary).level, HealthLevel::Good);
    summary.losses = {{"dropped_records", 12}};
    HealthText health = healthText(summary);
    QCOMPARE(health.level, HealthLevel::Bad);
    QVERIFY(health.details.join(QChar(' ')).contains(QStringLiteral("dropped_records: 12")));
    summary.run.finalised = false;
    QVERIFY(healthText(summary).headline.contains(QStringLiteral("not finished")));
  }

  void remembersTenFilesNewestFirst() {
    QSettings settings(m_folder.filePath(QStringLiteral("s.ini")), QSettings::IniFormat);
    RecentFiles recent(&settings);
    for (int i = 0; i < 12; ++i) recent.add(QStringLiteral("/tmp/run%1.db").arg(i));
    recent.add(QStringLiteral("/tmp/run5.db"));
    QCOMPARE(recent.paths().size(), RecentFiles::kLimit);
    QCOMPARE(recent.paths().front(), QStringLiteral("/tmp/run5.db"));
    QCOMPARE(recent.paths().count(QStringLiteral("/tmp/run5.db")), 1);
  }
};

QTEST_GUILESS_MAIN(ModelsTest)
#include "models_test.moc"
