// SPDX-License-Identifier: GPL-3.0-or-later
// The panes for tuning, times and comparison: what a person does with them.
#include <QFile>
#include <QLabel>
#include <QTableView>
#include <QtTest>

#include "db/config_file.h"
#include "gui/export.h"
#include "gui/plots/colour_bar.h"
#include "gui/plots/heatmap_plot.h"
#include "gui/plots/line_legend.h"
#include "gui/plots/timeline_plot.h"
#include "gui/plots/xy_plot.h"
#include "gui/screenshot.h"
#include "gui/views/classes_view.h"
#include "gui/views/compare_view.h"
#include "gui/views/config_view.h"
#include "gui/views/drift_view.h"
#include "gui/views/driftmap_view.h"
#include "gui/views/frames_view.h"
#include "gui/views/grid_view.h"
#include "gui/views/kernel_view.h"
#include "gui/views/mask_view.h"
#include "gui/views/pane_registry.h"
#include "gui/views/similarity_view.h"
#include "gui/views/speedup_view.h"
#include "gui/views/time_view.h"
#include "gui/views/timeline_view.h"
#include "gui/views/whatif_view.h"
#include "tests/gui/pictures.h"
#include "tests/gui/shown_picture.h"
#include "tests/gui/support.h"

using namespace ditscope;
using namespace ditscope::gui;

class ExplorerPanesTest : public QObject {
  Q_OBJECT
  QTemporaryDir m_folder;
  TracePtr m_a, m_b;

  [[nodiscard]] QString file(const char* name) const { return m_folder.filePath(QString::fromLatin1(name)); }

  void showDifference(Session& session) {
    session.setTrace(m_a);
    session.setOther(m_b);
    session.selection().pin({.step = 4, .layer = 1, .head = 2});
    session.setShown(RunShown::Difference);
  }

  static QImage shown(Pane& pane) { return tests::shownPicture(pane, 640, 520); }

 private slots:
  void initTestCase() {
    applyLook(false);
    m_a = loadTrace(tests::traceIn(m_folder, "a.db"));
    m_b = loadTrace(tests::traceIn(
        m_folder, "b.db", {.steps = 6, .layers = 3, .heads = 4, .density = 0.5, .slowdown = 2, .seed = 7}));
  }

  void everyPaneShowsTwoRunsAndExports_data() {
    QTest::addColumn<QString>("name");
    for (const PaneEntry& entry : paneEntries()) QTest::newRow(qPrintable(entry.name)) << entry.name;
  }

  void everyPaneShowsTwoRunsAndExports() {
    QFETCH(QString, name);
    const auto entries = paneEntries();
    const auto entry =
        std::find_if(entries.begin(), entries.end(), [&](const PaneEntry& e) { return e.name == name; });
    Session session;
    const std::unique_ptr<Pane> pane(entry->make(&session, nullptr));
    session.setTrace(m_a);
    session.setOther(m_b);
    for (const RunShown run : {RunShown::B, RunShown::Difference, RunShown::A}) {
      session.setShown(run);
      QVERIFY(tests::colourCount(shown(*pane)) > 10);
    }
    for (const char* kind : {"png", "svg", "pdf"}) {
      const QString path = file("pane.") + QString::fromLatin1(kind);
      exportPane(*pane, path);
      QVERIFY(QFileInfo(path).size() > 1000);
    }
    if (!pane->table().empty()) {
      exportPane(*pane, file("pane.csv"));
      QFile csv(file("pane.csv"));
      QVERIFY(csv.open(QIODevice::ReadOnly));
      QCOMPARE(csv.readAll().count('\n') >= int(pane->table().rows.size()) + 1, true);
    }
    QVERIFY_EXCEPTION_THROWN(exportPane(*pane, file("pane.bmp.txt")), db::Error);
    QVERIFY_EXCEPTION_THROWN(exportPane(*pane, QStringLiteral("/nowhere/at/all.svg")), db::Error);
    session.setOther(nullptr);
    QCOMPARE(session.shown(), RunShown::A);
  }

  void svgKeepsTextAsText() {
    Session session;
    TimeView pane(&session);
    session.setTrace(m_a);
    (void)shown(pane);
    exportPane(pane, file("time.svg"));
    QFile svg(file("time.svg"));
    QVERIFY(svg.open(QIODevice::ReadOnly));
    const QByteArray bytes = svg.readAll();
    QVERIFY(bytes.contains(">Step</text>") && bytes.contains("<polygon") && bytes.endsWith("</svg>\n"));
  }

