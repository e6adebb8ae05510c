// SPDX-License-Identifier: GPL-3.0-or-later
#include <QProcess>
#include <QtTest>

#include "db/error.h"
#include "gui/screenshot.h"
#include "tests/gui/pictures.h"
#include "tests/gui/support.h"

using namespace ditscope;

class ScreenshotTest : public QObject {
  Q_OBJECT
  QTemporaryDir m_folder;
  QString m_trace;

  struct Result {
    int code = -1;
    QString out, error;
  };

  // As from a plain shell: no display and no word about the platform.
  static Result start(const QStringList& arguments) {
    QProcess process;
    QProcessEnvironment environment = QProcessEnvironment::systemEnvironment();
    for (const char* name : {"DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"})
      environment.remove(QString::fromLatin1(name));
    process.setProcessEnvironment(environment);
    process.start(QStringLiteral(DITSCOPE_BIN_DIR "/ditscope-gui"), arguments);
    process.waitForFinished(60'000);
    return {process.exitCode(), QString::fromUtf8(process.readAllStandardOutput()),
            QString::fromUtf8(process.readAllStandardError())};
  }

 private slots:
  void initTestCase() {
    m_trace = QString::fromStdString(tests::traceIn(m_folder, "run with space.db").string());
  }

  void drawsEveryView_data() {
    QTest::addColumn<QString>("view");
    for (const QString& view : gui::viewNames()) QTest::newRow(qPrintable(view)) << view;
  }

  void drawsEveryView() {
    QFETCH(QString, view);
    const QString out = m_folder.filePath(view + QStringLiteral(".png"));
    const QString twice = m_folder.filePath(view + QStringLiteral("-2.png"));
    for (const QString& path : {out, twice}) {
      const Result result = start({m_trace, QStringLiteral("--screenshot"), path, QStringLiteral("--view"),
                                   view, QStringLiteral("--size"), QStringLiteral("900x600"),
                                   QStringLiteral("--select"), QStringLiteral("step=4,layer=1,head=2")});
      QCOMPARE(result.error, QString());
      QCOMPARE(result.code, 0);
    }
    const QImage image(out);
    QCOMPARE(image.size(), QSize(900, 600));
    QVERIFY(tests::colourCount(image) > 20);
    QCOMPARE(image, QImage(twice));
    const Result dark = start({m_trace, QStringLiteral("--screenshot"), twice, QStringLiteral("--view"), view,
                               QStringLiteral("--dark")});
    QCOMPARE(dark.code, 0);
    QVERIFY(qGray(QImage(twice).pixel(3, 3)) < 80);
  }

  void selectionChangesThePicture() {
    const QString a = m_folder.filePath(QStringLiteral("a.png"));
    const QString b = m_folder.filePath(QStringLiteral("b.png"));
    for (const auto& [path, select] : {std::pair{a, "head=1"}, {b, "head=2"}})
      QCOMPARE(start({m_trace, QStringLiteral("--screenshot"), path, QStringLiteral("--view"),
                      QStringLiteral("mask"), QStringLiteral("--select"), QString::fromLatin1(select)})
                   .code,
               0);
    QVERIFY(QImage(a) != QImage(b));
  }

  void refusesBadInputInOneLine_data() {
    QTest::addColumn<QStringList>("arguments");
    QTest::addColumn<QString>("word");
    const QString shot = QStringLiteral("--screenshot");
    const QString out = m_folder.filePath(QStringLiteral("x.png"));
    QTest::newRow("missing trace") << QStringList{QStringLiteral("/nowhere.db"), shot, out}
                                   << QStringLiteral("nowhere");
    QTest::newRow("no trace") << QStringList{shot, out} << QStringLiteral("no trace");
    QTest::newRow("view") << QStringList{m_trace, shot, out, QStringLiteral("--view"), QStringLiteral("roof")}
                          << QStringLiteral("grid");
    QTest::newRow("step") << QStringList{m_trace, shot, out, QStringLiteral("--select"),
                                         QStringLiteral("step=99")}
                          << QStringLiteral("0 to 5");
    QTest::newRow("branch") << QStringList{m_trace, shot, out, QStringLiteral("--select"),
                                           QStringLiteral("branch=left")}
                            << QStringLiteral("uncond");
    QTest::newRow("word") << QStringList{m_trace, shot, out, QStringLiteral("--select"),
                                         QStringLiteral("colour=red")}
                          << QStringLiteral("colour");
    QTest::newRow("size") << QStringList{m_trace, shot, out, QStringLiteral("--size"), QStringLiteral("huge")}
                          << QStringLiteral("1280x800");
    QTest::newRow("option") << QStringList{m_trace, QStringLiteral("--wrong")} << QStringLiteral("--help");
    QTest::newRow("no display") << QStringList{m_trace} << QStringLiteral("--screenshot");
  }

  void refusesBadInputInOneLine() {
    QFETCH(QStringList, arguments);
    QFETCH(QString, word);
    const Result result = start(arguments);
    QCOMPARE(result.code, 3);
    QVERIFY2(result.error.startsWith(QStringLiteral("ditscope-gui: ")), qPrintable(result.error));
    QCOMPARE(result.error.count(QChar('\n')), 1);
    QVERIFY2(result.error.contains(word), qPrintable(result.error));
  }

  void cannotWriteIsAFailure() {
    const Result result =
        start({m_trace, QStringLiteral("--screenshot"), QStringLiteral("/nowhere/at/all.png"),
               QStringLiteral("--view"), QStringLiteral("grid")});
    QCOMPARE(result.code, 4);
    QCOMPARE(result.error.count(QChar('\n')), 1);
  }

  void helpHasAnExampleAndViewsAreListed() {
    const Result help = start({QStringLiteral("--help")});
    QCOMPARE(help.code, 0);
    QVERIFY(help.out.contains(QStringLiteral("ditscope-gui run.db")));
    const Result views = start({QStringLiteral("--list-views")});
    QCOMPARE(views.code, 0);
    for (const QString& view : gui::viewNames()) QVERIFY(views.out.contains(view));
  }
};

QTEST_GUILESS_MAIN(ScreenshotTest)
#include "screenshot_test.moc"
