// SPDX-License-Identifier: GPL-3.0-or-later
#include <QComboBox>
#include <QLabel>
#include <QtTest>
#include <algorithm>

#include "gui/plots/class_legend.h"
#include "gui/plots/colour_bar.h"
#include "gui/plots/heatmap_plot.h"
#include "gui/plots/theme.h"
#include "gui/plots/xy_plot.h"
#include "gui/screenshot.h"
#include "gui/views/drift_view.h"
#include "gui/views/grid_view.h"
#include "gui/views/mask_view.h"
#include "gui/views/pane_registry.h"
#include "gui/views/recall_view.h"
#include "tests/gui/pictures.h"
#include "tests/gui/shown_picture.h"
#include "tests/gui/support.h"

using namespace ditscope;
using namespace ditscope::gui;

class PanesTest : public QObject {
  Q_OBJECT
  QTemporaryDir m_folder;
  TracePtr m_trace, m_statsOnly;

  static QImage shown(Pane& pane) { return tests::shownPicture(pane, 640, 480); }

 private slots:
  void initTestCase() {
    applyLook(false);
    m_trace = loadTrace(tests::traceIn(m_folder, "run.db"));
    m_statsOnly = loadTrace(tests::traceIn(
        m_folder, "stats.db", {.steps = 3, .layers = 2, .heads = 2, .record = db::RecordLevel::Stats}));
  }

  void everyPaneDraws_data() {
    QTest::addColumn<QString>("name");
    for (const PaneEntry& entry : paneEntries()) QTest::newRow(qPrintable(entry.name)) << entry.name;
  }

  // Without a trace, with one, after a move, in the dark, with another trace: it draws, names itself for a
  // screen reader and has something to copy.
  void everyPaneDraws() {
    QFETCH(QString, name);
    const auto entries = paneEntries();
    const auto entry =
        std::find_if(entries.begin(), entries.end(), [&](const PaneEntry& e) { return e.name == name; });
    Session session;
    const std::unique_ptr<Pane> pane(entry->make(&session, nullptr));
    (void)shown(*pane);
    session.setTrace(m_trace);
    session.selection().pin({.step = 4, .layer = 1, .head = 2});
    const QImage light = shown(*pane);
    QVERIFY(tests::colourCount(light) > 20);
    QVERIFY(!pane->accessibleName().isEmpty());
    QVERIFY(!pane->copyText().isEmpty());
    pane->setPalette(darkPalette());
    const QImage dark = shown(*pane);
    QVERIFY(qGray(dark.pixel(2, 2)) < 80);
    QVERIFY(qGray(light.pixel(2, 2)) > 200);
    pane->fit();
    session.setTrace(m_statsOnly);
    QVERIFY(tests::colourCount(shown(*pane)) > 10);
    session.setTrace(nullptr);
    (void)shown(*pane);
  }

  void gridKeepsItsRangeOverStepsUnlessUnlocked() {
    Session session;
    GridView grid(&session);
    session.setTrace(m_trace);
    grid.setQuantity(analyzer::Quantity::LseDrift);
    const ValueScale first = grid.scale();
    session.selection().setStep(5);
    QCOMPARE(grid.scale().lo, first.lo);
    QCOMPARE(grid.scale().hi, first.hi);
  }

  void gridMovesTheSelectionByKeyAndFollowsIt() {
    Session session;
    GridView grid(&session);
    session.setTrace(m_trace);
    (void)shown(grid);
    grid.activateWindow();
    QVERIFY(QTest::qWaitForWindowActive(&grid));
    grid.setFocus();
    QTest::keyClick(grid.plot()->focusProxy(), Qt::Key_Right);
    QTest::keyClick(grid.plot()->focusProxy(), Qt::Key_Down);
    QCOMPARE(session.selection().pinned().head, 1);
    QCOMPARE(session.selection().pinned().layer, 1);
    QVERIFY(grid.copyText().contains(QStringLiteral("layer 1")));
    QVERIFY(grid.plot()->accessibleDescription().contains(QStringLiteral("head 1"), Qt::CaseInsensitive));
  }

  void gridShowsStepsAndSelectsThem() {
    Session session;
    GridView grid(&session);
    session.setTrace(m_trace);
    for (const GridAxes axes : kGridAxes) {
      grid.setAxes(axes);
      QVERIFY(tests::colourCount(shown(grid)) > 20);
    }
    grid.setAxes(GridAxes::LayerStep);
    emit grid.plot()->cellClicked(2, 5);
    QCOMPARE(session.selection().pinned().layer, 2);
    QCOMPARE(session.selection().pinned().step, 5);
    grid.setAxes(GridAxes::LayerHead);
    grid.setSorted(true);
    const Cell best = grid.values().cell(1, 0);
    emit grid.plot()->cellClicked(1, 0);
    QCOMPARE(session.selection().pinned().head, best.head);
    grid.setLog(true);
    QVERIFY(grid.scale().log);
    QVERIFY(grid.findChild<ColourBar*>()->legend().title.contains(QStringLiteral("log")));
  }