  void gridAndMaskShowTheDifference() {
    Session session;
    GridView grid(&session);
    MaskView mask(&session);
    showDifference(session);
    (void)shown(grid);
    (void)shown(mask);
    QVERIFY(mask.blocks() && mask.blocks()->other);
    QCOMPARE(grid.findChild<ColourBar*>()->legend().map, ColourMapId::BlueWhiteRed);
    QCOMPARE(grid.scale().lo, -grid.scale().hi);
    QVERIFY2(grid.copyText().contains(QStringLiteral("A ")) && grid.copyText().contains(QStringLiteral("B ")),
             qPrintable(grid.copyText()));
    session.setShown(RunShown::A);
    (void)shown(mask);
    QVERIFY(!mask.blocks()->other);
  }

  void driftAndSimilarityShowTheDifference() {
    Session session;
    DriftMapView drift(&session);
    SimilarityView similarity(&session);
    DriftView curves(&session);
    showDifference(session);
    for (Pane* pane :
         {static_cast<Pane*>(&drift), static_cast<Pane*>(&similarity), static_cast<Pane*>(&curves)})
      (void)shown(*pane);
    QTRY_VERIFY(drift.drift() && similarity.similarity());
    for (Pane* pane : {static_cast<Pane*>(&drift), static_cast<Pane*>(&similarity)}) {
      const ColourLegend& legend = pane->findChild<ColourBar*>()->legend();
      QCOMPARE(legend.map, ColourMapId::BlueWhiteRed);
      QCOMPARE(legend.scale.lo, -legend.scale.hi);
      QVERIFY2(pane->copyText().startsWith(QStringLiteral("B \u2212 A")), qPrintable(pane->copyText()));
    }
    for (size_t step = 0; step < similarity.similarity()->steps.size(); ++step)
      QVERIFY(
          !(std::abs(similarity.similarity()->at(step, step)) > 0));  // a mask is like itself in both runs
    QVERIFY(curves.copyText().contains(QStringLiteral("in A")) &&
            curves.copyText().contains(QStringLiteral("in B")));
    QCOMPARE(curves.findChild<LineLegend*>()->entries().size(), size_t(6));
    session.setShown(RunShown::B);
    QCOMPARE(curves.findChild<LineLegend*>()->entries().size(), size_t(4));
    QTRY_VERIFY(drift.settled() && drift.findChild<ColourBar*>()->legend().map == ColourMapId::Viridis);
  }

  void compareSaysWhereRunsDoNotAlignAndSelects() {
    Session session;
    CompareView compare(&session);
    session.setTrace(m_a);
    QVERIFY(compare.notice().contains(QStringLiteral("second run")));
    session.setOther(m_b);
    QVERIFY(compare.notice().contains(QStringLiteral("do not align")));
    QVERIFY(compare.notice().contains(QStringLiteral("seed")));
    compare.setQuantity(analyzer::Quantity::DensityQk);
    QVERIFY(!compare.changes().empty());
    const Cell cell = compare.changes()[2].cell;
    compare.choose(2);
    QCOMPARE(session.selection().pinned().step, cell.step);
    QCOMPARE(session.selection().pinned().head, cell.head);
  }

  void whatIfAnswersUndoesAndPins() {
    Session session;
    WhatIfView view(&session);
    session.setTrace(m_a);
    (void)shown(view);
    QTRY_VERIFY(std::isfinite(view.outcome().recall));
    view.setSetting({WhatIfRule::Density, 0.1});
    const double low = view.outcome().recall;
    view.pin();
    view.setSetting({WhatIfRule::Density, 0.6});
    QVERIFY(view.outcome().recall > low);
    QVERIFY(view.copyText().contains(QStringLiteral("~60.0 %")));
    session.undo().undo();
    QCOMPARE(view.outcome().recall, low);
    session.undo().redo();
    QVERIFY(view.outcome().recall > low);
    session.selection().setHead(1, 2);
    view.setScope(WhatIfView::Scope::Head);
    view.setSetting({WhatIfRule::Dense, 0.6});
    QCOMPARE(view.plan().heads.size(), size_t(1));
    view.setScope(WhatIfView::Scope::All);
    view.setSetting({WhatIfRule::Window, 0.1});
    QTRY_VERIFY(view.settled() && std::isfinite(view.outcome().recall));
    view.setDenseSteps(2, 1);
    QVERIFY(view.outcome().density > 0.3);
    QCOMPARE(view.variants(), size_t(1));
  }

