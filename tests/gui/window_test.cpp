// SPDX-License-Identifier: GPL-3.0-or-later
#include <QClipboard>
#include <QDockWidget>
#include <QDropEvent>
#include <QMimeData>
#include <QSettings>
#include <QtTest>

#include "gui/main_window.h"
#include "gui/models/readout.h"
#include "gui/screenshot.h"
#include "gui/views/about.h"
#include "gui/views/message_bar.h"
#include "gui/views/shortcut_sheet.h"
#include "gui/views/step_bar.h"
#include "gui/views/table_window.h"
#include "gui/views/tour.h"
#include "gui/views/workspace.h"
#include "tests/gui/pictures.h"
#include "tests/gui/support.h"

using namespace ditscope;
using namespace ditscope::gui;

class WindowTest : public QObject {
  Q_OBJECT
  QTemporaryDir m_folder;
  QString m_path, m_large;

  [[nodiscard]] QString file(const char* name) const { return m_folder.filePath(QString::fromLatin1(name)); }

 private slots:
  void initTestCase() {
    applyLook(false);
    m_path = QString::fromStdString(tests::traceIn(m_folder, "run.db").string());
    m_large = QString::fromStdString(
        tests::traceIn(
            m_folder, "large.db",
            {.steps = 12, .layers = 8, .heads = 8, .record = db::RecordLevel::Stats, .kernels = 200'000})
            .string());
  }

  void wholeScenario() {
    QSettings settings(file("window.ini"), QSettings::IniFormat);
    const QString picture = file("pane.png");
    {
      MainWindow window({.settings = &settings,
                         .chooseTrace = [this](QWidget*) { return m_path; },
                         .choosePicture = [&](QWidget*, const QString&) { return picture; }});
      window.show();
      QVERIFY(QTest::qWaitForWindowExposed(&window));
      QTest::keyClick(&window, Qt::Key_O, Qt::ControlModifier);
      QTRY_VERIFY(window.session().trace() && window.settled());
      QVERIFY(window.windowTitle().startsWith(QStringLiteral("run.db")));
      QVERIFY(!window.messageBar().isVisible());

      QTest::keyClick(&window, Qt::Key_BracketRight);
      QTest::keyClick(&window, Qt::Key_BracketRight);
      QTest::keyClick(&window, Qt::Key_BracketLeft);
      QCOMPARE(window.session().selection().pinned().step, 4);  // from the middle, 3
      window.session().selection().setHead(2, 3);
      QTRY_VERIFY(window.settled());
      QTest::keyClick(&window, Qt::Key_C, Qt::ControlModifier);
      QVERIFY(QApplication::clipboard()->text().contains(QStringLiteral("layer 2")));
      QTest::keyClick(&window, Qt::Key_E, Qt::ControlModifier);
      QVERIFY(tests::colourCount(QImage(picture)) > 20);

      window.workspace().docks().front()->hide();
      window.close();
    }
    MainWindow again({.settings = &settings, .chooseTrace = {}, .choosePicture = {}});
    again.show();
    again.open(m_path);
    QTRY_VERIFY(again.session().trace() && again.settled());
    QVERIFY(!again.workspace().docks().front()->isVisible());
    again.workspace().resetLayout();
    QVERIFY(again.workspace().docks().front()->isVisible());
  }

  void everyDockCanBeRemembered() {
    MainWindow window({});
    QVERIFY(!window.workspace().docks().empty());
    for (const QDockWidget* dock : window.workspace().docks()) QVERIFY(!dock->objectName().isEmpty());
    QVERIFY(!window.workspace().restoreLayout("nonsense"));
  }

  void playsToTheEndAndRoundAgain() {
    MainWindow window({});
    window.show();
    window.open(m_path);
    QTRY_VERIFY(window.session().trace() && window.settled());
    window.session().selection().setStep(5);
    window.stepBar().setPlaying(true);
    QTRY_COMPARE(window.session().selection().pinned().step, 0);
    window.stepBar().setPlaying(false);
  }

  void cancelKeepsWhatIsShown() {
    MainWindow window({});
    window.open(m_path);
    QTRY_VERIFY(window.session().trace());
    const TracePtr before = window.session().trace();
    QSignalSpy cancelled(&window.loadJob(), &LoadJob::cancelled);
    window.open(m_large);
    QVERIFY(window.loadJob().running());
    emit window.messageBar().cancelAsked();
    QCOMPARE(cancelled.count(), 1);
    QTest::qWait(400);
    QCOMPARE(window.session().trace(), before);
    QVERIFY(window.messageBar().message().isEmpty());
  }

  void laterLoadWinsOverAnEarlierOne() {
    MainWindow window({});
    window.open(m_large);
    window.open(m_path);
    QTRY_VERIFY(window.session().trace());
    QTest::qWait(400);
    QCOMPARE(text(window.session().trace()->path.filename().string()), QStringLiteral("run.db"));
  }

  void quitsWhileLoading() {
    for (int i = 0; i < 5; ++i) {
      auto window = std::make_unique<MainWindow>(WindowOptions{});
      window->show();
      window->open(m_large);
      QTest::qWait(i * 10);
      window->close();
      window.reset();
    }
  }

  void damagedFileIsAMessageNotABox() {
    QFile damaged(file("damaged.db"));
    QVERIFY(QFile::copy(m_path, damaged.fileName()));
    QVERIFY(damaged.open(QIODevice::ReadWrite));
    damaged.resize(damaged.size() / 3);
    damaged.close();
    MainWindow window({});
    window.show();
    for (const QString& path : {damaged.fileName(), file("missing.db"), m_folder.path()}) {
      window.open(path);
      QTRY_VERIFY(!window.loadJob().running());
      QVERIFY(window.messageBar().isVisible());
      QVERIFY2(window.messageBar().message().count(QStringLiteral(" : ")) >= 2,
               qPrintable(window.messageBar().message()));
      QVERIFY(!QApplication::activeModalWidget());
    }
    window.open(m_path);
    QTRY_VERIFY(window.session().trace());
    QVERIFY(!window.messageBar().isVisible());
  }

  void damageElsewhereIsAMessageOnceTheTraceIsShown() {
    QFile damaged(file("damaged_page.db"));
    QVERIFY(QFile::copy(m_path, damaged.fileName()));
    QVERIFY(damaged.open(QIODevice::ReadWrite));
    damaged.seek(damaged.size() - 4096);
    damaged.write(QByteArray(4096, '\x5a'));
    damaged.close();
    MainWindow window({});
    window.show();
    window.open(damaged.fileName());
    QTRY_VERIFY(!window.messageBar().message().isEmpty() && window.settled());
    QVERIFY2(window.messageBar().message().contains(QStringLiteral("damaged")),
             qPrintable(window.messageBar().message()));
  }

  void fileThatVanishesIsAMessage() {
    const QString copy = file("vanishing.db");
    QVERIFY(QFile::copy(m_path, copy));
    MainWindow window({});
    window.show();
    window.open(copy);
    QTRY_VERIFY(window.session().trace() && window.settled());
    QVERIFY(QFile::remove(copy));
    window.open(copy);
    QTRY_VERIFY(!window.messageBar().message().isEmpty() && !window.loadJob().running());
    QVERIFY(window.session().trace());
  }

  void dropOpensATrace() {
    MainWindow window({});
    window.show();
    QMimeData data;
    data.setUrls({QUrl::fromLocalFile(m_path)});
    QDropEvent drop(QPointF(20, 20), Qt::CopyAction, &data, Qt::LeftButton, Qt::NoModifier);
    QDragEnterEvent enter(QPoint(20, 20), Qt::CopyAction, &data, Qt::LeftButton, Qt::NoModifier);
    QObject& target = window;  // past the bookkeeping of a real drag
    QVERIFY(target.event(&enter));
    QVERIFY(enter.isAccepted());
    QVERIFY(target.event(&drop));
    QTRY_VERIFY(window.session().trace());
  }

  void twoRunsAreOpenedSwitchedAndClosed() {
    const QString other = QString::fromStdString(
        tests::traceIn(m_folder, "other.db", {.steps = 6, .layers = 3, .heads = 4, .density = 0.5, .seed = 9})
            .string());
    MainWindow window({});
    window.show();
    window.openAll({m_path, other});
    QTRY_VERIFY(window.session().runA() && window.session().runB() && window.settled());
    QVERIFY(window.windowTitle().contains(QStringLiteral("run.db and other.db")));
    QTest::keyClick(&window, Qt::Key_2);
    QCOMPARE(window.session().trace(), window.session().runB());
    QTest::keyClick(&window, Qt::Key_3);
    QVERIFY(window.session().showsDifference());
    QTRY_VERIFY(window.settled());
    window.session().setOther(nullptr);
    QCOMPARE(window.session().shown(), RunShown::A);
    QVERIFY(window.messageBar().message().isEmpty());
  }

  void sessionIsRestored() {
    QSettings settings(file("session.ini"), QSettings::IniFormat);
    const Cell cell{.step = 5, .layer = 2, .head = 3, .branch = db::Branch::Uncond};
    {
      MainWindow window({.settings = &settings, .chooseTrace = {}, .choosePicture = {}});
      window.show();
      window.openAll({m_path, m_path});
      QTRY_VERIFY(window.session().runA() && window.session().runB() && window.settled());
      window.session().setShown(RunShown::B);
      window.session().selection().pin(cell);
      window.close();
    }
    MainWindow again({.settings = &settings, .chooseTrace = {}, .choosePicture = {}});
    again.show();
    again.restoreSession();
    QTRY_VERIFY(again.session().runA() && again.session().runB() && again.settled());
    QCOMPARE(again.session().selection().pinned(), cell);
    QCOMPARE(again.session().shown(), RunShown::B);
    settings.setValue(QStringLiteral("session"), QByteArray("{\"version\":1,\"traceA\":\"/gone.db\""));
    MainWindow empty({.settings = &settings, .chooseTrace = {}, .choosePicture = {}});
    empty.restoreSession();
    QVERIFY(!empty.loadJob().running());
  }

  void recordingIsFollowedUntilItEnds() {
    const auto record = [this](int steps, bool finalise) {
      return QString::fromStdString(
          tests::traceIn(m_folder, "live.db", {.steps = steps, .layers = 2, .heads = 2, .finalise = finalise})
              .string());
    };
    MainWindow window({});
    window.show();
    window.follower().setInterval(30);
    window.open(record(4, false));
    QTRY_VERIFY(window.session().trace() && window.follower().active());
    window.session().selection().setStep(3);
    (void)record(6, false);
    QTRY_COMPARE(window.session().selection().extent().steps.size(), size_t(6));
    QCOMPARE(window.session().selection().pinned().step, 5);  // whoever watches the end still does
    (void)record(8, true);
    QTRY_COMPARE(window.session().selection().extent().steps.size(), size_t(8));
    QTRY_VERIFY(!window.follower().active());
  }

  void followedFileThatVanishesIsAMessage() {
    const QString path = QString::fromStdString(
        tests::traceIn(m_folder, "gone.db", {.steps = 3, .layers = 2, .heads = 2, .finalise = false})
            .string());
    MainWindow window({});
    window.show();
    window.follower().setInterval(30);
    window.open(path);
    QTRY_VERIFY(window.session().trace() && window.follower().active() && window.settled());
    QVERIFY(QFile::remove(path));
    QTRY_VERIFY(window.messageBar().message().contains(QStringLiteral("gone")));
    QVERIFY(window.session().trace() && !window.follower().active());
  }

  void tourVisitsPanesThatExist() {
    MainWindow window({});
    window.resize(1200, 800);
    window.show();
    window.open(m_path);
    QTRY_VERIFY(window.session().trace() && window.settled());
    window.startTour();
    auto* tour = window.findChild<Tour*>();
    QVERIFY(tour->isVisible());
    for (int i = 0; i < Tour::stations(); ++i) {
      QVERIFY(window.workspace().pane(Tour::paneAt(i)));
      QTRY_VERIFY(window.workspace().pane(Tour::paneAt(i))->isVisible());
      tour->go(1);
    }
    QTRY_VERIFY(window.settled());
  }

  void tableAboutAndLookNeedNoBox() {
    MainWindow window({});
    window.show();
    window.open(m_path);
    QTRY_VERIFY(window.session().trace() && window.settled());
    window.showTable();
    QVERIFY(window.findChild<TableWindow*>());
    window.showAbout();
    QVERIFY(window.findChild<About*>());
    window.copyPicture();
    QVERIFY(!QApplication::clipboard()->image().isNull());
    window.setLook(QStringLiteral("dark"));
    QTRY_VERIFY(window.palette().color(QPalette::Base).lightness() < 128);
    window.setLook({});
    applyLook(false);
    QVERIFY(!QApplication::activeModalWidget());
  }

  void shortcutSheetListsEveryAction() {
    MainWindow window({});
    const QList<ShortcutLine> lines = shortcutLines(&window);
    const auto has = [&](const QString& keys) {
      return std::any_of(lines.begin(), lines.end(),
                         [&](const ShortcutLine& line) { return line.keys.contains(keys); });
    };
    for (const char* keys :
         {"Ctrl+O", "Ctrl+E", "Ctrl+C", "Ctrl+Q", "Ctrl+Z", "Ctrl+L", "F1", "T", "F", "[", "]", "?", "Left"})
      QVERIFY2(has(QString::fromLatin1(keys)), keys);
    window.showShortcuts();
    QVERIFY(window.findChild<ShortcutSheet*>());
    QVERIFY(!QApplication::activeModalWidget());
  }

  void paletteChangeReachesEveryPane() {
    MainWindow window({});
    window.resize(1000, 700);
    window.show();
    window.open(m_path);
    QTRY_VERIFY(window.session().trace() && window.settled());
    applyLook(true);
    QTest::qWait(100);
    const QImage dark = window.grab().toImage();
    applyLook(false);
    QTest::qWait(100);
    const QImage light = window.grab().toImage();
    const auto brightness = [](const QImage& image) {
      return qGray(image.scaled(1, 1, Qt::IgnoreAspectRatio, Qt::SmoothTransformation).pixel(0, 0));
    };
    QVERIFY(brightness(dark) < 90);
    QVERIFY(brightness(light) > 180);
  }
};

QTEST_MAIN(WindowTest)
#include "window_test.moc"
