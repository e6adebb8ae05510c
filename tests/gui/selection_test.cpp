// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/models/selection.h"

#include <QSignalSpy>
#include <QtTest>

using ditscope::db::Branch;
using ditscope::gui::Cell;
using ditscope::gui::Selection;

class SelectionTest : public QObject {
  Q_OBJECT

  static Selection::Extent extent() {
    return {.runs = 1,
            .steps = {0, 5, 10},
            .layers = {1, 3},
            .heads = 4,
            .branches = {Branch::Cond, Branch::Uncond},
            .queryBlocks = 8,
            .keyBlocks = 8};
  }

 private slots:
  void startsEmpty() {
    Selection selection;
    QVERIFY(selection.empty());
    selection.pin({.step = 7});
    QVERIFY(!selection.moveHead(1));
  }

  void movesThePinnedCellInsideTheExtent() {
    Selection selection;
    selection.setExtent(extent());
    selection.pin({.step = 7, .layer = 99, .head = 99, .queryBlock = -3, .keyBlock = 100});
    const Cell& cell = selection.pinned();
    QCOMPARE(cell.step, 5);
    QCOMPARE(cell.layer, 3);
    QCOMPARE(cell.head, 3);
    QCOMPARE(cell.queryBlock, 0);
    QCOMPARE(cell.keyBlock, 7);
  }

  void movesAlongWhatWasRecorded() {
    Selection selection;
    selection.setExtent(extent());
    QVERIFY(selection.moveStep(1));
    QCOMPARE(selection.pinned().step, 5);
    QVERIFY(selection.moveStep(5));
    QCOMPARE(selection.pinned().step, 10);
    QVERIFY(!selection.moveStep(1));
    QVERIFY(selection.moveLayer(1));
    QCOMPARE(selection.pinned().layer, 3);
    QVERIFY(!selection.moveHead(-1));
  }

  void tellsWhatChangedAndOnlyThen() {
    Selection selection;
    selection.setExtent(extent());
    Selection::Parts changed;
    connect(&selection, &Selection::pinnedChanged, this, [&](Selection::Parts parts) { changed = parts; });
    QSignalSpy spy(&selection, &Selection::pinnedChanged);
    selection.setHead(3, 2);
    QCOMPARE(int(changed), Selection::Layer | Selection::Head);
    selection.setHead(3, 2);
    QCOMPARE(spy.count(), 1);
    selection.setBlock(2, 2);
    QCOMPARE(int(changed), int(Selection::Block));
    selection.setBranch(Branch::Uncond);
    QCOMPARE(int(changed), int(Selection::Branch));
  }

  void keepsHoverApartFromThePin() {
    Selection selection;
    selection.setExtent(extent());
    QSignalSpy pinned(&selection, &Selection::pinnedChanged);
    QSignalSpy hovered(&selection, &Selection::hoveredChanged);
    selection.hover(Cell{.step = 5, .layer = 1, .head = 2});
    selection.hover(Cell{.step = 5, .layer = 1, .head = 2});
    QCOMPARE(hovered.count(), 1);
    QCOMPARE(pinned.count(), 0);
    selection.setExtent({});
    QVERIFY(!selection.hovered());
  }

  void takesAnotherTraceWithoutTheOldBranch() {
    Selection selection;
    selection.setExtent(extent());
    selection.setBranch(Branch::Uncond);
    Selection::Extent single = extent();
    single.branches = {Branch::Cond};
    single.heads = 1;
    selection.setHead(3, 3);
    selection.setExtent(single);
    QCOMPARE(selection.pinned().branch, Branch::Cond);
    QCOMPARE(selection.pinned().head, 0);
    QCOMPARE(selection.pinned().layer, 3);
  }
};

QTEST_GUILESS_MAIN(SelectionTest)
#include "selection_test.moc"