  void configurationIsEditedUndoneComparedAndCarried() {
    Session session;
    ConfigView view(&session);
    session.setTrace(m_a);
    (void)shown(view);
    QCOMPARE(view.model()->rowCount(), 12);
    QCOMPARE(view.config().defaults.method, "topk");
    view.applyTo({{0, 1}, {1, 1}}, QStringLiteral("topk:density=0.5"));
    QVERIFY(view.copyText().contains(QStringLiteral("topk:density=0.5")));
    QVERIFY(view.model()->index(view.model()->rowOf(1, 1), 0).data(ConfigModel::kChangedRole).toBool());
    session.undo().undo();
    QVERIFY(!view.copyText().contains(QStringLiteral("topk:density=0.5")));
    session.undo().redo();
    view.applyTo({{0, 0}}, QStringLiteral("topk:="));
    QVERIFY(!view.message().isEmpty());
    view.applyTo({}, QStringLiteral("dense"));
    QVERIFY(view.message().contains(QStringLiteral("select the rows")));
    for (const char* format : {"json", "csv", "sparge"}) {
      const QString path = file("config.") + QString::fromLatin1(format);
      view.save(path, QString::fromLatin1(format));
      QVERIFY2(QFileInfo(path).size() > 100, qPrintable(view.message()));
    }
    const db::SparsityConfig mine = view.config();
    QCOMPARE(db::readConfig(file("config.json").toStdString()), mine);
    view.applyTo({{2, 2}}, QStringLiteral("dense"));
    view.load(file("config.json"));
    QCOMPARE(view.config(), mine);
    QVERIFY(view.message().contains(QStringLiteral("Read config.json")));
    view.load(file("missing.json"));
    QVERIFY(view.message().contains(QStringLiteral("missing.json")));
    QCOMPARE(view.config(), mine);
    view.setAsBaseline();
    QVERIFY(!view.model()->index(view.model()->rowOf(1, 1), 0).data(ConfigModel::kChangedRole).toBool());
    session.setTrace(nullptr);
    QCOMPARE(view.model()->rowCount(), 0);
  }

  void damagedConfigurationsAreMessages() {
    Session session;
    ConfigView view(&session);
    session.setTrace(m_a);
    view.save(file("good.json"), QStringLiteral("json"));
    QFile good(file("good.json"));
    QVERIFY(good.open(QIODevice::ReadOnly));
    const QByteArray bytes = good.readAll();
    QRandomGenerator random(3);
    const db::SparsityConfig before = view.config();
    for (int i = 0; i < 200; ++i) {
      QByteArray bad = bytes;
      bad[int(random.bounded(bad.size()))] = char(random.bounded(256));
      if (i % 4 == 0) bad.truncate(int(random.bounded(bad.size())));
      QFile out(file("bad.json"));
      QVERIFY(out.open(QIODevice::WriteOnly | QIODevice::Truncate));
      out.write(bad);
      out.close();
      view.load(file("bad.json"));
      QVERIFY(!view.message().isEmpty());
    }
    Q_UNUSED(before);
  }

  void timelineSelectsTheCallUnderAKernel() {
    Session session;
    TimelineView view(&session);
    session.setTrace(m_a);
    (void)shown(view);
    const db::AttnCall& call = m_a->facts.calls[20];
    view.plot()->showRange(call.startNs, call.startNs + call.searchNs + call.kernelNs);
    const auto span = view.plot()->spanAt(view.plot()->trackRect(1).center());
    QVERIFY(span);
    emit view.plot()->spanClicked(*span);
    QCOMPARE(session.selection().pinned().step, call.step);
    QCOMPARE(session.selection().pinned().layer, call.layer);
    QTest::keyClick(view.plot(), Qt::Key_Home);
    QTest::keyClick(view.plot(), Qt::Key_W);
    QTest::keyClick(view.plot(), Qt::Key_D);
    QTest::keyClick(view.plot(), Qt::Key_Backspace);
    QVERIFY(!view.copyText().isEmpty());
  }