  void recallAnswersTheBudget() {
    Session session;
    RecallView recall(&session);
    session.setTrace(m_trace);
    (void)shown(recall);
    QTRY_COMPARE(recall.heads().size(), size_t(12));
    recall.setBudget(0.1);
    const QString low = recall.copyText();
    recall.setBudget(0.5);
    QVERIFY(recall.copyText() != low);
    QVERIFY(recall.copyText().contains(QStringLiteral("50.0 %")));
    emit recall.plot()->pointClicked({recall.plot()->series().size() - 1, 7});
    QCOMPARE(session.selection().pinned().layer, recall.heads()[7].layer);
    QCOMPARE(session.selection().pinned().head, recall.heads()[7].head);
    recall.setBudget(7);
    QCOMPARE(recall.budget(), 1.0);
  }

  void gridNamesWhatWasNotMeasured() {
    Session session;
    GridView grid(&session);
    session.setTrace(m_trace);
    grid.setQuantity(analyzer::Quantity::LseDrift);
    session.selection().setStep(0);  // nothing to compare the first step with
    QVERIFY(grid.findChild<ColourBar*>()->legend().hasNotMeasured);
    QVERIFY(grid.copyText().contains(QStringLiteral("not measured")));
  }

  void maskShowsFourClassesAndAnswersTheThreshold() {
    Session session;
    MaskView mask(&session);
    session.setTrace(m_trace);
    session.selection().pin({.step = 4, .layer = 1, .head = 2});
    (void)shown(mask);
    QVERIFY(mask.blocks());
    QCOMPARE(mask.findChild<ClassLegend*>()->entries().size(), size_t(4));
    const auto before = mask.blocks()->legend->blocks;
    mask.setHeavyShare(0.5);
    QTRY_VERIFY(mask.settled() && mask.blocks()->legend->blocks != before);
    session.selection().setBlock(3, 4);
    QVERIFY(mask.copyText().contains(QStringLiteral("uery block 3")));
    QVERIFY(mask.copyText().contains(QStringLiteral("rank")));
    mask.setShow(MaskShow::Mass);
    QVERIFY(mask.findChild<ColourBar*>()->legend().scale.log);
  }

  void maskShowsTheTokensInAnotherOrder() {
    Session session;
    MaskView mask(&session);
    session.setTrace(m_trace);
    session.selection().pin({.step = 4, .layer = 1, .head = 2, .queryBlock = 3, .keyBlock = 4});
    (void)shown(mask);
    mask.setOrder(db::TokenOrder::PixelMajor);
    QTRY_VERIFY(mask.settled() && mask.blocks()->shownOrder == db::TokenOrder::PixelMajor);
    QVERIFY(tests::colourCount(shown(mask)) > 20);
    QVERIFY(mask.copyText().contains(QStringLiteral("(y, x, frame)")));
    QCOMPARE(mask.findChild<ColourBar*>()->legend().scale.hi, 1.0);
    QSignalSpy said(&session, &Session::readout);
    emit mask.plot()->cellHovered(0, 0);
    QVERIFY(said.last().first().toString().contains(QStringLiteral("of the pairs kept")));
    emit mask.plot()->cellClicked(0, 0);  // of another order than the blocks that are selected
    QCOMPARE(session.selection().pinned().queryBlock, 3);
    mask.setShow(MaskShow::Mass);
    QVERIFY(mask.findChild<ColourBar*>()->legend().scale.log);
    mask.setOrder(db::TokenOrder::FrameMajor);  // as it was recorded
    QTRY_VERIFY(mask.settled() && !mask.blocks()->shownOrder);
  }

  void maskSaysWhenAnOrderCannotBeShown() {
    const auto clustered = std::make_shared<Trace>(*m_trace);
    for (db::HeadDecision& decision : clustered->table.decision) decision.order = db::TokenOrder::Clustered;
    Session session;
    MaskView mask(&session);
    session.setTrace(clustered);
    session.selection().pin({.step = 4, .layer = 1, .head = 2});
    mask.setOrder(db::TokenOrder::FrameMajor);
    (void)shown(mask);
    QVERIFY(mask.blocks() && !mask.blocks()->shownOrder);
    const QList<QLabel*> labels = mask.findChildren<QLabel*>();
    QVERIFY(std::any_of(labels.begin(), labels.end(), [](const QLabel* label) {
      return label->text().contains(QStringLiteral("cannot be shown in that order"));
    }));
  }

  void maskWithoutMassShowsTheMaskAlone() {
    Session session;
    MaskView mask(&session);
    session.setTrace(m_statsOnly);
    session.selection().setStep(2);
    (void)shown(mask);
    if (mask.blocks()) QCOMPARE(mask.findChild<ClassLegend*>()->entries().size(), size_t(3));
    QVERIFY(!mask.copyText().isEmpty());
  }

  void damagedBlobIsAMessage() {
    Session session;
    MaskView mask(&session);
    session.setTrace(m_trace);
    QSignalSpy problem(&session, &Session::problem);
    session.blocks().setTrace("/nowhere/run.db");
    session.selection().pin({.step = 3, .layer = 1, .head = 1});
    QTRY_COMPARE(problem.count(), 1);
    QVERIFY(!mask.blocks());
  }

  void driftFollowsTheHeadNotTheStep() {
    Session session;
    DriftView drift(&session);
    session.setTrace(m_trace);
    session.selection().setHead(1, 1);
    const std::vector<double> mean = drift.series().mean;
    session.selection().setStep(3);
    QCOMPARE(drift.series().mean.size(), mean.size());
    QVERIFY(drift.copyText().contains(QStringLiteral("tep 3")));
    session.selection().setHead(2, 3);
    QVERIFY(drift.series().mean.back() != mean.back());
  }
};

QTEST_MAIN(PanesTest)
#include "panes_test.moc"
