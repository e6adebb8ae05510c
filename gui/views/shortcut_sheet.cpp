// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/views/shortcut_sheet.h"

#include <QAction>
#include <QDialogButtonBox>
#include <QHeaderView>
#include <QTableWidget>
#include <QVBoxLayout>

#include "gui/views/pane.h"

namespace ditscope::gui {
namespace {

QString placeOf(const QAction* action) {
  for (const QObject* at = action->parent(); at; at = at->parent())
    if (const auto* pane = qobject_cast<const Pane*>(at)) return pane->windowTitle();
  return {};
}

}  // namespace

QList<ShortcutLine> shortcutLines(const QWidget* window) {
  QList<ShortcutLine> lines;
  for (const QAction* action : window->findChildren<QAction*>()) {
    if (action->shortcut().isEmpty()) continue;
    QStringList keys;
    for (const QKeySequence& keySequence : action->shortcuts())
      keys << keySequence.toString(QKeySequence::NativeText);
    lines << ShortcutLine{placeOf(action), action->text().remove(QChar('&')).remove(QStringLiteral("\u2026")),
                          keys.join(QStringLiteral(", "))};
  }
  std::stable_sort(lines.begin(), lines.end(),
                   [](const ShortcutLine& a, const ShortcutLine& b) { return a.place < b.place; });
  const QString plots = QObject::tr("Every plot");
  lines << ShortcutLine{plots, QObject::tr("Zoom at the pointer (Ctrl finer, Shift along x)"),
                        QObject::tr("Wheel")}
        << ShortcutLine{plots, QObject::tr("Zoom into a box"), QObject::tr("Drag")}
        << ShortcutLine{plots, QObject::tr("Move the view"), QObject::tr("Middle drag, Space + drag")}
        << ShortcutLine{plots, QObject::tr("Show everything"), QObject::tr("Double click")}
        << ShortcutLine{plots, QObject::tr("View before"),
                        QKeySequence(Qt::Key_Backspace).toString(QKeySequence::NativeText)};
  return lines;
}

ShortcutSheet::ShortcutSheet(const QWidget* window, QWidget* parent) : QDialog(parent) {
  setWindowTitle(tr("Keyboard and mouse"));
  const QList<ShortcutLine> lines = shortcutLines(window);
  auto* table = new QTableWidget(int(lines.size()), 3, this);
  table->setHorizontalHeaderLabels({tr("Where"), tr("What"), tr("Keys")});
  table->verticalHeader()->hide();
  table->setEditTriggers(QAbstractItemView::NoEditTriggers);
  table->setShowGrid(false);
  table->setAlternatingRowColors(true);
  for (int row = 0; row < lines.size(); ++row) {
    const ShortcutLine& line = lines[row];
    int column = 0;
    for (const QString& cell : {line.place.isEmpty() ? tr("Window") : line.place, line.action, line.keys})
      table->setItem(row, column++, new QTableWidgetItem(cell));
  }
  table->resizeColumnsToContents();
  table->horizontalHeader()->setStretchLastSection(true);
  auto* buttons = new QDialogButtonBox(QDialogButtonBox::Close, this);
  connect(buttons, &QDialogButtonBox::rejected, this, &QDialog::reject);
  auto* column = new QVBoxLayout(this);
  column->addWidget(table);
  column->addWidget(buttons);
  resize(620, 520);
}

}  // namespace ditscope::gui
