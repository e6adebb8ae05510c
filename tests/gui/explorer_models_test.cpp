// SPDX-License-Identifier: GPL-3.0-or-later
// What the panes compute, without a window.
#include <QAbstractItemModelTester>
#include <QElapsedTimer>
#include <QRandomGenerator>
#include <QtTest>
#include <cmath>

#include "db/error.h"
#include "gui/models/comparison.h"
#include "gui/models/config_model.h"
#include "gui/models/head_blocks.h"
#include "gui/models/kernel_table.h"
#include "gui/models/pattern_class.h"
#include "gui/models/session_state.h"
#include "gui/models/similarity.h"
#include "gui/models/speedup.h"
#include "gui/models/step_times.h"
#include "gui/models/table_model.h"
#include "gui/models/timeline.h"
#include "gui/models/what_if.h"
#include "tests/gui/support.h"

using namespace ditscope;
using namespace ditscope::gui;

namespace {

db::SparsityConfig smallConfig() {
  db::SparsityConfig config;
  config.model.className = "WanTransformer3DModel";
  config.model.layers = 3;
  config.model.heads = 4;
  config.steps = 6;
  config.blockQ = config.blockK = 64;
  return config;
}

db::BlockMask maskOf(int size, const std::function<bool(int, int)>& keeps) {
  db::BlockMask mask(size, size);
  for (int row = 0; row < size; ++row)
    for (int col = 0; col < size; ++col)
      if (keeps(row, col)) mask.set(row, col, db::BlockState::Full);
  return mask;
}

}  // namespace

class ExplorerModelsTest : public QObject {
  Q_OBJECT
  QTemporaryDir m_folder;
  TracePtr m_a, m_b;
  CurveTablePtr m_curves;

 private slots:
  void initTestCase() {
    m_a = loadTrace(tests::traceIn(m_folder, "a.db"));
    m_b = loadTrace(tests::traceIn(
        m_folder, "b.db", {.steps = 5, .layers = 3, .heads = 4, .density = 0.5, .slowdown = 2, .seed = 7}));
    m_curves = readCurves(*m_a);
  }

  void tablesHoldToTheModelContract() {
    TableModel table;
    QAbstractItemModelTester tester(&table, QAbstractItemModelTester::FailureReportingMode::QtTest);
    table.setData({{QStringLiteral("a"), QStringLiteral("b")}, {{1, 0.5}, {2, QVariant()}}});
    QCOMPARE(table.index(0, 1).data().toString(), QStringLiteral("0.5"));
    QCOMPARE(table.index(1, 1).data().toString(), QStringLiteral("-"));
    table.setData({});
    QCOMPARE(table.rowCount(), 0);

    ConfigModel config;
    QAbstractItemModelTester configTester(&config, QAbstractItemModelTester::FailureReportingMode::QtTest);
    config.setConfig(smallConfig(), smallConfig());
    QCOMPARE(config.rowCount(), 12);
    config.setPlace(99, db::Branch::Uncond);
    QSignalSpy typed(&config, &ConfigModel::settingTyped);
    QVERIFY(config.setData(config.index(5, ConfigModel::Setting), QStringLiteral("topk:density=0.5")));
    QCOMPARE(typed.count(), 1);
    QCOMPARE(typed[0][0].toInt(), 1);
    QCOMPARE(typed[0][1].toInt(), 1);
    QVERIFY(!config.setData(config.index(5, ConfigModel::Head), 3));
    config.setConfig({}, {});
    QCOMPARE(config.rowCount(), 0);
  }

  void csvQuotesAndDisarms() {
    const TableData table{{QStringLiteral("name, unit"), QStringLiteral("x")},
                          {{QStringLiteral("=1+2"), 0.25}, {QStringLiteral("say \"hi\""), QVariant()}}};
    QCOMPARE(csvText(table), QStringLiteral("\"name, unit\",x\n'=1+2,0.25\n\"say \"\"hi\"\"\",\n"));
  }