  void kernelsAreListedAndDrawn() {
    Session session;
    KernelView view(&session);
    session.setTrace(m_a);
    (void)shown(view);
    QTRY_VERIFY(view.groups().size() >= 7);
    view.choose(1);
    QVERIFY(view.copyText().contains(QStringLiteral("launches")));
    view.setCumulative(true);
    QCOMPARE(view.plot()->series().size(), size_t(1));
    QCOMPARE(view.plot()->series()[0].y.back(), 1.0);
  }

  void driftMapSimilarityClassesSpeedupFollowTheSelection() {
    Session session;
    DriftMapView drift(&session);
    SimilarityView similarity(&session);
    ClassesView classes(&session);
    SpeedupView speedup(&session);
    session.setTrace(m_a);
    for (Pane* pane : {static_cast<Pane*>(&drift), static_cast<Pane*>(&similarity),
                       static_cast<Pane*>(&classes), static_cast<Pane*>(&speedup)})
      (void)shown(*pane);
    QTRY_VERIFY(drift.drift() && similarity.similarity() && classes.patterns());
    drift.setReference(2);
    QTRY_VERIFY(drift.drift() && drift.drift()->referenceStep == 2);
    emit drift.lsePlot()->cellClicked(5, 3);
    QCOMPARE(session.selection().pinned().layer, 1);
    QCOMPARE(session.selection().pinned().head, 1);
    QCOMPARE(session.selection().pinned().step, 3);
    QTRY_VERIFY(similarity.similarity());
    similarity.choose(1, 5);
    QCOMPARE(session.selection().pinned().step, 5);
    QVERIFY(similarity.copyText().contains(QStringLiteral("teps 1 and 5")));
    classes.setSource(PatternSource::Shape);
    QTRY_VERIFY(classes.patterns() && classes.settled());
    emit classes.plot()->cellClicked(0, 4);
    QCOMPARE(session.selection().pinned().layer, 0);
    speedup.setRoofline(true);
    QVERIFY(tests::colourCount(shown(speedup)) > 20);
    QVERIFY(speedup.copyText().contains(QStringLiteral("GFLOP/s")));
  }

  void framesAreComparedPictureByPicture() {
    QVERIFY(QDir().mkpath(file("fa")) && QDir().mkpath(file("fb")));
    for (int i = 0; i < 12; ++i) {
      QImage a(32, 32, QImage::Format_RGB32), b;
      for (int y = 0; y < 32; ++y)
        for (int x = 0; x < 32; ++x) a.setPixel(x, y, qRgb(8 * x, 8 * y, 20 * i));
      b = a;
      if (i == 10)
        for (int x = 0; x < 32; ++x) b.setPixel(x, x, qRgb(255, 0, 0));
      QVERIFY(a.save(file("fa") + QStringLiteral("/frame_%1.png").arg(i)));
      QVERIFY(b.save(file("fb") + QStringLiteral("/frame_%1.png").arg(i)));
    }
    QVERIFY(framesIn(file("fa"))[2].endsWith(QStringLiteral("frame_2.png")));
    Session session;
    FramesView view(&session);
    session.setTrace(m_a);
    view.setFolders(file("fa"), file("fb"));
    (void)shown(view);
    QTRY_VERIFY(view.scores());
    view.goToWorst();
    QCOMPARE(view.frame(), 10);
    QVERIFY(view.scores()->ssim[10] < 0.99 && view.scores()->ssim[3] > 0.9999);
    for (const FrameShow how :
         {FrameShow::Beside, FrameShow::Wipe, FrameShow::Difference, FrameShow::Flicker}) {
      view.setShow(how);
      QVERIFY(tests::colourCount(shown(view)) > 20);
    }
    QFile broken(file("fb") + QStringLiteral("/frame_4.png"));
    QVERIFY(broken.open(QIODevice::WriteOnly | QIODevice::Truncate));
    broken.write("no picture");
    broken.close();
    view.setFolders(file("fa"), QString());
    view.setFolders(file("fa"), file("fb"));
    QTRY_VERIFY(view.settled());
    QVERIFY(!view.scores());
  }
};

QTEST_MAIN(ExplorerPanesTest)
#include "explorer_panes_test.moc"
