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
#include "gui/views/message_bar.h"
#include "gui/views/shortcut_sheet.h"
#include "gui/views/step_bar.h"
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

  void shortcutSheetListsEveryAction() {
    MainWindow window({});
    const QList<ShortcutLine> lines = shortcutLines(&window);
    const auto has = [&](const QString& keys) {
      return std::any_of(lines.begin(), lines.end(),
                         [&](const ShortcutLine& line) { return line.keys.contains(keys); });
    };
    for (const char* keys : {"Ctrl+O", "Ctrl+E", "Ctrl+C", "Ctrl+Q", "F", "[", "]", "?", "Left"})
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