  void editsOfAConfigurationReachTheirCells() {
    const db::SparsityConfig before = smallConfig();
    const db::SparsityConfig after =
        edited(before, {.heads = {{0, 1}, {1, 1}, {2, 3}},
                        .steps = db::IndexRange{2, 3},
                        .branch = db::Branch::Cond,
                        .choice = choiceFrom(QStringLiteral("topk:density=0.5"))});
    const db::ConfigTable table(after);
    int changed = 0;
    for (int step = 0; step < 6; ++step)
      for (int layer = 0; layer < 3; ++layer)
        for (int head = 0; head < 4; ++head)
          for (const db::Branch branch : {db::Branch::Cond, db::Branch::Uncond}) {
            const bool hit = step >= 2 && step <= 3 && branch == db::Branch::Cond &&
                             ((layer < 2 && head == 1) || (layer == 2 && head == 3));
            QCOMPARE(table.resolve({step, layer, head, branch}).method, hit ? "topk" : "dense");
            changed += hit;
          }
    QCOMPARE(changed, 6);
    std::vector<std::pair<int, int>> all;
    for (int layer = 0; layer < 3; ++layer)
      for (int head = 0; head < 4; ++head) all.emplace_back(layer, head);
    const db::SparsityConfig whole =
        edited(after, {.heads = all, .choice = choiceFrom(QStringLiteral("window:radius=2"))});
    QVERIFY(whole.overrides.empty());
    QCOMPARE(whole.defaults.method, "window");
    QVERIFY_EXCEPTION_THROWN((void)choiceFrom(QStringLiteral("topk:=")), db::Error);
    QVERIFY(cellsWords(after.overrides.front().cells).contains(QStringLiteral("steps 2")));
  }

  void kernelsAreCountedByConfiguration() {
    const KernelTablePtr kernels = readKernels(*m_a);
    QCOMPARE(int64_t(kernels->size()), m_a->facts.kernelCount);
    double share = 0;
    int64_t launches = 0;
    for (const KernelGroup& group : groupKernels(*kernels)) {
      share += group.share;
      launches += group.launches;
      QVERIFY(group.quantile(0) <= group.quantile(0.5) && group.quantile(0.5) <= group.quantile(1));
    }
    QVERIFY(std::abs(share - 1) < 1e-9);
    QCOMPARE(launches, m_a->facts.kernelCount);
    QVERIFY_EXCEPTION_THROWN((void)readKernels(*m_a, [](int64_t, int64_t) { return false; }), db::Cancelled);
  }

  void timelineDropsNoSpanAtAnyZoom() {
    const KernelTablePtr kernels = readKernels(*m_a);
    const TimelinePtr timeline = makeTimeline(*m_a, kernels.get());
    QCOMPARE(timeline->tracks.size(), size_t(3));
    for (const Track& track : timeline->tracks) {
      for (const int64_t least : {int64_t{0}, int64_t{5'000}, int64_t{1'000'000}, timeline->end}) {
        int64_t spans = 0;
        for (const Piece& piece : pieces(track, timeline->begin, timeline->end, least)) spans += piece.count;
        QCOMPARE(spans, int64_t(track.size()));
      }
      const size_t middle = track.size() / 2;
      QCOMPARE(track.at((track.start[middle] + track.end[middle]) / 2), middle);
    }
    const double idle = idleShare(timeline->tracks.back(), timeline->begin, timeline->end);
    QVERIFY(idle > 0 && idle < 1);
  }

  void timesOfStepsAddUpToTheStep() {
    const StepTimes times = stepTimes(*m_a);
    QCOMPARE(times.steps.size(), m_a->extent.steps.size());
    for (size_t i = 0; i < times.steps.size(); ++i) {
      const db::Step* step = m_a->step(int(times.steps[i]));
      QVERIFY(std::abs(times.total(i) + times.record[i] - double(step->endNs - step->startNs) * 1e-6) < 1e-6);
    }
    const StepTimes same = difference(times, times);
    for (const double value : same.attention) QCOMPARE(value, 0.0);
    QCOMPARE(difference(stepTimes(*m_a), stepTimes(*m_b)).steps.size(), size_t(5));
  }

  void runsThatDoNotAlignAreNamed() {
    const Alignment same = align(*m_a, *m_a);
    QVERIFY(same.complete());
    QCOMPARE(same.both, int64_t(m_a->table.size()));
    const Alignment other = align(*m_a, *m_b);
    QCOMPARE(other.both, int64_t(m_b->table.size()));
    QCOMPARE(other.onlyA, int64_t(m_a->table.size() - m_b->table.size()));
    const QString words = other.notices.join(QChar(' '));
    QVERIFY2(words.contains(QStringLiteral("steps: A 6, B 5")) && words.contains(QStringLiteral("seed")),
             qPrintable(words));
    QVERIFY(topChanges(*m_a, *m_a, analyzer::Quantity::Recall, 5).empty());
    const auto changes = topChanges(*m_a, *m_b, analyzer::Quantity::DensityQk, 5);
    QCOMPARE(changes.size(), size_t(5));
    for (size_t i = 1; i < changes.size(); ++i)
      QVERIFY(std::abs(changes[i - 1].by()) >= std::abs(changes[i].by()));
    QCOMPARE(difference(*m_a, *m_b, changes[0].cell, analyzer::Quantity::DensityQk), changes[0].by());
  }

  void whatIfAgreesWithItsLimits() {
    const WhatIfData data{m_a.get(), m_curves.get(), nullptr, nullptr};
    const WhatIfOutcome dense = evaluate(data, {.all = {WhatIfRule::Dense, 1}});
    QCOMPARE(dense.density, 1.0);
    QCOMPARE(dense.recall, 1.0);
    QVERIFY(std::abs(dense.ns - dense.denseNs) < 1);
    const WhatIfOutcome recorded = evaluate(data, {.all = {WhatIfRule::Recorded, 0}});
    const WhatIfOutcome run = recordedOutcome(*m_a);
    QVERIFY(std::abs(recorded.recall - run.recall) < 1e-9);
    QVERIFY(std::abs(recorded.density - run.density) < 1e-9);
    double before = 0;
    for (const double density : {0.05, 0.1, 0.25, 0.5, 0.9}) {
      const WhatIfOutcome now = evaluate(data, {.all = {WhatIfRule::Density, density}});
      QVERIFY(now.recall > before && now.lowestRecall <= now.recall);
      QVERIFY(std::abs(now.density - density) < 1e-9);
      QVERIFY(std::abs(now.uniformRecall - now.recall) < 1e-9);  // it is uniform
      before = now.recall;
    }
    const WhatIfOutcome mass = evaluate(data, {.all = {WhatIfRule::Mass, 0.9}});
    QVERIFY2(std::abs(mass.recall - 0.9) < 0.01, qPrintable(QString::number(mass.recall)));
    WhatIfPlan mixed{
        .all = {WhatIfRule::Density, 0.25}, .heads = {{{1, 2}, {WhatIfRule::Dense, 1}}}, .denseFirst = 2};
    const WhatIfOutcome some = evaluate(data, mixed);
    QVERIFY(some.density > 0.25 && some.density < 1);
    QVERIFY(planText(mixed).contains(QStringLiteral("1 heads apart")));
  }

  void windowsKeepWhatLiesInThem() {
    const int size = 16;
    db::BlockMass even{size, size, std::vector<float>(size_t(size * size), 1.0f / size)};
    const WindowCurve curve = windowCurve(even);
    for (int i = 0; i < kWindowPoints; ++i)
      QVERIFY(std::abs(curve.recall[size_t(i)] - curve.density[size_t(i)]) < 1e-4f);
    QVERIFY(curve.recall.back() > 0.999f);
    const WindowTablePtr windows = readWindows(*m_a);
    const WhatIfOutcome outcome =
        evaluate({m_a.get(), m_curves.get(), windows.get(), nullptr}, {.all = {WhatIfRule::Window, 0.2}});
    QVERIFY(outcome.recall > 0 && outcome.recall < 1 && outcome.density < 0.5);
  }

  void whatIfFollowsASliderAtFullSize() {
    const TracePtr large = loadTrace(tests::traceIn(m_folder, "grid.db",
                                                    {.steps = 50,
                                                     .layers = 15,
                                                     .heads = 12,
                                                     .grid = {2, 8, 8},
                                                     .record = db::RecordLevel::Stats}));  // 18,000 cells
    const CurveTablePtr curves = readCurves(*large);
    QElapsedTimer clock;
    clock.start();
    const WhatIfOutcome outcome = evaluate({large.get(), curves.get(), nullptr, nullptr}, {});
    QVERIFY(outcome.withoutCurve == 0);
    QVERIFY2(clock.elapsed() < 1000,
             qPrintable(QString::number(clock.elapsed())));  // 200 ms for 4x as many, unloaded
  }

  void shapesAreTold() {
    constexpr int kSize = 32;
    QCOMPARE(shapeOf(maskOf(kSize, [](int, int) { return true; }), 4), PatternShape::Dense);
    QCOMPARE(shapeOf(maskOf(kSize, [](int, int) { return false; }), 4), PatternShape::None);
    QCOMPARE(shapeOf(maskOf(kSize, [](int r, int c) { return std::abs(r - c) <= 2; }), 4),
             PatternShape::Window);
    QCOMPARE(shapeOf(maskOf(kSize, [](int, int c) { return c < 3; }), 4), PatternShape::Columns);
    QCOMPARE(shapeOf(maskOf(kSize, [](int r, int c) { return (r - c) % 8 == 0; }), 8), PatternShape::Stripes);
    QCOMPARE(
        shapeOf(maskOf(kSize, [](int r, int c) { return (r * 7 + c * 13) % 5 == 0 && std::abs(r - c) > 3; }),
                0),
        PatternShape::Scattered);
    QCOMPARE(flips({1, 1, -1, 2, 2, 1}), 2);
    for (const PatternSource source : {PatternSource::Decision, PatternSource::Shape}) {
      const auto patterns = readPatterns(*m_a, source);
      QVERIFY(!patterns->classes.empty() && patterns->classes.size() <= PatternTable::kMostClasses);
      QCOMPARE(patterns->cell.size(), m_a->table.size());
    }
  }

  void masksAreLikeThemselves() {
    const auto similarity = maskSimilarity(*m_a, {.layer = 1, .head = 2});
    QCOMPARE(similarity->steps.size(), size_t(6));
    for (size_t i = 0; i < 6; ++i) {
      QCOMPARE(similarity->at(i, i), 1.0);
      for (size_t j = 0; j < 6; ++j) QCOMPARE(similarity->at(i, j), similarity->at(j, i));
    }
    const auto &a = similarity->masks[1], &b = similarity->masks[4];
    const PairCounts counts = countPairs(*a, *b);
    QCOMPARE(counts.both + counts.onlyFirst, a->keptCount());
    QCOMPARE(counts.both + counts.onlySecond, b->keptCount());
    QVERIFY(std::abs(counts.jaccard() - similarity->at(1, 4)) < 1e-12);
  }

  void speedIsHeldAgainstDenseCalls() {
    const SpeedTable speeds = callSpeeds(*m_a);
    QVERIFY(speeds.hasDense);
    for (const CallSpeed& call : speeds.calls) {
      QVERIFY(call.intensity > 0 && call.flopPerSecond <= speeds.bestFlopPerSecond);
      if (call.density < 0.5) QVERIFY(call.speedup > 1.5 && call.withSearch <= call.speedup);
    }
  }

  void sessionStateSurvivesAnything() {
    const SessionState state{
        QStringLiteral("/tmp/a \"b\".db"),
        QStringLiteral("/tmp/c.db"),
        {.step = 3, .layer = 2, .head = 1, .branch = db::Branch::Uncond, .queryBlock = 5, .keyBlock = 6},
        2};
    QCOMPARE(parseState(stateText(state)), state);
    QCOMPARE(parseState({}), SessionState());
    QRandomGenerator random(1);
    const QByteArray good = stateText(state);
    for (int i = 0; i < 5000; ++i) {
      QByteArray bad = good;
      for (int flip = 0; flip <= i % 6; ++flip)
        bad[int(random.bounded(bad.size()))] = char(random.bounded(256));
      if (i % 3 == 0) bad.truncate(int(random.bounded(bad.size())));
      const SessionState read = parseState(bad);
      QVERIFY(read.shown >= 0 && read.shown <= 2 && read.cell.step >= 0);
    }
  }
};

QTEST_GUILESS_MAIN(ExplorerModelsTest)
#include "explorer_models_test.moc"
